"""The rules play from a place of a test's own: the running cartridge, its RAM read as the env reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.game.game_data import GameData
from core.game.ram import HRAM_SIZE, HRAM_START, RamSnapshot
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Button, Option
from tests.cartridge.console import Console
from tests.cartridge.stage import Stage
from tests.game_states import rom_tables

HOLD_FRAMES, STEP_FRAMES = 8, 24
"""Those of the env's fixed frame cost."""
NAMES = ("a", "b", "start", "select", "up", "down", "left", "right")


def state_of(console: Console, game: GameData | None = None) -> GameState:
    """All that the rules read of the console now."""
    memory = console.pyboy.memory
    low = bytes(memory[0xC000:0xD000]) + bytes(memory[1, 0xD000:0xDFFF]) + bytes([memory[1, 0xDFFF]])
    high = bytearray(HRAM_SIZE)
    for address in rom_tables().game.layout.hram_addresses:
        high[address - HRAM_START] = memory[address]
    return GameState(RamSnapshot(low + bytes(high)), rom_tables())


def game_of(*milestones: str, **changes: Any) -> GameData:
    """The game with nothing but these milestones ahead, in this order, and with other changes."""
    game = rom_tables().game
    known = {one.id: one for one in game.milestones}
    story = tuple(replace(known[name], optional=False) for name in milestones)
    return replace(game, milestones=story, **changes)


class RulesPlay:
    """A rule player at a stage's console."""

    def __init__(self, stage: Stage, player: RulePlayer) -> None:
        self.stage, self.player = stage, player
        self.buttons: list[Button] = []
        """What has been pressed."""
        self.option: Option | None = None
        """What is under way; None lets the rules choose."""

    def step(self) -> Button:
        """One step of the env by the rules; the button they pressed."""
        state = state_of(self.stage.console)
        option = self.option or self.player.choose(state)
        answer = self.player.act(state, option)
        self.option = None if answer.done else option
        console = self.stage.console
        if answer.button is Button.NONE:
            console.tick(STEP_FRAMES)
        else:
            console.press(NAMES[answer.button], HOLD_FRAMES, STEP_FRAMES - HOLD_FRAMES)
        self.buttons.append(answer.button)
        return answer.button

    def until(self, is_reached: Callable[[], bool], most_steps: int) -> int:
        """Plays until something is true; the steps it took."""
        for steps in range(most_steps):
            if is_reached():
                return steps
            self.step()
        shown = "\n".join(line.rstrip() for line in self.stage.console.screen())
        raise AssertionError(f"not within {most_steps} steps, at {self.stage.walker.place}:\n{shown}")

    def has_flag(self, name: str) -> bool:
        return self.stage.console.flag(self.stage.walker.enums["event_flags"][name]["index"])
