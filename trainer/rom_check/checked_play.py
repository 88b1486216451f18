"""Plays a cartridge with the rules, tries things in between, and lets every check look."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.emulator.console import Console
from core.env.emulator.picture import png_of
from core.env.emulator.startup import MAX_PRESSES
from core.game.state import RomTables
from core.rules import RulePlayer
from core.vocabulary import AgentMode
from trainer.evaluation.evaluation_games import EvaluationGames
from trainer.play.loop import PlayLoop
from trainer.play.player import LanePlayer
from trainer.play.seats import Seat, Seating
from trainer.play.single_lane import SingleLane
from trainer.play.stages import CreditStage
from trainer.rom_check.battle_checks import DamageCheck, FighterCheck, PowerPointCheck
from trainer.rom_check.checked_env import CheckedEnv
from trainer.rom_check.game_check import GameCheck
from trainer.rom_check.moments import Press, StretchWatch
from trainer.rom_check.people_checks import PeopleCheck
from trainer.rom_check.save_check import SaveCheck
from trainer.rom_check.screen_checks import MenuCheck, TextCheck
from trainer.rom_check.start_check import StartCheck
from trainer.rom_check.story_check import StoryCheck
from trainer.rom_check.trials import Trials
from trainer.rom_check.walking_checks import BusyCheck, ReadyCheck, StepCheck, WarpCheck

CHECKS: Final[tuple[type[GameCheck], ...]] = (
    StartCheck,
    ReadyCheck,
    BusyCheck,
    StepCheck,
    WarpCheck,
    PeopleCheck,
    MenuCheck,
    TextCheck,
    FighterCheck,
    PowerPointCheck,
    DamageCheck,
    StoryCheck,
    SaveCheck,
)
"""All of them, in the order of the table."""
ENDLESS_STEPS: Final = 10**9


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """What is played, and for how long."""

    rom_path: Path
    pictures: Path
    """Folder for pictures of the screen; made when the first is taken."""
    state: bytes | Path | None = None
    """A save state or battery save to begin with; power-on if None."""
    steps: int | None = None
    """Presses of 24 frames; no limit if None."""
    minutes: float | None = None
    """Of wall time; no limit if None."""
    seed: int = 0
    allow_unknown_rom: bool = False
    most_start_presses: int = MAX_PRESSES
    """Presses within which a new game must let the player walk."""


@dataclass(frozen=True, slots=True)
class PlayOutcome:
    """What was played."""

    rom: RomTables
    steps: int
    milestones: tuple[str, ...]
    checks: tuple[GameCheck, ...]


class PictureFolder:
    """Keeps a picture for each check that asks for one. `source` gives the screen, uint8 (144, 160, 3)."""

    def __init__(self, folder: Path) -> None:
        self.source: Callable[[], NDArray[np.uint8]] | None = None
        self._folder = folder

    def clear(self) -> None:
        """Take away what an earlier run has left."""
        for check in CHECKS:
            with suppress(FileNotFoundError):
                self._file(check.name).unlink()

    def take(self, name: str) -> str:
        """The picture for the check of that name; its file."""
        if self.source is None:
            return ""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(name)
        file.write_bytes(png_of(self.source()))
        return f"{self._folder.name}/{file.name}"

    def _file(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '_')}.png"


class CheckedPlay:
    """One game of one cartridge under all checks."""

    def __init__(self, settings: PlaySettings, on_step: Callable[[int], None] = lambda step: None) -> None:
        """Read the ROM. `on_step` hears of every step.

        Raises `core.exceptions.EnvironmentError` when the ROM cannot be read or is unknown.
        """
        self.settings = settings
        self.rom = RomTables.from_file(settings.rom_path, settings.allow_unknown_rom)
        self._on_step = on_step
        self._pictures = PictureFolder(settings.pictures)
        self._by_type = {check: check(self.rom.game, self._pictures.take) for check in CHECKS}
        self._watch = StretchWatch()

    @property
    def checks(self) -> tuple[GameCheck, ...]:
        """With what they have counted so far."""
        return tuple(self._by_type.values())

    def run(self) -> PlayOutcome:
        """Play until steps or minutes are over, or the game is.

        Raises `core.exceptions.EnvironmentError` when the start state cannot be used.
        """
        settings = self.settings
        start = settings.state
        if start is None:
            self._pictures.clear()
            start = self._power_on()
        if start is None:
            return PlayOutcome(self.rom, 0, (), self.checks)
        env = CheckedEnv(
            settings.rom_path,
            observation_type="state",
            max_steps=ENDLESS_STEPS,
            start_state=start,
            allow_unknown_rom=settings.allow_unknown_rom,
        )
        try:
            self._pictures.clear()
            self._play(env)
            return PlayOutcome(self.rom, env.episode_steps, env.milestones, self.checks)
        finally:
            self._pictures.source = None
            env.close()

    def _power_on(self) -> bytes | None:
        check, console = self._by_type[StartCheck], Console(self.rom.profile)
        assert isinstance(check, StartCheck)

        def drawn() -> NDArray[np.uint8]:
            console.wait(1, render=True)
            return console.screen_rgb()

        self._pictures.source = drawn
        try:
            return check.play(console, self.rom, self.settings.most_start_presses)
        finally:
            console.close()

    def _play(self, env: CheckedEnv) -> None:
        settings, busy, saves = self.settings, self._by_type[BusyCheck], self._by_type[SaveCheck]
        assert isinstance(busy, BusyCheck) and isinstance(saves, SaveCheck)
        self._pictures.source = env.picture
        env.on_press = self._see
        agent = HybridAgent(
            None,
            AdaptiveStrategySystem(seed=settings.seed),
            mode=AgentMode.RULES_ONLY,
            seed=settings.seed,
            describe=str,
        )
        agent.attach_lanes([RulePlayer(self.rom.game, settings.seed)])
        seating = Seating([Seat(agent, range(1))])
        games = EvaluationGames(settings.seed, 1, settings.steps or ENDLESS_STEPS)
        loop = PlayLoop(LanePlayer(SingleLane(env), seating), games, [CreditStage(seating), games])
        trials = Trials(env, busy, saves)
        ends_s = None if settings.minutes is None else time.monotonic() + 60 * settings.minutes
        loop.begin()
        while not games.over and (ends_s is None or time.monotonic() < ends_s):
            loop.step()
            for presses in trials.after_step():
                self._see_trial(presses)
            self._on_step(env.episode_steps)

    def _see(self, press: Press) -> None:
        stretch = self._watch.see(press)
        for check in self._by_type.values():
            check.on_press(press)
            if stretch is not None:
                check.on_stretch(stretch)

    def _see_trial(self, presses: list[Press]) -> None:
        watch = StretchWatch()
        for press in presses:
            stretch = watch.see(press)
            for check in self._by_type.values():
                check.on_press(press)
                if stretch is not None:
                    check.on_stretch(stretch)
