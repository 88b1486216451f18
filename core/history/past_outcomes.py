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


_SUMS = "select s.name, sum(o.n), sum(o.outcome_micro), sum(o.outcome_square_micro) from option_outcomes o "
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
            return {source: _outcome(n, total, square, same_context) for source, n, total, square in rows}
    return {}


def _outcome(n: int, outcome_micro: int, square_micro: int, same_context: bool) -> PastOutcome:
    mean = outcome_micro / n / MICRO
    variance = max(0.0, square_micro / n / MICRO - mean * mean)
    error = math.sqrt(variance / (n - 1)) if n > 1 else math.inf
    return PastOutcome(n, mean, error, same_context)
