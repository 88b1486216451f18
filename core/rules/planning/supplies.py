"""What a careful traveller carries: potions for the wounded, as strong as the creatures are, bought while passing.

Which items give back HP, and how much, tells `core.game.item_effects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from core.rules.fights.team_fight import NO_POTIONS, Potions
from core.vocabulary import BuyItems, Purchase

if TYPE_CHECKING:
    from core.game.facts import GameMap, Item, MapObject
    from core.game.game_data import GameData
    from core.game.party import PartyMember
    from core.game.state import GameState

STOCK_OF_LIVES = 3.0
"""The potions of the bag should give back the lead's HP this many times, more before a hard fight (`lives_wanted`)."""
HARD_FIGHT = 2.0
"""A trainer's fight is hard whose foes have, all together, so many times the lead's level."""
LIVES_FOR_A_FOE = 3.0
"""Lives wanted before a hard fight for each foe of the lead's own level; weaker foes count for less."""
SPARE_MONEY = 0.1
"""Share of the money that is not spent on potions."""
WASTE = 2.0
"""A potion that gives back more than this many times the lead's HP is too dear."""
LEAST_PURCHASE = 2
BALLS = 4
SHARE_FOR_BALLS = 0.25
"""Share of the money that `BALLS` of a kind may cost; of those the best are bought."""
PARTY_WANTED = 5
"""In a smaller party balls are of use: the last place is kept for a gift."""


def clerk_of(place: GameMap) -> MapObject | None:
    """Who sells things on this map; None where nobody does."""
    return next((one for one in place.objects if one.sells), None)


def healing_of(item: Item) -> int:
    """HP that an item gives back to one creature; 0 for all others."""
    return item.effect.heals


def potions(state: GameState) -> Iterable[tuple[Item, int]]:
    """Healing items of the bag with their quantities."""
    items = state.game.items
    known = ((items[slot.item], slot.quantity) for slot in state.items if slot.item in items)
    return [(item, quantity) for item, quantity in known if quantity and healing_of(item)]


def best_potion(state: GameState, member: PartyMember) -> Item | None:
    """The potion that wastes least on a creature's wounds; None when nothing in the bag is worth using on them."""
    lost = member.max_hp - member.hp
    fitting = [(abs(lost - healing_of(item)), item.id, item) for item, _ in potions(state)]
    return min(fitting)[2] if fitting else None


def stock_of_lives(state: GameState) -> float:
    """How often the potions of the bag would fill up the lead."""
    most = state.party[0].max_hp if state.party else 1
    return sum(healing_of(item) * quantity for item, quantity in potions(state)) / max(1, most)


def potions_of(state: GameState) -> Potions:
    """What the potions of the bag give back in a fight, no more each than the HP of the strongest."""
    most = max((member.max_hp for member in state.party if not member.is_egg), default=0)
    held = [(min(healing_of(item), most), quantity) for item, quantity in potions(state)]
    together = sum(heals * quantity for heals, quantity in held)
    return Potions(together / sum(quantity for _, quantity in held), together) if together else NO_POTIONS


def lives_wanted(state: GameState, foe_levels: int) -> float:
    """How often the potions of the bag should give back the lead's HP.

    `foe_levels`: the sum of the levels of the trainer's creatures to whom the story leads; 0 where it leads to none.
    """
    foes = foe_levels / max(1, state.party[0].level) if state.party else 0.0
    return max(STOCK_OF_LIVES, LIVES_FOR_A_FOE * foes) if foes >= HARD_FIGHT else STOCK_OF_LIVES


def shopping_list(
    game: GameData, wares: Iterable[str], state: GameState, lives: float = STOCK_OF_LIVES
) -> BuyItems | None:
    """What to buy of a shop that sells `wares`; None while the stock is good or the money short.

    `lives`: how often the potions should give back the lead's HP.
    """
    lead = state.party[0] if state.party else None
    if lead is None:
        return None
    sold = set(wares)
    offers = [
        item
        for item in game.items.values()
        if item.key in sold and item.price and 0 < healing_of(item) <= WASTE * lead.max_hp
    ]
    if not offers:
        return None
    missing = (lives - stock_of_lives(state)) * lead.max_hp
    money = int((1 - SPARE_MONEY) * state.money)
    counts = [(min(round(missing / healing_of(item)), money // item.price), item) for item in offers]
    several = [(healing_of(item), item.id, count, item) for count, item in counts if count >= LEAST_PURCHASE]
    if not several:
        return None
    _, _, count, potion = max(several, key=lambda one: one[:2])
    others = _within(_others(game, sold, state), state.money - count * potion.price)
    return BuyItems((Purchase(potion.id, count), *others))


def best_ball(balls: Sequence[Item], money: int) -> Item:
    """The ball that catches best of those that are no waste of the money; the cheapest where all are."""
    fair = [ball for ball in balls if BALLS * ball.price <= SHARE_FOR_BALLS * money]
    return max(fair, key=lambda ball: (ball.effect.catches, -ball.price), default=min(balls, key=lambda one: one.price))


def _others(game: GameData, sold: set[str], state: GameState) -> Iterator[tuple[Item, int]]:
    """What is bought when the potions are paid for: balls while company is wanted, bells and cures, with how many."""
    held = {slot.item: slot.quantity for slot in (*state.items, *state.balls)}
    items = [item for item in game.items.values() if item.key in sold and item.price]
    balls = [item for item in items if item.effect.catches]
    if balls and len(state.party) < PARTY_WANTED:
        yield best_ball(balls, state.money), BALLS - sum(slot.quantity for slot in state.balls)
    for item in items:
        item_effect = item.effect
        if item_effect.revives or item_effect.cures:
            yield item, 1 - held.get(item.id, 0)


def _within(wanted: Iterable[tuple[Item, int]], money: int) -> Iterator[Purchase]:
    """As much of what is wanted, in its order, as the money reaches for."""
    for item, most in wanted:
        count = min(most, money // item.price)
        if count > 0:
            yield Purchase(item.id, count)
            money -= count * item.price
