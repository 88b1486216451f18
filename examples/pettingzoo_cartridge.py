"""Several agents on the cartridge by the interface of PettingZoo: each in a game of its own, half of the pay shared.

They press buttons at random here, among those that make sense; put your policies in their place.

python examples/pettingzoo_cartridge.py --steps 200
"""

from __future__ import annotations

import argparse

import numpy as np

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vector_env import ParallelGames


def make_env(player: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv("fernvale", observation_type="state", max_steps=1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    dice = np.random.default_rng(1)
    env = ParallelGames(make_env, agents=3, workers=1, shared=0.5)
    views, infos = env.reset(seed=1)
    paid = dict.fromkeys(env.agents, 0.0)
    for _ in range(options.steps):
        actions = {name: dice.choice(np.flatnonzero(infos[name]["action_mask"])) for name in env.agents}
        views, rewards, _terminated, _truncated, infos = env.step(actions)
        for name, reward in rewards.items():
            paid[name] += reward
        if not env.agents:
            break
    for name, info in infos.items():
        print(name, views[name]["map"].shape, f"{paid[name]:.2f}", info["milestones"])
    env.close()


if __name__ == "__main__":
    main()
