"""Plan-Path without an oracle: two walkers in turn, what they see, and distances that grow."""

from __future__ import annotations

import random
from typing import Any

import pytest

from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TEST_SEED, FIRST_TRAINING_SEED
from core.worlds.builtin.plan_path import PlanPath


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
