"""The documented trainer: a hybrid agent plays and learns in many lanes.

    trainer = create_trainer_from_config("config.json")
    summary = trainer.train(total_episodes=1000)

The run of a config plays in a fleet of workers (`trainer/run/fleet_training.py`), an environment that was handed in is
stepped here (`trainer/run/lanes_training.py`); both step by the loop in `trainer/play/loop.py`. A run can be stopped or
killed at any moment and goes on after `load_checkpoint("latest")`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.lanes.vector_env import VectorEnv
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError, ConfigurationError
from core.history.analyzer import DecisionHistoryAnalyzer
from core.protocols import ButtonManager, LLMManagerLike
from core.rules import RulePlayer
from core.vocabulary import EpisodeResult, Source
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.checkpoints.own_names import folder_of
from trainer.evaluation.evaluator import Evaluates, Evaluator
from trainer.evaluation.fleet_evaluator import FleetEvaluator
from trainer.fleet.fleet import Fleet
from trainer.live_page.page_display import live_page_of
from trainer.llm_manager import BaseLLMManager, LLMManager
from trainer.play.player import LanesEnv
from trainer.play.rule_players import rule_players
from trainer.play.seats import LearningSeat
from trainer.play.single_lane import SingleLane
from trainer.play.stages import CurriculumStage
from trainer.run.assembly import assemble
from trainer.run.checks import check_curriculum_milestones
from trainer.run.curves import Curves
from trainer.run.evaluation_schedule import EvaluationSchedule
from trainer.run.fleet_training import FleetTraining
from trainer.run.lanes_training import LanesTraining
from trainer.run.log_setup import set_log_level
from trainer.run.progress import LogProgress, ProgressDisplay
from trainer.run.reporter import Reporter
from trainer.run.run_lock import RunLock, refuse_if_running
from trainer.run.run_stages import CallbackStage, CheckpointStage, CurvesStage, EvaluateStage
from trainer.run.stop_request import StopRequest
from trainer.run.summary import training_summary, write_summary
from trainer.run.training_run import TrainingRun
from trainer.settings import Settings, load_settings
from trainer.settings.train_arguments import DEFAULTS, TrainArguments, settings_of_agent

__all__ = ["HybridLLMRLTrainer", "create_trainer", "create_trainer_from_config"]

log = logging.getLogger(__name__)

EpisodeCallback = Callable[["HybridLLMRLTrainer", int, dict[str, Any]], None]
CALLBACK_EVENTS = ("episode_end",)


class HybridLLMRLTrainer:
    """Trains `agent` in `env`. The parts are public attributes under the names of the constructor's parameters."""

    def __init__(
        self,
        env: EnhancedPyBoyPokemonCrystalEnv | VectorEnv | Fleet,
        agent: HybridAgent,
        strategy_system: AdaptiveStrategySystem,
        decision_analyzer: DecisionHistoryAnalyzer,
        llm_manager: LLMManagerLike | ButtonManager | None,
        save_dir: str | Path = "checkpoints",
        log_level: str = "INFO",
        *,
        settings: Settings | None = None,
        evaluation_env: VectorEnv | Fleet | None = None,
        progress: ProgressDisplay | None = None,
    ) -> None:
        """With one environment the trainer plays one lane in it, and evaluates in it between two episodes; many lanes
        (`VectorEnv`, or a `Fleet` whose workers decide themselves) need an `evaluation_env` of their own.

        An agent without a policy gets one for this environment; an agent without fitting lanes gets rule players, but
        in a fleet, where each worker has an agent of its own.
        `settings` gives curriculum, learner, seed, evaluation episodes and checkpoints to keep, and what `train` does
        where it is not told (the defaults of `Settings` otherwise). The agent's own `curriculum_config`, if it has one,
        is the run's curriculum. Raises ConfigurationError when the parts do not fit together.
        """
        set_log_level(log_level)
        self.settings = settings_of_agent(settings, agent.curriculum_settings)
        check_curriculum_milestones(self.settings, env.rom.profile)
        self.env = env
        self.agent = agent
        self.strategy_system = strategy_system
        self.decision_analyzer = decision_analyzer
        self.llm_manager = llm_manager
        self.save_dir = folder_of("save_dir", save_dir)
        self.progress: ProgressDisplay = progress or LogProgress()
        self.stop = StopRequest()
        """Of the last `train`: whether it was stopped, and by which signal."""
        lanes_env = _in_lanes(env)
        evaluation_env_or_own = evaluation_env or (lanes_env if isinstance(lanes_env, SingleLane) else None)
        if evaluation_env_or_own is None and self.settings.eval_episodes > 0:
            raise ConfigurationError(
                f"training in a {type(env).__name__} needs an evaluation_env: a second, smaller one of its kind"
            )
        self._lanes = lanes_env.lanes
        self._closed_at_end = [one for one in dict.fromkeys((evaluation_env_or_own, lanes_env)) if one is not None]
        self._evaluator = self._fitting_evaluator(evaluation_env_or_own)
        self.learner = self._fitting_learner()
        if not isinstance(lanes_env, Fleet) and agent.lanes != self._lanes:
            agent.attach_lanes(self._rule_players(self._lanes))
        sha1 = env.rom.profile.sha1
        self.run = TrainingRun(agent, strategy_system, self.learner, decision_analyzer.store, self.settings, sha1)
        self._training = (
            FleetTraining(lanes_env, self.run, self.settings.seed)
            if isinstance(lanes_env, Fleet)
            else LanesTraining(lanes_env, self.run, self.settings.seed)
        )
        self._checkpoints = CheckpointStore(self.save_dir, self.settings.keep_checkpoints)
        self._lock = RunLock(self.save_dir)
        self._callbacks: list[EpisodeCallback] = []
        self.run.episodes.gives_up = lambda: self.stop.requested
        self._evaluations = EvaluationSchedule(
            self._evaluator,
            agent,
            self.run,
            self.settings.eval_episodes,
            is_stopped=lambda: self.stop.requested,
            save_best_model=self.save_best_model,
        )

    # -- the documented interface ------------------------------------------------------------------------------

    def train(
        self,
        total_episodes: int = DEFAULTS.total_episodes,
        max_steps_per_episode: int = DEFAULTS.max_steps_per_episode,
        save_interval: int = DEFAULTS.save_interval,
        eval_interval: int = DEFAULTS.eval_interval,
        curriculum_patience: int = DEFAULTS.curriculum_patience,
    ) -> dict[str, Any]:
        """Trains until the run has `total_episodes` in all, those before a `load_checkpoint` or an earlier `train`
        included, then evaluates and writes `training_summary.json` into the save directory.

        What is not given is what the trainer's settings say: a config's numbers, or the documented defaults (1000,
        10000, 100, 50, 20) of a trainer without settings. `save_interval` and `eval_interval` are in episodes; a resume
        point is written after every episode anyway, and an `eval_interval` of 0 evaluates never.
        `curriculum_patience`: see `Curriculum`. The first Ctrl-C ends the run after the current step, without the
        evaluation (the summary then has `interrupted` True); the second ends it at once.

        Returns the documented summary; `trainer/run/summary.py` names all keys. Raises ConfigurationError for numbers
        that cannot be, TrainingError when the games cannot go on, CheckpointError and HistoryError when nothing can be
        written.
        """
        numbers = TrainArguments(
            total_episodes, max_steps_per_episode, save_interval, eval_interval, curriculum_patience
        ).over(self.settings)
        total_episodes, max_steps_per_episode, save_interval, eval_interval, curriculum_patience = numbers
        self.run.curriculum.patience_episodes = curriculum_patience
        self._evaluations.is_wanted = eval_interval > 0
        self.run.start_clock()
        with self._lock:
            self._lock.let_go()  # at the end of this block, also where `restore` has kept it
            self._checkpoints.check_room()
            is_new = self.run.entry is None
            run_name = self.run.begin().name  # waits for a record that is locked, before anything is moved
            self._checkpoints.tidy(new_run=is_new)
            curves = Curves(self.save_dir, run_name, with_tensorboard=self.settings.tensorboard)
            with StopRequest() as self.stop, self.progress, curves:
                self._evaluations.told = curves.add_evaluation
                plan = self._evaluations.plan(eval_interval, self.run.tally.episodes, total_episodes)
                strategy, standings = self.strategy_system, self.agent.standings
                reporter = Reporter(self.progress, self.run, strategy, self.learner, total_episodes, plan, standings)
                if self.run.tally.episodes == 0:
                    self._evaluations.before_training(max_steps_per_episode, reporter)
                seat = LearningSeat(self.agent, range(self._lanes), self.learner, self.run)
                checkpoints = CheckpointStage(save_interval, self._checkpoints, self.run)
                stages = [
                    CurriculumStage([seat]),
                    EvaluateStage(
                        eval_interval, partial(self._evaluations.during_training, max_steps_per_episode, reporter)
                    ),
                    CallbackStage(self._call_back),
                    CurvesStage(curves, self.learner, self.metrics),
                    checkpoints,
                ]
                try:
                    self._training.play(
                        seat, stages, reporter, total_episodes, max_steps_per_episode, lambda: self.stop.requested
                    )
                finally:
                    self.run.starts.drop_running()
                    self.learner.discard_rollout()
                    checkpoints.close()
                is_news = self.run.complete_record(self.stop.requested)
                if isinstance(self.learner, OverlappedLearner) and not self.stop.requested:
                    is_news |= self.learner.catch_up() is not None
                if is_news:
                    self._checkpoints.save_resume_point(self.run.snapshot())
                if not self.stop.requested:
                    self._evaluations.after_training(max_steps_per_episode, reporter)
            if self.learner.updates == 0:
                log.warning(
                    "nothing was learned: no rollout was filled (learner.rollout_steps %d in each of %d lanes); play "
                    "longer, or make rollouts shorter",
                    self.learner.settings.rollout_steps,
                    self._lanes,
                )
            self.run.note_time()
            summary = self.summary()
            write_summary(summary, self.save_dir)
        return summary

    def load_checkpoint(self, checkpoint_path: str | Path) -> bool:
        """Restores a run: "latest", "best_model", the name of a checkpoint in the save directory, or a path.

        The next `train(total_episodes=N)` goes on with the next episode, up to N in all. Episodes that the decision
        record has beyond the checkpoint are taken out of it and played again. Returns False, and logs what is wrong
        and which older checkpoint is good, when there is none or it is damaged; `restore` raises instead.
        """
        try:
            self.restore(checkpoint_path)
        except CheckpointError as error:
            log.error("%s", error)
            return False
        return True

    def register_callback(self, event: str, callback: EpisodeCallback) -> None:
        """Calls `callback(trainer, episode, metrics)` after every finished episode, with the dict of `metrics`.

        `event` is "episode_end". An error in a callback ends the training.
        """
        if event not in CALLBACK_EVENTS:
            raise ConfigurationError(f"there is no event {event!r}; the events are {', '.join(CALLBACK_EVENTS)}")
        self._callbacks.append(callback)

    def save_best_model(self) -> Path:
        """Writes the agent as it is now to `best_model` in the save directory; evaluations do so for the best one."""
        path = self._checkpoints.save_best_model(self.run.snapshot())
        log.info("best model saved to %s", path)
        return path

    # -- beyond the documented interface -----------------------------------------------------------------------

    def restore(self, checkpoint_path: str | Path) -> None:
        """`load_checkpoint` that raises: CheckpointError, or HistoryError when the decision record lacks the run.

        Nothing is changed then. No other run may write to the save directory from now to the end of `train`, or
        `close`.
        """
        path = self._checkpoints.find(checkpoint_path)
        with self._lock:
            if path.parent.resolve() != self.save_dir.resolve():
                refuse_if_running(path.parent)
            self.run.restore(self._checkpoints.load(path, rom_sha1=self.env.rom.profile.sha1))
            self._evaluations.forget()
            self._lock.keep()

    def metrics(self, result: EpisodeResult) -> dict[str, Any]:
        """The documented metrics after an episode: `episode_reward` and `reward` (the same), `average_reward` and
        `success_rate` (0 to 1) over the last episodes (see `RunTally`), `llm_usage_rate` (0 to 1, of this episode),
        `episode_length` (steps), `strategy_switches` (of the run), `curriculum_stage` (from 0); and further
        `milestones` (ids reached in it) and `source_shares` (0 to 1 each)."""
        return {
            "reward": result.reward,
            "episode_reward": result.reward,
            "average_reward": self.run.tally.recent_reward,
            "llm_usage_rate": result.llm_usage,
            "episode_length": result.steps,
            "strategy_switches": self.strategy_system.switches,
            "curriculum_stage": self.run.curriculum.stage_index,
            "success_rate": self.run.tally.success_rate,
            "milestones": result.milestones,
            "source_shares": {source.value: result.source_steps.get(source, 0) / result.steps for source in Source},
        }

    def summary(self) -> dict[str, Any]:
        """The summary of what was done so far (see `trainer/run/summary.py`)."""
        return training_summary(
            self.run.tally,
            self.run.curriculum,
            self._evaluations.results,
            untrained=self.run.untrained,
            mode=self.agent.mode,
            strategy_switches=self.strategy_system.switches,
            learner_updates=self.learner.updates,
            language_model=self.llm_manager.reading if isinstance(self.llm_manager, LLMManager) else None,
            advice_failures=self.agent.advice_failures,
            run=self.run.begin().name,
            interrupted=self.stop.requested,
        )

    def close(self) -> None:
        """Closes the environments, the decision record and the language model."""
        self._lock.let_go()
        for env in self._closed_at_end:
            env.close()
        self.decision_analyzer.close()
        if isinstance(self.llm_manager, BaseLLMManager):
            self.agent.close()

    def _call_back(self, result: EpisodeResult) -> None:
        for callback in self._callbacks:
            callback(self, result.episode, self.metrics(result))

    # -- fitting parts together --------------------------------------------------------------------------------

    def _rule_players(self, lanes: int) -> list[RulePlayer]:
        """Fresh rule players; each lane makes its free choices by a seed of its own."""
        return rule_players(self.settings, self.env.rom.game, range(lanes))

    def _fitting_evaluator(self, env: LanesEnv | Fleet | None) -> Evaluates | None:
        """None where nothing is evaluated."""
        if env is None or self.settings.eval_episodes == 0:
            return None
        seed = self.settings.seed
        return (
            FleetEvaluator(env, seed, shown=True)
            if isinstance(env, Fleet)
            else Evaluator(env, self._rule_players, seed)
        )

    def _fitting_learner(self) -> MaskablePPOLearner:
        """The agent's own policy where it is a learner for these lanes, or a new one where it has none."""
        lanes = self._lanes
        policy = self.agent.policy
        if policy is None:
            space = self.env.policy_space
            policy = OverlappedLearner(space, lanes, self.settings.learner, seed=self.settings.seed)
            self.agent.attach_policy(policy)
        if not isinstance(policy, MaskablePPOLearner) or policy.lanes != lanes:
            raise ConfigurationError(
                f"the agent's policy is {policy!r}: training in {lanes} lanes needs a MaskablePPOLearner with as many; "
                "attach one, or none and let the trainer make it"
            )
        return policy


def _in_lanes(env: EnhancedPyBoyPokemonCrystalEnv | VectorEnv | Fleet) -> LanesEnv | Fleet:
    """The environment to train in, in the form of lanes."""
    return env if isinstance(env, VectorEnv | Fleet) else SingleLane(env)


def create_trainer_from_config(config_path: str | Path) -> HybridLLMRLTrainer:
    """The trainer of a JSON config (see `trainer/settings/`), ready to `train`.

    `train()` does what the config says; an argument that is given goes before the config's. Raises ConfigurationError,
    EnvironmentError or HistoryError with one line that says what is wrong; nothing is written then.
    """
    return create_trainer(load_settings(config_path))


def create_trainer(
    settings: Settings, progress: ProgressDisplay | None = None, resume_from: str | None = None
) -> HybridLLMRLTrainer:
    """The trainer of checked settings; with `resume_from` (see `load_checkpoint`) it goes on with that run.

    Raises CheckpointError when another run is writing to the save directory, or when there is nothing good to resume
    from, before anything is made.
    """
    set_log_level(settings.log_level)
    refuse_if_running(settings.save_dir)
    checkpoints = CheckpointStore(settings.save_dir)
    checkpoints.check_room()
    if resume_from is not None:
        checkpoints.load(resume_from)
    page = live_page_of(settings, progress or LogProgress())
    parts = assemble(settings)
    trainer = HybridLLMRLTrainer(
        parts.env,
        parts.agent,
        parts.strategy_system,
        parts.decision_analyzer,
        parts.llm_manager,
        save_dir=settings.save_dir,
        log_level=settings.log_level,
        settings=settings,
        evaluation_env=parts.evaluation_env,
        progress=page or progress,
    )
    if page is not None:
        page.connect(lambda: trainer.run.begin().name, parts.llm_manager, lambda: trainer.stop)
    if resume_from is not None:
        try:
            trainer.restore(resume_from)
        except BaseException:
            trainer.close()
            raise
    return trainer
