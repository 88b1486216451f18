"""Plain PPO of Stable-Baselines3 on the first region of Fernvale, by its Gymnasium id.

python examples/sb3_ppo.py --steps 100000
"""

from __future__ import annotations

import argparse

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import core.gymnasium_ids

gym.register_envs(core.gymnasium_ids)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--max-steps", type=int, default=500, help="of an episode")
    options = parser.parse_args()
    settings = {"max_steps": options.max_steps}
    env = make_vec_env("CrystalHybrid/FernvaleFirstRegion-v0", n_envs=4, seed=1, env_kwargs=settings)
    model = PPO("MultiInputPolicy", env, n_steps=128, batch_size=128, ent_coef=0.01, verbose=1, device="cpu", seed=1)
    model.learn(options.steps)
    env.close()


if __name__ == "__main__":
    main()
