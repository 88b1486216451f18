"""Plays a suite of tasks in processes, each task in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

from core.env.task_env import TaskEnv
from core.exceptions import ConfigurationError
from core.game.tasks.task import ShortTask
from trainer.evaluation.map_folds import maps_named
from trainer.play.processes import map_in_processes
from trainer.tasks.players import TaskGame, TaskPlayer, agent_of, play_task
from trainer.tasks.scores import TaskScores, scores_of

Told = Callable[[ShortTask, Sequence[TaskGame]], object]


def score(
    rom_path: Path | str,
    suite: Path | None,
    player: TaskPlayer,
    checkpoint: str,
    names: Sequence[str],
    seeds: int,
    workers: int,
    told: Told = lambda task, games: None,
    begins: Callable[[int], object] = lambda tasks: None,
    maps: Sequence[str] = (),
) -> TaskScores:
    """The scores of a player on the tasks of these ids and kinds (all without names), each with so many seeds.

    With `maps` (`trainer/evaluation/map_folds.py`) only those that begin on one of them.

    The same arguments give the same games with any number of processes. `told(task, games)` hears of each task that
    has been played, `begins(tasks)` how many there will be. Raises what `TaskEnv` and `agent_of` raise.
    """
    env = TaskEnv(rom_path, suite=suite, observation_type="state")
    try:
        tasks = env.suite.chosen(names)
        if maps:
            tasks = _beginning_on(env, tasks, maps_named(env.rom.game, maps))
        play = partial(_play_seeds, rom_path, suite, player, checkpoint, seeds)
        ids = [task.id for task in tasks]
        if player is not TaskPlayer.RANDOM:
            agent_of(player, 0, checkpoint)  # what is wrong with it is said here, in one line
        begins(len(ids))
        found = map(play, ids) if workers == 1 else map_in_processes(play, ids, min(workers, len(ids)))

        def telling() -> Iterator[list[TaskGame]]:
            for task, games in zip(tasks, found, strict=True):
                told(task, games)
                yield games

        return scores_of(env, player, checkpoint, seeds, telling(), tasks)
    finally:
        env.close()
        _env_of.cache_clear()


def _beginning_on(env: TaskEnv, tasks: Sequence[ShortTask], maps: Sequence[str]) -> tuple[ShortTask, ...]:
    """The tasks that begin on one of these maps. Raises ConfigurationError where none does."""
    places = env.rom.game.maps
    found = tuple(task for task in tasks if places[env.restart(seed=0, options={"task": task.id}).map_id].key in maps)
    if not found:
        raise ConfigurationError(f"no task that was asked for begins on {', '.join(maps)}")
    return found


@lru_cache(maxsize=1)
def _env_of(rom_path: Path | str, suite: Path | None) -> TaskEnv:
    """The one emulator of this process."""
    return TaskEnv(rom_path, suite=suite, observation_type="state")


def _play_seeds(
    rom_path: Path | str, suite: Path | None, player: TaskPlayer, checkpoint: str, seeds: int, task: str
) -> list[TaskGame]:
    env = _env_of(rom_path, suite)
    return [play_task(env, player, task, seed, checkpoint) for seed in range(seeds)]
