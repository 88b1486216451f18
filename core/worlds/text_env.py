"""A text world as an environment with steps: one prompt, one answer at a time, roles in turn.

`TextEnv` speaks the documented four-value form, `obs, reward, done, info = env.step(action)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.exceptions import ConfigurationError, TrainingError
from core.worlds.base import TextWorld
from core.worlds.registry import make_world


@dataclass(slots=True)
class _Play:
    """The problem in play."""

    state: Any
    spoken: int = 0
    """Answers so far; the role that speaks next follows from it."""
    ended: bool = False
    """The world is done; `done` is also true when all rounds are used up."""
    done: bool = False


class TextEnv:
    """Steps through a world; each `reset()` takes the next problem."""

    def __init__(self, world: TextWorld[Any], first_seed: int = 0) -> None:
        self.world = world
        self._next_seed = first_seed
        self._play: _Play | None = None

    @property
    def role(self) -> str:
        """The role that speaks next."""
        spoken = self._play.spoken if self._play else 0
        return self.world.roles[spoken % len(self.world.roles)]

    @property
    def ended(self) -> bool:
        """Whether the problem is solved or lost, rather than out of rounds."""
        return self._play is not None and self._play.ended

    def prompt_of(self, role: str) -> str:
        """The prompt of that role for the present state. Raises `TrainingError` before `reset()`."""
        if self._play is None:
            raise TrainingError("the episode has not begun: call reset() first")
        return self.world.question(self._play.state, role)

    def reset(self, seed: int | None = None) -> str:
        """Begin the problem of `seed`, or the next one; returns the first prompt."""
        seed = self._next_seed if seed is None else seed
        self._next_seed = seed + 1
        self._play = _Play(self.world.initial(seed))
        return self.world.question(self._play.state, self.role)

    def step(self, action: str) -> tuple[str, float, bool, dict[str, Any]]:
        """Play `action` for the role in turn; the reward is the team's plus that role's own.

        `info` has `role` (who spoke), `next_role`, `local_reward`, `team_reward`, `success` and `feedback`. Raises
        `TrainingError` before `reset()` or after the end.
        """
        play = self._play
        if play is None or play.done:
            raise TrainingError("the episode is over or has not begun: call reset() before step()")
        role = self.role
        turn = self.world.play(play.state, role, action)
        play.state, play.spoken = turn.state, play.spoken + 1
        play.ended = turn.done
        play.done = turn.done or play.spoken >= self.world.max_rounds * len(self.world.roles)
        info = {
            "role": role,
            "next_role": self.role,
            "local_reward": turn.local_reward,
            "team_reward": turn.team_reward,
            "success": turn.success,
            "feedback": turn.feedback,
        }
        return self.world.question(play.state, self.role), turn.team_reward + turn.local_reward, play.done, info


class CodeEnv(TextEnv):
    """The code world; `config` is that of a code preset (`single_policy.get_config()`)."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(_configured(config, "code"), int(config.get("seed", 0)))


class MathEnv(TextEnv):
    """The math world; `config` is that of a math preset."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(_configured(config, "math"), int(config.get("seed", 0)))


class StatefulEnv(TextEnv):
    """Any of the grid and puzzle worlds; `config` is that of their presets."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(_configured(config, None), int(config.get("seed", 0)))


def _configured(config: Mapping[str, Any], wanted: str | None) -> TextWorld[Any]:
    name = config.get("world", wanted)
    if name is None or (wanted is not None and name != wanted):
        raise ConfigurationError(f"the configuration's world is {name!r}; this environment is for {wanted or 'a grid'}")
    return make_world(str(name), config.get("world_options", {}))
