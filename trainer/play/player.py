"""Several games side by side, played step by step by who sits at them: the inner half of `trainer/play/loop.py`.

It decides, presses, cuts episodes at their horizon and adds up what an episode came to. It neither learns nor records;
the stages of `trainer/play/stages.py` do that with the `PlayedStep`s that come out of here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.env.emulator.console import EMULATOR
from core.env.lanes.lane_history import StartPoint
from core.exceptions import ConfigurationError
from core.game.analysis import ContextReader
from core.game.state import GameState, RomTables
from core.history.beginnings import Beginning
from core.history.loops import Trail
from core.vocabulary import Decision, EpisodeResult, GameMode, Source
from trainer.play.seats import Seat, Seating


class LanesStep(Protocol):
    """The part of a `VectorStep` that is read here; every array has a leading axis of lanes."""

    @property
    def observations(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def masks(self) -> NDArray[np.bool_]: ...
    @property
    def rewards(self) -> NDArray[np.float32]: ...
    @property
    def terminated(self) -> NDArray[np.bool_]: ...
    @property
    def truncated(self) -> NDArray[np.bool_]: ...
    @property
    def milestones(self) -> NDArray[np.bool_]: ...
    @property
    def lost_steps(self) -> NDArray[np.int32]: ...


class LanesEnv(Protocol):
    """What is played in: a `core.vector_env.VectorEnv`, or one environment as a `SingleLane`."""

    lanes: int
    milestone_names: tuple[str, ...]
    rom: RomTables

    def reset(self, seeds: Sequence[int]) -> LanesStep: ...
    def step(self, actions: NDArray[np.int64]) -> LanesStep: ...
    def reset_lane(self, lane: int, seed: int, start: StartPoint | None = None) -> LanesStep: ...
    def game_state(self, lane: int) -> GameState: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """One step of all lanes; every sequence and array has one entry per lane."""

    observations: Mapping[str, NDArray[Any]]
    """The policy's view in which was decided."""
    masks: NDArray[np.bool_]
    contexts: tuple[Mapping[str, str], ...]
    """Coarse description of the states in which was decided; empty unless asked for."""
    decisions: list[Decision]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    """As the world gave them."""
    paid: NDArray[np.floating[Any]]
    """What agents and learners are credited with: the world's rewards, unless the loop has a payment."""
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    """By the environment, the horizon or a cut; never together with `terminated`."""
    next_observations: Mapping[str, NDArray[Any]]
    """The policy's view after the action, before any reset."""
    new_milestones: tuple[tuple[str, ...], ...]
    lost: NDArray[np.bool_]
    """Lanes whose action was not played, because their emulator was lost with its worker: reward 0, truncated."""
    whole: NDArray[np.bool_]
    """Lanes whose game began at its beginning and was not cut short by the player: only such games are compared."""

    def is_done(self, lane: int) -> bool:
        """True when the lane's episode ended with this step."""
        return bool(self.terminated[lane] or self.truncated[lane])


@dataclass(slots=True)
class _RunningEpisode:
    horizon_steps: int
    seed: int
    start: StartPoint | None = None
    is_whole: bool = True
    started_s: float = field(default_factory=time.perf_counter)
    steps: int = 0
    reward: float = 0.0
    milestones: list[str] = field(default_factory=list)
    source_steps: Counter[Source] = field(default_factory=Counter)
    trail: Trail = field(default_factory=Trail)

    def __getstate__(self) -> dict[str, Any]:
        # clocks of two machines begin at different times: what travels is how long it has been played
        now_s = time.perf_counter()
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"started_s": now_s - self.started_s}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.started_s = time.perf_counter() - state["started_s"]

    def add(self, decision: Decision, reward: float) -> None:
        self.steps += 1
        self.reward += reward
        self.source_steps[decision.source] += 1
        self.trail.add(decision.state_hash, reward, decision.mode is GameMode.FREE)


class LanePlayer:
    """Plays in `env`. Lanes whose episode ended must be restarted before the next step."""

    def __init__(self, env: LanesEnv, seating: Seating[Seat], with_contexts: bool = False) -> None:
        """Raises ConfigurationError when the seats are for another number of lanes."""
        if seating.lanes != env.lanes:
            raise ConfigurationError(
                f"the environment has {env.lanes} lanes, the seats {seating.lanes}: give each lane to one seat"
            )
        self.env = env
        self.seating = seating
        self._contexts = ContextReader() if with_contexts else None
        self._running: list[_RunningEpisode] = []
        self._current: LanesStep | None = None
        self._reached: NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._reached_bytes = b""
        """Of the last step that was looked at: as long as it stays the same, nothing new is reached."""

    def begin(self, seeds: Sequence[int], horizons: Sequence[int]) -> None:
        """Starts an episode in every lane; `horizons` are in steps."""
        self._current = self.env.reset(seeds)
        self._reached, self._reached_bytes = self._current.milestones.copy(), b""
        self._running = [_RunningEpisode(horizon, seed) for horizon, seed in zip(horizons, seeds, strict=True)]

    def restart(self, lane: int, seed: int, horizon: int, start: StartPoint | None = None) -> None:
        """Starts the next episode in one lane, at `start` (a state of the archive) or at the env's own start."""
        self._current = self.env.reset_lane(lane, seed, start)
        self._reached[lane], self._reached_bytes = self._current.milestones[lane], b""
        self._running[lane] = _RunningEpisode(horizon, seed, start, is_whole=start is None)

    def step(self, cut: bool = False) -> PlayedStep:
        """Lets everybody decide and plays it. With `cut` no episode goes on after this step."""
        before = self._current
        assert before is not None, "begin() comes before step()"
        lanes = range(self.env.lanes)
        states = [self.env.game_state(lane) for lane in lanes]
        decisions = self.seating.decide(before, states)
        contexts = () if self._contexts is None else tuple(self._contexts.read(state) for state in states)
        actions = np.array([decision.action for decision in decisions], dtype=np.int64)
        after = self._current = self.env.step(actions)
        truncated = after.truncated.copy()
        new_milestones = self._newly_reached(after.milestones)
        lost = after.lost_steps > 0
        for lane in lanes:
            episode = self._running[lane]
            if lost[lane]:
                continue
            episode.add(decisions[lane], float(after.rewards[lane]))
            episode.milestones.extend(new_milestones[lane])
            truncated[lane] |= episode.steps >= episode.horizon_steps
            episode.is_whole &= not cut or bool(after.terminated[lane] or truncated[lane])
        if cut:
            truncated[:] = True
        return PlayedStep(
            observations=before.observations,
            masks=before.masks,
            contexts=contexts,
            decisions=decisions,
            actions=actions,
            rewards=after.rewards,
            paid=after.rewards,
            terminated=after.terminated,
            truncated=truncated & ~after.terminated,
            next_observations=after.observations,
            new_milestones=new_milestones,
            lost=lost,
            whole=np.array([episode.is_whole for episode in self._running]),
        )

    def steps(self, lane: int) -> int:
        """Steps of the lane's episode so far."""
        return self._running[lane].steps

    def beginning(self, lane: int) -> Beginning:
        """How the lane's episode began."""
        running, sha1 = self._running[lane], self.env.rom.profile.sha1
        if running.start is None:
            return Beginning(running.seed, sha1, EMULATOR)
        return Beginning(running.seed, sha1, EMULATOR, running.start.state, running.start.reached)

    def result(self, lane: int, number: int, played: PlayedStep) -> EpisodeResult:
        """What the episode that ended with `played` came to, under its number."""
        episode = self._running[lane]
        return EpisodeResult(
            episode=number,
            lane=lane,
            reward=episode.reward,
            steps=episode.steps,
            milestones=tuple(episode.milestones),
            source_steps=dict(episode.source_steps),
            truncated=bool(played.truncated[lane]),
            seconds=time.perf_counter() - episode.started_s,
            is_whole=episode.is_whole and not played.lost[lane],
            loop_steps=episode.trail.loop_steps(),
        )

    def _newly_reached(self, reached: NDArray[np.bool_]) -> tuple[tuple[str, ...], ...]:
        as_bytes = reached.tobytes()
        if as_bytes == self._reached_bytes:
            return ((),) * len(reached)
        self._reached_bytes = as_bytes
        new = reached & ~self._reached
        if not new.any():
            return ((),) * len(new)
        self._reached |= new
        return tuple(tuple(self.env.milestone_names[index] for index in np.flatnonzero(row)) for row in new)
