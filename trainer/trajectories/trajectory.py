"""A recorded episode as arrays: the record has the actions, and the observations come back by playing it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.exceptions import HistoryError
from core.history.store import HistoryStore
from trainer.settings import Settings
from trainer.watching.recorded_game import recorded_game
from trainer.watching.replay import Replay


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode of T steps."""

    run: str
    episode: int
    seed: int
    observation_space: spaces.Dict
    observations: dict[str, NDArray[Any]]
    """The policy view by part, T + 1 rows: before each action, and after the last one."""
    masks: NDArray[np.bool_]
    """Which actions made sense, (T, 9)."""
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    """As recorded, (T,)."""
    sources: tuple[str, ...]
    """Who decided: llm, rules or policy; "" is unstated."""
    options: tuple[str, ...]
    """The option that was pursued; "" without one."""
    terminated: bool
    truncated: bool
    """Cut at the horizon, or cut short with its run."""


def trajectories(
    store: HistoryStore, episodes: list[str], settings: Settings | None = None, rom: Path | None = None
) -> Iterator[Trajectory]:
    """Plays the named episodes again (`7`, `run/7`, `last`), one after the other.

    Raises HistoryError for an episode that cannot be played again, and for one that parts from its record: what is
    handed out is what was played, or nothing.
    """
    for name in episodes:
        yield _trajectory(store, name, settings, rom)


def _trajectory(store: HistoryStore, name: str, settings: Settings | None, rom: Path | None) -> Trajectory:
    game = recorded_game(store, name, settings, rom)
    with_env = game.environment()
    try:
        replay = Replay(with_env, game)
        replay.begin()
        views, masks = [], []
        for _ in replay.play():
            views.append(with_env.policy_observation())
            masks.append(with_env.action_masks().copy())
        if replay.parting is not None:
            raise HistoryError(f"{replay.verdict}; it was played by another version of game or program, leave it out")
        views.append(with_env.policy_observation())
        space = with_env.policy_space
    finally:
        with_env.close()
    return Trajectory(
        run=game.summary.run,
        episode=game.summary.number,
        seed=game.beginning.seed,
        observation_space=space,
        observations={key: np.stack([view[key] for view in views]) for key in space},
        masks=np.stack(masks) if masks else np.zeros((0, 9), dtype=np.bool_),
        actions=np.array([decision.action for decision in game.decisions], dtype=np.int64),
        rewards=np.array([decision.reward for decision in game.decisions], dtype=np.float32),
        sources=tuple(decision.source or "" for decision in game.decisions),
        options=tuple(decision.option or "" for decision in game.decisions),
        terminated=game.summary.ended == "terminated",
        truncated=game.summary.ended != "terminated",
    )
