"""A language model's answers, kept for like situations: the same question is not asked twice.

A fight is a row of turns that differ by a few hit points. The move that a model named for one of them holds as long as
the same creature faces a foe of the same types, the move can be used, and the rules ask for the same kind of thing
(hit, heal, change, flee). In the overworld an answer holds while the same things are pressing, so also after a fight or
a rest. The model is asked when something is new, and what follows from its answer is still its decision. An option
that leads nowhere is asked about again (`doubt`). A question that was not answered in time waits here for its answer,
which holds for the like situations that come after it.
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
class CachedChoice:
    """An answer and how sure the model was of it."""

    option_key: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What a model was asked and answers later."""

    prompt: str
    options: tuple[Option, ...]
    """As they were listed."""


class OptionCache:
    """The answers of one lane's episode."""

    def __init__(self, on_the_way: bool = True) -> None:
        """With `on_the_way` false only answers of fights and menus are kept."""
        self._choices: dict[Hashable, CachedChoice] = {}
        self._open: dict[Hashable, OpenQuestion] = {}
        self._on_the_way = on_the_way

    def reset(self) -> None:
        """A new episode begins: forget every answer, and every question."""
        self._choices.clear()
        self._open.clear()

    def doubt(self, option_key: str) -> None:
        """This option led nowhere: where it was the answer, the model is asked again."""
        for likeness in [one for one, choice in self._choices.items() if choice.option_key == option_key]:
            del self._choices[likeness]

    def find(self, state: GameState, options: Sequence[Option]) -> tuple[CachedChoice, Option] | None:
        """The answer that holds here and the option it means now; None where the model has to be asked."""
        likeness = self._likeness(state, options)
        choice = self._choices.get(likeness) if likeness is not None else None
        if choice is None:
            return None
        meant = next((option for option in options if option.key == choice.option_key), None)
        return (choice, meant) if meant is not None else None

    def note(self, state: GameState, options: Sequence[Option], option: Option, choice: CachedChoice) -> None:
        """Keep what the model answered, if it is of a kind that lasts."""
        likeness = self._likeness(state, options)
        is_wasteful = option.kind is OptionKind.USE_ITEM and options[0].kind is not OptionKind.USE_ITEM
        if likeness is not None and not is_wasteful:  # an item that the rules would not use is used once
            self._choices[likeness] = choice

    def leave_open(self, state: GameState, options: Sequence[Option], question: OpenQuestion) -> None:
        """Keep a question that is answered later, if its answer would be of a kind that lasts."""
        likeness = self._likeness(state, options)
        if likeness is not None:
            self._open[likeness] = question

    def take_open(self, state: GameState, options: Sequence[Option]) -> OpenQuestion | None:
        """The question that was asked in a situation like this one and left open; it is no longer."""
        return self._open.pop(self._likeness(state, options), None) if self._open else None

    def _likeness(self, state: GameState, options: Sequence[Option]) -> Hashable | None:
        """Equal for situations in which the same answer is due; None where each situation is its own.

        `options` are sorted by the rules' liking, so the first one's kind says what kind of thing the rules ask for.
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
