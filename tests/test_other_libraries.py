"""The env as other libraries know it: by Gymnasium's ids, scaled, for several agents; and the examples that show it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

import core.gymnasium_ids
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.lanes.parallel_games import ParallelGames
from core.exceptions import ConfigurationError
from core.gymnasium_ids import IDS
from tests.game_states import ROM_PATH

gym.register_envs(core.gymnasium_ids)
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("name", IDS)
def test_every_id_makes_an_env_that_gymnasium_accepts(name: str) -> None:
    keywords = {"rom_path": ROM_PATH} if "Crystal-v0" in name else {}
    env = gym.make(name, **keywords)
    check_env(env, skip_render_check=True)
    if "Text" not in name:
        assert env.get_wrapper_attr("action_masks")().shape == (9,)
    env.close()
    assert f"| {name} |" in (core.gymnasium_ids.__doc__ or "")


def test_ids_take_keywords_of_the_env() -> None:
    env = gym.make("CrystalHybrid/FernvaleFirstRegion-v0", max_steps=3)
    env.reset(seed=1)
    assert [env.step(8)[3] for _ in range(3)] == [False, False, True]
    env.close()


def test_the_scaled_state_is_the_documented_one_over_its_greatest_values() -> None:
    scaled = gym.make("CrystalHybrid/FernvaleState-v0")
    plain = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    seen, _ = scaled.reset(seed=1)
    documented = plain.reset(seed=1)[0]["state_variables"]
    assert seen.dtype == np.float32 and seen.shape == (25,) and scaled.observation_space.contains(seen)
    assert seen[0] == np.float32(documented[0] / 255) > 0 and seen[4] == np.float32(documented[4] / 3)
    scaled.close()
    plain.close()


def make_game(player: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=12)


@pytest.mark.filterwarnings("ignore:reset.options=")
def test_pettingzoo_accepts_several_agents_on_the_cartridge() -> None:
    env = ParallelGames(make_game, agents=2)
    parallel_api_test(env, num_cycles=40)
    with pytest.raises(ConfigurationError, match="actions are for"):
        env.reset(seed=1)
        env.step({"player_0": np.int64(8)})
    env.close()


def test_agents_share_as_much_of_their_pay_as_is_said() -> None:
    walks = {"player_0": np.int64(5), "player_1": np.int64(8)}  # one walks over new ground, the other stands
    paid = {}
    for shared in (0.0, 0.5, 1.0):
        env = ParallelGames(make_game, agents=2, shared=shared)
        env.reset(seed=1)
        total = dict.fromkeys(walks, 0.0)
        for _ in range(12):
            _, rewards, _, truncated, infos = env.step(walks)
            total = {name: total[name] + rewards[name] for name in walks}
        assert all(truncated.values()) and env.agents == []
        assert set(infos["player_0"]) == {"action_mask", "milestones", "own_reward"}
        paid[shared] = total
        env.close()
    walker, stander = paid[0.0]["player_0"], paid[0.0]["player_1"]
    assert walker > stander
    assert paid[1.0]["player_0"] == pytest.approx((walker + stander) / 2) == paid[1.0]["player_1"]
    assert paid[0.5]["player_0"] == pytest.approx(0.75 * walker + 0.25 * stander)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "steps", "told"),
    [
        ("sb3_ppo", 1024, r"ep_rew_mean +\| [\d.]+"),
        ("sb3_maskable_ppo", 2048, r"ep_rew_mean +\| [\d.]+"),
        ("cleanrl_ppo", 2048, r"update 2, step 2048: mean return [\d.]+"),
        ("pettingzoo_cartridge", 30, r"player_2 \(8, 9, 10\) [\d.]+ \['free_control'"),
    ],
)
def test_the_examples_run(example: str, steps: int, told: str) -> None:
    short = () if example == "pettingzoo_cartridge" else ("--max-steps", "60")
    done = subprocess.run(
        [sys.executable, f"examples/{example}.py", "--steps", str(steps), *short],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(told, done.stdout), done.stdout


@pytest.mark.slow
def test_the_blocks_of_the_page_run() -> None:
    page = (ROOT / "docs/libraries.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0 and "ep_rew_mean" in done.stdout, done.stdout + done.stderr


def test_every_example_is_run_and_named_in_the_documents() -> None:
    page = (ROOT / "docs/libraries.md").read_text(encoding="utf-8")
    with_config = {path.stem for path in (ROOT / "examples").glob("*.json")}
    alone = {path.stem for path in (ROOT / "examples").glob("*.py")} - with_config
    assert alone == {"sb3_ppo", "sb3_maskable_ppo", "cleanrl_ppo", "pettingzoo_cartridge"}
    assert all(f"examples/{name}.py" in page for name in alone)
