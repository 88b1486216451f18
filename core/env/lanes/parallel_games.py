"""Several agents on the cartridge as a PettingZoo `ParallelEnv`: each plays a game of its own, in worker processes.

What they share is the reward, as far as you say: with `shared` 0 each has its own, with 1 all have the team's mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv  # pyright: ignore[reportMissingTypeStubs] (typed, without py.typed)

from core.env.lanes.vector_env import VectorEnv
from core.env.lanes.vector_step import VectorStep
from core.env.lifetime import Uncopied
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError
from core.vocabulary import Button

Views = dict[str, dict[str, NDArray[Any]]]
Infos = dict[str, dict[str, Any]]


class ParallelGames(Uncopied, ParallelEnv[str, dict[str, NDArray[Any]], np.int64]):
    """Agents "player_0", "player_1", ... An agent whose episode has ended is gone until the next `reset`.

    Observations are policy views. The info of an agent has its `action_mask` (bool (9,)), the `milestones` that it has
    reached (ids) and its `own_reward`, before it is shared.
    """

    metadata = {"name": "crystal_hybrid_parallel_games", "render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        make_env: Callable[[int], EnhancedPyBoyPokemonCrystalEnv],
        agents: int = 2,
        *,
        workers: int = 1,
        shared: float = 0.0,
    ) -> None:
        """`make_env(number)` makes the game of an agent; `shared`, 0 to 1, is the team's part of each reward.

        Raises ConfigurationError for impossible numbers and whatever `make_env` raises.
        """
        if not 0.0 <= shared <= 1.0:
            raise ConfigurationError(f"shared is {shared}; the team's part of a reward is 0 to 1")
        self.possible_agents = [f"player_{number}" for number in range(agents)]
        self.agents: list[str] = []
        self.render_mode = None
        self._shared = shared
        self._games = VectorEnv(make_env, agents, workers)
        self._dice = np.random.default_rng()

    def observation_space(self, agent: str) -> spaces.Dict:  # type: ignore[override]  # its samples are such views
        """The policy view, the same for all."""
        return self._games.policy_space

    def action_space(self, agent: str) -> spaces.Discrete:
        """The nine buttons."""
        return self._games.action_space

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Views, Infos]:
        """Begin a game for every agent. There are no options, so that some are told in a warning."""
        if options:
            warnings.warn(f"reset(options={options!r:.80}) changes nothing: games have no options", stacklevel=2)
        if seed is not None:
            self._dice = np.random.default_rng(seed)
        self.agents = list(self.possible_agents)
        seeds = [int(one) for one in self._dice.integers(2**31, size=len(self.agents))]
        began = self._games.reset(seeds)
        return self._views(began), self._infos(began, np.zeros(len(seeds)))

    def step(
        self, actions: dict[str, np.int64]
    ) -> tuple[Views, dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """Every agent that is still there presses a button.

        Raises ConfigurationError for an agent that gives none, and for one that is not there.
        """
        if set(actions) != set(self.agents):
            raise ConfigurationError(f"actions are for {sorted(actions)}, and there are {sorted(self.agents)}")
        step = self._games.step([int(actions.get(name, Button.NONE)) for name in self.possible_agents])
        own = np.where([name in self.agents for name in self.possible_agents], step.rewards, 0.0)
        paid = (1.0 - self._shared) * own + self._shared * own.mean()
        rows = {name: row for row, name in enumerate(self.possible_agents) if name in self.agents}
        answer = (
            self._views(step),
            {name: float(paid[row]) for name, row in rows.items()},
            {name: bool(step.terminated[row]) for name, row in rows.items()},
            {name: bool(step.truncated[row]) for name, row in rows.items()},
            self._infos(step, own),
        )
        self.agents = [name for name, row in rows.items() if not step.done[row]]
        return answer

    def close(self) -> None:
        """Close the workers."""
        self._games.close()

    def _views(self, step: VectorStep) -> Views:
        return {
            name: {key: array[row] for key, array in step.observations.items()}
            for row, name in enumerate(self.possible_agents)
            if name in self.agents
        }

    def _infos(self, step: VectorStep, own: NDArray[np.float64]) -> Infos:
        return {
            name: {
                "action_mask": step.masks[row],
                "milestones": list(step.reached(row)),
                "own_reward": float(own[row]),
            }
            for row, name in enumerate(self.possible_agents)
            if name in self.agents
        }
