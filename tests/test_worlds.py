"""Text worlds: gold solves, seeds repeat, nothing can be farmed, clues stand."""

from __future__ import annotations

import random

import pytest

from core.worlds.base import World
from core.worlds.plan_path import PlanPath
from core.worlds.sokoban import Sokoban
from core.worlds.sudoku import Sudoku, solutions

WORLDS: list[World] = [
    PlanPath(),
    PlanPath(size=6, with_tool=False),
    Sokoban(),
    Sokoban(with_tool=False),
    Sudoku(),
    Sudoku(with_tool=False),
]
IDS = [f"{world.name}-{len(world.roles)}" for world in WORLDS]


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_gold_answers_score_full_marks(world: World) -> None:
    for seed in range(50):
        world.validate(seed)


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_a_seed_is_a_problem(world: World) -> None:
    assert world.initial(3) == world.initial(3)
    assert len({world.initial(seed) for seed in range(30)}) > 25


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_no_policy_farms_more_than_solving_pays(world: World) -> None:
    """Random well-formed answers for 60 rounds: what the team got equals what the last state is worth, at most 1."""
    rng = random.Random(0)
    for seed in range(20):
        state, team, local = world.initial(seed), 0.0, 0.0
        for _ in range(60):
            for role in world.roles:
                turn = world.play(state, role, random_answer(world, state, role, rng))
                state, team, local = turn.state, team + turn.team_reward, local + turn.local_reward
                assert team <= 1.0 + 1e-9
            if turn.done:
                break
        assert turn.success or team < 1.0
        assert local <= 1.0 + 1e-9, "asking tools again and again pays"


def random_answer(world: World, state: object, role: str, rng: random.Random) -> str:
    if role == "tool":
        return rng.choice(world.prompt(state, role).splitlines()[-2].split()[1:])
    if isinstance(world, Sudoku):
        return " ".join("".join(rng.choice("1234") for _ in range(4)) for _ in range(4))
    return " ".join(rng.choice("UDLR") for _ in range(rng.randint(1, 4)))


def test_walking_to_and_fro_earns_nothing() -> None:
    world = PlanPath(with_tool=False)
    for seed in range(50):
        state = world.initial(seed)
        total = 0.0
        for move in "UDDUUDDULRRLLRRL" * 4:
            turn = world.play(state, "mover", move)
            if turn.done:
                break
            state, total = turn.state, total + turn.team_reward
        else:
            assert total < 0.5


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
@pytest.mark.parametrize("answer", ["", "I think U", "R" * 50_000 + "?", "\n\n", "bfs; rm", "5555 5555 5555 5555"])
def test_malformed_answers_are_turns_with_a_penalty(world: World, answer: str) -> None:
    state = world.initial(0)
    for role in world.roles:
        turn = world.play(state, role, answer)
        assert turn.state == state
        assert turn.local_reward < 0 and turn.team_reward == 0 and not turn.done and turn.feedback


def test_a_grid_that_contradicts_its_clues_is_never_solved() -> None:
    world = Sudoku(with_tool=False)
    for seed in range(30):
        state, other = world.initial(seed), world.initial(seed + 1)
        foreign = world.gold(other, "solver")
        if foreign != world.gold(state, "solver"):
            turn = world.play(state, "solver", foreign)
            assert not turn.success and turn.team_reward <= 0.5


def test_every_sudoku_has_one_solution() -> None:
    world = Sudoku(empty_cells=10)
    assert all(len(solutions(world.initial(seed).clues)) == 1 for seed in range(50))


def test_a_tool_call_advances_the_state_that_the_next_role_sees() -> None:
    world = PlanPath()
    state = world.initial(0)
    after = world.play(state, "tool", "bfs").state
    assert world.prompt(after, "mover") != world.prompt(state, "mover")
    assert "Tool bfs:" in world.prompt(after, "mover")


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_practice_is_well_formed_and_gives_no_skill_away(world: World) -> None:
    rng = random.Random(1)
    for role in world.roles:
        examples = [world.practice(seed, role, rng) for seed in range(40)]
        assert len({example.answer for example in examples}) > (2 if role == "tool" else 30)
        if role == "tool":
            assert all(world.play(world.initial(0), role, e.answer).feedback == "" for e in examples)
        if "tool" in world.roles and role != "tool":
            repeated = sum(f" {example.answer}" in example.prompt for example in examples)
            assert 10 <= repeated <= 30
