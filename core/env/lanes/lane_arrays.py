"""The block of memory that the vector env and its workers share: one row a lane, written in place, never pickled."""

from __future__ import annotations

import math
import mmap
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.game.ram import RAM_SIZE
from core.vocabulary import ACTION_COUNT

ALIGNMENT: Final = 64
ERROR_BYTES: Final = 8192


class LaneArrays:
    """Named arrays in one anonymous shared mapping. Made before the fork, seen by both sides afterwards."""

    def __init__(
        self,
        lanes: int,
        workers: int,
        policy_space: spaces.Dict,
        reward_count: int,
        milestone_count: int,
        state_bytes: int,
    ) -> None:
        plan: dict[str, tuple[tuple[int, ...], Any]] = {
            "actions": ((lanes,), np.int64),
            "must_reset": ((lanes,), np.bool_),
            "seeds": ((lanes,), np.int64),
            "has_start_state": ((lanes,), np.bool_),
            "start_states": ((lanes, state_bytes), np.uint8),
            "start_reached": ((lanes, milestone_count), np.bool_),
            "replayed": ((lanes,), np.bool_),
            "masks": ((lanes, ACTION_COUNT), np.bool_),
            "rewards": ((lanes,), np.float32),
            "terminated": ((lanes,), np.bool_),
            "truncated": ((lanes,), np.bool_),
            "episode_steps": ((lanes,), np.int32),
            "reward_parts": ((lanes, reward_count), np.float32),
            "milestones": ((lanes, milestone_count), np.bool_),
            "ram": ((lanes, RAM_SIZE), np.uint8),
            "errors": ((workers, ERROR_BYTES), np.uint8),
        }
        views: dict[str, tuple[tuple[int, ...], Any]] = {}
        for key, space in policy_space.spaces.items():
            assert space.shape is not None
            views[key] = ((lanes, *space.shape), space.dtype)
        total = sum(_room(shape, dtype) for shape, dtype in (*plan.values(), *views.values()))
        self._block = mmap.mmap(-1, total)
        self._used = 0
        self.actions = self._take(*plan["actions"])
        self.must_reset = self._take(*plan["must_reset"])
        self.seeds = self._take(*plan["seeds"])
        self.has_start_state = self._take(*plan["has_start_state"])
        self.start_states = self._take(*plan["start_states"])
        self.start_reached = self._take(*plan["start_reached"])
        self.replayed = self._take(*plan["replayed"])
        self.masks = self._take(*plan["masks"])
        self.rewards = self._take(*plan["rewards"])
        self.terminated = self._take(*plan["terminated"])
        self.truncated = self._take(*plan["truncated"])
        self.episode_steps = self._take(*plan["episode_steps"])
        self.reward_parts = self._take(*plan["reward_parts"])
        self.milestones = self._take(*plan["milestones"])
        self.ram = self._take(*plan["ram"])
        self.errors = self._take(*plan["errors"])
        self.observations = {key: self._take(*view) for key, view in views.items()}

    def write_error(self, worker: int, text: str) -> None:
        """Leave a message for the main process; its end counts most, so a long one loses its beginning."""
        encoded = text.encode("utf-8", errors="replace")[-ERROR_BYTES:]
        self.errors[worker, : len(encoded)] = np.frombuffer(encoded, dtype=np.uint8)
        self.errors[worker, len(encoded) :] = 0

    def read_error(self, worker: int) -> str:
        """The message that a worker left."""
        return self.errors[worker].tobytes().rstrip(b"\0").decode("utf-8", errors="replace")

    def _take(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        count = math.prod(shape)
        array = np.frombuffer(self._block, dtype=dtype, count=count, offset=self._used).reshape(shape)
        self._used += _room(shape, dtype)
        return array


def _room(shape: tuple[int, ...], dtype: Any) -> int:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return max(ALIGNMENT, -(-size // ALIGNMENT) * ALIGNMENT)
