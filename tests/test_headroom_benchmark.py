"""How far apart the rules' own ways from one save state are."""

from __future__ import annotations

from benchmarks.headroom import moments_of, steps_of_way, summary
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from tests.game_states import ROM_PATH


def test_ways_begin_alike_and_idle_steps_do_not_count() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", final_milestone="fern_path")
    try:
        moments = moments_of(env, 0, 1, least_milestones=3)
        assert [one.milestones for one in moments] == sorted({one.milestones for one in moments}) and len(moments) > 2
        walk = moments[0]
        assert steps_of_way(env, walk, 0) == steps_of_way(env, walk, 0) == walk.rules_steps
        assert abs(steps_of_way(env, walk, 5) - walk.rules_steps) < 5, "a walk has hardly any dice"
        assert moments_of(env, 0, 2, least_milestones=3) == moments[::2]
    finally:
        env.close()


def test_the_best_of_several_ways_is_compared_with_their_mean() -> None:
    assert "as it is 150 steps, mean 250, best 150 (0.60 of the mean)" in summary([[100, 400], [200, 300]])
