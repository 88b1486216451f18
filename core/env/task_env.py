"""The environment of short tasks: an episode begins in a task's save state, and ends as won when it is done."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from core import exceptions
from core.env.policy_env import PolicyViewEnv
from core.env.policy_view import PolicyView
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.milestone_tracker import MilestoneTracker
from core.game.rewards import RewardMemory, RewardWeights
from core.game.state import GameState, RomTables
from core.game.tasks.suite_file import load_suite
from core.game.tasks.task import ShortTask

TASK: Final = "task"
REWARDS: Final = ("task", "events")
DONE_REWARD: Final = 1.0


class TaskEnv(EnhancedPyBoyPokemonCrystalEnv):
    """The tasks of a suite in one emulator.

    `info["task"]` of `reset` and `step` is a dict: id, kind, difficulty, words, horizon, rules_steps and success. The
    game that `rom.game` tells of has the task as its next milestone, so that whoever plans plans for it.
    """

    def __init__(
        self,
        rom_path: str | Path = "fernvale",
        *,
        task: str | None = None,
        suite: str | Path | None = None,
        reward: str = "task",
        **settings: Any,
    ) -> None:
        """Read the suite and start the emulator.

        Args:
            rom_path: the ROM file.
            task: which task; `reset(options={"task": id})` takes another one. None draws one at each reset.
            suite: a file of tasks; the game's own if None.
            reward: "task" pays 1 when the task is done and nothing else; "events" the named events of the game, the
                task among its milestones.
            settings: keywords of `EnhancedPyBoyPokemonCrystalEnv`. A task has its own horizon, end and start, so
                `max_steps`, `final_milestone` and `start_state` are not among them.

        Raises:
            core.exceptions.EnvironmentError: the ROM, the suite or its states cannot be used.
            core.exceptions.ConfigurationError: an unknown task or reward, or a setting that a task has itself.
        """
        if reward not in REWARDS:
            raise exceptions.ConfigurationError(f"reward is {reward!r}; it must be 'task' or 'events'")
        for name in ("max_steps", "final_milestone", "start_state"):
            if name in settings:
                raise exceptions.ConfigurationError(f"{name} is the task's own: leave it out")
        plain = RomTables.from_file(rom_path, bool(settings.get("allow_unknown_rom")))
        self.suite = load_suite(plain.profile, plain.game, None if suite is None else Path(suite))
        self._fixed = None if task is None else self.suite.task(task)
        self.task = self._fixed or self.suite.tasks[0]
        """What is to be done in this episode."""
        super().__init__(rom_path, start_state=self.suite.moments[self.task.start].state, **settings)
        self._plain = self.rom
        self._weights = settings.get("reward_weights") or RewardWeights()
        self._kinds = settings.get("reward_events") or ()
        self._pays_events = reward == "events"
        self._tables: dict[str, RomTables] = {}
        """Of each task that was taken: the ROM's, with the task in the game."""

    def restart(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, render: bool | None = None
    ) -> GameState:
        """`reset` without making an observation. The option `task` is the id of another task, for this episode."""
        given = dict(options or {})
        chosen = given.pop(TASK, None)
        if "start_state" in given or "reached" in given:
            raise exceptions.ConfigurationError("a task begins in its own state: leave start_state and reached out")
        if given:
            self._check_options(given)
        task = self.suite.task(str(chosen)) if chosen is not None else self._fixed
        if task is None:
            dice = self.np_random if seed is None else np.random.default_rng(seed)
            task = self.suite.tasks[int(dice.integers(len(self.suite.tasks)))]
        self._take(task)
        start = self.suite.moments[task.start]
        return super().restart(seed=seed, options={"start_state": start.state, "reached": start.reached}, render=render)

    @property
    def success(self) -> bool:
        """Whether the task of this episode is done."""
        return self.tracker.finished

    def _take(self, task: ShortTask) -> None:
        """This task from now on: its words and its end are the game's."""
        self.task = task
        if task.id not in self._tables:
            tables = copy.copy(self._plain)
            tables.game = task.in_game(self._plain.game)
            self._tables[task.id] = tables
        self.rom = self._tables[task.id]
        self.max_steps = task.horizon
        self.tracker = MilestoneTracker(self.rom.game, task.id)
        self.memory = RewardMemory(self._weights, self.tracker, self._kinds)
        self._policy_view = PolicyView(self.rom.game)

    def _calculate_reward(self, current_state: GameState, previous_state: GameState, action: int) -> float:
        was_done = self.tracker.finished
        events = super()._calculate_reward(current_state, previous_state, action)
        if self._pays_events:
            return events
        return DONE_REWARD if self.tracker.finished and not was_done else 0.0

    def task_info(self) -> dict[str, Any]:
        """What `info["task"]` says now."""
        task = self.task
        return {
            "id": task.id,
            "kind": task.kind.value,
            "difficulty": task.difficulty.value,
            "words": task.words,
            "horizon": task.horizon,
            "rules_steps": task.rules_steps,
            "success": self.success,
        }

    def _info(self) -> dict[str, Any]:
        return {**super()._info(), TASK: self.task_info()}


def make_task_env(rom_path: str | Path = "fernvale", **settings: Any) -> PolicyViewEnv:
    """What `gymnasium.make("CrystalHybrid/Tasks-v0", task=...)` makes; `settings` are keywords of `TaskEnv`."""
    settings.setdefault("observation_type", "state")
    return PolicyViewEnv(TaskEnv(rom_path, **settings))
