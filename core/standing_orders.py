"""A language model's answers that hold for a while: like turns of fights and like questions are not asked again.

A fight is a row of turns that differ by a few hit points. The move that a model named for one of them holds for the
next as long as the same creatures face each other in the same health and the move can be used. So a model is asked
when a turn matters, some once or twice a fight, and what follows from its answer is still its decision.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.vocabulary import GameMode, Option, OptionKind

if TYPE_CHECKING:
    from core.game.battle import Fighter
    from core.game.state import GameState

LASTING_KINDS = (OptionKind.FIGHT, OptionKind.ANSWER)
"""Items and switches are for once, and in the overworld no two choices are alike."""
HEALTH_CLASSES = 2
"""Own health counts as good or bad, so an order given in good health does not hold in need."""


@dataclass(frozen=True, slots=True)
class Order:
    """An answer and how sure the model was of it."""

    option_key: str
    confidence: float
    reason: str


class StandingOrders:
    """The orders of one lane's episode."""

    def __init__(self) -> None:
        self._orders: dict[Hashable, Order] = {}

    def reset(self) -> None:
        """A new episode begins: nothing is ordered."""
        self._orders.clear()

    def find(self, state: GameState, options: Sequence[Option]) -> tuple[Order, Option] | None:
        """The order that holds here and the option it means now; None where the model has to be asked."""
        likeness = _likeness(state, options)
        order = self._orders.get(likeness) if likeness is not None else None
        if order is None:
            return None
        meant = next((option for option in options if option.key == order.option_key), None)
        return (order, meant) if meant is not None else None

    def note(self, state: GameState, options: Sequence[Option], option: Option, order: Order) -> None:
        """Keep what the model answered, if it is of a kind that lasts."""
        likeness = _likeness(state, options)
        if likeness is not None and option.kind in LASTING_KINDS:
            self._orders[likeness] = order


def _likeness(state: GameState, options: Sequence[Option]) -> Hashable | None:
    """Equal for situations in which the same answer is due; None where each situation is its own."""
    match state.mode:
        case GameMode.BATTLE if (fight := state.battle) is not None:
            return "battle", fight.is_trainer, fight.enemy.species, fight.own.species, _health(fight.own)
        case GameMode.DIALOG | GameMode.MENU:
            return "words", state.position.map, frozenset(option.label for option in options)
        case _:
            return None


def _health(fighter: Fighter) -> int:
    return min(HEALTH_CLASSES - 1, int(fighter.hp_fraction * HEALTH_CLASSES))
