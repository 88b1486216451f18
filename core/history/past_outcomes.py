"""What the agent itself asks of the record: how an option turned out before, in a like situation."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from core.history.interning import context_json
from core.history.outcome import MICRO


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """How an option begun by one source turned out."""

    count: int
    mean_outcome: float
    """Discounted reward of the 64 decisions from its beginning, see `core.history.outcome`."""
    standard_error: float
    """Of the mean; infinite for a count of 1."""
    same_context: bool
    """True: seen in exactly this context; False: nothing was, so all contexts of the same mode count."""
    mean_progress: float = 0.0
    """Pace of the rest of the episode, see `core.history.outcome`; 0 where `progress_error` is inf."""
    progress_error: float = math.inf
    """Standard error of that mean; infinite for a count of 1."""


_SUMS = (
    "select s.name, sum(o.n), sum(o.outcome_micro), sum(o.outcome_square_micro), "
    "coalesce(sum(p.n), 0), coalesce(sum(p.progress_micro), 0), coalesce(sum(p.progress_square_micro), 0) "
    "from option_outcomes o left join option_progress p "
    "on p.option_id = o.option_id and p.context_id = o.context_id and p.source_id = o.source_id "
)
_OF_OPTION = "where o.option_id = (select id from names where name = :option) "
_IN_CONTEXT = (
    f"{_SUMS} join names s on s.id = o.source_id {_OF_OPTION} "
    "and o.context_id = (select id from contexts where json = :context) group by o.source_id"
)
_IN_MODE = (
    f"{_SUMS} join names s on s.id = o.source_id join contexts c on c.id = o.context_id {_OF_OPTION} "
    "and c.mode_id = (select id from names where name = :mode) group by o.source_id"
)


def find_past_outcomes(
    connection: sqlite3.Connection, context: Mapping[str, str], option_key: str
) -> dict[str, PastOutcome]:
    """Past outcomes of an option by the source that began it; empty if it was never begun in this mode."""
    parameters = {"option": option_key, "context": context_json(context), "mode": str(context.get("mode", ""))}
    for sql, same_context in ((_IN_CONTEXT, True), (_IN_MODE, False)):
        rows = connection.execute(sql, parameters).fetchall()
        if rows:
            return {source: _past_outcome(sums, same_context) for source, *sums in rows}
    return {}


def _past_outcome(sums: list[int], same_context: bool) -> PastOutcome:
    outcome, progress = sums[:3], sums[3:]
    mean, error = _mean_and_error(*outcome)
    mean_progress, progress_error = _mean_and_error(*progress)
    return PastOutcome(outcome[0], mean, error, same_context, mean_progress, progress_error)


def _mean_and_error(n: int, micro: int, square_micro: int) -> tuple[float, float]:
    if n == 0:
        return 0.0, math.inf
    mean = micro / n / MICRO
    variance = max(0.0, square_micro / n / MICRO - mean * mean)
    return mean, math.sqrt(variance / (n - 1)) if n > 1 else math.inf
