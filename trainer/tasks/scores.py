"""What the games of one player on a suite of tasks come to, as a file that can be compared and shared."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.env.task_env import TaskEnv
from core.exceptions import ConfigurationError
from core.game.tasks.task import ShortTask
from core.whole_files import written_aside
from trainer.evaluation.intervals import wilson_interval
from trainer.tasks.players import HEADS_PLAY, TaskGame, TaskPlayer

SCHEMA_VERSION: Final = 1
_PACKAGES: Final = ("crystal-hybrid", "pyboy", "torch", "numpy")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(_Part):
    """Of some games, those in which the task was done."""

    games: int = Field(ge=1)
    successes: int = Field(ge=0)
    share: float
    interval: tuple[float, float]
    """Wilson's, 95 %."""


class TaskScore(_Part):
    """All games of one task."""

    kind: str
    difficulty: str
    horizon: int
    rules_steps: int | None
    steps: tuple[int | None, ...]
    """Of each seed, from 0: the steps that it took; null where it was not done."""

    @property
    def successes(self) -> int:
        """Games in which it was done."""
        return sum(one is not None for one in self.steps)

    @property
    def median_steps(self) -> float | None:
        """Of the games in which it was done."""
        done = [one for one in self.steps if one is not None]
        return statistics.median(done) if done else None


class TaskScores(_Part):
    """A file of results. Its form is `schema_version`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    game: str
    rom_sha1: str
    suite_sha256: str
    """Of the suite's file."""
    player: str
    checkpoint: str | None = None
    """Whose heads played."""
    seeds: int = Field(ge=1)
    versions: dict[str, str]
    total: Share
    by_kind: dict[str, Share]
    by_difficulty: dict[str, Share]
    tasks: dict[str, TaskScore]


def share_of(scores: Sequence[TaskScore]) -> Share:
    """Of all games of these tasks."""
    games, successes = sum(len(one.steps) for one in scores), sum(one.successes for one in scores)
    return Share(games=games, successes=successes, share=successes / games, interval=wilson_interval(successes, games))


def scores_of(
    env: TaskEnv,
    player: TaskPlayer,
    checkpoint: str,
    seeds: int,
    games: Iterator[list[TaskGame]],
    tasks: Sequence[ShortTask],
) -> TaskScores:
    """The results of games, task by task in the order of `tasks`."""
    scores: dict[str, TaskScore] = {}
    for task, played in zip(tasks, games, strict=True):
        steps = tuple(one.steps if one.success else None for one in played)
        scores[task.id] = TaskScore(
            kind=task.kind.value,
            difficulty=task.difficulty.value,
            horizon=task.horizon,
            rules_steps=task.rules_steps,
            steps=steps,
        )
    every = list(scores.values())

    def grouped(key: Callable[[TaskScore], str]) -> dict[str, Share]:
        names = dict.fromkeys(map(key, every))
        return {name: share_of([one for one in every if key(one) == name]) for name in names}

    return TaskScores(
        game=env.rom.game.name,
        rom_sha1=env.rom.profile.sha1,
        suite_sha256=hashlib.sha256(Path(env.suite.source).read_bytes()).hexdigest(),
        player=player.value,
        checkpoint=checkpoint if player in HEADS_PLAY else None,
        seeds=seeds,
        versions={name: metadata.version(name) for name in _PACKAGES},
        total=share_of(every),
        by_kind=grouped(lambda one: one.kind),
        by_difficulty=grouped(lambda one: one.difficulty),
        tasks=scores,
    )


def write_scores(path: Path, scores: TaskScores) -> None:
    """Writes a file that is whole or not there."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(scores.model_dump(), indent=1) + "\n", encoding="utf-8")


def read_scores(path: Path) -> TaskScores:
    """Raises ConfigurationError for a file that is missing or of another form."""
    try:
        return TaskScores.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(
            f"{path} holds no scores of `crystal-agent tasks score`: {place}: {first['msg']}"
        ) from error


def check_comparable(first: TaskScores, second: TaskScores) -> list[str]:
    """The tasks that both have. Raises ConfigurationError where the numbers do not say the same thing."""
    for name, one, other in (
        ("game", first.game, second.game),
        ("ROM", first.rom_sha1, second.rom_sha1),
        ("suite", first.suite_sha256, second.suite_sha256),
    ):
        if one != other:
            raise ConfigurationError(f"the two files are of another {name} each: {one} and {other}; score both anew")
    both = [task for task in first.tasks if task in second.tasks]
    if not both:
        raise ConfigurationError("the two files have no task in common: there is nothing to compare")
    return both
