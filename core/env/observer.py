"""Who looks at an env while others play it: at most one, and the game is the same with and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.game.state import GameState


class EnvObserver(Protocol):
    """Told of every step. It is called in the hot path, in the process that holds the emulator: be quick."""

    def wants_picture(self) -> bool:
        """Whether the step that comes next is to be drawn (0.3 ms), so that its end can be seen."""
        ...

    def after_step(
        self, state: GameState, reward: float, steps: int, milestones: int, picture: Callable[[], NDArray[np.uint8]]
    ) -> None:
        """A step led to `state` and paid `reward`; it is the `steps`-th of its episode, which has so many milestones.

        `picture()` is the frame that was drawn last, uint8 (144, 160, 3).
        """
        ...
