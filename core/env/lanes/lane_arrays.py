"""The block of memory that the vector env and its workers share: written in place, never pickled."""

from __future__ import annotations

import math
import mmap
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import DTypeLike, NDArray

from core.env.lanes.lane_rows import Axis, LaneArray, LaneOrders, LaneRows, arrays_of

ALIGNMENT: Final = 64
ERROR_BYTES: Final = 8192
_Plan = tuple[tuple[int, ...], DTypeLike]


class LaneArrays:
    """The arrays of `LaneRows` and `LaneOrders`, the policy views, and a message for each worker, in one anonymous
    shared mapping. Made before the fork, seen by both sides afterwards.
    """

    def __init__(self, lanes: int, workers: int, policy_space: spaces.Dict, sizes: Mapping[Axis, int]) -> None:
        def plan(array: LaneArray) -> _Plan:
            return ((lanes,) if array.axis is None else (lanes, sizes[array.axis])), array.dtype

        rows = {name: plan(array) for name, array in arrays_of(LaneRows).items()}
        orders = {name: plan(array) for name, array in arrays_of(LaneOrders).items()}
        views: dict[str, _Plan] = {}
        for key, space in policy_space.spaces.items():
            assert space.shape is not None and space.dtype is not None, f"the policy view's {key} is no array"
            views[key] = ((lanes, *space.shape), space.dtype)
        errors: _Plan = ((workers, ERROR_BYTES), np.uint8)
        total = sum(_room(*one) for one in (*rows.values(), *orders.values(), *views.values(), errors))
        self._block = mmap.mmap(-1, total)
        self._used = 0
        self.rows = LaneRows(**{name: self._take(*one) for name, one in rows.items()})
        self.orders = LaneOrders(**{name: self._take(*one) for name, one in orders.items()})
        self.observations = {key: self._take(*one) for key, one in views.items()}
        self.errors = self._take(*errors)

    def copy_rows(self, lanes: slice) -> dict[str, Any]:
        """The fields of `LaneRows` for some lanes, to keep."""
        return {name: getattr(self.rows, name)[lanes].copy() for name in arrays_of(LaneRows)}

    def write_error(self, worker: int, text: str) -> None:
        """Leave a message for the main process; its end counts most, so a long one loses its beginning."""
        encoded = text.encode("utf-8", errors="replace")[-ERROR_BYTES:]
        self.errors[worker, : len(encoded)] = np.frombuffer(encoded, dtype=np.uint8)
        self.errors[worker, len(encoded) :] = 0

    def read_error(self, worker: int) -> str:
        """The message that a worker left."""
        return self.errors[worker].tobytes().rstrip(b"\0").decode("utf-8", errors="replace")

    def _take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        count = math.prod(shape)
        array = np.frombuffer(self._block, dtype=dtype, count=count, offset=self._used).reshape(shape)
        self._used += _room(shape, dtype)
        return array


def _room(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return max(ALIGNMENT, -(-size // ALIGNMENT) * ALIGNMENT)
