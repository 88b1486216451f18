"""The documented door to the arenas: one wrapper for all of them, and a factory for each.

`MultiModelTrainingEnvironment` is itself a PettingZoo `ParallelEnv`, so one loop trains in every arena. It takes
actions as numbers or as the words of a model, renames the seats to the trainer's models, and calls `reward_function`
where one is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from pettingzoo import ParallelEnv  # pyright: ignore[reportMissingTypeStubs] (typed, without py.typed)

from core.arenas.base import Arena, Features, Interaction
from core.arenas.coop_compete import CooperativeCompetitiveEnv
from core.arenas.maze import MAZES, MazeConfig, MazeEnv
from core.arenas.settings import EnvironmentConfig, EnvironmentType
from core.arenas.social import SocialInteractionEnv
from core.arenas.staged import NOISE_STD, MultiAgentStagedEnv
from core.arenas.team_battle import TeamBattleEnv
from core.exceptions import ConfigurationError, TrainingError

RewardFunction = Callable[[str, dict[str, Any]], float]
"""`(model_output, context) -> reward`. `model_output` is what the model said, or the option's word when only a number
was given. `context` has `agent_id`, `action` (int), `option` (str), `environment_reward` (float), `step_count`,
`episode`, `cooperation_ratio` and the arena's own entries of the info."""


class MultiModelTrainingEnvironment(ParallelEnv[str, NDArray[Any], np.int64]):
    """One arena behind the documented methods.

    Args:
        env_type: which arena.
        settings: keyword arguments of that arena's settings: for the maze the fields of `MazeConfig`, for the others
            those of `EnvironmentConfig` and `cooperation_level` (cooperative-competitive), `warmup_episodes` (team
            battle, staged) or `scenario` (social).
    """

    def __init__(self, env_type: EnvironmentType, **settings: Any) -> None:
        if env_type not in _BUILDERS:
            raise ConfigurationError(f"Unsupported environment type: {env_type!r}; there are {list(EnvironmentType)}")
        try:
            self.arena = _BUILDERS[env_type](settings)
        except TypeError as error:
            raise ConfigurationError(
                f"the environment {env_type.value} does not take these settings: {error}"
            ) from error
        self.env_type = env_type
        self.reward_function: RewardFunction | None = None
        """If set, it gives the rewards; its context has the arena's own reward."""
        self.metadata = self.arena.metadata
        self.render_mode: str | None = None
        self.possible_agents = self.arena.possible_agents
        self.agents = self.arena.agents

    @property
    def options(self) -> tuple[str, ...]:
        """The words of the actions, by index."""
        return self.arena.options

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """The stances between agents in the last round."""
        return self.arena.interactions

    @property
    def cooperation_ratio(self) -> float:
        """Share of the agents that cooperated in the last round."""
        return self.arena.cooperation_ratio

    def use_agent_ids(self, agent_ids: Sequence[str]) -> None:
        """Give the seats the names of a trainer's models, in order; takes effect with the next `reset`."""
        self.arena.rename(agent_ids)
        self.possible_agents = self.arena.possible_agents
        self.agents = self.arena.agents

    def observation_space(self, agent: str) -> Box:
        return self.arena.observation_space(agent)

    def action_space(self, agent: str) -> Discrete:
        return self.arena.action_space(agent)

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Features], dict[str, dict[str, Any]]]:
        """Begin an episode; see `Arena.reset`."""
        begun = self.arena.reset(seed, options)
        self.agents = self.arena.agents
        return begun

    def step(
        self, actions: Mapping[str, int | np.integer | str]
    ) -> tuple[dict[str, Features], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Let every present agent act, by number or in words. Infos have the arena's reward as `environment_reward`."""
        said = {agent: action for agent, action in actions.items() if isinstance(action, str)}
        chosen = {
            agent: self.arena.read_action(agent, action) if isinstance(action, str) else int(action)
            for agent, action in actions.items()
        }
        observations, rewards, terminations, truncations, infos = self.arena.step(chosen)
        self.agents = self.arena.agents
        for agent, info in infos.items():
            info["environment_reward"] = rewards[agent]
        if self.reward_function is not None:
            rewards = {
                agent: self._own_reward(
                    self.reward_function, agent, said.get(agent, self.options[chosen[agent]]), chosen[agent], info
                )
                for agent, info in infos.items()
            }
        return observations, rewards, terminations, truncations, infos

    def prompt(self, agent: str) -> str:
        """The situation and the options in words, for a language model."""
        return self.arena.prompt(agent)

    def get_observation(self, agent_id: str) -> dict[str, Any]:
        """`agent_id`, `step`, `episode`, `prompt`, `options`, and each feature under its name."""
        seat = self.arena.possible_agents.index(agent_id)
        features = dict(zip(self.arena.features, map(float, self.arena.observe(seat)), strict=True))
        return {
            "agent_id": agent_id,
            "step": self.arena.step_count,
            "episode": self.arena.episode_count,
            "prompt": self.arena.prompt(agent_id),
            "options": self.options,
            **features,
        }

    def get_environment_info(self) -> dict[str, Any]:
        """`env_type`, `step_count`, `episode_count`, `num_agents`, and the settings as `config`."""
        config = getattr(self.arena, "config", None)
        return {
            "env_type": self.env_type.value,
            "step_count": self.arena.step_count,
            "episode_count": self.arena.episode_count,
            "num_agents": self.arena.seats,
            "config": {} if config is None else asdict(config),
        }

    def state(self) -> NDArray[np.float32]:
        return self.arena.state()

    def render(self) -> str:
        return self.arena.render()

    def close(self) -> None:
        self.arena.close()

    def _own_reward(
        self, reward_function: RewardFunction, agent: str, said: str, action: int, info: dict[str, Any]
    ) -> float:
        context = {"agent_id": agent, "action": action, "option": self.options[action], **info}
        return _finite_reward(reward_function(said, context), agent)


def _finite_reward(reward: object, agent: str) -> float:
    """A user's reward, checked: one finite number. Raises `TrainingError` for anything else."""
    if isinstance(reward, (int, float, np.floating)):
        number = float(cast(float, reward))
        if np.isfinite(number):
            return number
    raise TrainingError(
        f"reward_function gave {reward!r} for {agent}; it must return one finite number for (model_output, context)"
    )


def _coop_compete(settings: dict[str, Any]) -> Arena:
    level = settings.pop("cooperation_level", 0.6)
    return CooperativeCompetitiveEnv(
        EnvironmentConfig(env_type=EnvironmentType.COOPERATIVE_COMPETITIVE, **settings), level
    )


def _team_battle(settings: dict[str, Any]) -> Arena:
    warmup = settings.pop("warmup_episodes", 10)
    settings.setdefault("noise_std", NOISE_STD)
    return TeamBattleEnv(EnvironmentConfig(EnvironmentType.TEAM_BATTLE, **settings), warmup)


def _staged(settings: dict[str, Any]) -> Arena:
    warmup = settings.pop("warmup_episodes", 20)
    settings.setdefault("noise_std", NOISE_STD)
    return MultiAgentStagedEnv(EnvironmentConfig(EnvironmentType.MULTI_AGENT_STAGED, **settings), warmup)


def _maze(settings: dict[str, Any]) -> Arena:
    return MazeEnv(MazeConfig(**settings))


def _social(settings: dict[str, Any]) -> Arena:
    scenario = settings.pop("scenario", "trading")
    return SocialInteractionEnv(EnvironmentConfig(EnvironmentType.SOCIAL_INTERACTION, **settings), scenario)


_BUILDERS: dict[EnvironmentType, Callable[[dict[str, Any]], Arena]] = {
    EnvironmentType.COOPERATIVE_COMPETITIVE: _coop_compete,
    EnvironmentType.TEAM_BATTLE: _team_battle,
    EnvironmentType.MULTI_AGENT_STAGED: _staged,
    EnvironmentType.MAZE_NAVIGATION: _maze,
    EnvironmentType.SOCIAL_INTERACTION: _social,
}


def create_multi_model_coop_compete_env(
    num_models: int = 8, cooperation_level: float = 0.6, max_steps: int = 1000
) -> MultiModelTrainingEnvironment:
    """Everyone cooperates or competes (`core.arenas.coop_compete`)."""
    return MultiModelTrainingEnvironment(
        EnvironmentType.COOPERATIVE_COMPETITIVE,
        num_agents=num_models,
        cooperation_level=cooperation_level,
        max_steps=max_steps,
    )


def create_multi_model_team_battle(warmup_episodes: int = 10, max_steps: int = 1000) -> MultiModelTrainingEnvironment:
    """Two teams of four (`core.arenas.team_battle`)."""
    return MultiModelTrainingEnvironment(
        EnvironmentType.TEAM_BATTLE, warmup_episodes=warmup_episodes, max_steps=max_steps
    )


def create_multi_model_staged_env(
    num_models: int = 8, warmup_episodes: int = 20, max_steps: int = 1000
) -> MultiModelTrainingEnvironment:
    """Equal rewards in the first `warmup_episodes`, then adversaries (`core.arenas.staged`)."""
    return MultiModelTrainingEnvironment(
        EnvironmentType.MULTI_AGENT_STAGED,
        num_agents=num_models,
        warmup_episodes=warmup_episodes,
        max_steps=max_steps,
    )


def create_maze_training_env(complexity: str = "medium", num_models: int = 4) -> MultiModelTrainingEnvironment:
    """One of the mazes `simple`, `medium`, `complex`, with `num_models` agents in it (`core.arenas.maze`)."""
    if complexity not in MAZES:
        raise ConfigurationError(f"the maze complexity {complexity!r} is unknown; there are {', '.join(MAZES)}")
    maze = MAZES[complexity]
    settings = {field.name: getattr(maze, field.name) for field in fields(maze)}
    return MultiModelTrainingEnvironment(EnvironmentType.MAZE_NAVIGATION, **{**settings, "num_agents": num_models})


def create_social_training_env(
    scenario: str = "trading", num_models: int = 6, max_steps: int = 1000
) -> MultiModelTrainingEnvironment:
    """Agents meet in pairs to trade or to negotiate (`core.arenas.social`)."""
    return MultiModelTrainingEnvironment(
        EnvironmentType.SOCIAL_INTERACTION, num_agents=num_models, scenario=scenario, max_steps=max_steps
    )
