"""Who does better in which kind of situation: outcomes of segments, and who acts by them.

A segment is a stretch of play that one player held: an option carried out to its end (`Deed.PRESS`), or the play from a
choice of options to the next milestone or the end of the fight (`Deed.CHOOSE`). It succeeds or not, and costs steps and
calls of a language model, measured against what is usual in its situation. Of each player the table knows

    u = mean of log(cost / usual cost) - log(share of successes)

the logarithm of the cost until a success, in units of the usual one: the less the better. A situation of which little
is known borrows from wider ones (kind of option in all regions, all kinds, all modes), at most `BORROWED` segments.
Frozen, the learned heads act in no region where they were never judged.

A player who explores draws u of each from its posterior and takes the least (Thompson sampling). Frozen, the table
compares bounds: u as bad as it may well be. Of all who are within `MARGIN` of the best bound the first in `PREFERENCE`
acts: a learned head costs nobody's time, a language model costs calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np

from core.exceptions import CheckpointError
from core.vocabulary import Source

STATE_VERSION: Final = 1
MOST_ROWS: Final = 4096
"""Rows of the table; what is new after that counts in the wider situations only."""
BORROWED: Final = 8.0
"""Segments that a wider situation counts as, at most."""
PRIOR_SEGMENTS: Final = 1.0
"""Before anything is known: so many segments with the usual cost, half of them successes."""
LEAST_JUDGED: Final = 20.0
"""Segments of a deed that a player has had in all before it is judged at all."""
LEAST_VARIANCE: Final = 0.1
"""Of log(cost / usual cost)."""
BOUND_ERRORS: Final = 1.0
"""Standard errors from the mean to the bound."""
MARGIN: Final = math.log(1.1)
"""A tenth more of cost until a success is no loss."""
FORGETTING: Final = 0.998
"""Factor on a row's counts per outcome in it: heads learn, so old outcomes tell less."""
CALL_STEPS: Final = 20.0
"""Steps that a call of a language model costs."""
PREFERENCE: Final = (Source.POLICY, Source.RULES, Source.LLM)


class Deed(StrEnum):
    """What is done."""

    CHOOSE = "choose"
    """An option among several."""
    PRESS = "press"
    """The buttons of an option."""


class Situation(NamedTuple):
    """A kind of situation; an empty word stands for any."""

    deed: str
    mode: str = ""
    """As `core.agent.teacher.situation_of` has it: "overworld", "battle", "dialog" or "menu"."""
    kind: str = ""
    """Of the option that is carried out, or that the rules like best."""
    region: str = ""
    """The map group."""

    def widening(self) -> Iterator[Situation]:
        """This one, then wider ones, the deed alone last."""
        yield self
        yield Situation(self.deed, self.mode, self.kind)
        yield Situation(self.deed, self.mode)
        yield Situation(self.deed)


@dataclass(frozen=True, slots=True)
class SegmentOutcome:
    """What a segment came to."""

    situation: Situation
    player: Source
    success: bool
    steps: int
    calls: int = 0
    """Of a language model."""

    def __reduce__(self) -> tuple[type[SegmentOutcome], tuple[Situation, Source, bool, int, int]]:
        # faster than as a dataclass does it: workers send one every few steps
        return SegmentOutcome, (self.situation, self.player, self.success, self.steps, self.calls)

    @property
    def cost(self) -> float:
        """In steps, at least 1."""
        return max(1.0, self.steps + CALL_STEPS * self.calls)


@dataclass(slots=True)
class _Row:
    """Sums over segments: how many, successes, log(cost / usual) and its square."""

    count: float = 0.0
    successes: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def add(self, success: bool, excess: float) -> None:
        """`excess`: log(cost / usual cost)."""
        self.count = self.count * FORGETTING + 1.0
        self.successes = self.successes * FORGETTING + success
        self.total = self.total * FORGETTING + excess
        self.squares = self.squares * FORGETTING + excess**2


@dataclass(frozen=True, slots=True)
class Merit:
    """What is believed of a player in a situation, borrowed segments counted."""

    segments: float
    success: float
    """Mean share of successes, 0 to 1."""
    excess: float
    """Mean of log(cost / usual cost)."""
    error: float
    """Standard error of that mean."""

    @property
    def bound(self) -> float:
        """u as bad as it may well be."""
        success_error = math.sqrt(self.success * (1 - self.success) / (self.segments + 1))
        success = max(0.01, self.success - BOUND_ERRORS * success_error)
        return self.excess + BOUND_ERRORS * self.error - math.log(success)

    def drawn(self, dice: np.random.Generator) -> float:
        """u from the posterior: a Beta for successes, a normal for the cost."""
        good, bad = self.success * self.segments, (1 - self.success) * self.segments
        success = max(0.01, float(dice.beta(good + 0.5, bad + 0.5)))
        return float(dice.normal(self.excess, self.error)) - math.log(success)


class Standings:
    """The table. `reported` keeps outcomes for another table to count as well; None keeps none."""

    def __init__(self) -> None:
        self.reported: list[SegmentOutcome] | None = None
        self.only_reports = False
        """Nobody asks this table: another one counts what it reports."""
        self._rows: dict[tuple[Situation, Source], _Row] = {}
        self._usual: dict[Situation, list[float]] = {}
        """Of each narrow situation: segments and the sum of log(cost)."""
        self._been: set[tuple[str, str, Source]] = set()
        """Deed, region and player of each row."""

    def __len__(self) -> int:
        """Rows."""
        return len(self._rows)

    def who_acts(
        self, situation: Situation, players: Sequence[Source], dice: np.random.Generator | None = None
    ) -> Source | None:
        """Who of `players` acts; None where nobody has been judged enough. With `dice` it is explored."""
        if dice is not None:
            draws = {player: self.merit(situation, player).drawn(dice) for player in players}
            return min(players, key=draws.__getitem__)
        judged = [one for one in players if self.segments(situation.deed, one) >= LEAST_JUDGED]
        if len(judged) < 2:
            return None
        acting = [one for one in judged if one is not Source.POLICY or self._has_been(situation, one)]
        bounds = {player: self.merit(situation, player).bound for player in acting}
        best = min(bounds.values())
        return next(one for one in PREFERENCE if one in bounds and bounds[one] <= best + MARGIN)

    def _has_been(self, situation: Situation, player: Source) -> bool:
        """Whether a player was judged in this region at all. What was learned in others tells nothing of a learned head
        there: it may meet places, people and menus that it never saw."""
        return (situation.deed, situation.region, player) in self._been

    def learn(self, outcome: SegmentOutcome) -> None:
        """Counts a segment in its situation and in all wider ones."""
        if self.reported is not None:
            self.reported.append(outcome)
        if self.only_reports:
            return
        narrow, cost = outcome.situation, math.log(outcome.cost)
        usual = self._usual.get(narrow)
        if usual is None:
            usual = [0.0, 0.0]
            if len(self._usual) < MOST_ROWS:
                self._usual[narrow] = usual
        usual[0] = usual[0] * FORGETTING + 1.0
        usual[1] = usual[1] * FORGETTING + cost
        excess = cost - usual[1] / usual[0]
        for level in narrow.widening():
            row = self._rows.get((level, outcome.player))
            if row is None:
                if len(self._rows) >= MOST_ROWS and level is narrow:
                    continue
                row = self._rows[level, outcome.player] = _Row()
                self._been.add((level.deed, level.region, outcome.player))
            row.add(outcome.success, excess)

    def merit(self, situation: Situation, player: Source) -> Merit:
        """What is believed of a player here."""
        segments, success, excess, variance = PRIOR_SEGMENTS, 0.5, 0.0, 1.0
        for level in reversed(tuple(situation.widening())):
            row = self._rows.get((level, player))
            if row is None:
                break
            borrowed = min(BORROWED, segments)
            segments = borrowed + row.count
            success = (borrowed * success + row.successes) / segments
            excess = (borrowed * excess + row.total) / segments
            mean = row.total / row.count
            seen = max(0.0, row.squares / row.count - mean**2)
            variance = max(LEAST_VARIANCE, (borrowed * variance + row.count * seen) / segments)
        return Merit(segments, success, excess, math.sqrt(variance / segments))

    def segments(self, deed: str, player: Source) -> float:
        """How many segments of a deed a player has had, the newest counted most."""
        row = self._rows.get((Situation(deed), player))
        return 0.0 if row is None else row.count

    def chance_better(self, situation: Situation, player: Source, other: Source) -> float:
        """The chance, 0 to 1, that a player costs less until a success here than another; 0.5 for like players."""
        mine, theirs = self.merit(situation, player), self.merit(situation, other)
        ahead = theirs.excess - math.log(theirs.success + 0.01) - mine.excess + math.log(mine.success + 0.01)
        spread = math.hypot(mine.error, theirs.error, _log_error(mine), _log_error(theirs))
        return NormalDist().cdf(ahead / spread)

    def shares(self, deed: str) -> dict[Source, float]:
        """Of all segments of a deed: the share that each player would get now, frozen, situation by situation."""
        total: dict[Source, float] = dict.fromkeys(PREFERENCE, 0.0)
        narrow = [one for one in self._usual if one.deed == deed]
        for situation in narrow:
            players = [one for one in PREFERENCE if self.segments(deed, one)]
            who = self.who_acts(situation, players)
            if who is not None:
                total[who] += self._usual[situation][0]
        everything = sum(total.values())
        return {one: count / everything for one, count in total.items()} if everything else total

    # -- checkpoints -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All of it, JSON-able: at most `MOST_ROWS` rows and as many usual costs, beside the wide situations."""
        return {
            "version": STATE_VERSION,
            "rows": [
                [
                    *situation,
                    player.value,
                    *(round(one, 6) for one in (row.count, row.successes, row.total, row.squares)),
                ]
                for (situation, player), row in self._rows.items()
            ],
            "usual": [[*situation, *(round(one, 6) for one in sums)] for situation, sums in self._usual.items()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`. Raises CheckpointError when it is of another version, and LookupError, TypeError or
        ValueError for rows of another form. An empty state is that of a program without standings."""
        if not state:
            self._rows, self._usual, self._been = {}, {}, set()
            return
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"the standings have version {state.get('version')!r}, this program reads {STATE_VERSION}: they are of "
                "another version of the program"
            )
        rows: dict[tuple[Situation, Source], _Row] = {}
        for deed, mode, kind, region, player, *sums in state["rows"]:
            count, successes, total, squares = (_number(one) for one in sums)
            rows[Situation(Deed(deed), str(mode), str(kind), str(region)), Source(player)] = _Row(
                count, successes, total, squares
            )
        usual: dict[Situation, list[float]] = {}
        for deed, mode, kind, region, *sums in state["usual"]:
            count, total = (_number(one) for one in sums)
            usual[Situation(Deed(deed), str(mode), str(kind), str(region))] = [count, total]
        self._rows, self._usual = rows, usual
        self._been = {(level.deed, level.region, player) for level, player in rows}

    def copy(self) -> Standings:
        """The same table; what it reports is not copied."""
        twin = Standings()
        twin.load_state_dict(self.state_dict())
        return twin


def _log_error(merit: Merit) -> float:
    """Standard error of the logarithm of the share of successes."""
    return math.sqrt((1 - merit.success) / (merit.success + 0.01) / (merit.segments + 1))


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a sum is {value}: it must be a finite number")
    return number
