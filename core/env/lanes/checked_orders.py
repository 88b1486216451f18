"""What a caller orders of lanes, checked: actions and seeds are whole numbers in their ranges, never cut to such."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.exceptions import ConfigurationError
from core.vocabulary import ACTION_COUNT

HIGHEST_SEED: Final = 2**63 - 1


def checked_actions(actions: NDArray[Any] | Sequence[int], lanes: int) -> NDArray[Any]:
    """The actions as an array of integers, (lanes,). Raises ConfigurationError for another number of them, for 8.7 and
    for what is no action."""
    given = np.asarray(actions)
    if given.dtype.kind not in "iu":
        given = _whole_numbers(given)
    if given.shape != (lanes,) or given.min() < 0 or given.max() >= ACTION_COUNT:
        raise ConfigurationError(
            f"actions {np.asarray(actions).tolist()}: there must be {lanes} integers from 0 to {ACTION_COUNT - 1}"
        )
    return given


def checked_seed(seed: int) -> int:
    """The seed as an int. Raises ConfigurationError for what is no whole number from 0."""
    try:
        number = index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= HIGHEST_SEED:
        raise ConfigurationError(f"the seed {seed!r} is no integer from 0 to {HIGHEST_SEED}")
    return number


def _whole_numbers(given: NDArray[Any]) -> NDArray[np.int64]:
    """Actions that came in another type: as they are where each is a whole number, else none at all."""
    try:
        with np.errstate(invalid="ignore"):  # NaN is compared below
            whole = given.astype(np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0, dtype=np.int64)
    return whole if np.array_equal(whole, given) else np.empty(0, dtype=np.int64)
