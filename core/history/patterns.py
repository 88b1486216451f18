"""Patterns of the record, read from the counting tables only: the cost depends on how many distinct patterns there
are, not on how many decisions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.exceptions import DecisionValidationError
from core.history.outcome import MICRO
from core.vocabulary import Button


class PatternKind(StrEnum):
    """The six questions that `find_patterns` answers."""

    ACTION_SEQUENCE = "action_sequence"
    """Two to five actions in a row, by the mode they begin in."""
    CONTEXT_ACTION = "context_action"
    """An action by a source in a context."""
    SOURCE_BY_MODE = "source_by_mode"
    """Who decides in which mode, and what comes of it."""
    LOOP = "loop"
    """Coming back to the same state without gain (see `core.history.loops`)."""
    MILESTONE_LEAD = "milestone_lead"
    """An option pursued within the 50 decisions up to a milestone."""
    OPTION_OUTCOME = "option_outcome"
    """An option begun by a source in a context."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something that was seen at least `min_frequency` times."""

    kind: PatternKind
    description: str
    frequency: int
    context: Mapping[str, str]
    """What is known of where it happens: the whole context, or only the mode; empty for milestones."""
    mean_outcome: float | None = None
    """Mean discounted reward that followed; None where it has no meaning (loops, milestone leads)."""
    details: Mapping[str, str | int | float] = field(default_factory=dict[str, str | int | float])
    """What the kind adds: actions, action, source, option, milestone, period, share, mean_reward."""


def find_patterns(
    connection: sqlite3.Connection,
    min_frequency: int,
    context_filter: Mapping[str, str] | None = None,
    kinds: Collection[PatternKind] = tuple(PatternKind),
    limit: int = 50,
) -> list[Pattern]:
    """The most frequent patterns, at most `limit` of each kind, in the order of `kinds`, most frequent first.

    `context_filter` keeps contexts that have all the given values, for example `{"mode": "battle"}`. Action sequences
    know their mode only, milestone leads no context at all: a filter by anything else leaves them out.
    Raises `DecisionValidationError` for a filter key that no recorded context has.
    """
    contexts = _Contexts(connection, context_filter or {})
    names = dict(connection.execute("select id, name from names"))
    found: list[Pattern] = []
    for kind in kinds:
        found.extend(_FINDERS[kind](connection, contexts, names, min_frequency, limit))
    return found


class _Contexts:
    """The contexts that pass the filter. There are few: one row per distinct coarse situation."""

    def __init__(self, connection: sqlite3.Connection, context_filter: Mapping[str, str]) -> None:
        self.filter = {key: str(value) for key, value in context_filter.items()}
        rows = connection.execute("select id, json from contexts").fetchall()
        every = {int(context_id): dict(json.loads(text)) for context_id, text in rows}
        known = {key for context in every.values() for key in context}
        unknown = set(self.filter) - known
        if every and unknown:
            raise DecisionValidationError(
                f"context_filter asks for {sorted(unknown)}, but recorded contexts only have {sorted(known)}"
            )
        self.by_id: dict[int, dict[str, str]] = {
            context_id: context
            for context_id, context in every.items()
            if all(context.get(key) == value for key, value in self.filter.items())
        }
        # The chosen ids go into a table, because a list of them may be longer than one statement can take.
        connection.execute("create temp table if not exists chosen_contexts (id integer primary key)")
        connection.execute("delete from chosen_contexts")
        connection.executemany("insert into chosen_contexts values (?)", [(context_id,) for context_id in self.by_id])
        connection.commit()

    @property
    def only_mode(self) -> bool:
        return set(self.filter) <= {"mode"}


def _action_sequences(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    if not contexts.only_mode:
        return
    rows = connection.execute(
        "select mode_id, actions, n, outcome_micro from action_sequences where n >= :least and "
        "(:mode is null or mode_id = (select id from names where name = :mode)) order by n desc, actions limit :limit",
        {"least": min_frequency, "mode": contexts.filter.get("mode"), "limit": limit},
    )
    for mode_id, actions, n, outcome in rows:
        spelt = " ".join(Button(int(digit)).name for digit in actions)
        mode = names[mode_id]
        yield Pattern(
            PatternKind.ACTION_SEQUENCE, f"{spelt} ({mode})", n, {"mode": mode}, outcome / n / MICRO, {"actions": spelt}
        )


def _context_actions(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    rows = connection.execute(
        "select context_id, action, source_id, n, reward_micro, outcome_micro, "
        "(select sum(n) from context_actions s where s.context_id = a.context_id) from ("
        "  select * from context_actions where n >= ? and context_id in (select id from chosen_contexts)"
        "  order by n desc, context_id, action, source_id limit ?"
        ") a order by n desc, context_id, action, source_id",
        (min_frequency, limit),
    )
    for context_id, action, source_id, n, reward, outcome, total in rows:
        button, source, context = Button(action).name, names[source_id], contexts.by_id[context_id]
        details = {"action": action, "source": source, "share": n / total, "mean_reward": reward / n / MICRO}
        description = f"{_spelt(context)}: {button} by {source or 'unstated'}"
        yield Pattern(PatternKind.CONTEXT_ACTION, description, n, context, outcome / n / MICRO, details)


def _sources_by_mode(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    rows = connection.execute(
        "select mode_id, source_id, n, reward, outcome, sum(n) over (partition by mode_id) from ("
        "  select c.mode_id, a.source_id, sum(a.n) as n, sum(a.reward_micro) as reward, sum(a.outcome_micro) as outcome"
        "  from context_actions a join contexts c on c.id = a.context_id"
        "  where a.context_id in (select id from chosen_contexts) group by c.mode_id, a.source_id"
        ") order by n desc, mode_id, source_id"
    ).fetchall()
    for mode_id, source_id, n, reward, outcome, total in [row for row in rows if row[2] >= min_frequency][:limit]:
        mode, source = names[mode_id], names[source_id]
        details = {"source": source, "share": n / total, "mean_reward": reward / n / MICRO}
        description = f"{mode}: {n / total:.0%} by {source or 'unstated'}"
        yield Pattern(
            PatternKind.SOURCE_BY_MODE, description, n, {**contexts.filter, "mode": mode}, outcome / n / MICRO, details
        )


def _loops(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    rows = connection.execute(
        "select context_id, period, actions, n from loops where n >= ? and "
        "context_id in (select id from chosen_contexts) order by n desc, context_id, period, actions limit ?",
        (min_frequency, limit),
    )
    for context_id, period, actions, n in rows:
        spelt = " ".join(Button(int(digit)).name for digit in actions)
        context = contexts.by_id[context_id]
        what = "stands still" if period == 1 else f"back after {period} decisions"
        description = f"{_spelt(context)}: {what}" + (f" ({spelt})" if spelt else "")
        yield Pattern(PatternKind.LOOP, description, n, context, None, {"period": period, "actions": spelt})


def _milestone_leads(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    if contexts.filter:
        return
    rows = connection.execute(
        "select l.milestone_id, l.option_id, l.source_id, l.n, m.reached, m.steps from milestone_leads l join ("
        "  select milestone_id, sum(n) as reached, sum(steps) as steps from run_milestones group by milestone_id"
        ") m on m.milestone_id = l.milestone_id where l.n >= ? "
        "order by l.n desc, l.milestone_id, l.option_id, l.source_id limit ?",
        (min_frequency, limit),
    )
    for milestone_id, option_id, source_id, n, reached, steps in rows:
        milestone, option, source = names[milestone_id], names[option_id], names[source_id]
        details = {
            "milestone": milestone,
            "option": option,
            "source": source,
            "share": n / reached,
            "mean_step": steps / reached,
        }
        description = f"{milestone}: after {option or 'no option'} by {source or 'unstated'} in {n} of {reached}"
        yield Pattern(PatternKind.MILESTONE_LEAD, description, n, {}, None, details)


def _option_outcomes(
    connection: sqlite3.Connection, contexts: _Contexts, names: Mapping[int, str], min_frequency: int, limit: int
) -> Iterator[Pattern]:
    rows = connection.execute(
        "select option_id, context_id, source_id, n, outcome_micro from option_outcomes where n >= ? and "
        "context_id in (select id from chosen_contexts) order by n desc, option_id, context_id, source_id limit ?",
        (min_frequency, limit),
    )
    for option_id, context_id, source_id, n, outcome in rows:
        option, source, context = names[option_id], names[source_id], contexts.by_id[context_id]
        description = f"{_spelt(context)}: {option} by {source or 'unstated'}"
        details = {"option": option, "source": source}
        yield Pattern(PatternKind.OPTION_OUTCOME, description, n, context, outcome / n / MICRO, details)


_FINDERS = {
    PatternKind.ACTION_SEQUENCE: _action_sequences,
    PatternKind.CONTEXT_ACTION: _context_actions,
    PatternKind.SOURCE_BY_MODE: _sources_by_mode,
    PatternKind.LOOP: _loops,
    PatternKind.MILESTONE_LEAD: _milestone_leads,
    PatternKind.OPTION_OUTCOME: _option_outcomes,
}


def _spelt(context: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in context.items())
