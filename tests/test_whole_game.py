"""The rule player finishes the game from power-on: no cheats, any seed, over the sea to the last milestone."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import lru_cache

import pytest

from benchmarks.whole_game import any_allowed, games_table, make_env, milestones_table, play
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.history.loops import loop_share

MOST_STEPS = 60_000
MEDIAN_STEPS = 20_000
MOST_LOOPS = 0.07
"""Share of the steps that come back to where one was within 100 steps, with nothing gained: 5.2 % over the sea, where
one looks about for kinds that can learn a move."""
SEEDS = range(20)


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = make_env(most_steps=MOST_STEPS)
    yield env
    env.close()


@lru_cache(maxsize=1)
def required(env: EnhancedPyBoyPokemonCrystalEnv) -> frozenset[str]:
    return frozenset(one.id for one in env.rom.game.milestones if not one.optional)


def test_the_rules_finish_the_game(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    game = play(env, seed=0)
    print(f"{game.steps} steps, {len(game.milestones)} milestones, {game.lost_battles} lost battles")
    assert game.finished and game.milestones[-1] == env.tracker.milestones[-1].id
    assert required(env) <= set(game.milestones) and "lamp_lit" in game.milestones[:-10]
    assert list(game.milestone_steps) == sorted(game.milestone_steps) and game.milestone_steps[-1] == game.steps
    table = games_table([("rules", [game])], len(env.tracker.milestones))
    assert table.row_count == 1
    assert milestones_table([game], game.milestones).row_count == len(game.milestones)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_the_rules_finish_twenty_of_twenty_games(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    games = [play(env, seed) for seed in SEEDS]
    print("steps:", [game.steps for game in games])
    assert all(game.finished for game in games), [game.seed for game in games if not game.finished]
    assert statistics.median(game.steps for game in games) < MEDIAN_STEPS
    assert loop_share(games) < MOST_LOOPS


def test_chance_does_not_get_far() -> None:
    env = make_env(most_steps=3000)
    game = play(env, 0, any_allowed)
    env.close()
    assert not game.finished and len(game.milestones) < 12 and game.steps == 3000
