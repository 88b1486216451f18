"""Which of the nine buttons make sense now.

| situation | allowed |
|---|---|
| free in the overworld | the four directions, A, START |
| walking, turning, sliding | the four directions, NONE |
| dialog, text complete | A, B |
| dialog, a clock is set | A, UP, DOWN |
| dialog, text being printed | A, B, NONE |
| cutscene, map loading | A, B, NONE |
| battle, text | A, B, and NONE while it is being printed |
| battle, main menu | A, and the directions that move the cursor (B does nothing) |
| battle, list of moves | A, B; UP and DOWN when there is more than one move |
| question (YES, NO) | A, B, and UP or DOWN, whichever moves the cursor |
| start menu, lists | A, B, UP and DOWN; LEFT and RIGHT where there are columns or pages |
| full-screen menu without an arrow (keyboard, also in a battle; gear, map) | A, B, START, the four directions |
| before the game (title, movies, new-game talk) | A, START, NONE, UP, DOWN; B as well where a menu or text shows |

NONE is allowed only where the game is busy, SELECT nowhere, and every row leaves an action that does something.
The title and clock screens are listed for completeness: a reset starts after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.menu import MenuKind, MenuState, shows_keyboard
from core.game.state import GameState
from core.vocabulary import ACTION_COUNT, Button, GameMode

Mask = NDArray[np.bool_]
DIRECTIONS: Final = (Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT)


def _mask(buttons: Iterable[Button]) -> Mask:
    mask = np.zeros(ACTION_COUNT, dtype=np.bool_)
    mask[list(buttons)] = True
    mask.setflags(write=False)
    return mask


FREE: Final = _mask((*DIRECTIONS, Button.A, Button.START))
WALKING: Final = _mask((*DIRECTIONS, Button.NONE))
TEXT_COMPLETE: Final = _mask((Button.A, Button.B))
BUSY: Final = _mask((Button.A, Button.B, Button.NONE))
BOOT: Final = _mask((Button.A, Button.B, Button.START, Button.UP, Button.DOWN, Button.NONE))
SCREEN: Final = _mask((*DIRECTIONS, Button.A, Button.B, Button.START))
CLOCK: Final = _mask((Button.A, Button.UP, Button.DOWN))
UP_DOWN: Final = (Button.UP, Button.DOWN)
_MENU_MASKS: Final[dict[tuple[MenuKind, int, int, int, int, bool], Mask]] = {}


def action_mask(state: GameState) -> Mask:
    """The allowed actions as a read-only bool array of shape (9,), in the order of `Button`; never all false."""
    mode = state.mode
    if mode is GameMode.FREE:
        return FREE
    if mode is GameMode.WALKING:
        return WALKING
    if mode is GameMode.BOOT:
        return BOOT
    if mode in (GameMode.MAP_LOADING, GameMode.CUTSCENE):
        return BUSY
    menu = state.menu
    if menu is not None:
        return _menu_mask(menu)
    if mode is GameMode.MENU:
        return SCREEN
    if mode is GameMode.BATTLE and shows_keyboard(state.screen_lines):
        return SCREEN
    if not state.waits_for_button:
        return BUSY
    return CLOCK if state.asked_time is not None else TEXT_COMPLETE


def _menu_mask(menu: MenuState) -> Mask:
    key = (menu.kind, menu.cursor_row, menu.cursor_column, menu.rows, menu.columns, menu.full_screen)
    known = _MENU_MASKS.get(key)
    if known is None:
        known = _MENU_MASKS[key] = _mask(_menu_buttons(menu))
    return known


def _menu_buttons(menu: MenuState) -> set[Button]:
    if menu.kind is MenuKind.BATTLE_MAIN:
        return {
            Button.A,
            Button.UP if menu.cursor_row else Button.DOWN,
            Button.LEFT if menu.cursor_column else Button.RIGHT,
        }
    buttons = {Button.A, Button.B}
    if menu.kind is MenuKind.YES_NO:
        return buttons | {Button.UP if menu.cursor_row else Button.DOWN}
    if menu.rows > 1 or menu.kind is MenuKind.LIST:
        buttons.update(UP_DOWN)  # a list of one line may scroll
    if menu.columns > 1 or menu.full_screen or menu.kind is MenuKind.LIST:  # a list may be a pocket among others
        buttons.update((Button.LEFT, Button.RIGHT))
    return buttons
