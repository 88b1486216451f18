"""Who looks at a game: a window, a terminal, a film. They get its frames at the pace that was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import gcd
from types import TracebackType
from typing import Final, Protocol

from trainer.watching.picture import Caption, Picture

FRAMES_PER_SECOND: Final = 4_194_304 / 70_224
"""Of a Game Boy: its clock by the clocks of a frame."""
MOST_LAG_S: Final = 0.25
"""Time that was lost beyond that is not made good: nobody wants to watch a game in haste."""


class Viewer(Protocol):
    """One place where a game is shown. Entered before the first frame, left after the last."""

    every_frames: int
    """It wants each so-many-th frame of the game."""

    @property
    def is_closed(self) -> bool:
        """True when the person has closed it."""
        ...

    def show(self, screen: Picture, caption: Caption) -> None:
        """One frame, uint8 (144, 160, 3), and what stands under it."""
        ...

    def __enter__(self) -> Viewer: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Pace:
    """Lets frames pass no faster than a game at `speed` times the normal one; at any speed where that is 0."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._due_s = 0.0

    def wait(self, frames: int) -> None:
        """So many frames of the game have passed since the last call."""
        if self._speed <= 0:
            return
        now = time.perf_counter()
        self._due_s = max(self._due_s, now - MOST_LAG_S) + frames / FRAMES_PER_SECOND / self._speed
        if self._due_s > now:
            time.sleep(self._due_s - now)


class Audience:
    """Hands frames to viewers. Enter it before the game begins; it is what `env.watch` is given."""

    def __init__(self, viewers: Sequence[Viewer], speed: float, caption: Callable[[], Caption]) -> None:
        """`caption()` says what is true while a frame is shown."""
        self.every_frames = gcd(*(viewer.every_frames for viewer in viewers)) or 1
        """Frames of the game between two calls."""
        self._viewers = tuple(viewers)
        self._caption = caption
        self._pace = Pace(speed)
        self._calls = 0
        self._open = ExitStack()

    def __call__(self, screen: Picture) -> None:
        """Shows a frame to those whose turn it is, and waits until the next one is due."""
        self._calls += 1
        caption = self._caption()
        for viewer in self._viewers:
            if self._calls * self.every_frames % viewer.every_frames == 0:
                viewer.show(screen, caption)
        self._pace.wait(self.every_frames)

    @property
    def has_left(self) -> bool:
        """True when somebody closed what they watched in."""
        return any(viewer.is_closed for viewer in self._viewers)

    def __enter__(self) -> Audience:
        for viewer in self._viewers:
            self._open.enter_context(viewer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)


def frames_between(speed: float, most_per_second: int) -> int:
    """How many frames of the game to let pass between two pictures, so that there are at most so many a second; where
    the speed is unlimited (0), a picture for each action of 24 frames."""
    if speed <= 0:
        return 24
    return max(1, round(speed * FRAMES_PER_SECOND / most_per_second))
