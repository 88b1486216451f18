"""Everything of a run that a checkpoint keeps, taken together and put back together."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.exceptions import CheckpointError
from core.history.episode_queue import MOST_WAITING_DECISIONS
from core.history.store import HistoryStore, Run
from trainer.checkpoints.checkpoint import Snapshot
from trainer.checkpoints.damage import check_kinds, damage_is_said
from trainer.evaluation.evaluator import checked_result
from trainer.llm_manager import LLMManager
from trainer.play.team_state import TeamState
from trainer.settings import Settings
from trainer.settings.resume import refuse_what_cannot_fit, setting_changes

log = logging.getLogger(__name__)

STATE_VERSION = 1


class TrainingRun(TeamState):
    """One run: the state of a team of one seat, the parts that learn, and what evaluations found."""

    def __init__(
        self,
        agent: HybridAgent,
        strategy_system: AdaptiveStrategySystem,
        learner: MaskablePPOLearner,
        history: HistoryStore,
        settings: Settings,
        rom_sha1: str,
    ) -> None:
        self._settings_as_json = settings.model_dump(mode="json")
        super().__init__(history, settings, rom_sha1, self._settings_as_json)
        self.episodes.most_waiting_decisions = MOST_WAITING_DECISIONS
        self.best_evaluation: float | None = None
        """Highest mean reward of an evaluation during training."""
        self.untrained: dict[str, Any] | None = None
        """Evaluation of the policy alone before its first update."""
        self.dice: list[Any] = []
        """Of each worker of a fleet: the state of its random numbers. Empty before it has played."""
        self._agent = agent
        self._strategy_system = strategy_system
        self._learner = learner
        self._rom_sha1 = rom_sha1

    def begin(self) -> Run:
        """As `TeamState.begin`; a new run is said in the log."""
        is_new = self.entry is None
        entry = super().begin()
        if is_new:
            log.info("run %s begins", entry.name)
        return entry

    def snapshot(self) -> Snapshot:
        """Everything as it is now, for a checkpoint."""
        self.begin()
        return Snapshot(
            episode=self.tally.episodes,
            state=self._state(),
            tensors=self._learner.tensors(),
            rom_sha1=self._rom_sha1,
            settings=self._settings_as_json,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Puts a snapshot back, takes later episodes out of the decision record, since they are played again, and notes
        there which settings have changed.

        Raises CheckpointError when the snapshot does not fit the parts or the settings, HistoryError when the record
        lacks the run. Nothing has changed then.
        """
        what, state = f"the checkpoint of episode {snapshot.episode}", snapshot.state
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"the checkpoint's state has version {state.get('version')!r}, this program reads {STATE_VERSION}; "
                "use the version of the program that wrote it"
            )
        if not isinstance(state.get("run"), str):
            raise CheckpointError(f"{what} is damaged: its state names no run")
        changes = setting_changes(snapshot.settings, self._settings_as_json)
        refuse_what_cannot_fit(changes)
        own_state, own_tensors = self._state(), self._learner.tensors()
        try:
            with damage_is_said(what):
                check_kinds(state, own_state)
                self._load(state, snapshot.tensors)
            if self.tally.episodes != snapshot.episode:
                raise CheckpointError(f"{what} is damaged: its state has {self.tally.episodes} episodes")
            removed = self.go_on(changes)
        except BaseException:
            self._load(own_state, own_tensors)
            raise
        log.info(
            "run %s goes on after episode %d%s",
            state["run"],
            snapshot.episode,
            f"; {removed} recorded after it are played again" if removed else "",
        )
        if changes:
            listed = "; ".join(map(str, changes))
            log.warning("from episode %d on the run has other settings: %s", snapshot.episode + 1, listed)

    def _state(self) -> dict[str, Any]:
        manager = self._agent.llm_manager
        return {
            "version": STATE_VERSION,
            **self.state_dict(),
            "learner": self._learner.state_dict(),
            "agent": self._agent.state_dict(),
            "strategy": self._strategy_system.state_dict(),
            "language_model": manager.state_dict() if isinstance(manager, LLMManager) else {},
            "dice": self.dice,
            "best_evaluation": self.best_evaluation,
            "untrained": self.untrained,
        }

    def _load(self, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        self._learner.load_tensors(tensors)
        self._learner.load_state_dict(state["learner"])
        self._strategy_system.load_state_dict(state["strategy"])
        self._agent.load_state_dict(state["agent"])
        if isinstance(self._agent.llm_manager, LLMManager):
            self._agent.llm_manager.load_state_dict(state.get("language_model", {}))
        self.load_state_dict(state)
        self.dice = [_checked_dice(dice) for dice in state.get("dice", [])]
        self.best_evaluation = state["best_evaluation"]
        untrained = state["untrained"]
        self.untrained = None if untrained is None else dict(checked_result(untrained))


def _checked_dice(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of a worker's random numbers. Raises TypeError, ValueError or KeyError for what is none."""
    np.random.default_rng().bit_generator.state = dict(state)
    return state
