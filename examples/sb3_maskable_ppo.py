"""MaskablePPO of sb3-contrib on the first region of Fernvale, in worker processes with shared memory.

Buttons that make no sense now are masked, and `VecMonitor` gives the log its `ep_rew_mean`.

python examples/sb3_maskable_ppo.py --steps 100000
"""

from __future__ import annotations

import argparse

from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecMonitor

from agents.learning.sb3_lanes import SB3Lanes
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vector_env import VectorEnv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--max-steps", type=int, default=500, help="of an episode")
    options = parser.parse_args()

    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        return EnhancedPyBoyPokemonCrystalEnv(
            "fernvale", observation_type="state", final_milestone="first_region", max_steps=options.max_steps
        )

    env = VecMonitor(SB3Lanes(VectorEnv(make_env, lanes=8, workers=2)))
    model = MaskablePPO(
        "MultiInputPolicy", env, n_steps=128, batch_size=256, ent_coef=0.01, verbose=1, device="cpu", seed=1
    )
    model.learn(options.steps)
    env.close()


if __name__ == "__main__":
    main()
