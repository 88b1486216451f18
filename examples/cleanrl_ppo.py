"""PPO in one file, in the style of CleanRL: nothing hidden, nothing imported but torch and the env.

The envs are Gymnasium's vector env over worker processes; a masked button gets no probability.

python examples/cleanrl_ppo.py --steps 100000
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vector_env import GymnasiumLanes, VectorEnv

ENVS, ROLLOUT, EPOCHS, MINIBATCHES = 8, 128, 4, 4
DISCOUNT, TRACE, CLIP, ENTROPY, VALUE, RATE = 0.99, 0.95, 0.2, 0.01, 0.5, 3e-4


class Agent(nn.Module):
    def __init__(self, features: int, cells: int, actions: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features + cells, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh())
        self.actor, self.critic = nn.Linear(128, actions), nn.Linear(128, 1)

    def forward(self, observation: torch.Tensor, mask: torch.Tensor) -> tuple[Categorical, torch.Tensor]:
        hidden = self.body(observation)
        return Categorical(logits=self.actor(hidden).masked_fill(~mask, -1e8)), self.critic(hidden).squeeze(-1)


def flat(observations: dict[str, np.ndarray]) -> torch.Tensor:
    """Features and map in one row an env."""
    return torch.from_numpy(
        np.concatenate([observations["features"], observations["map"].reshape(ENVS, -1).astype(np.float32)], axis=1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--max-steps", type=int, default=500, help="of an episode")
    options = parser.parse_args()

    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        return EnhancedPyBoyPokemonCrystalEnv(
            "fernvale", observation_type="state", final_milestone="first_region", max_steps=options.max_steps
        )

    torch.manual_seed(1)
    torch.set_num_threads(1)
    envs = GymnasiumLanes(VectorEnv(make_env, lanes=ENVS, workers=2))
    view, infos = envs.reset(seed=1)
    observation, mask = flat(view), torch.from_numpy(infos["action_mask"])
    agent = Agent(view["features"].shape[1], view["map"][0].size, 9)
    optimizer = torch.optim.Adam(agent.parameters(), lr=RATE, eps=1e-5)
    done = torch.zeros(ENVS)
    returns, running = [], np.zeros(ENVS)

    for update in range(options.steps // (ENVS * ROLLOUT)):
        rows = []
        for _ in range(ROLLOUT):
            with torch.no_grad():
                chosen, value = agent(observation, mask)
                action = chosen.sample()
            view, reward, terminated, truncated, infos = envs.step(action.numpy())
            rows.append((observation, mask, action, chosen.log_prob(action), value, torch.tensor(reward).float(), done))
            running += reward
            ended = terminated | truncated
            returns += list(running[ended])
            running[ended] = 0.0
            done = torch.from_numpy(ended).float()
            observation, mask = flat(view), torch.from_numpy(infos["action_mask"])
        seen, masks, actions, log_probs, values, rewards, dones = map(torch.stack, zip(*rows, strict=True))

        with torch.no_grad():
            next_value = agent(observation, mask)[1]
        advantages, advantage = torch.zeros_like(rewards), torch.zeros(ENVS)
        for step in reversed(range(ROLLOUT)):
            goes_on = 1.0 - (done if step == ROLLOUT - 1 else dones[step + 1])
            after = next_value if step == ROLLOUT - 1 else values[step + 1]
            error = rewards[step] + DISCOUNT * after * goes_on - values[step]
            advantage = advantages[step] = error + DISCOUNT * TRACE * goes_on * advantage
        targets = advantages + values

        batch = [part.flatten(0, 1) for part in (seen, masks, actions, log_probs, advantages, targets)]
        for _ in range(EPOCHS):
            for rows_of_it in torch.randperm(ENVS * ROLLOUT).chunk(MINIBATCHES):
                o, m, a, old, gain, target = (part[rows_of_it] for part in batch)
                chosen, value = agent(o, m)
                ratio = (chosen.log_prob(a) - old).exp()
                gain = (gain - gain.mean()) / (gain.std() + 1e-8)
                surrogate = torch.min(gain * ratio, gain * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
                loss = VALUE * (value - target).pow(2).mean() - surrogate - ENTROPY * chosen.entropy().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                optimizer.step()
        if returns:
            mean = np.mean(returns[-40:])
            print(f"update {update + 1}, step {(update + 1) * ENVS * ROLLOUT}: mean return {mean:.2f}", flush=True)
    envs.close()


if __name__ == "__main__":
    main()
