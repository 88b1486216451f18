"""What the game is doing now: ordered tests on RAM, most binding first.

The order matters, because a later test trusts what the earlier ones ruled out:

| mode | test |
|---|---|
| BOOT | the overworld loop does not run: wMapStatus is not 1 or 2, or the play timer does not count |
| MAP_LOADING | hMapEntryMethod is not 0, or wMapStatus is 1 |
| BATTLE | wBattleMode is 1 (wild) or 2 (trainer) |
| CUTSCENE | the game saves: wGameLogicPaused |
| CUTSCENE or DIALOG | a battle is about to start: a script runs, an opponent is chosen; DIALOG while he talks |
| MENU | a full-screen menu owns the screen: a script runs and wSpriteUpdatesEnabled is 0 |
| MENU or DIALOG | wStateFlags bit 6: a box is open; MENU when its cursor arrow is the active one |
| CUTSCENE | a script runs without a box |
| WALKING | wMapEventStatus: in the middle of a step, or turning on the spot |
| FREE | the ready test: the next direction will be obeyed |
| WALKING | none of these: between two forced steps |
"""

from __future__ import annotations

from typing import Final

from core.game.ram import index_of
from core.game.text import CURSOR, SCREEN_COLUMNS, SCREEN_ROWS
from core.vocabulary import GameMode

MAP_STATUS: Final = index_of("wMapStatus")
MAP_ENTRY_METHOD: Final = index_of("hMapEntryMethod")
MAP_EVENT_STATUS: Final = index_of("wMapEventStatus")
SCRIPT_RUNNING: Final = index_of("wScriptRunning")
BATTLE_MODE: Final = index_of("wBattleMode")
TIMER_RUNS: Final = index_of("wGameTimerPaused")
"""Bit 0 set means that the play timer counts: the name misleads."""
JOYPAD_DISABLE: Final = index_of("wJoypadDisable")
LOGIC_PAUSED: Final = index_of("wGameLogicPaused")
INPUT_TYPE: Final = index_of("wInputType")
SPRITE_UPDATES: Final = index_of("wSpriteUpdatesEnabled")
STATE_FLAGS: Final = index_of("wStateFlags")
WILD_SPECIES: Final = index_of("wTempWildMonSpecies")
TRAINER_CLASS: Final = index_of("wOtherTrainerClass")
CURSOR_POINTER: Final = index_of("wCursorCurrentTile")
TILEMAP: Final = index_of("wTilemap")
TILEMAP_END: Final = TILEMAP + SCREEN_COLUMNS * SCREEN_ROWS

STATUS_LOADING: Final = 1
STATUS_RUNNING: Final = 2
TEXT_STATE: Final = 1 << 6
JOYPAD_BLOCKED: Final = 0xD0
TURNING: Final = 9
"""wScriptRunning while the player turns on the spot: no script, only four ticks of waiting."""


def cursor_cell(data: bytes) -> int | None:
    """Where on the screen the active cursor arrow is, as row * 20 + column; None when no menu listens."""
    pointer = data[CURSOR_POINTER] | data[CURSOR_POINTER + 1] << 8
    index = pointer - 0xC000
    if TILEMAP <= index < TILEMAP_END and data[index] == CURSOR:
        return index - TILEMAP
    return None


def is_ready(data: bytes) -> bool:
    """The ready test: the next overworld tick will obey the direction pad.

    True for a single tick between forced steps (ice, doors), so a driver that must be sure holds it for six frames.
    """
    return (
        data[MAP_STATUS] == STATUS_RUNNING
        and not data[MAP_ENTRY_METHOD]
        and not data[SCRIPT_RUNNING]
        and not data[MAP_EVENT_STATUS]
        and not data[BATTLE_MODE]
        and not data[JOYPAD_DISABLE] & JOYPAD_BLOCKED
        and not data[LOGIC_PAUSED]
        and not data[INPUT_TYPE]
        and bool(data[TIMER_RUNS] & 1)
    )


def mode_of(data: bytes) -> GameMode:
    """The mode of a snapshot's bytes, by the tests above."""
    status = data[MAP_STATUS]
    if status not in (STATUS_LOADING, STATUS_RUNNING) or not data[TIMER_RUNS] & 1:
        return GameMode.BOOT
    if data[MAP_ENTRY_METHOD] or status == STATUS_LOADING:
        return GameMode.MAP_LOADING
    if data[BATTLE_MODE] in (1, 2):
        return GameMode.BATTLE
    script = data[SCRIPT_RUNNING]
    if data[LOGIC_PAUSED]:
        return GameMode.CUTSCENE
    if script and script != TURNING:
        if data[WILD_SPECIES] or data[TRAINER_CLASS]:
            return GameMode.DIALOG if data[STATE_FLAGS] & TEXT_STATE else GameMode.CUTSCENE
        if not data[SPRITE_UPDATES]:
            return GameMode.MENU
        if data[STATE_FLAGS] & TEXT_STATE:
            return GameMode.MENU if cursor_cell(data) is not None else GameMode.DIALOG
        return GameMode.CUTSCENE
    return GameMode.FREE if is_ready(data) else GameMode.WALKING
