"""The text worlds as questions with listed options, like the questions of Fernvale's teacher.

A turn of a world asks for free text. Here it becomes a choice between a right answer and others that are well-formed
but score less, as the world itself says: every candidate is played from the same state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents.llm.question import neutral_order
from core.protocols import Choice
from core.worlds.base import TextWorld
from core.worlds.registry import make_world
from trainer.pocket.examples import Example, example_of

TEXT_WORLDS = ("plan_path", "frozen_lake", "sokoban", "sudoku", "math", "code")
MOST_OPTIONS = 4
_MOST_DRAWS = 40
"""Draws of other answers; a role with few different answers gets fewer options."""
STRAY_SHARE = 0.25
"""Share of turns that go on with a wrong answer, so that careless tools and half-solved problems occur too."""


class Chooses(Protocol):
    """`TextModel.choose`."""

    def choose(self, prompt: str, options: Sequence[str]) -> Choice: ...


@dataclass(frozen=True, slots=True)
class WorldScore:
    """Problems of one world that the model solves, and that chance solves, on the same problems."""

    world: str
    problems: int
    solved: float
    solved_by_chance: float


def answers_best_first(world: TextWorld[Any], state: Any, role: str, rng: random.Random) -> list[str]:
    """The right answer, then up to three well-formed ones that score less in this state.

    Empty when the state is lost, such as a box in a corner.
    """
    best = world.gold(state, role)
    if not best:
        return []
    worth = _worth(world, state, role, best)
    answers = [best]
    for _ in range(_MOST_DRAWS):
        drawn = world.practice(rng.randrange(2**31), role, rng).answer
        if drawn not in answers and _worth(world, state, role, drawn) < worth:
            answers.append(drawn)
        if len(answers) == MOST_OPTIONS:
            break
    return answers


def world_examples(problems: int, first_seed: int, stray_share: float = STRAY_SHARE) -> Iterator[Example]:
    """`problems` of every text world, a question for each turn; the same arguments give the same examples."""
    for name in TEXT_WORLDS:
        world = make_world(name, {})
        for seed in range(first_seed, first_seed + problems):
            rng, strays = _draws_of(world, seed), random.Random(f"{name}-strays-{seed}")
            state = world.initial(seed)
            for role in world.roles * world.max_rounds:
                answers = answers_best_first(world, state, role, rng)
                if not answers:
                    break
                if len(answers) > 1:
                    yield example_of(world.prompt(state, role), answers, name)
                turn = world.play(state, role, strays.choice(answers) if strays.random() < stray_share else answers[0])
                state = turn.state
                if turn.done:
                    break


def judge_worlds(model: Chooses, problems: int, first_seed: int) -> list[WorldScore]:
    """Play whole problems in which the model chooses every answer of every role."""
    scores = []
    for name in TEXT_WORLDS:
        world = make_world(name, {})
        seeds = range(first_seed, first_seed + problems)
        solved = sum(_plays(world, seed, model) for seed in seeds)
        lucky = sum(_plays(world, seed, None) for seed in seeds)
        scores.append(WorldScore(name, problems, solved / problems, lucky / problems))
    return scores


def _plays(world: TextWorld[Any], seed: int, model: Chooses | None) -> bool:
    """Whether the problem is solved; without a model, answers are drawn."""
    rng, luck = _draws_of(world, seed), random.Random(f"{world.name}-luck-{seed}")
    state = world.initial(seed)
    for role in world.roles * world.max_rounds:
        answers = answers_best_first(world, state, role, rng)
        if not answers:
            return False
        if model is None:
            answer = luck.choice(answers)
        else:
            listed = [answers[index] for index in neutral_order(answers)]
            answer = listed[model.choose(world.prompt(state, role), listed).index]
        turn = world.play(state, role, answer)
        if turn.done:
            return turn.success
        state = turn.state
    return False


def _draws_of(world: TextWorld[Any], seed: int) -> random.Random:
    """The generator of a problem's options: equal answers meet equal options."""
    return random.Random(f"{world.name}-options-{seed}")


def _worth(world: TextWorld[Any], state: Any, role: str, answer: str) -> float:
    turn = world.play(state, role, answer)
    return turn.local_reward + turn.team_reward
