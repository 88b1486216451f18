"""A window with the game and its decision, by SDL2, which PyBoy brings. Esc or the window's own button closes it."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from types import TracebackType
from typing import Any, Final

from core import exceptions
from core.vocabulary import Button
from trainer.watching.audience import frames_between
from trainer.watching.picture import Caption, Picture, picture_of, picture_size

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Using SDL2 binaries")  # printed at every import, and of no use
    import sdl2  # pyright: ignore[reportMissingTypeStubs]

MOST_PICTURES_PER_SECOND: Final = 30
TITLE: Final = "crystal-hybrid"


KEYS: Final = (
    (Button.UP, (sdl2.SDL_SCANCODE_UP,)),
    (Button.DOWN, (sdl2.SDL_SCANCODE_DOWN,)),
    (Button.LEFT, (sdl2.SDL_SCANCODE_LEFT,)),
    (Button.RIGHT, (sdl2.SDL_SCANCODE_RIGHT,)),
    (Button.A, (sdl2.SDL_SCANCODE_A, sdl2.SDL_SCANCODE_Z, sdl2.SDL_SCANCODE_SPACE)),
    (Button.B, (sdl2.SDL_SCANCODE_S, sdl2.SDL_SCANCODE_X)),
    (Button.START, (sdl2.SDL_SCANCODE_RETURN,)),
    (Button.SELECT, (sdl2.SDL_SCANCODE_BACKSPACE,)),
)
"""The keys of each button."""


def held_button() -> Button:
    """The first button whose key is held in the window that is open; `Button.NONE` where none is."""
    held = sdl2.SDL_GetKeyboardState(None)
    return next((button for button, keys in KEYS if any(held[key] for key in keys)), Button.NONE)


def has_display() -> bool:
    """Whether a window can be expected to open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))


class Window:
    """Opens when entered; EnvironmentError where there is no display."""

    def __init__(self, speed: float, scale: int = 3) -> None:
        self.every_frames = frames_between(speed, MOST_PICTURES_PER_SECOND)
        self.is_closed = False
        self._scale = scale
        self._window: Any = None
        self._renderer: Any = None
        self._texture: Any = None

    def __enter__(self) -> Window:
        width, height = picture_size(self._scale)
        if sdl2.SDL_InitSubSystem(sdl2.SDL_INIT_VIDEO) != 0:
            raise exceptions.EnvironmentError(
                f"no window can be opened: {_sdl_error()}. Watch with --show terminal, or --record a file"
            )
        centred = sdl2.SDL_WINDOWPOS_CENTERED
        flags = sdl2.SDL_WINDOW_SHOWN | sdl2.SDL_WINDOW_RESIZABLE
        self._window = sdl2.SDL_CreateWindow(TITLE.encode(), centred, centred, width, height, flags)
        self._renderer = sdl2.SDL_CreateRenderer(self._window, -1, 0) if self._window else None
        if not self._renderer:
            message = _sdl_error()
            self.__exit__(None, None, None)
            raise exceptions.EnvironmentError(
                f"no window can be opened: {message}. Watch with --show terminal, or --record a file"
            )
        sdl2.SDL_RenderSetLogicalSize(self._renderer, width, height)
        self._texture = sdl2.SDL_CreateTexture(
            self._renderer, sdl2.SDL_PIXELFORMAT_RGB24, sdl2.SDL_TEXTUREACCESS_STREAMING, width, height
        )
        return self

    def show(self, screen: Picture, caption: Caption) -> None:
        """Draws the picture and looks whether the window was closed."""
        picture = picture_of(screen, caption, self._scale)
        address = picture.ctypes.data_as(ctypes.c_void_p)
        sdl2.SDL_UpdateTexture(self._texture, None, address, picture.shape[1] * 3)
        sdl2.SDL_RenderClear(self._renderer)
        sdl2.SDL_RenderCopy(self._renderer, self._texture, None, None)
        sdl2.SDL_RenderPresent(self._renderer)
        event = sdl2.SDL_Event()
        while sdl2.SDL_PollEvent(ctypes.byref(event)):
            is_escape = event.type == sdl2.SDL_KEYDOWN and event.key.keysym.sym == sdl2.SDLK_ESCAPE
            self.is_closed |= is_escape or event.type == sdl2.SDL_QUIT

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._texture:
            sdl2.SDL_DestroyTexture(self._texture)
        if self._renderer:
            sdl2.SDL_DestroyRenderer(self._renderer)
        if self._window:
            sdl2.SDL_DestroyWindow(self._window)
        self._texture = self._renderer = self._window = None
        sdl2.SDL_QuitSubSystem(sdl2.SDL_INIT_VIDEO)


def _sdl_error() -> str:
    return sdl2.SDL_GetError().decode("utf-8", "replace") or "SDL does not say why"
