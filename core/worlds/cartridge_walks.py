"""Walks in the game, branched exactly: any number of them begin in the same moment of the emulator.

A game is deterministic, so a save state and the steps since then are a complete and small description of a moment
(`Spot`). `CartridgeWalks` keeps a save state of every spot that a walk began from, so all candidates of a group load
the same bytes. The first save states come from the rules: they play a new game, which gives one for each map they
reach.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from core.env.emulator.console import Console
from core.env.emulator.frame_cost import FrameCost, press_until_decidable
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState, RomTables
from core.rules import RulePlayer
from core.vocabulary import Button, GameMode, MapId, Option

BUTTON_OF: Final = {"U": Button.UP, "D": Button.DOWN, "L": Button.LEFT, "R": Button.RIGHT}
LETTER_OF: Final = {button: letter for letter, button in BUTTON_OF.items()}
OPENING_ACTIONS: Final = 900
"""Actions that the rules play to reach maps; about half a second."""
SETTLE_LOOKS: Final = 3
"""Waits for a busy game after a step, 16 to 120 frames each."""
SURE_FRAMES: Final = 6
"""Frames to wait until the game is surely free: before a door, slide or fight it looks free for a moment."""
KEPT_STATES: Final = 64
"""Save states of spots, 0.2 MB each."""
KEPT_WALKS: Final = 2048
"""Walks whose end is remembered, 10 kB each: the candidates of a group are often equal."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A moment of the game: the save state number `opening`, and the steps taken since (`"UULR"`)."""

    opening: int
    steps: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """The result of a walk."""

    spot: Spot
    """The spot at the end: with the steps that were tried, bumps included."""
    game: GameState
    interruption: str = ""
    """What ended the walk early, in words; empty when nothing did. A bump into a wall is no interruption."""
    bumps: int = 0
    """Steps into something that blocks."""


class CartridgeWalks:
    """One emulator and the save states of the spots that walks began from. The emulator starts on first use."""

    def __init__(self, rom: str | Path | None, most_openings: int) -> None:
        """`rom`: a ROM file, Fernvale if None. `most_openings`: the most maps on which walks may begin."""
        self._rom = Path(rom) if rom is not None else Path(str(resources.files("cartridge").joinpath("fernvale.gbc")))
        self._most_openings = most_openings
        self._console: Console | None = None
        self._tables: RomTables | None = None
        self._openings: tuple[tuple[bytes, GameState], ...] = ()
        self._states: OrderedDict[Spot, bytes] = OrderedDict()
        self._walks: OrderedDict[tuple[Spot, str, tuple[int, int]], Walk] = OrderedDict()

    def openings(self) -> tuple[GameState, ...]:
        """The game at each opening, in the order in which the rules reached them."""
        if not self._openings:
            self._tables, self._openings = _play_openings(self._rom, self._most_openings)
        return tuple(game for _, game in self._openings)

    def walk(self, spot: Spot, steps: str, goal: tuple[int, int]) -> Walk:
        """Walk letters U, D, L, R from a spot to their end, to the cell `goal`, or to the first interruption.

        A letter is one step, with a turn before it if the player faces another way. The same spot and steps always end
        in the same moment.
        """
        key = (spot, steps, goal)
        known = self._walks.get(key)
        if known is None:
            known = self._walks[key] = self._walked(spot, steps, goal)
            if len(self._walks) > KEPT_WALKS:
                self._walks.popitem(last=False)
        return known

    def close(self) -> None:
        """Stop the emulator; a later walk starts it again."""
        if self._console is not None:
            self._console.close()
            self._console = None

    def _walked(self, spot: Spot, steps: str, goal: tuple[int, int]) -> Walk:
        console, game = self._at(spot)
        tried, bumps = spot.steps, 0
        for letter in steps:
            before = game.position
            game = self._step(console, game, BUTTON_OF[letter])
            tried += letter
            interruption = _interruption(before.map, game)
            if interruption:
                return Walk(Spot(spot.opening, tried), game, interruption, bumps)
            bumps += game.position == before
            if (game.position.x, game.position.y) == goal:
                break
        return Walk(Spot(spot.opening, tried), game, "", bumps)

    def _at(self, spot: Spot) -> tuple[Console, GameState]:
        """The emulator at that spot. Its save state is made the first time and kept."""
        self.openings()
        assert self._tables is not None
        if self._console is None:
            self._console = Console(self._tables.profile)
        console, nearest = self._console, self._nearest_kept(spot)
        console.load_state(self._states[nearest] if nearest.steps else self._openings[spot.opening][0])
        game = GameState(console.snapshot(), self._tables)
        for letter in spot.steps[len(nearest.steps) :]:
            game = self._step(console, game, BUTTON_OF[letter])
        if spot.steps and nearest != spot:
            self._states[spot] = console.save_state()
            if len(self._states) > KEPT_STATES:
                self._states.popitem(last=False)
        return console, game

    def _nearest_kept(self, spot: Spot) -> Spot:
        """The farthest spot along the same steps that has a save state."""
        length = max(
            (
                len(kept.steps)
                for kept in self._states
                if kept.opening == spot.opening and spot.steps.startswith(kept.steps)
            ),
            default=0,
        )
        nearest = Spot(spot.opening, spot.steps[:length])
        if length:
            self._states.move_to_end(nearest)
        return nearest

    def _step(self, console: Console, game: GameState, button: Button) -> GameState:
        """One step, with a turn before it if the player faces another way; then wait until the player is free."""
        assert self._tables is not None
        presses = [button] if game.facing is button else [button, button]
        before = game.position
        for press in presses:
            game, _ = press_until_decidable(console, self._tables, press, render=False)
            if game.position != before or game.mode is not GameMode.FREE:
                break
        for _ in range(SETTLE_LOOKS):
            console.wait(SURE_FRAMES)
            game = GameState(console.snapshot(), self._tables)
            if game.mode not in (GameMode.WALKING, GameMode.MAP_LOADING):
                break
            game, _ = press_until_decidable(console, self._tables, Button.NONE, render=False)
        return game


def _interruption(map_before: MapId, game: GameState) -> str:
    if game.position.map != map_before:
        return f"left the map for {game.game.map_name(game.position.map)}"
    return "" if game.mode is GameMode.FREE else f"was stopped by {game.mode.value.replace('_', ' ')}"


def _play_openings(rom: Path, most: int) -> tuple[RomTables, tuple[tuple[bytes, GameState], ...]]:
    """Play a new game by the rules; a save state at the first free moment on each of the first `most` maps."""
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom, observation_type="state", fast_options=True, frame_cost=FrameCost.ADAPTIVE, max_steps=OPENING_ACTIONS
    )
    try:
        game = env.restart(seed=0)
        player, option = RulePlayer(env.rom.game), None
        found: dict[MapId, tuple[bytes, GameState]] = {}
        ended = False
        while not ended and len(found) < most:
            if game.is_free and game.map_id not in found:
                found[game.map_id] = (env.save_state(), game)
            chosen: Option = option or player.choose(game)
            press = player.act(game, chosen)
            option = None if press.done else chosen
            outcome = env.advance(int(press.button))
            game, ended = outcome.state, outcome.terminated or outcome.truncated
        return env.rom, tuple(found.values())
    finally:
        env.close()
