"""A language model's answers that hold for a while: like turns of fights and like questions are not asked again.

A fight is a row of turns that differ by a few hit points. The move that a model named for one of them holds as long as
one's own creature faces a foe of the same types, the move can be used, and the same kind of thing is to be done (hit,
heal, change, flee). On the way it is the same: after a fight or a rest the same things are to be done, and one wants
what one wanted. So a model is asked when something is new, and what follows from its answer is still its decision.
Whoever gets nowhere asks anew (`doubt`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.rules.values import ON_THE_WAY
from core.vocabulary import GameMode, Option, OptionKind

if TYPE_CHECKING:
    from core.game.state import GameState


@dataclass(frozen=True, slots=True)
class Order:
    """An answer and how sure the model was of it."""

    option_key: str
    confidence: float
    reason: str


class OptionCache:
    """The orders of one lane's episode."""

    def __init__(self, on_the_way: bool = True) -> None:
        """With `on_the_way` false only fights and questions are remembered."""
        self._orders: dict[Hashable, Order] = {}
        self._on_the_way = on_the_way

    def reset(self) -> None:
        """A new episode begins: nothing is ordered."""
        self._orders.clear()

    def doubt(self, option_key: str) -> None:
        """This option has led nowhere: where it was ordered, the model is to be asked again."""
        for likeness in [one for one, order in self._orders.items() if order.option_key == option_key]:
            del self._orders[likeness]

    def find(self, state: GameState, options: Sequence[Option]) -> tuple[Order, Option] | None:
        """The order that holds here and the option it means now; None where the model has to be asked."""
        likeness = self._likeness(state, options)
        order = self._orders.get(likeness) if likeness is not None else None
        if order is None:
            return None
        meant = next((option for option in options if option.key == order.option_key), None)
        return (order, meant) if meant is not None else None

    def note(self, state: GameState, options: Sequence[Option], option: Option, order: Order) -> None:
        """Keep what the model answered, if it is of a kind that lasts."""
        likeness = self._likeness(state, options)
        is_wasteful = option.kind is OptionKind.USE_ITEM and options[0].kind is not OptionKind.USE_ITEM
        if likeness is not None and not is_wasteful:  # what the rules would not use holds for once
            self._orders[likeness] = order

    def _likeness(self, state: GameState, options: Sequence[Option]) -> Hashable | None:
        """Equal for situations in which the same answer is due; None where each situation is its own.

        `options` are in the order of the rules' liking, so the first one's kind says what kind of thing is to be done.
        """
        match state.mode:
            case GameMode.BATTLE if (fight := state.battle) is not None:
                return "fight", options[0].kind, frozenset(fight.enemy.types), fight.own.species
            case GameMode.DIALOG | GameMode.MENU:
                return "words", state.position.map, frozenset(option.label for option in options)
            case GameMode.FREE if self._on_the_way:
                return "way", frozenset(one.key for one in options if one.value >= ON_THE_WAY.pressing)
            case _:
                return None
