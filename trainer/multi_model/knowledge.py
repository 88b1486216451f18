"""What agents on the cartridge know together: of a team there is one such object, of rivals one each.

Everything that outlives a game and is no weight is in here, so whether it is shared is decided in one place: by how
many of these a training has. It is the record of decisions, the ground that was walked, the archive of far states, how
far the education has come, what was reached, and how the options turned out that language models chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.env.lanes.lane_history import StartPoint
from core.history.analyzer import DecisionHistoryAnalyzer
from core.history.records import EpisodeRecord
from core.history.store import Run
from core.navigation.ground_archive import GroundArchive
from trainer.curriculum import Curriculum
from trainer.multi_model.record import DecisionRecord
from trainer.play.go_explore_starts import GoExploreStarts
from trainer.settings import Settings


class TeamState:
    """The knowledge of one team, or of one rival."""

    def __init__(self, database: Path, settings: Settings, rom_sha1: str) -> None:
        """`database` is the decision record; `settings.go_explore` names this knowledge's own archive of states."""
        self.record = DecisionHistoryAnalyzer(database)
        self.outcomes = DecisionRecord()
        """What each option brought, as the prompts of the language models tell it; saved with those who read it."""
        self.grounds = GroundArchive()
        """The maps as any of the agents has seen them, in this game or an earlier one."""
        self.curriculum = Curriculum(settings.curriculum)
        """Counts the games of all who share it."""
        self.go_explore = GoExploreStarts(settings.go_explore, rom_sha1, settings.seed)
        self.milestones: set[str] = set()
        """What anyone has reached in a finished episode."""
        self.games = 0
        """Games begun so far."""
        self._run: Run | None = None

    def next_start(self) -> StartPoint | None:
        """Where the next game begins: in a state of the archive, or None for the start of the game."""
        self.games += 1
        return self.go_explore.choose(self.games - 1, self.curriculum.directive())

    def commit(self, record: EpisodeRecord, settings: Mapping[str, Any]) -> None:
        """Writes an agent's finished episode into the record, whose run begins with the first one."""
        if self._run is None:
            self._run = self.record.store.start_run(settings=dict(settings))
        self.record.store.commit_episode(self._run.id, record)

    def state_dict(self) -> dict[str, Any]:
        """All but what is on disk or with the models anyway, JSON-able."""
        return {
            "grounds": self.grounds.state_dict(),
            "curriculum": self.curriculum.state_dict(),
            "go_explore": self.go_explore.state_dict(),
            "milestones": sorted(self.milestones),
            "games": self.games,
            "run": None if self._run is None else self._run.name,
        }

    def load_state_dict(self, state: Mapping[str, Any], last_episode: int) -> None:
        """Restores what `state_dict` gave; what the record has beyond the episode of that number is played again."""
        self.grounds.load_state_dict(state["grounds"])
        self.curriculum.load_state_dict(state["curriculum"])
        self.go_explore.load_state_dict(state["go_explore"])
        self.milestones = set(state["milestones"])
        self.games = int(state["games"])
        self._run = None
        if state["run"] is not None:
            self._run = self.record.store.find_run(state["run"])
            self.record.store.delete_episodes_after(self._run.id, last_episode)

    def close(self) -> None:
        self.record.close()
