"""All of AT-GRPO on one page (Zhao et al. 2025, "Stronger Together", arXiv 2510.11062).

Plain GRPO compares answers to the same prompt. In a team, prompts differ by role and by turn, so answers of a whole
episode cannot be compared. AT-GRPO groups by (problem e, role i, turn t) and samples a tree:

    for each problem e, for each turn t, for each role i in speaking order:
        1. sample K candidate answers a_1 .. a_K to role i's prompt from the *same* state s
        2. play each candidate from s on its own branch; reward   r_k = alpha * team_k + local_k
        3. advantage within this group only                       A_k = (r_k - mean r) / (std r + 1e-8)
        4. the best candidate's branch becomes the state: s <- s_k*, k* = argmax r; the next role sees it
    then one update of each policy on the samples of the roles it plays (`trainer/grpo/learner.py`)

Three common mistakes that the tests rule out: every candidate is scored before any state moves on, so the second role's
advantages have spread; the state that advances is the one that the next prompt shows; a group never holds more than one
prompt. Groups whose rewards are all equal teach nothing; they are counted and shown, and dynamic sampling (optional)
makes up for them.

Left out on purpose: the dual clip of verl (advantages here are bounded by the group), filtering of groups by mean
reward (it drops what the policy does worst), and a learned critic.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from agents.text.text_policy import Sample, Sampler, Sampling
from core.exceptions import CrystalHybridError, TrainingError
from core.prompts.frame import plain_text
from core.worlds.base import TextWorld, Turn
from trainer.grpo.advantages import Scaling, group_advantages, has_spread
from trainer.grpo.learner import Scored

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """Settings for sampling and scoring the tree."""

    candidates: int = 8
    """K, answers per group."""
    alpha: float = 1.0
    """alpha: weight of the team's reward against the role's own."""
    scaling: Scaling = Scaling.GROUP
    sampling: Mapping[str, Sampling] = field(default_factory=dict)
    """By role; a role that is missing samples by `Sampling()`."""


@dataclass(frozen=True, slots=True)
class Group:
    """The candidates of one role at one turn of one problem: all answered the same prompt."""

    seed: int
    role: str
    turn: int
    prompt: str
    samples: tuple[Sample, ...]
    rewards: NDArray[np.float64]
    """alpha * team + local, shape (K,)."""
    best: int
    feedback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """All groups of one iteration, and which problems were solved (on the greedy branch)."""

    groups: tuple[Group, ...]
    solved: tuple[bool, ...]


@dataclass(slots=True)
class _Branch(Generic[State]):
    """The one live state of a problem."""

    seed: int
    state: State
    done: bool = False
    success: bool = False


def grow_tree(
    world: TextWorld[State],
    seeds: Sequence[int],
    policies: Mapping[str, Sampler],
    settings: TreeSettings,
    generator: torch.Generator,
) -> Tree:
    """Steps 1, 2 and 4 for a batch of problems; `policies` has one entry per role of the world."""
    branches = [_begun(world, seed) for seed in seeds]
    groups: list[Group] = []
    for turn in range(world.max_rounds):
        for role in world.roles:
            live = [branch for branch in branches if not branch.done]
            if not live:
                break
            prompts = [_asked(world, branch, role) for branch in live]
            repeated = [prompt for prompt in prompts for _ in range(settings.candidates)]
            sampling = settings.sampling.get(role, Sampling())
            answers = policies[role].sample(repeated, sampling, generator)
            for index, branch in enumerate(live):
                samples = answers[index * settings.candidates : (index + 1) * settings.candidates]
                outcomes = [_played(world, branch, role, sample.text) for sample in samples]
                rewards = np.array([settings.alpha * o.team_reward + o.local_reward for o in outcomes])
                best = int(rewards.argmax())
                feedback = tuple(outcome.feedback for outcome in outcomes)
                groups.append(Group(branch.seed, role, turn, prompts[index], tuple(samples), rewards, best, feedback))
                _advance(branch, outcomes[best])
    return Tree(tuple(groups), tuple(branch.success for branch in branches))


def grow_informative_tree(
    grow: Callable[[Sequence[int]], Tree], batches: Iterable[Sequence[int]], wanted: Mapping[str, int]
) -> Tree:
    """Dynamic sampling (Yu et al. 2025, DAPO, section 3.2): take the next batch of problems until every role in
    `wanted` has that many groups with a spread of rewards, or no batch is left. `grow` grows the tree of a batch.
    """
    groups: list[Group] = []
    solved: list[bool] = []
    for seeds in batches:
        tree = grow(seeds)
        groups += tree.groups
        solved += tree.solved
        telling = Counter(group.role for group in groups if has_spread(group.rewards))
        if all(telling[role] >= count for role, count in wanted.items()):
            break
    return Tree(tuple(groups), tuple(solved))


def scored_samples(groups: Sequence[Group], roles: Sequence[str], scaling: Scaling) -> list[Scored]:
    """Step 3: the samples of these roles with their advantages."""
    chosen = [group for group in groups if group.role in roles]
    advantages = group_advantages([group.rewards for group in chosen], scaling)
    return [
        Scored(sample, float(advantage))
        for group, row in zip(chosen, advantages, strict=True)
        for sample, advantage in zip(group.samples, row, strict=True)
    ]


def success_rate(
    world: TextWorld[State],
    seeds: Sequence[int],
    policies: Mapping[str, Sampler],
    max_new_tokens: Mapping[str, int],
) -> float:
    """Share of the problems solved when every role gives one answer per turn, with its likeliest tokens."""
    return float(np.mean(grow_tree(world, seeds, policies, likeliest(max_new_tokens), torch.Generator()).solved))


def likeliest(max_new_tokens: Mapping[str, int]) -> TreeSettings:
    """One answer per turn, of its likeliest tokens, at most so many by role."""
    return TreeSettings(candidates=1, sampling={role: Sampling(0.0, most) for role, most in max_new_tokens.items()})


def _begun(world: TextWorld[State], seed: int) -> _Branch[State]:
    with _named(world, seed):
        return _Branch(seed, world.initial(seed))


def _asked(world: TextWorld[State], branch: _Branch[State], role: str) -> str:
    with _named(world, branch.seed):
        return world.question(branch.state, role)


def _played(world: TextWorld[State], branch: _Branch[State], role: str, answer: str) -> Turn[State]:
    with _named(world, branch.seed, role, answer):
        return world.play(branch.state, role, answer)


@contextmanager
def _named(world: TextWorld[Any], seed: int, role: str = "", answer: str = "") -> Generator[None]:
    """Raises TrainingError that names the problem where the world fails: whatever is answered, it owes a turn."""
    try:
        yield
    except CrystalHybridError:
        raise  # it has said what is wrong, such as a sandbox that cannot be had
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f" when {role} answered {plain_text(answer, 80)!r}" if role else ""
        raise TrainingError(
            f"the world {world.name} failed at problem {seed}{said}: {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno}). A bad answer is a turn with a penalty, never an error"
        ) from error


def _advance(branch: _Branch[State], outcome: Turn[State]) -> None:
    branch.state, branch.done, branch.success = outcome.state, outcome.done, outcome.success
