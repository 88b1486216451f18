"""AT-GRPO's tree for one problem, where another system samples: verl's and AReaL's rollouts grow it answer by answer.

Those systems play many problems at once and own the sampling, so a tree asks for the answers of one group and waits.
Candidates, rewards, advantages and the branch that goes on are those of `algorithm.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from core.exceptions import ConfigurationError
from core.worlds.base import TextWorld
from core.worlds.registry import make_world, refuse_saved_code
from trainer.at_grpo.settings import ATGRPOSettings
from trainer.grpo.advantages import Scaling, group_advantages

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class AskedGroup(Generic[Answer]):
    """The candidates of one role at one turn of one problem."""

    key: str
    """`problem|role|turn`: answers under one key are compared with each other, and with no others."""
    answers: tuple[Answer, ...]
    rewards: tuple[float, ...]
    """alpha * team + local."""
    advantages: tuple[float, ...]
    """Zero in a group of one: an evaluation compares nothing."""
    best: int
    success: bool
    """Whether the best candidate solved the problem."""


@dataclass(frozen=True, slots=True)
class TreeProblem:
    """One problem of a run, as a row of a data set carries it."""

    world: TextWorld[Any]
    seed: int
    candidates: int
    alpha: float
    scaling: Scaling

    @staticmethod
    def of_row(row: Mapping[str, Any]) -> TreeProblem:
        """From what `row_of` made. Raises `ConfigurationError` where something is missing or the world is code of
        somebody's own: a row runs none."""
        try:
            settings = ATGRPOSettings.model_validate_json(row["settings"])
            refuse_saved_code(settings.world, "a row of a data set")
            return TreeProblem(
                settings.make_world(),
                int(row["seed"]),
                int(row["candidates"]),
                settings.alpha,
                settings.advantage_scaling,
            )
        except KeyError as error:
            raise ConfigurationError(
                f"a row of the data set has no {error}: make rows with trainer.at_grpo.asked_tree.row_of"
            ) from error


def row_of(settings: ATGRPOSettings, seed: int, candidates: int | None = None) -> dict[str, Any]:
    """A problem as JSON-able columns; `candidates` 1 for evaluation, None as the settings say."""
    world = make_world(settings.world, settings.world_options)
    return {
        "settings": settings.model_dump_json(),
        "seed": seed,
        "candidates": settings.candidates if candidates is None else candidates,
        "prompt": settings.make_world().question(world.initial(seed), world.roles[0]),
    }


async def ask_tree(
    problem: TreeProblem,
    ask: Callable[[str, str, int], Awaitable[Sequence[Answer]]],
    text_of: Callable[[Answer], str],
) -> list[AskedGroup[Answer]]:
    """Grow the tree of one problem; `ask(role, prompt, count)` samples that many answers to one prompt."""
    world = problem.world
    state, groups, done = world.initial(problem.seed), [], False
    for turn in range(world.max_rounds):
        for role in world.roles:
            if done:
                return groups
            answers = tuple(await ask(role, world.question(state, role), problem.candidates))
            outcomes = [world.play(state, role, text_of(answer)) for answer in answers]
            rewards = np.array([problem.alpha * o.team_reward + o.local_reward for o in outcomes])
            # a deviation over the batch is for the trainer to divide by: one tree does not see the others
            scaling = Scaling.GROUP if problem.scaling is Scaling.GROUP else Scaling.NONE
            best = int(rewards.argmax())
            groups.append(
                AskedGroup(
                    f"{problem.seed}|{role}|{turn}",
                    answers,
                    tuple(rewards.tolist()),
                    tuple(group_advantages([rewards], scaling)[0].tolist()),
                    best,
                    outcomes[best].success,
                )
            )
            state, done = outcomes[best].state, outcomes[best].done
    return groups
