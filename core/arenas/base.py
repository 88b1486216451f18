"""The base class of all arenas: agents act at the same time, seeded, with words beside the numbers.

An arena is a PettingZoo `ParallelEnv`. Policies read a float32 vector of named features, each within -1 to 1; language
models read `prompt(agent)` and answer with one of `options`, whose index is the action. A new arena overrides a few
methods that deal with seats (0, 1, 2, ...) only; this class handles agents' names, dictionaries and the end of an
episode.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from pettingzoo import ParallelEnv  # pyright: ignore[reportMissingTypeStubs] (typed, without py.typed)

from core.exceptions import ConfigurationError, DecisionValidationError, TrainingError

Features = NDArray[np.float32]
"""(features,) float32, each within -1 to 1."""
ABSENT = -1
"""The action of a seat whose play is over."""


class Stance(StrEnum):
    """How one agent treated another in a round."""

    COOPERATE = "cooperate"
    COMPETE = "compete"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Interaction:
    """The stance of one agent towards another in the round just played."""

    source: str
    target: str
    stance: Stance


@dataclass(frozen=True, slots=True)
class Round:
    """What the actions of one round led to."""

    rewards: NDArray[np.float64]
    """(seats,); 0 for an absent seat."""
    finished: NDArray[np.bool_]
    """(seats,): play is over for the seat because of what happened, not because time is up."""


class Arena(ParallelEnv[str, NDArray[Any], np.int64], ABC):
    """An arena as a `ParallelEnv`. Agents keep their seats; `rename` gives the seats other names.

    Args:
        name: name of the arena.
        seats: how many agents act, at least `least_seats`.
        options: what an agent may do, as words; the index of a word is the action.
        features: names of the observation's numbers.
        max_steps: rounds after which an episode is truncated.
    """

    least_seats = 2

    def __init__(self, name: str, seats: int, options: Sequence[str], features: Sequence[str], max_steps: int) -> None:
        if seats < self.least_seats:
            raise ConfigurationError(
                f"Invalid number of models: {seats}; the arena {name!r} needs at least {self.least_seats}"
            )
        if max_steps < 1:
            raise ConfigurationError(f"max_steps is {max_steps}; an episode has at least one step")
        self.metadata: dict[str, Any] = {"name": name, "render_modes": ["ansi"], "is_parallelizable": True}
        self.render_mode: str | None = None
        self.options = tuple(options)
        self.features = tuple(features)
        self.max_steps = max_steps
        self.seats = seats
        self.step_count = 0
        self.episode_count = 0
        """Episodes begun, the present one included."""
        self.rng = np.random.default_rng()
        self.interactions: tuple[Interaction, ...] = ()
        """Of the last round."""
        self.cooperation_ratio = 0.0
        """Share of the present agents that cooperated in the last round, 0 to 1."""
        self._present = np.zeros(seats, dtype=bool)
        self.rename([f"agent_{seat}" for seat in range(seats)])

    # --- what a new arena overrides ---

    @abstractmethod
    def begin_episode(self) -> None:
        """Set up a new episode; `rng`, `episode_count` and `step_count` (0) are ready."""

    @abstractmethod
    def play_round(self, actions: NDArray[np.int64]) -> Round:
        """Let all act at once. `actions` is (seats,), `ABSENT` where play is over; `step_count` counts this round."""

    @abstractmethod
    def observe(self, seat: int) -> Sequence[float]:
        """The features of that seat, each within -1 to 1."""

    @abstractmethod
    def describe(self, seat: int) -> str:
        """The same situation in plain words, for a language model; `prompt` adds the options."""

    def stances(self, actions: NDArray[np.int64]) -> list[tuple[int, int, Stance]]:
        """The stances in the round just played, as (source seat, target seat, stance)."""
        return []

    def details(self, seat: int) -> dict[str, Any]:
        """Further entries of that seat's info."""
        return {}

    # --- doors ---

    def rename(self, agent_ids: Sequence[str]) -> None:
        """Give the seats names, in order. Takes effect with the next `reset`."""
        if len(agent_ids) != self.seats or len(set(agent_ids)) != self.seats:
            raise ConfigurationError(
                f"Invalid number of models: {len(set(agent_ids))} different names for the {self.seats} seats of "
                f"{self.metadata['name']!r}"
            )
        self.possible_agents = list(agent_ids)
        self.agents: list[str] = []
        self._seat_of = {agent: seat for seat, agent in enumerate(agent_ids)}
        size = (len(self.features),)
        self._observation_spaces = {agent: Box(-1.0, 1.0, size, np.float32) for agent in agent_ids}
        self._action_spaces = {agent: Discrete(len(self.options)) for agent in agent_ids}

    def observation_space(self, agent: str) -> Box:
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Discrete:
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Features], dict[str, dict[str, Any]]]:
        """Begin an episode. A seed restarts the random generator; without one it goes on.

        `options["episode"]` says how many episodes went before (a resumed run knows); other keys are ignored.
        """
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.episode_count = int((options or {}).get("episode", self.episode_count)) + 1
        self.step_count = 0
        self.interactions = ()
        self.cooperation_ratio = 0.0
        self.agents = list(self.possible_agents)
        self._present[:] = True
        self.begin_episode()
        return self._observations(self.agents), self._infos(self.agents)

    def step(
        self, actions: Mapping[str, int | np.integer]
    ) -> tuple[dict[str, Features], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Let every present agent act. An agent whose play is over is left out of `agents` from then on."""
        if not self.agents:
            raise TrainingError(f"the episode of {self.metadata['name']!r} is over or not begun: call reset()")
        by_seat = self._by_seat(actions)
        self.step_count += 1
        played = self.play_round(by_seat)
        self.interactions = tuple(
            Interaction(self.possible_agents[source], self.possible_agents[target], stance)
            for source, target, stance in self.stances(by_seat)
        )
        time_is_up = self.step_count >= self.max_steps
        acted = self.agents
        seats = [self._seat_of[agent] for agent in acted]
        rewards = {agent: float(played.rewards[seat]) for agent, seat in zip(acted, seats, strict=True)}
        terminations = {agent: bool(played.finished[seat]) for agent, seat in zip(acted, seats, strict=True)}
        truncations = {agent: time_is_up and not terminations[agent] for agent in acted}
        self._present &= ~played.finished
        if time_is_up:
            self._present[:] = False
        observations, infos = self._observations(acted), self._infos(acted)
        self.agents = [agent for agent in acted if self._present[self._seat_of[agent]]]
        return observations, rewards, terminations, truncations, infos

    def prompt(self, agent: str) -> str:
        """What a language model reads before it acts: the situation and the options."""
        return f"{self.describe(self._seat_of[agent])}\nOptions:\n" + "\n".join(f"- {word}" for word in self.options)

    def read_action(self, agent: str, answer: str) -> int:
        """The action that a model's answer names: the one option whose word occurs in it.

        Raises `DecisionValidationError` when it names none or several. A trainer that scores the options by their
        probability never gets this error.
        """
        words = {"".join(letter for letter in word if letter.isalnum()) for word in answer.lower().split()}
        named = [action for action, option in enumerate(self.options) if option in words]
        if len(named) != 1:
            raise DecisionValidationError(
                f"{agent} answered {answer[:80]!r}, which names {len(named)} of the options {', '.join(self.options)}; "
                "an answer names exactly one"
            )
        return named[0]

    def state(self) -> NDArray[np.float32]:
        """(seats * features,) float32: what all seats see together, for a centralised critic."""
        return np.concatenate([np.asarray(self.observe(seat), dtype=np.float32) for seat in range(self.seats)])

    def render(self) -> str:
        """Every seat's situation in words."""
        return "\n".join(f"{agent}: {self.describe(seat)}" for seat, agent in enumerate(self.possible_agents))

    def close(self) -> None:
        """Nothing is held open."""

    def name_of(self, seat: int) -> str:
        """The agent in that seat."""
        return self.possible_agents[seat]

    def _by_seat(self, actions: Mapping[str, int | np.integer]) -> NDArray[np.int64]:
        if set(actions) != set(self.agents):
            raise DecisionValidationError(
                f"actions came for {sorted(actions)}, but those who act now are {sorted(self.agents)}"
            )
        by_seat = np.full(self.seats, ABSENT, dtype=np.int64)
        for agent, action in actions.items():
            if not 0 <= action < len(self.options):
                raise DecisionValidationError(
                    f"{agent} chose action {action}; there are 0 to {len(self.options) - 1}: {', '.join(self.options)}"
                )
            by_seat[self._seat_of[agent]] = action
        return by_seat

    def _observations(self, agents: Sequence[str]) -> dict[str, Features]:
        return {agent: np.asarray(self.observe(self._seat_of[agent]), dtype=np.float32) for agent in agents}

    def _infos(self, agents: Sequence[str]) -> dict[str, dict[str, Any]]:
        shared = {
            "step_count": self.step_count,
            "episode": self.episode_count,
            "cooperation_ratio": self.cooperation_ratio,
        }
        return {agent: {**shared, **self.details(self._seat_of[agent])} for agent in agents}
