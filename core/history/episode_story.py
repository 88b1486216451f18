"""An episode told as a story: one chapter for each thing that was pursued, in order."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from core.exceptions import HistoryError
from core.history.decision_columns import StoredDecision
from core.history.recent import decisions_of_episode
from core.history.summaries import EpisodeSummary


@dataclass(frozen=True, slots=True)
class Chapter:
    """Consecutive decisions in one place, in or out of battle, that pursue one option."""

    first_step: int
    last_step: int
    place: str
    battle: bool
    option: str
    sources: tuple[tuple[str, int], ...]
    """(source, decisions), most first."""
    reasoning: str
    """The reason given most often."""
    confidence: float
    """Mean over the chapter."""
    reward: float
    milestones: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The chapter in words."""
        who = ", ".join(f"{source or 'unstated'} {count}" for source, count in self.sources)
        where = f"{self.place or 'somewhere'}{', in battle' if self.battle else ''}"
        reached = f" Reached {', '.join(self.milestones)}." if self.milestones else ""
        return (
            f"Steps {self.first_step}-{self.last_step}, {where}: {self.option or 'no option'} ({who}; "
            f"confidence {self.confidence:.2f}; reward {self.reward:+.2f}). {self.reasoning}{reached}"
        )


def tell_episode(connection: sqlite3.Connection, episode: EpisodeSummary) -> list[Chapter]:
    """The chapters of an episode. `HistoryError` if its decisions were pruned."""
    if episode.pruned:
        raise HistoryError(
            f"the decisions of episode {episode.run}/{episode.number} were pruned; only its numbers are left"
        )
    reached: dict[int, list[str]] = {}
    for step, name in connection.execute(
        "select m.step, n.name from milestones m join names n on n.id = m.milestone_id where m.episode_id = ?",
        (episode.id,),
    ):
        reached.setdefault(step, []).append(name)
    return list(_chapters(decisions_of_episode(connection, episode.id), reached))


def _chapters(decisions: Iterable[StoredDecision], reached: dict[int, list[str]]) -> Iterable[Chapter]:
    def subject(decision: StoredDecision) -> tuple[str, bool, str]:
        return decision.context.get("map", ""), decision.context.get("mode") == "battle", decision.option

    for (place, battle, option), group in groupby(decisions, key=subject):
        part = list(group)
        reasons = Counter(decision.reasoning for decision in part)
        yield Chapter(
            first_step=part[0].step,
            last_step=part[-1].step,
            place=place,
            battle=battle,
            option=option,
            sources=tuple(Counter(decision.source for decision in part).most_common()),
            reasoning=reasons.most_common(1)[0][0],
            confidence=sum(decision.confidence for decision in part) / len(part),
            reward=sum(decision.reward for decision in part),
            milestones=tuple(name for decision in part for name in reached.get(decision.step, ())),
        )
