"""The planes of a view as bytes, half of what they take as numbers, and back without loss.

All planes but one are 0 and 1. The distance field has one of few values: nothing, or a gain of so many steps.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import FIELD_PLANE
from agents.heads.goal_field import FIELD_SCALE_STEPS, REACHED_GAIN

_GAINS: Final = np.arange(-FIELD_SCALE_STEPS, FIELD_SCALE_STEPS + 1, dtype=np.float32) / FIELD_SCALE_STEPS
_FIELD_VALUES: Final = np.concatenate([[0.0], _GAINS + REACHED_GAIN]).astype(np.float16).astype(np.float32)
"""By code: none, then the gains. In half precision, as views of a training are."""


def coded_planes(planes: NDArray[Any]) -> NDArray[np.uint8]:
    """(n, *PLANES_SHAPE) codes of so many views."""
    codes = planes.astype(np.uint8)
    field = planes[:, FIELD_PLANE].astype(np.float32)
    steps = np.rint((field - REACHED_GAIN) * FIELD_SCALE_STEPS).astype(np.int64) + FIELD_SCALE_STEPS + 1
    codes[:, FIELD_PLANE] = np.where(field == 0.0, 0, steps)
    return codes


def planes_of(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, *PLANES_SHAPE), as they were in half precision."""
    planes = codes.astype(np.float32)
    planes[:, FIELD_PLANE] = _FIELD_VALUES[codes[:, FIELD_PLANE]]
    return planes
