"""The environment with eyes: every press is looked at in between, and presses can be tried and taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.env.emulator.frame_cost import FIXED_FRAMES, HOLD_FRAMES
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.vocabulary import Button
from trainer.rom_check.moments import Press

FIRST_LOOK_FRAMES: Final = 10
"""A pressed direction must have had its effect by then; the button was let go two frames before."""
LOOK_FRAMES: Final = 2
"""One tick of the overworld."""


class CheckedEnv(EnhancedPyBoyPokemonCrystalEnv):
    """Plays the same frames as the plain environment. `on_press` is told of each press when it is over."""

    on_press: Callable[[Press], None] | None = None
    is_steady: bool = False
    """Whether the player stands free now, and has for some frames."""

    def restart(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, render: bool | None = None
    ) -> GameState:
        """Begin an episode."""
        self.is_steady = False
        return super().restart(seed=seed, options=options, render=render)

    def trial(self, choose: Callable[[GameState, bool], Button | None], most_presses: int) -> list[Press]:
        """Press what `choose(state, is_steady)` says until it says None, then take all of it back."""
        kept, presses, state, steady = self._console.save_state(), list[Press](), self.state, self.is_steady
        try:
            while len(presses) < most_presses and (button := choose(state, steady)) is not None:
                presses.append(self._watched(state, button, steady, is_trial=True))
                state, steady = presses[-1].after, presses[-1].ends_steady
        finally:
            self._console.load_state(kept)
        return presses

    def battery(self) -> bytes:
        """What the cartridge's battery keeps now."""
        return self._console.battery()

    def picture(self) -> NDArray[np.uint8]:
        """The screen as it is now, uint8 (144, 160, 3); drawing it takes a frame, which is taken back."""
        kept = self._console.save_state()
        self._console.wait(1, render=True)
        drawn = self._console.screen_rgb()
        self._console.load_state(kept)
        return drawn

    def _press(self, button: Button, render: bool) -> GameState:
        press = self._watched(self.state, button, self.is_steady)
        self._frames += FIXED_FRAMES
        self.is_steady = press.ends_steady
        if self.on_press is not None:
            self.on_press(press)
        return press.after

    def _watched(self, before: GameState, button: Button, is_steady: bool, is_trial: bool = False) -> Press:
        self._console.press(button, HOLD_FRAMES, FIRST_LOOK_FRAMES, render=False)
        looks = [GameState(self._console.snapshot(), self.rom)]
        for _ in range(FIRST_LOOK_FRAMES, FIXED_FRAMES, LOOK_FRAMES):
            self._console.wait(LOOK_FRAMES)
            looks.append(GameState(self._console.snapshot(), self.rom))
        step = self.episode_steps + (not is_trial)
        return Press(step, before, button, tuple(looks), is_steady, is_trial)
