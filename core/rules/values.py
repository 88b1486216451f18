"""What options are worth, in one currency from 0 to 1: the only place where such numbers stand.

Options compete only with options of the same situation, so there is one table for each: on the way, in a fight, in
menus. The fields of a table stand in order, the least first, and a table whose fields are out of order cannot be made
(`ValueError` at import). `MARGINS` are small differences between options that are otherwise alike, `GATE` are the
thresholds of who asks a language model (`core.agent.llm_gate`).

To add an option: find the two fields that it belongs between, add its field there with the reason, and use it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

REFUSED_FACTOR: Final = 0.3
"""On the value of an option, each time that it did not work out in this fight."""
REPETITION_FACTOR: Final = 0.5
"""On the value of an answer, each time that it was given to the same question before, without the story moving."""
NEAR_ACTIONS: Final = 60
"""A way that costs this many actions halves the value of a convenience."""
MOST_FREE_CHOICES: Final = 20
"""Objectives of one milestone that differ by `MARGINS.free_choice` each."""
DUEL: Final = 0.35
"""Between a lost duel and a won one."""
KNOCK_OUT: Final = 0.1
"""For ending it at once."""
WEAKENING: Final = 0.05
"""Between a move that takes nothing and one that takes all, while weakening for a ball."""
WEAKENING_SHARE: Final = 0.15
"""Of the enemy's most HP: what a move should take to be worth a turn before the ball."""
LESSON: Final = 0.6
"""Between giving up the best move of a list and a move that is worth nothing."""


def near(distance: int) -> float:
    """The factor on the value of a convenience: 1 for what is at hand, halved after `NEAR_ACTIONS` actions."""
    return NEAR_ACTIONS / (NEAR_ACTIONS + distance)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(f"option values out of order: {otherwise}")


def _ascend(table: DataclassInstance) -> None:
    for lower, higher in pairwise(one.name for one in fields(table)):
        less, more = getattr(table, lower), getattr(table, higher)
        name = type(table).__name__
        _require(less < more, f"{name}.{lower} is {less} and {name}.{higher} is {more}, but {lower} has to be less")


@dataclass(frozen=True, slots=True)
class Margins:
    """Differences between options that are otherwise alike, and what the record of past games may add to them.

    Below `2 * record` a difference is an order and no opinion: the record settles it. Above it the rules have their
    way. They know better than a record of few games: what followed an option tells more of the plight in which it was
    chosen than of the choice.
    """

    free_choice: float = 0.002
    """From one to the next of the objectives that serve the same milestone, such as the three starters."""
    record: float = 0.008
    """The most that the record of past games adds (`core.agent.option_statistics`)."""
    steadiness: float = 0.02
    """For the healer that the party is on its way to. Distances are guessed differently on the two sides of a map's
    edge: between two healers about equally far the party would turn back at the edge for ever."""
    setup: float = 0.02
    """Off a move without power: its chances are guessed with less certainty than those of a hit."""
    no_waste: float = 0.02
    """For a potion of which nothing is lost; of two that do, the one of which less is lost."""
    shop_at_hand: float = 0.05
    """For the shop at hand over the one that is just in reach."""
    switch: float = 0.05
    """Off sending out another creature: it costs more than the duel tells."""
    long_fight: float = 0.1
    """Off a move without power in the wild, where fights should be short."""
    rest_at_hand: float = 0.19
    """For the healer at hand over the story; a healer that is just in reach is worth as much as the story."""

    def __post_init__(self) -> None:
        _require(0 < self.free_choice < 2 * self.record, "the record could not settle free choices")
        for one in fields(self):
            if one.name not in ("free_choice", "record"):
                value = getattr(self, one.name)
                _require(value > 2 * self.record, f"{one.name} is {value}: the record could turn an opinion round")


MARGINS: Final = Margins()


@dataclass(frozen=True, slots=True)
class WayValues:
    """Options in the overworld: goals of the planner and doors."""

    shut_door: float = 0.05
    """A door that was given up lately."""
    door: float = 0.1
    """To leave by a door, without a reason."""
    idle_training: float = 0.2
    """To train a lead that is strong enough."""
    known_map: float = 0.25
    """To look for people on a map where the party has been; less with the way (`near`)."""
    again: float = 0.3
    """An objective, or a person, that was tried before; a person's is less with the way."""
    new_map: float = 0.35
    """To see a map for the first time; less with the way."""
    new_person: float = 0.4
    """To speak to somebody for the first time; less with the way."""
    early_rest: float = 0.6
    """To heal all wounds while there is no hurry; less for few wounds and with the way."""
    spare_potion: float = 0.7
    """To drink a potion where a healer is near or the wounds are few: listed for others, the rules save it."""
    pressing: float = 0.75
    """A threshold: what is worth less comes and goes without making a situation another (`core.agent.option_cache`)."""
    story: float = 0.8
    """The next step of the story. Needs that cannot wait are worth more."""
    item_ball: float = 0.82
    """To pick up what lies at hand; less with the way, so only at hand it comes before the story."""
    shop: float = 0.84
    """To buy what is missing, in a shop just in reach; up to `MARGINS.shop_at_hand` more in a nearer one."""
    training: float = 0.85
    """To train a lead that is too weak for the story."""
    order: float = 0.93
    """To put the strongest creature first: it costs a few presses, and all fights hang on it."""
    potion: float = 0.98
    """To drink a potion when the next healer is far."""
    most: float = 0.99
    """No need is worth more."""

    def __post_init__(self) -> None:
        _ascend(self)
        _require(
            self.pressing < self.story - MARGINS.free_choice * MOST_FREE_CHOICES,
            f"with {MOST_FREE_CHOICES} free choices the story ({self.story}) would not be pressing ({self.pressing})",
        )
        _require(self.story + MARGINS.rest_at_hand <= self.most, "a rest at hand is worth more than anything may be")
        _require(
            self.shop + MARGINS.shop_at_hand < self.order, "the shop at hand comes before the party is in its order"
        )


ON_THE_WAY: Final = WayValues()


@dataclass(frozen=True, slots=True)
class FightValues:
    """Options of a turn. Most are worth the chance to win the duel that follows (`worth`), from `lost` upward."""

    in_vain: float = 0.1
    """Items and changes that make nothing better."""
    unwanted: float = 0.12
    """A ball for a creature that would be no good company."""
    needless_flight: float = 0.15
    """To run from a fight that can be won."""
    weak_move: float = 0.3
    """A move that does next to nothing."""
    lost: float = 0.4
    """A turn after which the duel is lost: also Struggle."""
    last_ball: float = 0.55
    """A ball for good company while the own creature is about to faint: running is better."""
    potion_in_the_wild: float = 0.72
    """A potion that saves the creature which fights, where running is another way."""
    flight: float = 0.85
    """To run from a fight that would be lost."""
    potion: float = 0.88
    """A potion that saves the creature which fights, against a trainer: money is for this."""
    catch: float = 0.9
    """A ball for good company that the ball is likely to hold."""
    catch_later: float = 0.91
    """The same ball while its chance is small: it says to weaken the creature first."""
    weaken: float = 0.92
    """A move that weakens good company for the ball and leaves it standing; up to `WEAKENING` more."""

    def __post_init__(self) -> None:
        _ascend(self)
        _require(self.lost + DUEL + KNOCK_OUT <= self.flight, "the best turn would come before the flight")
        _require(
            self.weaken + WEAKENING * WEAKENING_SHARE - self.catch_later > 2 * MARGINS.record,
            "the record could turn the weakening before the ball round",
        )


IN_A_FIGHT: Final = FightValues()


def worth(chance: float, knock_out: float = 0.0) -> float:
    """The value of a turn that leads to a duel with this chance, 0 to 1, and may end it at once."""
    return IN_A_FIGHT.lost + DUEL * chance + KNOCK_OUT * knock_out


@dataclass(frozen=True, slots=True)
class MenuValues:
    """Options on screens with words."""

    leaving: float = 0.15
    """A line that leads out, such as CANCEL; B does the same."""
    close: float = 0.3
    """To close a menu; also the less likely answer, and to give up the best move of a list."""
    line: float = 0.7
    """Any other line of a menu."""
    likely: float = 0.9
    """To read on, the likely answer, and what the menu was opened for."""

    def __post_init__(self) -> None:
        _ascend(self)
        _require(self.likely - LESSON >= self.close, "to give up the best move is worth less than to close the list")
        _require(
            IN_A_FIGHT.needless_flight < self.close < IN_A_FIGHT.lost,
            f"close is {self.close}: in a fight it ends lists, better than what is in vain and worse than a turn",
        )


IN_MENUS: Final = MenuValues()


@dataclass(frozen=True, slots=True)
class GateValues:
    """Thresholds of who asks a language model (`core.agent.llm_gate`)."""

    rest_margin: float = 0.1
    """A rest that is worth this much more than all but other places to rest leaves no choice."""
    rival: float = 0.5
    """In a fight, an option of another kind that is worth this much is an alternative."""
    surely_won: float = 0.72
    """The rules' best move is worth this much when the chance to win is above 0.9."""

    def __post_init__(self) -> None:
        _require(
            2 * MARGINS.record < self.rest_margin < MARGINS.rest_at_hand,
            f"rest_margin is {self.rest_margin}: a rest at hand has to leave no choice beside the story",
        )
        _require(
            IN_A_FIGHT.needless_flight < self.rival <= IN_A_FIGHT.last_ball,
            f"rival is {self.rival}: a ball for good company is an alternative, a needless flight is none",
        )
        _require(
            worth(0.9) < self.surely_won < worth(1.0),
            f"surely_won is {self.surely_won}: a chance of 0.9 is worth {worth(0.9)}, certainty {worth(1.0)}",
        )


GATE: Final = GateValues()
