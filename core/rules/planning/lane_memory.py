"""What one lane remembers between decisions: where it has been, whom it spoke to, what did not work.

Everything is counted in the lane's own steps (one call of `RulePlayer.act` each), so it is the same for the same seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.navigation.travel import TravelMemory
from core.rules.planning.lost_fight import Creature, FightRemedy, LostFight
from core.vocabulary import MapId, MenuTask, Option

ABANDON_STEPS = 400
"""How long an option that failed is left alone; doubled with every further failure, up to `LONGEST_ABANDON_STEPS`."""
LONGEST_ABANDON_STEPS = 6400

LATELY_STEPS = 80
"""A healer that left the party tired is not asked again this soon."""

Subject = tuple[MapId, str]
"""A map and what on it: "object 3", "sign 10,6", "cell 4,5"."""


@dataclass(slots=True)
class LaneMemory:
    """The notes of one `RulePlayer`."""

    step: int = 0
    travel: TravelMemory = field(default_factory=TravelMemory)
    visited: set[MapId] = field(default_factory=set[MapId])
    progress: int = 0
    """A number that changes whenever the story moved (flags, badges, party, key items)."""
    reach: int = 0
    """A number that changes with what opens ways: badges and key items."""
    _barren: dict[MapId, int] = field(default_factory=dict[MapId, int])
    """Maps whose wild ground is out of reach, with the `reach` of then."""
    wanted_level: int = 0
    """The lead should reach this level before it goes on: raised by a lost battle, 0 at first."""
    lost_fight: LostFight | None = None
    """Against a trainer, and not won since; or the next one of the story, as long as something is done for it."""
    judged: set[tuple[Creature, ...]] = field(default_factory=set[tuple[Creature, ...]])
    """Trainers' creatures of which it was thought whether they can be beaten, before the fight."""
    remedy: FightRemedy | None = None
    """What is done before that fight is tried again; None before it is thought about, and when it is done."""
    lists_more: bool = False
    """Options are listed, too, that the rules would not choose, for somebody who may (`RulePlayer.lists_more`)."""
    healers: set[Subject] = field(default_factory=set[Subject])
    """Those who healed the party in this episode."""
    _no_help: dict[Subject, int] = field(default_factory=dict[Subject, int])
    """Who was asked while the party was wounded and did not heal it; with the progress of then."""
    bound_for: str = ""
    """Key of the healer's option that was carried out last."""
    menu_task: MenuTask | None = None
    """What the open shop or START menu is for: set by the field rules when they open it, None in any other menu."""
    tuned: tuple[MapId, int] | None = None
    """Where the radio was tuned, and to what; None once the music there has become another."""
    _spoken: dict[Subject, tuple[int, int]] = field(default_factory=dict[Subject, tuple[int, int]])
    """Progress and step of the last talk."""
    _failures: Counter[str] = field(default_factory=Counter[str])
    _abandoned_until: dict[str, int] = field(default_factory=dict[str, int])
    _answers: Counter[tuple[MapId, str, int]] = field(default_factory=Counter[tuple[MapId, str, int]])

    def note_progress(self, progress: int) -> None:
        """Compare with the last number: when the story has moved, what failed before may work now."""
        if progress == self.progress:
            return
        self.progress = progress
        self.travel.forget_blocks()
        self._failures.clear()
        self._abandoned_until.clear()
        self._answers.clear()

    def note_lost(self, foes: tuple[Creature, ...], place: MapId | None = None) -> None:
        """A fight against these creatures was lost there: what is to be done about it has to be thought about anew."""
        last = self.lost_fight
        if last is not None and last.foes != foes:
            self.judged.discard(last.foes)
        self.lost_fight = LostFight(foes, 1 + (last.times if last is not None and last.foes == foes else 0), place)
        self.remedy = None

    def note_won(self, foes: tuple[Creature, ...]) -> None:
        """A fight against these was not lost."""
        if self.lost_fight is not None and self.lost_fight.foes == foes:
            self.lost_fight = self.remedy = None

    def note_spoken(self, subject: Subject) -> None:
        self._spoken[subject] = (self.progress, self.step)

    def has_spoken(self, subject: Subject) -> bool:
        """Whether it was spoken to since the story last moved."""
        return subject in self._spoken and self._spoken[subject][0] == self.progress

    def note_no_help(self, subject: Subject) -> None:
        """It was spoken to and left the party's wounds as they were."""
        self._no_help[subject] = self.progress

    def was_no_help(self, subject: Subject) -> bool:
        """Whether it left the party's wounds as they were since the story last moved."""
        return self._no_help.get(subject) == self.progress

    def spoke_lately(self, subject: Subject, steps: int = LATELY_STEPS) -> bool:
        """Whether it was spoken to within the last `steps`."""
        return subject in self._spoken and self.step - self._spoken[subject][1] < steps

    def ever_spoken(self, subject: Subject) -> bool:
        return subject in self._spoken

    def abandon(self, option: Option) -> None:
        """Leave this option alone for a while: it led nowhere."""
        self._failures[option.key] += 1
        wait = min(LONGEST_ABANDON_STEPS, ABANDON_STEPS << (self._failures[option.key] - 1))
        self._abandoned_until[option.key] = self.step + wait

    def is_abandoned(self, key: str) -> bool:
        return self._abandoned_until.get(key, -1) > self.step

    def note_barren(self, map_id: MapId) -> None:
        """The wild ground of a map was looked for and is out of reach, as water is to who cannot go on it."""
        self._barren[map_id] = self.reach

    def is_barren(self, map_id: MapId) -> bool:
        """Whether nothing has opened ways since a map's wild ground was found out of reach."""
        return self._barren.get(map_id) == self.reach

    def note_answer(self, map_id: MapId, question: str, row: int) -> None:
        self._answers[map_id, question, row] += 1

    def take_back_answer(self, map_id: MapId, question: str, row: int) -> None:
        """An answer that was noted was not given after all."""
        self._answers[map_id, question, row] -= 1

    def forget_answers(self) -> None:
        """The last answer did what it was given for: it may be given again."""
        self._answers.clear()

    def times_answered(self, map_id: MapId, question: str, row: int) -> int:
        """How often this row was the answer to this question since the story last moved."""
        return self._answers[map_id, question, row]
