"""The prompt of one lane: the parts that each situation needs, in an order that keeps the beginnings of prompts alike.

The form says for whom it is written (`core.prompts.frame.PromptForm`). What changes least comes first (frame, goal,
bag, place), what changes most comes last (text on screen, battle), because servers and local models cache the common
beginning of prompts. When the parts exceed the budget of tokens, the least useful ones are shortened first and then
left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.exceptions import ConfigurationError
from core.prompts import sections
from core.prompts.brief import Brief
from core.prompts.frame import FRAME, TASK, PromptForm
from core.prompts.journal import LaneJournal
from core.prompts.next_step import NextSteps
from core.prompts.notebook import Notebook
from core.vocabulary import GameMode, Option

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState

DEFAULT_MAX_TOKENS: Final = 2048
SMALLEST_BUDGET: Final = 128
"""Tokens: the least that holds the frame, the goal and a line about the present."""
OPTIONS_SHARE: Final = 0.35
"""Share of the budget that stays free for the options, which are listed after the prompt."""
MAP_REACHES: Final = (None, 9, 5)
"""The map is drawn whole, or this many steps around the player."""
CHARACTERS_PER_TOKEN: Final = 3.0
"""Low on purpose: common tokenizers need a token for 3.5 to 4.5 characters of such text."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One section in a few lengths, longest first. The lowest `worth` shrinks first; infinite never shrinks."""

    worth: float
    versions: tuple[str, ...]


def estimate_tokens(text: str) -> int:
    """An upper estimate of a text's tokens: prompts do not depend on the tokenizer that reads them."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


class PromptWriter:
    """Writes the prompts of one lane. `see` every step, `chose` after each choice, `reset` at an episode's start."""

    def __init__(self, game: GameData, max_tokens: int = DEFAULT_MAX_TOKENS, brief: Brief | None = None) -> None:
        """`max_tokens` is the whole question's budget, options included; ConfigurationError when it is too small.

        `brief` says what kind of prompt the model wants; instructed ones if None.
        """
        if max_tokens < SMALLEST_BUDGET:
            raise ConfigurationError(
                f"max_context_length is {max_tokens}: a prompt needs at least {SMALLEST_BUDGET} tokens"
            )
        self._budget = int(max_tokens * (1 - OPTIONS_SHARE))
        self._brief = brief or Brief()
        self._notebook = Notebook()
        self._asks_reflection = False
        """Whether the last prompt asked what went wrong."""
        self._steps = NextSteps(game)
        self.journal = LaneJournal(game)
        """The lane's notes."""

    def reset(self) -> None:
        """A new episode begins."""
        self.journal.reset()
        self._notebook.reset()
        self._asks_reflection = False

    def see(self, state: GameState) -> None:
        """Look at a state; called at every step, so it costs next to nothing while the player stands still."""
        self.journal.see(state)

    def chose(self, label: str, state: GameState) -> None:
        """Note that the option with these words was chosen."""
        self.journal.chose(label, state)

    def stale(self) -> frozenset[str]:
        """The words of choices that have come to nothing again and again of late."""
        return self.journal.stale

    def note(self, note: str) -> None:
        """What the model wrote beside its answer to the last prompt; nothing where no notebook is kept."""
        if self._asks_reflection and note.strip():
            self.journal.reflected()
            self._asks_reflection = False
        if self._brief.notebook:
            self._notebook.write(note)

    def describe(self, state: GameState, options: Sequence[Option] = ()) -> str:
        """The prompt for this state, within the budget of tokens.

        `options` are what is chosen among, if that is known: an instructed prompt then shows the map only where two of
        them lie on it, so that it can change the choice.
        """
        shows_map = self._brief.form is PromptForm.SHORT or not options or _on_this_map(state, options) > 1
        parts = [part for part in self._parts(state, shows_map) if part.versions[0]]
        length = {version: estimate_tokens(version) + 1 for part in parts for version in part.versions}
        chosen = [0] * len(parts)
        while (
            sum(length[part.versions[pick]] for part, pick in zip(parts, chosen, strict=True)) > self._budget
            and (weakest := self._weakest(parts, chosen)) is not None
        ):
            chosen[weakest] += 1
        texts = [part.versions[pick] for part, pick in zip(parts, chosen, strict=True)]
        return "\n".join(text for text in texts if text)

    def _reflection(self) -> str:
        """The question what went wrong, while a stall lasts about which the model has not written yet."""
        self._asks_reflection = self._brief.reflection and self.journal.stalls
        return sections.reflection(self.journal) if self._asks_reflection else ""

    @staticmethod
    def _weakest(parts: list[_Part], chosen: list[int]) -> int | None:
        shrinkable = [
            index
            for index, part in enumerate(parts)
            if math.isfinite(part.worth) and chosen[index] < len(part.versions) - 1
        ]
        return min(shrinkable, key=lambda index: parts[index].worth, default=None)

    def _parts(self, state: GameState, shows_map: bool) -> list[_Part]:
        journal = self.journal
        if self._brief.form is PromptForm.BRIEF:
            return self._few_parts(state)
        if self._brief.form is PromptForm.SHORT:
            start = [_Part(math.inf, (FRAME,)), _Part(math.inf, (sections.goal(state, journal),))]
        else:
            goal = sections.next_step(state, journal, self._steps)
            start = [_Part(math.inf, (TASK,)), _Part(math.inf, (goal,))]
        party = _Part(8, (sections.party(state), sections.party_in_short(state)))
        bag = _Part(4, (sections.bag(state), ""))
        if self._brief.notebook:
            start.append(_Part(9, (self._notebook.section(), "")))
        now = _Part(math.inf, (sections.mode(state),))
        self._asks_reflection = False
        match state.mode:
            case GameMode.BATTLE:
                fight = _Part(math.inf, (sections.battle(state),))
                return [*start, bag, party, now, fight, _Part(3, (sections.screen(state), ""))]
            case GameMode.DIALOG | GameMode.MENU:
                where = _Part(5, (sections.place(state, journal).splitlines()[0], ""))
                return [*start, bag, party, where, now, _Part(math.inf, (sections.screen(state),))]
            case _:
                reaches = MAP_REACHES if shows_map else ()
                drawings = tuple(sections.map_drawing(state, journal, reach) for reach in reaches)
                return [
                    *start,
                    bag,
                    party,
                    _Part(7, (sections.tried(journal), "")),
                    _Part(2, (sections.recent(journal), "")),
                    _Part(6, (sections.place(state, journal), sections.place(state, journal).splitlines()[0])),
                    _Part(3, (sections.people(state), "")),
                    _Part(1, (*drawings, "")),
                    now,
                    _Part(math.inf, (self._reflection(),)),
                ]

    def _few_parts(self, state: GameState) -> list[_Part]:
        """Of a brief prompt."""
        start = (TASK, sections.instruction(self.journal, self._steps), sections.lead(state))
        parts = [_Part(math.inf, (text,)) for text in start]
        now = _Part(math.inf, (sections.mode(state),))
        screen = sections.screen(state)
        match state.mode:
            case GameMode.BATTLE:
                return [*parts, now, _Part(math.inf, (sections.battle(state),)), _Part(3, (screen, ""))]
            case GameMode.DIALOG | GameMode.MENU:
                return [*parts, now, _Part(math.inf, (screen,))]
            case _:
                return [*parts, _Part(7, (sections.tried(self.journal), "")), now]


def _on_this_map(state: GameState, options: Sequence[Option]) -> int:
    """How many of the options lead to a cell of the map that the player is on."""
    here = state.position.map
    return sum(one.position is not None and one.position.map == here and one.position.x >= 0 for one in options)
