"""The AT-GRPO trainer: grow a tree, update each policy on the samples of its roles, evaluate, save, repeat.

The algorithm itself is in `algorithm.py`, the update in `trainer/grpo/learner.py`; this file is the loop around them.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.text.rollout_server import RolloutServer
from agents.text.small_policy import small_shape
from agents.text.team import Specialisation, Team, check_can_build, save_base, save_team
from agents.text.text_policy import TextPolicy, load_policy
from core.exceptions import CheckpointError, ConfigurationError
from core.worlds.base import FIRST_TRAINING_SEED, FIRST_VALIDATION_SEED, TextWorld
from trainer.at_grpo.algorithm import Tree, TreeSettings, grow_informative_tree, likeliest, scored_samples
from trainer.at_grpo.flat_groups import FlatGroups
from trainer.at_grpo.fleet_rollouts import FleetRollouts
from trainer.at_grpo.reporter import IterationRecord, RunReporter
from trainer.at_grpo.rollouts import Rollouts, RolloutsHere, ServedRollouts, Told
from trainer.at_grpo.run_files import NO_ROM, plain_settings, restore, snapshot_of
from trainer.at_grpo.settings import SMALL, ATGRPOSettings, settings_of
from trainer.at_grpo.warm_start import make_warm_policy, warm_team
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.checkpoints.damage import damage_is_said
from trainer.checkpoints.own_names import folder_of
from trainer.grpo.advantages import zero_variance_share
from trainer.grpo.learner import GRPOLearner, UpdateMetrics
from trainer.run.run_lock import RunLock, refuse_if_running
from trainer.run.stop_request import StopRequest
from trainer.settings.cluster import require_engine

MAY_CHANGE = frozenset({"num_iterations", "workers", "cluster"})
"""Settings that a run may go on with in another value: nothing that is learned depends on them."""
DIALOGUE_EVERY = 10
RESUME_EVERY = 5


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """The result of a call to `train`."""

    iterations: int
    evaluation_success: float | None
    """Share of the validation problems solved in this call's last evaluation, 0 to 1; None without one."""
    best_success: float
    candidates: int
    """Answers sampled in this call."""
    seconds: float
    model_path: str
    """The saved team; `evaluate(model_path=...)` takes it."""
    finished: bool
    """False when a signal stopped the run; call again to go on."""


class ATGRPOTrainer:
    """One run in one folder. With the same folder and the same settings it goes on where it stopped."""

    def __init__(self, settings: ATGRPOSettings, checkpoint_dir: str | Path, title: str = "") -> None:
        """`title` is what the run is called in displays and in the notes of saved teams; the world's name if empty."""
        self.settings = settings
        self.folder = folder_of("checkpoint_dir", checkpoint_dir)
        self._base_folder = self.folder / "base"
        self.title = title
        self.world: TextWorld[Any] = settings.make_world()
        _check_roles(settings, self.world)
        require_engine(settings.cluster)
        url, patience_s = settings.rollout_server, settings.rollout_server_patience_s
        self._server = None if url is None else RolloutServer(url, restart_patience_s=patience_s)
        self._store = CheckpointStore(self.folder)
        self._best_success = -1.0
        self._flat = FlatGroups()
        self.iteration = 0
        self.team: Team | None = None
        self._learners: dict[str, GRPOLearner] = {}

    def train(self, num_iterations: int | None = None) -> TrainingSummary:
        """Train up to `num_iterations` in all, earlier calls included; Ctrl-C stops after the current one."""
        total = num_iterations or self.settings.num_iterations
        started, candidates = time.perf_counter(), 0
        title = self.title or self.settings.world
        refuse_if_running(self.folder)
        named = self._named_base()
        with ExitStack() as parts:
            parts.enter_context(RunLock(self.folder))
            reporter = parts.enter_context(RunReporter(self.folder, total, title))
            team = self._prepare(reporter, named)
            rollouts = parts.enter_context(self._open_rollouts(team))
            reporter.begin(self.iteration)
            success = self._evaluate(team, rollouts, reporter) if self.iteration == 0 else None
            with StopRequest() as stop:  # not before: until here a signal ends the program at once
                while self.iteration < total and not stop.requested:
                    candidates += self._iterate(team, rollouts, reporter)
                    at_end = self.iteration == total
                    if self.iteration % self.settings.eval_every == 0 or at_end:
                        success = self._evaluate(team, rollouts, reporter)
                    if at_end or stop.requested or self._flat.is_hopeless or self.iteration % RESUME_EVERY == 0:
                        self._save_resume_point(team)
                    if self.iteration % self.settings.save_every == 0 or at_end:
                        self._save_model(team, f"model_{self.iteration}")
                    self._flat.stop_if_hopeless(self.folder)
            model = self.folder / f"model_{self.iteration}"
            if not model.exists():
                self._save_model(team, model.name)
        seconds = time.perf_counter() - started
        finished = self.iteration >= total
        return TrainingSummary(self.iteration, success, self._best_success, candidates, seconds, str(model), finished)

    # --- preparing ---

    def _prepare(self, reporter: RunReporter, named: TextPolicy | None) -> Team:
        resuming = self._store.has_run()
        self._store.tidy(new_run=False)
        base = named or self._warm_base(reporter)
        if not (self._base_folder / "config.json").exists():
            save_base(base, self._base_folder)
        torch.manual_seed(self.settings.seed)  # adapters start from random weights
        team = self.settings.team_of(base, self.world.roles)
        warm_start, needs_reference = self.settings.warm_start, self.settings.kl_coefficient > 0
        if warm_start is not None and (needs_reference or not resuming):  # a resumed run's weights have had it
            warm_team(team, self.world, warm_start, self.settings.seed, reporter.say)
        update = self.settings.update_settings()
        references = _copies(team) if needs_reference else {}
        self._learners = {
            name: GRPOLearner(policy, update, self.settings.seed, references.get(name))
            for name, policy in team.policies.items()
            if not set(team.roles_of(name)) <= set(self.settings.frozen_roles)
        }
        if resuming:
            self._resume(team)
            reporter.say(f"going on after iteration {self.iteration}")
        self.team = team
        return team

    def _named_base(self) -> TextPolicy | None:
        """The model to start from: the one kept in the run's folder, else the one named; None for one yet to be made.
        Writes nothing, so that a model which is refused leaves no folder behind."""
        check_can_build(self.settings.specialisation)
        if (self._base_folder / "config.json").exists():
            return load_policy(str(self._base_folder))
        return None if self.settings.model == SMALL else load_policy(self.settings.model)

    def _warm_base(self, reporter: RunReporter) -> TextPolicy:
        settings = self.settings
        shape = small_shape(width=settings.small_width, layers=settings.small_layers)
        return make_warm_policy(
            self.world, shape, settings.warm_start_steps, settings.seed, reporter.say, settings.warm_start_batch
        )

    def _resume(self, team: Team) -> None:
        snapshot = self._store.load("latest", NO_ROM)
        usual = plain_settings(settings_of({"world": self.settings.world}))  # a run of an older program lacks keys
        mine, theirs = plain_settings(self.settings), usual | snapshot.settings
        differing = [
            f"{key}={theirs.get(key)!r}, this one has {mine[key]!r}"
            for key in mine
            if key not in MAY_CHANGE and mine[key] != theirs.get(key)
        ]
        if differing:
            raise CheckpointError(
                f"{self.folder} holds a run with {'; '.join(differing)}; use the same settings to go on, or another "
                "checkpoint_dir"
            )
        with damage_is_said(f"checkpoint {snapshot.episode} of {self.folder}"):
            self.iteration, self._best_success = restore(snapshot, team, self._learners)

    # --- one iteration ---

    def _open_rollouts(self, team: Team) -> Rollouts:
        """Who plays. Raises ConfigurationError where a worker of this machine cannot have the models."""
        settings = self.settings
        if self._server is not None:
            return ServedRollouts(self.world, self._server, self.folder / "served", settings.seed, settings.chunk)
        device = next(iter(team.policies.values())).device.type
        workers = workers_of(settings, device, torch.get_num_threads())
        if workers == 0:
            return RolloutsHere(self.world, settings.seed, settings.chunk)
        if settings.cluster is None and device != "cpu":
            raise ConfigurationError(
                f"workers is {workers} and the model is on {device!r}, which worker processes of this machine cannot "
                'share: set "workers" to 0 and "rollout_chunk" to the batch_size'
            )
        return FleetRollouts(settings, team, self._base_folder, workers, settings.chunk)

    def _iterate(self, team: Team, rollouts: Rollouts, reporter: RunReporter) -> int:
        started, settings = time.perf_counter(), self.settings
        sampling = {role: settings.sampling_of(role) for role in self.world.roles}
        tree_settings = TreeSettings(settings.candidates, settings.alpha, settings.advantage_scaling, sampling)
        batches = self._batches()
        wanted = {role: settings.batch_size for role in self.world.roles if role not in settings.frozen_roles}
        rollouts.take(team, self.iteration)
        progress = _Progress(reporter, self.iteration + 1)

        def grow(seeds: Sequence[int]) -> Tree:
            return rollouts.grow(seeds, tree_settings, progress.about(len(seeds)))

        tree = grow_informative_tree(grow, batches, wanted)
        rollout_seconds = time.perf_counter() - started
        disagreement = rollouts.check(tree)
        metrics: dict[str, UpdateMetrics] = {}
        share = settings.rate_share(self.iteration + 1)
        for name, learner in self._learners.items():
            roles = [role for role in team.roles_of(name) if role not in settings.frozen_roles]
            update = learner.update(scored_samples(tree.groups, roles, settings.advantage_scaling), share)
            if update is not None:
                metrics[name] = update
        self.iteration += 1
        record = self._record(tree, metrics, disagreement, rollout_seconds, time.perf_counter() - started)
        reporter.iteration(record)
        self._flat.look(tree, [role for role in self.world.roles if role not in settings.frozen_roles])
        if self.iteration % DIALOGUE_EVERY == 1:
            reporter.dialogue(self.iteration, [group for group in tree.groups if group.seed == batches[0][0]])
        return record.candidates

    def _batches(self) -> list[range]:
        """The problems of this iteration: one batch, and the batches that dynamic sampling may add."""
        size, most = self.settings.batch_size, 1 + self.settings.dynamic_sampling
        first = FIRST_TRAINING_SEED + self.iteration * size * most
        return [range(first + number * size, first + (number + 1) * size) for number in range(most)]

    def _record(
        self,
        tree: Tree,
        metrics: Mapping[str, UpdateMetrics],
        disagreement: dict[str, float],
        rollout_seconds: float,
        seconds: float,
    ) -> IterationRecord:
        of_role = {role: [g.rewards for g in tree.groups if g.role == role] for role in self.world.roles}
        return IterationRecord(
            self.iteration,
            float(np.mean(tree.solved)),
            {role: float(np.mean(np.concatenate(rewards))) for role, rewards in of_role.items() if rewards},
            {role: zero_variance_share(rewards) for role, rewards in of_role.items()},
            {name: update.entropy for name, update in metrics.items()},
            {name: update.approx_kl for name, update in metrics.items()},
            {name: update.clip_fraction for name, update in metrics.items()},
            {name: update.gradient_norm for name, update in metrics.items()},
            disagreement,
            sum(len(group.samples) for group in tree.groups),
            sum(len(sample.tokens) for group in tree.groups for sample in group.samples),
            rollout_seconds,
            seconds,
        )

    # --- judging and saving ---

    def _evaluate(self, team: Team, rollouts: Rollouts, reporter: RunReporter) -> float:
        seeds = range(FIRST_VALIDATION_SEED, FIRST_VALIDATION_SEED + self.settings.eval_episodes)
        rollouts.take(team, self.iteration)
        one = likeliest(answer_lengths(self.settings, self.world))
        tree = rollouts.grow(seeds, one, lambda tokens, problems: None, batched=self.settings.candidates)
        success = float(np.mean(tree.solved))
        reporter.evaluation(self.iteration, success)
        if success > self._best_success:
            self._best_success = success
            self._save_model(team, "best_model")
        return success

    def _save_resume_point(self, team: Team) -> None:
        plain = plain_settings(self.settings)
        self._store.save_resume_point(snapshot_of(self.iteration, team, self._learners, self._best_success, plain))

    def _save_model(self, team: Team, name: str) -> None:
        plain = plain_settings(self.settings)
        notes = {"config_name": self.title, "iteration": self.iteration, "settings": plain}
        save_team(team, self.folder / name, notes, self.folder / "base")


def _copies(team: Team) -> dict[str, TextPolicy]:
    """The policies as they are now; those that share a model share its copy."""
    models = {id(policy.model): policy.model for policy in team.policies.values()}
    copies = {key: copy.deepcopy(model) for key, model in models.items()}
    return {
        name: TextPolicy(copies[id(policy.model)], policy.tokenizer, policy.adapter, policy.dtype)
        for name, policy in team.policies.items()
    }


def answer_lengths(settings: ATGRPOSettings, world: TextWorld[Any]) -> dict[str, int]:
    """Most tokens of an answer, by role."""
    return {role: settings.sampling_of(role).max_new_tokens for role in world.roles}


def workers_of(settings: ATGRPOSettings, device: str, threads: int) -> int:
    """How many workers play, 0 for none: what the settings say, or what pays where torch has so many threads. Each
    worker holds the models, so that is for small ones on a processor."""
    if settings.workers is not None:
        return settings.workers
    most = min(threads, settings.chunks)
    return most if settings.model == SMALL and device == "cpu" and hasattr(os, "fork") and most > 1 else 0


class _Progress:
    """Tells the reporter how far the rollouts of an iteration are."""

    def __init__(self, reporter: RunReporter, iteration: int) -> None:
        self._reporter = reporter
        self._iteration = iteration
        self._problems = self._played = self._tokens = 0

    def about(self, problems: int) -> Told:
        """So many more problems are to be played."""
        self._problems += problems
        return self._tell

    def _tell(self, tokens: int, problems: int) -> None:
        self._tokens += tokens
        self._played += problems
        self._reporter.rollouts(self._iteration, self._played, self._problems, self._tokens)


def _check_workers(settings: ATGRPOSettings) -> None:
    workers, cluster = settings.workers, settings.cluster
    if settings.rollout_server is not None and (workers or cluster is not None):
        raise ConfigurationError(
            f"rollout_server is set, and so is {'workers' if workers else 'cluster'}: the server samples the answers, "
            "and the worlds are played here; leave out one of the two"
        )
    if cluster is not None and not workers:
        raise ConfigurationError(
            f"cluster is {cluster!r} and workers is {json.dumps(workers)}: say how many of its cores play, 1 or more"
        )
    if workers and cluster is None and not hasattr(os, "fork"):
        raise ConfigurationError(f"workers is {workers}, and this system cannot fork processes: set it to 0")
    if workers and workers > settings.chunks:
        raise ConfigurationError(
            f"workers is {workers} and an iteration has {settings.chunks} chunks ({settings.batch_size} problems, "
            f"{settings.chunk} to a chunk), so {workers - settings.chunks} would have nothing to do: lower workers, or "
            f"set rollout_chunk to {max(1, settings.batch_size // workers)}"
        )


def _check_roles(settings: ATGRPOSettings, world: TextWorld[Any]) -> None:
    if settings.specialisation is Specialisation.SINGLE and len(world.roles) > 1:
        raise ConfigurationError(
            f"specialisation 'single' is for worlds with one role, {world.name} has {', '.join(world.roles)}; "
            "choose 'shared', or in world_options leave the helper out ('with_tool' or 'with_planner': false)"
        )
    for name in (*settings.frozen_roles, *settings.role_sampling):
        if name not in world.roles:
            raise ConfigurationError(f"{world.name} has no role {name!r}; its roles are {', '.join(world.roles)}")
    if set(settings.frozen_roles) >= set(world.roles):
        raise ConfigurationError("all roles are frozen, so nothing would learn; free one")
    if settings.rollout_server is not None and settings.specialisation is not Specialisation.LORA:
        raise ConfigurationError(
            f"rollout_server needs specialisation 'lora', this is {settings.specialisation.value!r}: a running server "
            "takes new adapters, not new models"
        )
    _check_workers(settings)
    own_weights = settings.specialisation in (Specialisation.LORA, Specialisation.FULL)
    if settings.frozen_roles and not own_weights:
        raise ConfigurationError("frozen_roles needs specialisation 'lora' or 'full': a shared model moves as a whole")
