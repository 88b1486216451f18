"""Loops: coming back to the same state within 100 decisions without having gained anything.

A decision closes a loop of period P >= 2 when the game is in the state it was in P decisions before, has left it in
between, and no reward above zero came in between. Standing still counts as a loop of period 1, but only while the
player is free to act and only from the fourth unchanged decision on: text may scroll, and a turn on the spot takes a
step, without the state's hash changing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LOOP_HORIZON_STEPS = 100
STANDSTILL_STEPS = 4


@dataclass(frozen=True, slots=True)
class Loops:
    """All loops of one episode."""

    closing_step: NDArray[np.int64]
    """(loops,) decision at which the earlier state is back."""
    period: NDArray[np.int64]
    """(loops,) decisions since that state, 1 for standing still."""
    steps_inside: int
    """Number of decisions that lie in at least one loop."""


def find_loops(state_hash: NDArray[np.int64], reward: NDArray[np.float64], free: NDArray[np.bool_]) -> Loops:
    """Loops of one episode; columns of shape (steps,), `free` where the mode is "free". Hash 0 means unknown."""
    steps = state_hash.size
    if steps < 2:
        return Loops(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    index = np.arange(steps)
    order = np.argsort(state_hash, kind="stable")
    same = state_hash[order][1:] == state_hash[order][:-1]
    previous = np.full(steps, -1, dtype=np.int64)
    previous[order[1:][same]] = order[:-1][same]
    gains_before = np.concatenate(([0], np.cumsum(reward > 0)))[:-1]  # rewards of decisions before this one
    no_gain = gains_before == gains_before[previous]
    candidate = (previous >= 0) & (state_hash != 0) & no_gain
    period = index - previous

    unchanged = candidate & (period == 1) & free
    run_start = np.maximum.accumulate(np.where(unchanged, -1, index))
    standing = unchanged & (index - run_start >= STANDSTILL_STEPS)
    closing = (candidate & (period >= 2) & (period <= LOOP_HORIZON_STEPS)) | standing

    closing_step = np.flatnonzero(closing)
    closing_period = period[closing_step]
    edges = np.zeros(steps + 1, dtype=np.int64)
    np.add.at(edges, closing_step - closing_period, 1)
    np.add.at(edges, closing_step, -1)
    return Loops(closing_step, closing_period, int((np.cumsum(edges[:-1]) > 0).sum()))


class Walked(Protocol):
    """A game that was played, of whichever kind."""

    @property
    def steps(self) -> int: ...
    @property
    def loop_steps(self) -> int: ...


def loop_share(games: Sequence[Walked]) -> float:
    """Of all steps of these games, those that lay in loops: 0 to 1."""
    return sum(game.loop_steps for game in games) / sum(game.steps for game in games)


@dataclass(slots=True)
class Trail:
    """What an episode that is still played needs to remember, to say at its end how much of it lay in loops."""

    hashes: list[int] = field(default_factory=list[int])
    rewards: list[float] = field(default_factory=list[float])
    free: list[bool] = field(default_factory=list[bool])

    def add(self, state_hash: int, reward: float, is_free: bool) -> None:
        """One decision: the state in which it was made, what it brought, and whether the mode was "free"."""
        self.hashes.append(state_hash)
        self.rewards.append(reward)
        self.free.append(is_free)

    def loop_steps(self) -> int:
        """Decisions that lie in at least one loop."""
        return find_loops(np.array(self.hashes, np.int64), np.array(self.rewards), np.array(self.free)).steps_inside
