"""The window for people: its keys are listed and work."""

from __future__ import annotations

import os
import subprocess
import sys

from cartridge.tools.source import REPOSITORY

KEYS = ("arrow keys", "Return", "Backspace", "Space", "Esc")
DRIVEN_BY_KEYS = """
import ctypes, io
import sdl2
from pyboy import PyBoy
from cartridge.play import FERNVALE, play
from core.game.profile import game_named

game = PyBoy(io.BytesIO(FERNVALE.read_bytes()), window="SDL2", sound_emulated=False, log_level="ERROR")
game.set_emulation_speed(0)
layout = game_named("fernvale").layout
MAP, SCRIPT = layout.symbol("wMapGroup").address, layout.symbol("wScriptRunning").address
frames = 0
seen = set()


def press(kind, key):
    event = sdl2.SDL_Event()
    event.type = kind
    event.key.keysym.sym = key
    sdl2.SDL_PushEvent(ctypes.byref(event))


class AtTheKeyboard:
    # the game with somebody who presses keys while it runs

    def tick(self, count, render):
        global frames
        frames += 1
        seen.add((game.memory[1, MAP], game.memory[SCRIPT]))
        if frames == 120:
            press(sdl2.SDL_KEYDOWN, sdl2.SDLK_RETURN)
        if frames > 200 and frames % 20 == 0:
            press(sdl2.SDL_KEYDOWN if frames % 40 else sdl2.SDL_KEYUP, sdl2.SDLK_a)
        if frames == 3000:
            press(sdl2.SDL_KEYUP, sdl2.SDLK_ESCAPE)
        assert frames < 4000, "Esc did not end it"
        return game.tick(count, render)

    def stop(self, save):
        game.stop(save=save)


play(AtTheKeyboard())
print("ended", frames, sorted(seen)[-1])
"""


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_help_lists_the_keys() -> None:
    done = run(["-m", "cartridge.play", "--help"])
    assert done.returncode == 0
    for key in KEYS:
        assert key in done.stdout


def test_a_person_at_the_keyboard_starts_the_game_and_leaves_it() -> None:
    """SDL without a screen takes key presses all the same: Return, A again and again, then Esc."""
    done = run(["-c", DRIVEN_BY_KEYS], SDL_VIDEODRIVER="dummy")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ended 3000")
    assert "(1, " in done.stdout, "the game was not begun"
