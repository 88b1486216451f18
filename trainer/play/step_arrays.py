"""A step of lanes that are played in this process, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StepArrays:
    """Every array has a leading axis of lanes (see `trainer.play.player.LanesStep`)."""

    observations: Mapping[str, NDArray[Any]]
    masks: NDArray[np.bool_]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    milestones: NDArray[np.bool_]
    lost_steps: NDArray[np.int32]
    """0 everywhere: what plays in this process is lost with it, and says nothing."""
