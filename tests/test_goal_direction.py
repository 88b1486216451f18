"""The goal directions: where the story goes on, from the atlas alone, and how the policy sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.policy_features import FEATURE_NAMES
from core.env.policy_view import GOAL_PLANE
from core.game.milestones import Milestone
from core.game.state import GameState
from core.game.terrain import TALL_GRASS
from core.navigation.goal_direction import GoalDirection, GoalDirections
from core.rules import RulePlayer
from core.vocabulary import Button, GameMode, MapId

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
MOST_STEPS = 1500


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", final_milestone="first_region")
    yield env
    env.close()


def journey(env: EnhancedPyBoyPokemonCrystalEnv) -> Iterator[tuple[GameState, Milestone | None]]:
    """States of a game that the rules play to the end of the first region, each with the milestone that comes next."""
    state = env.restart(seed=1)
    player = RulePlayer(env.rom.game, seed=0)
    option = None
    for _ in range(MOST_STEPS):
        yield state, env.tracker.next
        option = option or player.choose(state)
        step = player.act(state, option)
        option = None if step.done else option
        outcome = env.advance(int(step.button))
        state = outcome.state
        if outcome.terminated:
            return
    raise AssertionError(f"the rules did not finish within {MOST_STEPS} steps")


def test_bearings_of_a_whole_game_name_doors_people_and_edges(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    goal_directions = GoalDirections(env.rom.game)
    seen: dict[tuple[MapId, str], GoalDirection | None] = {}
    missing: dict[str, int] = {}
    grass: list[tuple[int, int]] = []
    maps = {place.key: place.id for place in env.rom.game.maps.values()}
    for state, milestone in journey(env):
        if milestone is not None:
            seen.setdefault((state.position.map, milestone.id), goal_directions.goal_direction(state, milestone))
            missing.setdefault(milestone.id, goal_directions.levels_missing(state, milestone))
            if (state.position.map, milestone.id) == (maps["FERN_PATH"], "level_6") and state.mode is GameMode.FREE:
                place = goal_directions.goal_direction(state, milestone)
                assert place is not None
                steps = abs(place.x - state.position.x) + abs(place.y - state.position.y)
                grass.append((state.collision_at(place.x, place.y), steps))
    assert seen[maps["HOME_UPSTAIRS"], "downstairs"] == GoalDirection(7, 2, False, None)
    starter = seen[maps["WORKSHOP"], "starter"]
    assert starter is not None
    assert starter.press_a
    town = seen[maps["HAZEL_HOLLOW"], "fern_path"]
    assert town is not None
    assert town.leaves is Button.RIGHT
    assert grass, "a level is gained in the tall grass"
    assert all(byte in TALL_GRASS and steps > 0 for byte, steps in grass)
    assert missing["level_6"] == 1
    assert missing["downstairs"] == 0
    assert goal_directions.goal_direction(env.state, None) is None


def test_it_depends_on_the_state_alone(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """`GoalDirections` that were asked about a whole game agree with new ones for each question."""
    old = GoalDirections(env.rom.game)
    for number, (state, milestone) in enumerate(journey(env)):
        if number % 40 == 0:
            fresh = GoalDirections(env.rom.game)
            assert fresh.goal_direction(state, milestone) == old.goal_direction(state, milestone)


def test_the_policy_sees_it(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    state = env.restart(seed=1)
    view = env.policy_observation()
    features = dict(zip(FEATURE_NAMES, view["features"].tolist(), strict=True))
    x, y = state.position.x, state.position.y
    assert features["goal_known"] == 1.0
    assert features["goal_east"] == pytest.approx((7 - x) / 10)
    assert features["goal_side_south"] == np.sign(2 - y)
    assert features["goal_leaves_right"] == 0.0
    assert view["map"][GOAL_PLANE].sum() == 1
    assert view["map"][GOAL_PLANE][4 + 2 - y, 4 + 7 - x] == 1
