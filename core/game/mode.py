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

from core.game.files.layout import RamLayout
from core.game.ram import WRAM_START
from core.game.text import CURSOR, SCREEN_COLUMNS, SCREEN_ROWS
from core.vocabulary import GameMode

STATUS_LOADING: Final = 1
STATUS_RUNNING: Final = 2
TEXT_STATE: Final = 1 << 6
JOYPAD_BLOCKED: Final = 0xD0
TURNING: Final = 9
"""wScriptRunning while the player turns on the spot: no script, only four ticks of waiting."""


class ModeReader:
    """Tells the mode from a snapshot's bytes, for one game."""

    def __init__(self, layout: RamLayout) -> None:
        self._map_status = layout.index("wMapStatus")
        self._map_entry_method = layout.index("hMapEntryMethod")
        self._map_event_status = layout.index("wMapEventStatus")
        self._script_running = layout.index("wScriptRunning")
        self._battle_mode = layout.index("wBattleMode")
        self._timer_runs = layout.index("wGameTimerPaused")
        """Bit 0 set means that the play timer counts: the name misleads."""
        self._joypad_disable = layout.index("wJoypadDisable")
        self._logic_paused = layout.index("wGameLogicPaused")
        self._input_type = layout.index("wInputType")
        self._sprite_updates = layout.index("wSpriteUpdatesEnabled")
        self._state_flags = layout.index("wStateFlags")
        self._wild_species = layout.index("wTempWildMonSpecies")
        self._trainer_class = layout.index("wOtherTrainerClass")
        self._cursor_pointer = layout.index("wCursorCurrentTile")
        self.tilemap = layout.index("wTilemap")
        """Where the tiles of the screen begin, row by row."""
        self.tilemap_end = self.tilemap + SCREEN_COLUMNS * SCREEN_ROWS

    def cursor_cell(self, data: bytes) -> int | None:
        """Where on the screen the active cursor arrow is, as row * 20 + column; None when no menu listens."""
        place = self._cursor_pointer
        index = (data[place] | data[place + 1] << 8) - WRAM_START
        tilemap = self.tilemap
        if tilemap <= index < self.tilemap_end and data[index] == CURSOR:
            return index - tilemap
        return None

    def is_ready(self, data: bytes) -> bool:
        """The ready test: the next overworld tick will obey the direction pad.

        True for a single tick between forced steps (ice, doors), so a driver that must be sure holds it for six frames.
        """
        return (
            data[self._map_status] == STATUS_RUNNING
            and not data[self._map_entry_method]
            and not data[self._script_running]
            and not data[self._map_event_status]
            and not data[self._battle_mode]
            and not data[self._joypad_disable] & JOYPAD_BLOCKED
            and not data[self._logic_paused]
            and not data[self._input_type]
            and bool(data[self._timer_runs] & 1)
        )

    def mode_of(self, data: bytes) -> GameMode:
        """The mode of a snapshot's bytes, by the tests above."""
        status = data[self._map_status]
        if status not in (STATUS_LOADING, STATUS_RUNNING) or not data[self._timer_runs] & 1:
            return GameMode.BOOT
        if data[self._map_entry_method] or status == STATUS_LOADING:
            return GameMode.MAP_LOADING
        if data[self._battle_mode] in (1, 2):
            return GameMode.BATTLE
        script = data[self._script_running]
        if data[self._logic_paused]:
            return GameMode.CUTSCENE
        if script and script != TURNING:
            if data[self._wild_species] or data[self._trainer_class]:
                return GameMode.DIALOG if data[self._state_flags] & TEXT_STATE else GameMode.CUTSCENE
            if not data[self._sprite_updates]:
                return GameMode.MENU
            if data[self._state_flags] & TEXT_STATE:
                return GameMode.MENU if self.cursor_cell(data) is not None else GameMode.DIALOG
            return GameMode.CUTSCENE
        return GameMode.FREE if self.is_ready(data) else GameMode.WALKING
