"""One lane's segments while they are open: who holds them since when, and what they come to (`core.agent.standings`).

An option is a segment of whoever presses. A fight or a text interrupts an option of the way; the steps in it count for
neither. A choice is a segment of whoever chose: on the way until the next milestone, in a fight until its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.agent.standings import Deed, SegmentOutcome, Situation
from core.vocabulary import Option, Source

SPAN_STEPS: Final = 500
"""Without a milestone for so long, the choices so far have failed."""
MOST_CHOICES: Final = 32
"""Different choices of one span that are judged by it."""
MOST_PRESSED_STEPS: Final = 256
"""An option that takes longer has failed."""
BATTLE: Final = "battle"
OVERWORLD: Final = "overworld"


@dataclass(slots=True)
class _Held:
    """An option under way."""

    option: Option
    situation: Situation
    player: Source
    steps: int = 0


@dataclass(slots=True)
class _Chosen:
    """A choice whose end is open."""

    since: int
    calls: int


class LaneSegments:
    """Call `look` before each step, `chose` where an option was chosen, and `pressed` after each press."""

    def __init__(self, learn: Callable[[SegmentOutcome], None]) -> None:
        """`learn` is told of each segment that has ended."""
        self._learn = learn
        self.begin()

    def begin(self) -> None:
        """A new episode: what is open comes to nothing."""
        self._step = 0
        self._milestones = 0
        self._in_fight = False
        self._held: dict[bool, _Held | None] = {True: None, False: None}
        """The option on the way, and the one of a fight or a text."""
        self._interruption = ""
        """The mode that has interrupted the option on the way; a fight before all others."""
        self._chosen: dict[bool, dict[tuple[Situation, Source], _Chosen]] = {True: {}, False: {}}
        """Open choices of fights, and of all else."""
        self.holder: dict[bool, Source] = {}
        """Who chooses in the fight, and else, in a span under way, where that is explored."""

    def look(self, milestones: int, in_fight: bool, lost: bool) -> None:
        """What is true now: milestones reached in this episode; whether a fight is on; how the last one ended."""
        self._step += 1
        if self._in_fight and not in_fight:
            self._close(True, success=not lost)
        self._in_fight = in_fight
        if milestones != self._milestones:
            self._milestones = milestones
            self._close(False, success=True)
        opened = min((one.since for one in self._chosen[False].values()), default=self._step)
        if self._step - opened > SPAN_STEPS:
            self._close(False, success=False)

    def chose(self, situation: Situation, player: Source, calls: int = 0) -> None:
        """An option was chosen among several."""
        choices = self._chosen[situation.mode == BATTLE]
        known = choices.get((situation, player))
        if known is not None:
            known.calls += calls
        elif len(choices) < MOST_CHOICES:
            choices[situation, player] = _Chosen(self._step, calls)

    def pressed(self, option: Option, mode: str, region: str, player: Source, ended: bool) -> None:
        """A press was made for an option; `ended`: it was the last one that the rules want for it."""
        on_the_way = mode == OVERWORLD
        held = self._held[on_the_way]
        if held is None or held.option is not option:
            if held is not None and on_the_way and self._interruption != BATTLE:
                # A text or a menu is what it was for (a talk, a purchase); else it was given up for another one.
                self._learn(SegmentOutcome(held.situation, held.player, bool(self._interruption), held.steps))
            situation = Situation(Deed.PRESS, mode, option.kind.value, region)
            held = self._held[on_the_way] = _Held(option, situation, player)
        elif held.player is not player:  # it was taken away
            self._learn(SegmentOutcome(held.situation, held.player, False, held.steps))
            held.player, held.steps = player, 0
        if on_the_way:
            self._interruption = ""
        elif self._interruption != BATTLE:
            self._interruption = mode
        held.steps += 1
        if ended or held.steps > MOST_PRESSED_STEPS:
            self._learn(SegmentOutcome(held.situation, held.player, ended, held.steps))
            self._held[on_the_way] = None

    def _close(self, in_fight: bool, success: bool) -> None:
        self.holder.pop(in_fight, None)
        for (situation, player), chosen in self._chosen[in_fight].items():
            self._learn(SegmentOutcome(situation, player, success, self._step - chosen.since, chosen.calls))
        self._chosen[in_fight].clear()
