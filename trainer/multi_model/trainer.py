"""The documented trainer of many models: episodes one after the other, weights by the strategy, rewards by the mode.

    trainer = MultiModelTrainer(MultiModelConfig(num_models=4))
    results = await trainer.train()

Where the models play is `MultiModelTrainer.environment`: an arena, or emulators of the cartridge
(`trainer/multi_model/cartridge.py`). Settings may be changed until `train` begins, the environment too. The coroutines
give way to others between episodes; an episode itself runs in one piece.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from core.arenas.training_environment import MultiModelTrainingEnvironment, create_multi_model_coop_compete_env
from core.exceptions import CheckpointError, TrainingError
from trainer.checkpoints.damage import check_kinds, damage_is_said
from trainer.monitoring.monitor import started_monitors
from trainer.multi_model.arena_session import ArenaSession
from trainer.multi_model.checkpoints import MultiModelCheckpoints, TrainingCheckpoint
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.episode_result import count_episode, episode_result
from trainer.multi_model.integrations import integrations_in_use
from trainer.multi_model.metrics import TrainingMetrics
from trainer.multi_model.model_sources import ModelSource, gpus_here, load_players, model_sources
from trainer.multi_model.model_state import ModelState
from trainer.multi_model.resume import STATE_VERSION, changes_since, refuse_other_training, todays_session
from trainer.multi_model.session import Deadline, Place, Session, standing_of
from trainer.multi_model.weights import WeightUpdate, update_weights
from trainer.run.run_lock import RunLock

log = logging.getLogger(__name__)

Observer = Callable[[dict[str, Any]], None]


class MultiModelTrainer:
    """Trains several models at the same time."""

    def __init__(self, config: MultiModelConfig) -> None:
        """Checks the settings; models are loaded when `train` or `load_checkpoint` needs them.

        Raises ConfigurationError (a ValueError): "Invalid number of models", "Unsupported LLM backend", ...
        """
        config.check()
        self.config = config
        self.environment: MultiModelTrainingEnvironment | Place = create_multi_model_coop_compete_env(
            config.num_models if config.num_models > 1 else 2, config.cooperation_strength
        )
        self.sources: list[ModelSource] = model_sources(config)
        self.current_episode = 0
        """Finished episodes."""
        self.is_training = False
        self.metrics = TrainingMetrics()
        self._states = self._fresh_states()
        self._session: Session | None = None
        self._playing_in: object = None
        self._store = MultiModelCheckpoints(Path(config.checkpoint_dir), config.max_checkpoints)
        self._lock = RunLock(config.checkpoint_dir)
        self._setting_changes: list[dict[str, Any]] = []
        self._observers: list[Observer] = []
        self.integrations: dict[str, str] = {}
        """Why verl and AReaL are or are not at work."""

    # -- the documented interface ------------------------------------------------------------------------------

    async def train(self) -> dict[str, Any]:
        """Plays until the training has `config.max_episodes` in all, those before a checkpoint included.

        Returns `training_completed`, `total_episodes`, `training_time` (seconds), `training_metrics`,
        `final_model_states` (by model), `checkpoints_saved` (ids) and `nothing_learned`: why no weight of any model has
        moved in the whole training, None where one has. What was lived through since the last update is learned from
        when the training ends. Raises TrainingError (a RuntimeError: "GPU memory
        insufficient", "Model loading failed"), EpisodeTimeoutError (an asyncio.TimeoutError: "Episode timeout"),
        ConfigurationError and CheckpointError. What was finished before an error is kept, and `train` goes on there.
        """
        self._run_lock().check()
        session = self._prepare()
        with self._run_lock() as lock:
            lock.let_go()  # at the end of this block, also where `load_checkpoint` has kept it
            self._checkpoints().tidy()
            self.is_training = True
            try:
                while self.current_episode < self.config.max_episodes:
                    await self.train_multi_model_episode(self.current_episode + 1)
                    if self.current_episode >= self.config.max_episodes:
                        self._learn_from_the_rest(session)
                    kept = self.current_episode % self.config.save_interval == 0
                    self._write_checkpoint(session, "" if kept else "resume_")
                    await asyncio.sleep(0)
            finally:
                self.is_training = False
        results = self.results()
        if results["nothing_learned"] is not None:
            log.warning("nothing was learned: %s", results["nothing_learned"])
        return results

    async def train_multi_model_episode(self, episode_num: int) -> dict[str, Any]:
        """Plays and learns from one episode, counted from 1, and returns what came of it:

        `episode`, `episode_time` (seconds), `model_actions` (by model: the last `action`, its `log_prob` and the
        model's mean recent reward as `value`), `rewards` and `shaped_rewards` (by model, sums over the episode),
        `model_losses` (by model: gradient norm of an update in it), `environment_info`, `interactions` (count by who
        acted, towards whom and how), `answers` (by language model: questions `asked`, `unanswered`, and `seconds` until
        all answers were there), `total_reward`, `cooperation_ratio`, `steps`, `milestones`, `weight_coordination`
        (`strategy`, `episode`, `models_updated`, `synchronization_loss`: root mean square distance between the models'
        weights, `shares`) and `verl_areal`.
        """
        session = self._prepare()
        begun_s = time.perf_counter()
        standing = standing_of(self.config, self._states)
        deadline = Deadline(self.config.episode_timeout_s)
        played = session.play_episode(episode_num, standing, deadline, self._update_weights)
        seconds = time.perf_counter() - begun_s
        self.current_episode = episode_num
        count_episode(self._states, played, seconds)
        strategy = self.config.weight_update_strategy
        result = episode_result(episode_num, played, seconds, self._states, strategy, self.integrations)
        self.metrics.add(result, {state.model_id: state.performance for state in self._states})
        if self.config.enable_monitoring and episode_num % self.config.log_metrics_interval == 0:
            for observer in (*self._observers, *(monitor.record_episode for monitor in started_monitors())):
                observer(result)
        return result

    def load_checkpoint(self, checkpoint_id: str) -> bool:
        """Restores a checkpoint of `config.checkpoint_dir`, "latest" or by its id; `train` goes on with the next
        episode. Raises CheckpointNotFoundError ("Checkpoint not found", a FileNotFoundError) or CheckpointError, and
        has changed nothing then. No other training may write to the directory until the end of `train`, or `shutdown`.
        """
        saved = self._checkpoints().load(checkpoint_id)
        refuse_other_training(saved, self.sources)
        with self._run_lock() as lock:
            if self._session is None:
                self.current_episode = 0  # whatever went before is replaced
            session = self._prepare()
            changes = changes_since(saved, self.config, session)
            before = session.state_dict(), session.tensors()
            try:
                with damage_is_said(f"checkpoint {checkpoint_id}"):
                    states = [ModelState.from_dict(state) for state in saved.metadata.model_states.values()]
                    metrics = TrainingMetrics.from_state_dict(saved.state["metrics"])
                    state = todays_session(saved.state["session"])
                    check_kinds(state, before[0])
                    session.load_tensors(saved.tensors)
                    session.load_state_dict(state)
                session.go_on(changes)
            except BaseException:
                session.load_tensors(before[1])
                session.load_state_dict(before[0])
                raise
            self._states, self.metrics, self.current_episode = states, metrics, saved.metadata.episode
            from_episode = self.current_episode + 1
            self._setting_changes = [
                *saved.metadata.setting_changes,
                *({"episode": from_episode, **asdict(change)} for change in changes),
            ]
            lock.keep()
        log.info("training goes on after episode %d of %s", self.current_episode, saved.metadata.checkpoint_id)
        if changes:
            log.warning(
                "from episode %d on the training has other settings: %s", from_episode, "; ".join(map(str, changes))
            )
        return True

    def get_training_status(self) -> dict[str, Any]:
        """`is_training`, `current_episode` (finished ones), `max_episodes`, `progress` (0 to 1), `training_time`
        (seconds of episodes), `model_states`, `checkpoints_count`, `gpus_in_use` (of those that `num_gpus` allows),
        `config`."""
        return {
            "is_training": self.is_training,
            "current_episode": self.current_episode,
            "max_episodes": self.config.max_episodes,
            "progress": self.current_episode / self.config.max_episodes,
            "training_time": self.metrics.seconds,
            "model_states": self._states_by_id(),
            "checkpoints_count": len(self._checkpoints().mine()),
            "gpus_in_use": min(self.config.num_gpus, gpus_here()),
            "config": self.config.as_dict(),
        }

    def get_model_performance_summary(self) -> dict[str, dict[str, Any]]:
        """By model: `model_type`, `model_name`, `avg_reward` (an episode's, as the world gave it), `win_rate` (share of
        the episodes in which no other model got more), `total_episodes`, `update_count`, `cooperation_score`, `gpu_id`
        and `milestones`."""
        return {state.model_id: state.summary() for state in self._states}

    async def shutdown(self) -> None:
        """Writes a final checkpoint and lets the models and emulators go."""
        session, self._session = self._session, None
        self._playing_in = None
        self._lock.let_go()
        if session is None:
            return
        try:
            if self.current_episode > 0:
                self._write_checkpoint(session, "final_")
        finally:
            session.close()

    # -- beyond the documented interface -----------------------------------------------------------------------

    def observe(self, observer: Observer) -> None:
        """Calls `observer(result)` with an episode's result every `config.log_metrics_interval` episodes."""
        self._observers.append(observer)

    def results(self) -> dict[str, Any]:
        """The documented results of `train`, as they are now."""
        return {
            "training_completed": self.current_episode >= self.config.max_episodes,
            "total_episodes": self.current_episode,
            "training_time": self.metrics.seconds,
            "training_metrics": self.metrics.as_dict(self._states),
            "final_model_states": self._states_by_id(),
            "checkpoints_saved": self._checkpoints().mine(),
            "nothing_learned": self._why_nothing_was_learned(),
        }

    @property
    def session(self) -> Session:
        """The models at their place; loads them if need be."""
        return self._prepare()

    async def _save_checkpoint(self, episode: int) -> str:
        """Documented, for handlers of errors: writes a kept checkpoint of the finished episodes; returns its id."""
        if episode != self.current_episode:
            raise CheckpointError(
                f"only the present can be saved: {self.current_episode} episodes are finished, not {episode}"
            )
        return self._write_checkpoint(self._prepare(), "")

    # -- inside ------------------------------------------------------------------------------------------------

    def _prepare(self) -> Session:
        """The session for the present environment and settings; models stay loaded, and keep what they learned, when
        one arena takes the place of another."""
        self.config.check()
        if self._session is None or self._playing_in is not self.environment:
            self._session = self._open_session()
            self._playing_in = self.environment
            self._note_memory(self._session)
        self._session.use_settings(self.config)
        return self._session

    def _open_session(self) -> Session:
        sources = model_sources(self.config)
        if self._session is None:
            if self.current_episode:
                raise TrainingError(
                    "the training was shut down: load_checkpoint('latest') takes it up again where it ended"
                )
            self.sources = sources
            self._states = self._fresh_states()
        if sources != self.sources:
            raise TrainingError("the models were changed in mid-training; make a new trainer for other models")
        is_arena = isinstance(self.environment, MultiModelTrainingEnvironment)
        if self._session is not None and not (is_arena and isinstance(self._session, ArenaSession)):
            raise TrainingError(
                "a cartridge cannot take another environment's place in mid-training, nor give it up: save a "
                "checkpoint, make a new trainer with that environment and load the checkpoint there"
            )
        self.integrations = integrations_in_use(self.config)
        folder = Path(self.config.checkpoint_dir) / "bases"
        if not isinstance(self.environment, MultiModelTrainingEnvironment):
            return self.environment.open_session(self.sources, self.config, folder)
        if isinstance(self._session, ArenaSession):
            return ArenaSession(self.environment, self._session.players, self.config)
        return ArenaSession(self.environment, load_players(self.config, self.sources, folder), self.config)

    def _run_lock(self) -> RunLock:
        """The lock, by the settings as they are now."""
        if not self._lock.is_of(Path(self.config.checkpoint_dir)):
            self._lock.let_go()
            self._lock = RunLock(self.config.checkpoint_dir)
        return self._lock

    def _checkpoints(self) -> MultiModelCheckpoints:
        """The store, by the settings as they are now."""
        folder, keep = Path(self.config.checkpoint_dir), self.config.max_checkpoints
        if self._store.directory != folder:
            self._store = MultiModelCheckpoints(folder, keep)
        self._store.keep = keep
        return self._store

    def _fresh_states(self) -> list[ModelState]:
        return [
            ModelState(
                source.model_id,
                source.kind,
                source.name,
                lora_rank=self.config.lora_rank,
                lora_alpha=self.config.lora_alpha,
            )
            for source in self.sources
        ]

    def _update_weights(self) -> WeightUpdate:
        assert self._session is not None
        performances = {state.model_id: state.performance for state in self._states}
        done = update_weights(self.config.weight_update_strategy, self._session.learners, performances)
        if any(player.learner is not None for player in self._session.players):
            # what backward passes of a language model have freed, glibc keeps: 300 MB with one model, 500 MB with eight
            psutil.heap_trim()
        for state in self._states:
            if state.model_id in done.updated:
                state.update_count += 1
                state.last_weight_update = time.time()
                state.gradient_norm = done.gradient_norms.get(state.model_id, 0.0)
        return done

    def _learn_from_the_rest(self, session: Session) -> None:
        """The training is over: an update with what came since the last one, if anything did."""
        if any(learner.has_experience for learner in session.learners):
            self._update_weights()

    def _why_nothing_was_learned(self) -> str | None:
        """Why no weight has moved; None where one has, or before the end."""
        if self.current_episode < self.config.max_episodes or any(state.update_count for state in self._states):
            return None
        if all(source.hosted for source in self.sources):
            return (
                "all models are hosted, and their weights cannot be moved from here; they read the record of outcomes"
            )
        return f"in {self.current_episode} episodes no choice brought more than another"

    def _write_checkpoint(self, session: Session, kind: str) -> str:
        def about(checkpoint_id: str, timestamp: float) -> TrainingCheckpoint:
            return TrainingCheckpoint(
                checkpoint_id,
                timestamp,
                self.current_episode,
                self._states_by_id(),
                {
                    "total_episodes": self.current_episode,
                    "training_time": self.metrics.seconds,
                    "avg_cooperation": self.metrics.mean_cooperation,
                },
                self.config.as_dict(),
                setting_changes=self._setting_changes,
            )

        state = {
            "version": STATE_VERSION,
            "session": session.state_dict(),
            "metrics": self.metrics.state_dict(),
            "place": session.settings_dict(),
        }
        adapters = None if kind == "resume_" else session.save_adapters
        with self._run_lock():
            return self._checkpoints().save(kind, self.current_episode, session.tensors(), state, about, adapters)

    def _states_by_id(self) -> dict[str, dict[str, Any]]:
        return {state.model_id: state.as_dict() for state in self._states}

    def _note_memory(self, session: Session) -> None:
        sizes: dict[str, int] = {}
        for learner in session.learners:
            own = sum(p.numel() * p.element_size() for p in learner.parameters().values())
            sizes[learner.name] = sizes.get(learner.name, 0) + own
        gpus = {player.model_id: player.gpu_id for player in session.players}
        for state in self._states:
            state.memory_usage = sizes.get(state.model_id, 0) / 1e6
            state.gpu_id = gpus.get(state.model_id, -1)
