"""Plan-Path without an oracle: two walkers in turn, what they see, and distances that grow."""

from __future__ import annotations

import random
from typing import Any

import pytest

from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TEST_SEED, FIRST_TRAINING_SEED
from core.worlds.builtin.plan_path import PlanPath
from core.worlds.grid import GridCell, cell_name, parse_cells


def relay(**options: Any) -> PlanPath:
    world = PlanPath(**{"size": 6, "with_tool": False, "relay": True, "cells_apart": True, **options})
    world.spells_out = False
    return world


def test_the_second_walker_goes_on_where_the_first_stopped() -> None:
    world = relay()
    state = world.initial(3)
    way = world.gold(state, "opener")
    first = world.play(state, "opener", way[:2])
    assert not first.done and first.team_reward > 0 and "Tool" not in world.question(first.state, "closer")
    last = world.play(first.state, "closer", way[2:])
    assert last.success and first.team_reward + last.team_reward == pytest.approx(1.0)
    with pytest.raises(ConfigurationError, match="set with_tool to false"):
        PlanPath(relay=True)


def test_a_walker_sees_what_is_around_it_and_where_the_goal_is() -> None:
    world = relay(sight=2)
    for seed in range(20):
        state = world.initial(seed)
        *rows, where, task = world.question(state, "opener").split("\n")
        assert len(rows) == 5 and all(len(row) == 10 for row in rows) and rows[2][5] == "S" and task == world.task
        across, down = state.goal.column - state.position.column, state.goal.row - state.position.row
        _, right, side, below, end = where.split(" ")
        assert (int(right), int(below)) == (abs(across), abs(down))
        assert (side == "right") == (across > 0) and (end == "down") == (down > 0)
        for move, cell in (("U", rows[1][5]), ("D", rows[3][5]), ("L", rows[2][3]), ("R", rows[2][7])):
            walked = world.play(state, "opener", move)
            assert (cell == "#") == (walked.state.position == state.position), "also beyond the edge"


def test_distances_grow_in_training_and_nowhere_else() -> None:
    world, plain = relay(growing_problems=60), relay()
    distances = [world.initial(FIRST_TRAINING_SEED + number).start_distance for number in range(60)]
    assert max(distances[:5]) == 1 and max(distances[-20:]) > 4 and distances != sorted(distances)
    for seed in (FIRST_TRAINING_SEED + 60, FIRST_TEST_SEED, FIRST_TEST_SEED + 1, 0):
        assert world.initial(seed) == plain.initial(seed)


def test_possible_practice_hits_no_wall_and_does_not_know_the_goal() -> None:
    world, rng = relay(possible_practice=True), random.Random(0)
    arrived = 0
    for seed in range(100):
        state = world.initial(seed)
        answer = world.practice(seed, "opener", rng).answer
        turn = world.play(state, "opener", answer)
        assert turn.feedback == "" and 1 <= len(answer) <= 12
        arrived += turn.success
    assert arrived < 25, "a stroll comes past the goal by chance only"


def test_cells_have_names_and_a_way_is_said_by_them() -> None:
    world = relay(named_cells=True, sight=2)
    for seed in range(20):
        state = world.initial(seed)
        walls, goal, place = world.question(state, "opener").split("\n")
        here = state.position
        near = {cell for cell in state.walls if max(abs(cell.row - here.row), abs(cell.column - here.column)) <= 2}
        assert {cell for name in walls.split()[1:] for cell in parse_cells(name) or []} == near
        assert (goal, place) == (f"Goal: {cell_name(state.goal)}", f"Way from {cell_name(here)}")
        said = world.gold(state, "opener")
        spaced = ", ".join(said[index : index + 2] for index in range(2, len(said), 2))
        for answer in (said, spaced, said.upper()):
            assert world.play(state, "opener", answer).success, "with the walker's own cell at the front or without"
    assert parse_cells("a1 b2->c3") == [GridCell(0, 0), GridCell(1, 1), GridCell(2, 2)]
    assert parse_cells("a1 UR") is None and parse_cells("") is None and parse_cells("a0") is None
    with pytest.raises(ConfigurationError, match="set with_tool to false"):
        PlanPath(named_cells=True)


def test_a_way_that_leaps_or_goes_on_behind_the_goal_is_walked_as_far_as_it_goes() -> None:
    world = relay(named_cells=True, fault_costs=0.25)
    state = world.initial(3)
    said = world.gold(state, "opener")
    beyond = next(
        cell_name(cell) for move in "UDLR" if 0 <= (cell := state.goal.moved(move)).row < 6 and 0 <= cell.column < 6
    )
    first, last = said[:4], said[-2:]
    leap = world.play(state, "opener", first + "a1" + last)
    assert leap.state == world.play(state, "opener", first).state and "is not beside" in leap.feedback
    past = world.play(state, "opener", said + beyond)
    assert past.success and "behind the goal" in past.feedback
    assert leap.local_reward == past.local_reward == -0.25 and world.play(state, "opener", said).local_reward == 0.0
    assert world.play(state, "opener", "RRUL").local_reward < 0 and "names of cells" in (
        world.play(state, "opener", "RRUL").feedback
    )


def test_arriving_practice_shows_what_a_goal_is_for_when_it_is_near() -> None:
    world, rng = relay(named_cells=True, sight=2, arriving_practice=3), random.Random(0)
    arrived = far = 0
    for seed in range(200):
        example = world.practice(seed, "opener", rng)
        cells = parse_cells(example.answer)
        assert cells and len(set(cells)) == len(cells) <= 1 + 6, "no cell twice"
        walked = world.play(world.initial(seed), "opener", example.answer)
        arrives = example.prompt.split("\n")[1] == f"Goal: {cell_name(cells[-1])}"
        assert walked.feedback in ("", "the way goes on behind the goal")
        arrived += arrives
        far += arrives and len(cells) > 1 + 3
    assert 70 < arrived < 140 and far < 10, "a longer walk comes to the goal by chance only"


def test_coming_nearer_pays_as_much_as_is_set() -> None:
    generous, strict = relay(), relay(nearer_pays=0.0)
    state = generous.initial(3)
    way = generous.gold(state, "opener")
    assert generous.play(state, "opener", way[:1]).team_reward > 0
    assert strict.play(state, "opener", way[:1]).team_reward == 0 and strict.play(state, "opener", way).team_reward == 1
