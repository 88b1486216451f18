"""What the party needs before the story goes on: rest, potions, its strongest in front, more levels.

Every need is weighed against the way that it costs: it is urgent (worth more than the story) up to a number of actions
that grows with it, and a convenience beyond. Nothing here knows a particular map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from core.rules.planning.carriers import carrier, strongest
from core.rules.planning.goals import ANYWHERE, GoalKind, PlannedGoal
from core.rules.planning.hunting_grounds import CAVES, Hunter, LevelWays
from core.rules.planning.remedies import Remedies
from core.rules.planning.supplies import (
    STOCK_OF_LIVES,
    best_potion,
    clerk_of,
    healing_of,
    lives_wanted,
    shopping_list,
    stock_of_lives,
)
from core.rules.values import MARGINS, ON_THE_WAY, near
from core.vocabulary import MapId, Option, OptionKind, Position, PutFirst, UseItem

if TYPE_CHECKING:
    from core.game.facts import GameMap, MapObject
    from core.game.game_data import GameData
    from core.game.party import PartyMember
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory
    from core.rules.planning.lost_fight import Creature

HEAL_BELOW = 0.5
"""Share of the lead's HP below which it is tired."""
FIT_FOR_A_TRAINER = 0.8
"""Share of the lead's HP below which it rests before the next trainer of the story."""
SHOP_WAY_ACTIONS = 60
"""Shops farther than this are not worth a way of their own, unless a trainer is next and the bag is empty."""
EMPTY_BAG_ACTIONS = 190
"""The shop may be this many actions farther then."""
SHOP_AGAIN_STEPS = 250
"""A clerk is not visited again this soon."""
UNSURE_ACTIONS = 60
"""Actions by which a healer who has something else in mind as well counts as farther away, until it has healed."""
DRINK_ACTIONS = 90
"""A healer nearer than this is better than a potion."""


class Needs:
    """The goals that come from the state of the party, in one game."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._level_ways = LevelWays(game)
        self._remedies = Remedies(game, self._level_ways)
        places = game.maps.values()
        self._healers = [(place, nurse) for place in places if (nurse := healer_of(place)) is not None]
        self._clerks = [(place, clerk) for place in places if (clerk := clerk_of(place)) is not None]

    def goals(
        self,
        state: GameState,
        memory: LaneMemory,
        distances: Mapping[MapId, int],
        fights_next: bool,
        foes: Sequence[Creature] = (),
        place: MapId | None = None,
    ) -> Iterator[PlannedGoal]:
        """Needs now, in no order. `distances` are actions to maps; `fights_next`: the story leads to a trainer.

        `foes`: that trainer's creatures, where they are known. `place`: where it is.
        """
        foe_levels = sum(level for level, _ in foes)
        self._remedies.prepare(foes, place, state, memory, distances)
        self._remedies.look(state, memory, distances)
        lead = carrier(state, memory)
        if lead is None:
            return
        reach = patience_for_rest(lead, fights_next)
        healers = list(self._healer_goals(state, memory, distances, lead, reach))
        yield from healers
        nearest = min((distances[goal.option.position.map] for goal in healers if goal.option.position), default=None)
        if reach and (nearest is None or nearest > DRINK_ACTIONS):
            yield from self._potion_goals(state, lead, ON_THE_WAY.potion)
        elif memory.lists_more:
            yield from self._potion_goals(state, lead, ON_THE_WAY.spare_potion)
        yield from self._order_goals(state, lead)
        yield from self._shop_goals(state, memory, distances, fights_next, foe_levels)
        yield from self._remedies.goals(state, memory, distances)
        yield from self._train_goals(state, memory, distances, lead)

    def _healer_goals(
        self, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int], lead: PartyMember, reach: int
    ) -> Iterator[PlannedGoal]:
        wounds = max(1 - lead.hp_fraction, 0.3 if lead.status else 0.0)
        if not reach and wounds < LEAST_WOUNDS:
            return
        for place, nurse in self._healers:
            if place.id not in distances:
                continue
            subject = (place.id, f"object {nurse.id}")
            proven = not nurse.sets or subject in memory.healers
            if memory.spoke_lately(subject) or (not proven and memory.was_no_help(subject)):
                continue  # it was no help
            way = distances[place.id] + (0 if proven else UNSURE_ACTIONS)
            urgency = 1 - way / reach if reach else 0.0
            if urgency > 0:
                value = ON_THE_WAY.story + MARGINS.rest_at_hand * urgency
            else:
                value = ON_THE_WAY.early_rest * wounds * near(way)
            key = f"heal:{place.key}"
            if key == memory.bound_for:
                value = min(ON_THE_WAY.most, value + MARGINS.steadiness)
            label = f"Rest at the healer in {place.name}: {lead.hp}/{lead.max_hp} HP left"
            position = Position(place.id, nurse.x, nurse.y)
            option = Option(OptionKind.HEAL, label, key, position, nurse.id, value)
            yield PlannedGoal(GoalKind.HEAL, label, option)

    def _potion_goals(self, state: GameState, lead: PartyMember, value: float) -> Iterator[PlannedGoal]:
        potion = best_potion(state, lead)
        if potion is None or not lead.hp or 2 * (lead.max_hp - lead.hp) < healing_of(potion):
            return
        label = f"Use a {potion.name} on {lead.nickname}: {lead.hp}/{lead.max_hp} HP left"
        menu_task = UseItem(potion.id, state.party.index(lead))
        option = Option(OptionKind.MANAGE, label, f"use:{potion.key}", value=value, menu_task=menu_task)
        yield PlannedGoal(GoalKind.HEAL, label, option)

    def _order_goals(self, state: GameState, lead: PartyMember) -> Iterator[PlannedGoal]:
        slot = state.party.index(lead)
        if not slot or not lead.hp:
            return
        label = f"Put {lead.nickname} first"
        option = Option(OptionKind.MANAGE, label, "put_first", value=ON_THE_WAY.order, menu_task=PutFirst(slot))
        why = "it is the strongest" if lead is strongest(state) else "it is to grow"
        yield PlannedGoal(GoalKind.ORDER, f"{label}: {why}", option)

    def _shop_goals(
        self,
        state: GameState,
        memory: LaneMemory,
        distances: Mapping[MapId, int],
        fights_next: bool,
        foe_levels: int,
    ) -> Iterator[PlannedGoal]:
        reach = SHOP_WAY_ACTIONS
        lives = lives_wanted(state, foe_levels)
        if fights_next:
            reach += round(EMPTY_BAG_ACTIONS * max(0.0, 1 - stock_of_lives(state) * STOCK_OF_LIVES / lives))
        shops = [
            (distances[place.id], place.key, place, clerk) for place, clerk in self._clerks if place.id in distances
        ]
        for way, _, place, clerk in sorted(shops, key=lambda shop: shop[:2]):
            if way >= reach:
                return
            menu_task = shopping_list(self._game, clerk.sells, state, lives)
            if menu_task is None or memory.spoke_lately((place.id, f"object {clerk.id}"), SHOP_AGAIN_STEPS):
                continue
            wares = ", ".join(f"{one.count} {self._game.items[one.item].name}" for one in menu_task.purchases)
            label = f"Buy {wares} in {place.name}"
            value = ON_THE_WAY.shop + MARGINS.shop_at_hand * (1 - way / reach)
            position = Position(place.id, clerk.x, clerk.y)
            option = Option(OptionKind.BUY, label, f"buy:{place.key}", position, clerk.id, value, menu_task)
            yield PlannedGoal(GoalKind.SUPPLY, label, option)
            return

    def _train_goals(
        self, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int], lead: PartyMember
    ) -> Iterator[PlannedGoal]:
        if lead.hp_fraction < HEAL_BELOW:
            return
        remedy = memory.remedy
        wanted = memory.wanted_level if remedy is None or not remedy.is_grower(lead) else remedy.level
        urgent = lead.level < wanted
        target = wanted if urgent else lead.level + 1
        hunter = Hunter.of(lead, self._game)
        best = strongest(state)
        helper = None if best is None or best is lead else Hunter.of(best, self._game)
        found = [
            (distances[place.id] + actions, place.key, place)
            for actions, key, place in self._level_ways.actions_to_level(hunter, target, state.time_of_day, helper)
            if place.id in distances and not memory.is_abandoned(key) and not memory.is_barren(place.id)
        ]
        if not found:
            return
        place = min(found)[2]
        where = place.name if place.environment in CAVES else f"the grass of {place.name}"
        label = f"Train in {where}" + (f" up to level {wanted}" if urgent else "")
        option = Option(
            OptionKind.TRAIN,
            label,
            f"train:{place.key}",
            Position(place.id, ANYWHERE, ANYWHERE),
            target,
            ON_THE_WAY.training if urgent else ON_THE_WAY.idle_training,
        )
        yield PlannedGoal(GoalKind.TRAIN, label, option)


LEAST_WOUNDS = 0.1


def patience_for_rest(lead: PartyMember, fights_next: bool) -> int:
    """How many actions a rest may be away to come before the story; 0 when there is no hurry."""
    if not lead.hp or not any(lead.pp):
        return 1500
    if lead.hp_fraction < 0.25:
        return 500
    if lead.hp_fraction < HEAL_BELOW:
        return 250
    if fights_next and (lead.hp_fraction < FIT_FOR_A_TRAINER or lead.status):
        return 200
    return 0


def healer_of(place: GameMap) -> MapObject | None:
    """Who heals on this map, before others the one who does nothing else; None where nobody does."""
    return min((one for one in place.objects if one.heals), key=lambda one: len(one.sets), default=None)
