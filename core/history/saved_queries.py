"""Questions worth asking again, as SQL: for `crystal-agent decisions query` and for Datasette.

All read counts, episode rows or a single episode, so they stay fast in a large file.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from core.exceptions import ConfigurationError
from core.history.decision_columns import COLUMNS


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A named question."""

    name: str
    title: str
    sql: str


SAVED_QUERIES = (
    SavedQuery(
        "runs",
        "Runs: episodes, decisions, reward",
        """select r.name as run, datetime(r.started_at_s, 'unixepoch') as started_utc, count(e.id) as episodes,
       coalesce(sum(e.steps), 0) as decisions, round(avg(e.reward), 3) as mean_reward, max(e.reward) as best_reward
from runs r left join episodes e on e.run_id = r.id group by r.id order by r.id""",
    ),
    SavedQuery(
        "run-changes",
        "Settings that changed in mid-run, and from which episode on",
        """select r.name as run, c.episode as from_episode, c.key, c.old, c.new
from run_changes c join runs r on r.id = c.run_id order by c.run_id, c.episode, c.key""",
    ),
    SavedQuery(
        "learning-curve",
        "Learning curve of the newest run, in blocks of 10 episodes",
        """select (number - 1) / 10 * 10 + 1 as first_episode, count(*) as episodes,
       round(avg(reward), 3) as mean_reward, round(avg(steps), 1) as mean_steps,
       round(sum(llm_steps) * 1.0 / sum(steps), 3) as llm_share,
       round(sum(rules_steps) * 1.0 / sum(steps), 3) as rules_share,
       round(sum(policy_steps) * 1.0 / sum(steps), 3) as policy_share,
       round(sum(loop_steps) * 1.0 / sum(steps), 3) as loop_share
from episodes where run_id = (select max(id) from runs) group by 1 order by 1""",
    ),
    SavedQuery(
        "who-decides",
        "Who decides in which mode, and what comes of it",
        """select m.name as mode, s.name as source, sum(r.n) as decisions,
       round(sum(r.outcome_micro) / 1e6 / sum(r.n), 4) as mean_outcome,
       round(sum(r.confidence_micro) / 1e6 / sum(r.n), 3) as mean_confidence
from run_sources r join names m on m.id = r.mode_id join names s on s.id = r.source_id
group by r.mode_id, r.source_id order by decisions desc""",
    ),
    SavedQuery(
        "milestones",
        "Milestones: how many episodes reached them, and when",
        """select r.name as run, n.name as milestone, m.n as episodes, round(m.steps * 1.0 / m.n, 1) as mean_step
from run_milestones m join runs r on r.id = m.run_id join names n on n.id = m.milestone_id
order by r.id desc, m.n desc, mean_step""",
    ),
    SavedQuery(
        "best-options",
        "Options by mean outcome, begun at least 10 times",
        """select o.name as option, s.name as source, sum(x.n) as begun,
       round(sum(x.outcome_micro) / 1e6 / sum(x.n), 4) as mean_outcome
from option_outcomes x join names o on o.id = x.option_id join names s on s.id = x.source_id
group by x.option_id, x.source_id having begun >= 10 order by mean_outcome desc limit 50""",
    ),
    SavedQuery(
        "loops",
        "Where the agent goes round in circles",
        """select json_extract(c.json, '$.map') as map, json_extract(c.json, '$.mode') as mode, l.period,
       l.actions, l.n as times
from loops l join contexts c on c.id = l.context_id order by l.n desc limit 50""",
    ),
    SavedQuery(
        "best-episodes",
        "The 20 episodes with the highest reward",
        """select r.name || '/' || e.number as episode, round(e.reward, 3) as reward, e.steps, e.llm_steps,
       e.rules_steps, e.policy_steps, e.loop_steps
from episodes e join runs r on r.id = e.run_id order by e.reward desc limit 20""",
    ),
    SavedQuery(
        "last-episode",
        "The newest episode, decision by decision",
        """select step, mode, map, action, source, option, round(confidence, 2) as confidence, reward,
       round(outcome, 3) as outcome, reasoning
from decision_list where episode_id = (select max(id) from episodes) order by step limit 500""",
    ),
)


def find_query(name: str) -> SavedQuery:
    """The saved query of that name. `ConfigurationError` naming those there are."""
    for query in SAVED_QUERIES:
        if query.name == name:
            return query
    known = ", ".join(query.name for query in SAVED_QUERIES)
    raise ConfigurationError(f"there is no saved query {name!r}; there are {known}")


def run_query(connection: sqlite3.Connection, query: SavedQuery) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows."""
    cursor = connection.execute(query.sql)
    return [column[0] for column in cursor.description], cursor.fetchall()


def datasette_metadata(database_name: str) -> dict[str, object]:
    """What `datasette FILE --metadata metadata.json` wants; `database_name` is the file's name without its suffix."""
    return {
        "title": "crystal-hybrid decisions",
        "description": "Every decision of a hybrid agent: who chose, why, how sure, and what came of it.",
        "databases": {
            database_name: {
                "queries": {query.name: {"title": query.title, "sql": query.sql} for query in SAVED_QUERIES},
                "tables": {
                    "decision_list": {
                        "description": "Decisions with their words; the view for people to read.",
                        "columns": {name: column.meaning for name, column in COLUMNS.items() if column.exported},
                    },
                    "episodes": {"sort_desc": "id", "description": "One row for each finished episode."},
                    "runs": {"sort_desc": "id", "label_column": "name"},
                    "reasonings": {"description": "Each reason once; searchable.", "label_column": "text"},
                    "names": {"label_column": "name"},
                },
            }
        },
    }
