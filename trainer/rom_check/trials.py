"""What is tried in between and taken back: walking everywhere, pressing directions while the game waits, saving.

The rules never walk into a wall and never walk about in a menu, so play alone would show little of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from core.game.state import GameState
from core.vocabulary import DIRECTION_BUTTONS, Button, GameMode, Position
from trainer.rom_check.checked_env import CheckedEnv
from trainer.rom_check.moments import Press
from trainer.rom_check.save_check import MOST_PRESSES, SaveCheck, SaveRoutine
from trainer.rom_check.walking_checks import WAITING_MODES, BusyCheck

STEPS_BETWEEN_WALKS: Final = 20
STEPS_BETWEEN_WAITS: Final = 20
STEPS_BETWEEN_SAVES: Final = 1500
FIRST_SAVE_STEP: Final = 30
MOST_WALK_PRESSES: Final = 12
"""Enough for a turn, a step and the way through a door."""


class Trials:
    """Says after each step of the game what is tried, and tries it."""

    def __init__(self, env: CheckedEnv, busy: BusyCheck, saves: SaveCheck) -> None:
        self._env = env
        self._busy = busy
        self._saves = saves
        self._walked: set[Position] = set()
        self._next_walk = self._next_wait = 0
        self._next_save = FIRST_SAVE_STEP

    def after_step(self) -> Iterator[list[Press]]:
        """The presses of each trial that is due."""
        env, step, state = self._env, self._env.episode_steps, self._env.state
        if env.is_steady and step >= self._next_walk and state.position not in self._walked:
            self._walked.add(state.position)
            self._next_walk = step + STEPS_BETWEEN_WALKS
            for button in DIRECTION_BUTTONS:
                yield env.trial(_walk(button, state), MOST_WALK_PRESSES)
        if env.is_steady and step >= self._next_save:
            self._next_save = step + STEPS_BETWEEN_SAVES
            self._save()
        if step >= self._next_wait and _waits(state):
            self._next_wait = step + STEPS_BETWEEN_WAITS
            yield env.trial(_everywhere(state.mode), len(DIRECTION_BUTTONS))
        if step >= self._next_wait and state.mode is GameMode.CUTSCENE:
            self._next_wait = step + STEPS_BETWEEN_WAITS
            left_alone = env.trial(lambda _state, _is_steady: Button.NONE, len(DIRECTION_BUTTONS))
            self._busy.compare(left_alone, env.trial(_everywhere(state.mode), len(DIRECTION_BUTTONS)))

    def _save(self) -> None:
        env, before, after = self._env, self._env.battery(), list[bytes]()
        routine = SaveRoutine()

        def choose(state: GameState, is_steady: bool) -> Button | None:
            button = routine(state, is_steady)
            if button is None:
                after.append(env.battery())
            return button

        presses = env.trial(choose, MOST_PRESSES)
        if after:
            self._saves.read_back(presses, before, after[0], env.rom)


def _waits(state: GameState) -> bool:
    if state.mode is GameMode.BATTLE:
        return True
    return state.mode in WAITING_MODES and (state.menu is not None or state.waits_for_button)


def _walk(button: Button, start: GameState) -> Callable[[GameState, bool], Button | None]:
    """Turn that way, step that way, and wait until the player is free again."""
    wanted = [button]
    if start.facing is not button:
        wanted.append(button)

    def choose(state: GameState, is_steady: bool) -> Button | None:
        if wanted and is_steady and state.position == start.position:
            return wanted.pop()
        return None if is_steady else Button.NONE

    return choose


def _everywhere(mode: GameMode) -> Callable[[GameState, bool], Button | None]:
    """Every direction once, as long as the game waits the same way."""
    wanted = [Button.RIGHT, Button.LEFT, Button.UP, Button.DOWN]

    def choose(state: GameState, _is_steady: bool) -> Button | None:
        return wanted.pop() if wanted and state.mode is mode else None

    return choose
