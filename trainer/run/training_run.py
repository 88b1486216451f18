"""Everything of a run that a checkpoint keeps, taken together and put back together."""

from __future__ import annotations

import logging
import time
from typing import Any

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.exceptions import CheckpointError
from core.history.store import HistoryStore, Run
from trainer.checkpoints.checkpoint import Snapshot
from trainer.curriculum import Curriculum
from trainer.llm_manager import LLMManager
from trainer.play.episode_starts import EpisodeStarts
from trainer.play.go_explore_starts import GoExploreStarts
from trainer.run.tally import RunTally
from trainer.settings import Settings

log = logging.getLogger(__name__)

STATE_VERSION = 1


class TrainingRun:
    """One run: the parts that learn, and its own counters. It is entered in the decision record when it begins."""

    def __init__(
        self,
        agent: HybridAgent,
        strategy_system: AdaptiveStrategySystem,
        learner: MaskablePPOLearner,
        history: HistoryStore,
        settings: Settings,
        rom_sha1: str,
    ) -> None:
        self.curriculum = Curriculum(settings.curriculum)
        self.tally = RunTally()
        self.starts = EpisodeStarts()
        self.go_explore = GoExploreStarts(settings.go_explore, rom_sha1, settings.seed)
        self.best_evaluation: float | None = None
        """Highest mean reward of an evaluation during training."""
        self.untrained: dict[str, Any] | None = None
        """Evaluation of the policy alone before its first update."""
        self.entry: Run | None = None
        """The run in the decision record, None before it begins."""
        self._agent = agent
        self._strategy_system = strategy_system
        self._learner = learner
        self._history = history
        self._settings = settings
        self._rom_sha1 = rom_sha1
        self._clock_s = time.perf_counter()

    def begin(self) -> Run:
        """The run's entry in the decision record, made when there is none yet."""
        if self.entry is None:
            self.entry = self._history.start_run(settings=self._settings_as_json())
            log.info("run %s begins", self.entry.name)
        return self.entry

    def start_clock(self) -> None:
        """Time counts from now on (see `note_time`)."""
        self._clock_s = time.perf_counter()

    def note_time(self) -> None:
        """Adds the time since the last note to the tally."""
        now = time.perf_counter()
        self.tally.seconds += now - self._clock_s
        self._clock_s = now

    def snapshot(self) -> Snapshot:
        """Everything as it is now, for a checkpoint."""
        manager = self._agent.llm_manager
        state = {
            "version": STATE_VERSION,
            "run": self.begin().name,
            "learner": self._learner.state_dict(),
            "agent": self._agent.state_dict(),
            "strategy": self._strategy_system.state_dict(),
            "language_model": manager.state_dict() if isinstance(manager, LLMManager) else {},
            "curriculum": self.curriculum.state_dict(),
            "tally": self.tally.state_dict(),
            "starts": self.starts.state_dict(),
            "go_explore": self.go_explore.state_dict(),
            "best_evaluation": self.best_evaluation,
            "untrained": self.untrained,
        }
        return Snapshot(
            episode=self.tally.episodes,
            state=state,
            tensors=self._learner.tensors(),
            rom_sha1=self._rom_sha1,
            settings=self._settings_as_json(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Puts a snapshot back, and takes later episodes out of the decision record: they are played again.

        Raises CheckpointError when the snapshot does not fit the parts, HistoryError when the record lacks the run.
        """
        state = snapshot.state
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"the checkpoint's state has version {state.get('version')!r}, this program reads {STATE_VERSION}; "
                "use the version of the program that wrote it"
            )
        entry = self._history.find_run(state["run"])
        self._learner.load_tensors(snapshot.tensors)
        self._learner.load_state_dict(state["learner"])
        self._strategy_system.load_state_dict(state["strategy"])
        self._agent.load_state_dict(state["agent"])
        if isinstance(self._agent.llm_manager, LLMManager):
            self._agent.llm_manager.load_state_dict(state.get("language_model", {}))
        self.curriculum.load_state_dict(state["curriculum"])
        self.tally.load_state_dict(state["tally"])
        self.starts.load_state_dict(state["starts"])
        self.go_explore.load_state_dict(state.get("go_explore", {}))
        self.best_evaluation = state["best_evaluation"]
        self.untrained = state["untrained"]
        self.entry = entry
        removed = self._history.delete_episodes_after(entry.id, snapshot.episode)
        log.info(
            "run %s goes on after episode %d%s",
            entry.name,
            snapshot.episode,
            f"; {removed} recorded after it are played again" if removed else "",
        )

    def _settings_as_json(self) -> dict[str, Any]:
        return self._settings.model_dump(mode="json")
