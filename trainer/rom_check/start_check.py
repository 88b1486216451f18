"""The start: from power-on to the first free moment."""

from __future__ import annotations

from core import exceptions
from core.env.emulator.console import Console
from core.env.emulator.startup import MAX_PRESSES, StartupDriver, check_start_state
from core.game.state import GameState, RomTables
from trainer.rom_check.game_check import GameCheck

MODE_BYTES = ("wMapStatus", "wGameTimerPaused", "wScriptRunning", "wMapEventStatus", "wBattleMode", "wMapGroup")


class StartCheck(GameCheck):
    """Power-on."""

    name = "start"
    about = "a new game leads from power-on to a free player on a map of the atlas"

    def play(self, console: Console, rom: RomTables, most_presses: int = MAX_PRESSES) -> bytes | None:
        """Play a fresh console to the first free moment; its save state, or None where the game does not get there."""
        presses = most_presses
        try:
            presses = StartupDriver(console, rom).play(most_presses)
            check_start_state(GameState(console.snapshot(), rom), "the start")
        except exceptions.EnvironmentError:
            state = GameState(console.snapshot(), rom)
            where = f"map {state.map_id.group}.{state.map_id.number}, {state.map_size_steps} steps"
            seen = f"after {presses} presses: mode {state.mode.value}, {where}"
            believed = f"free within {most_presses} presses, on a map of the atlas and of its size"
            self.record(0, False, state, believed, seen, *MODE_BYTES)
            return None
        self.agree()
        return console.save_state()
