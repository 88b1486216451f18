"""`GameState`: one moment of the game, decoded only as far as somebody asks.

A state is a pure function of a RAM snapshot and the tables of the ROM, so workers, the learner, the record and the
tests all see the same thing. Two states with equal bytes are equal. Every property is computed at first use and kept.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Final

from core.game.battle import BattleReader, BattleState
from core.game.collision import CollisionMap, CollisionReader
from core.game.files.layout import RamLayout
from core.game.game_data import GameData, load_game
from core.game.lazy import lazy
from core.game.menu import MenuReader, MenuState, asked_time
from core.game.mode import ModeReader
from core.game.party import BagSlot, PartyMember
from core.game.people import FACING, PeopleReader, Person
from core.game.possessions import Possessions, PossessionsReader
from core.game.profile import RomProfile, identify_rom
from core.game.ram import RamSnapshot
from core.game.text import BOX_BOTTOM_LEFT, BOX_TOP_LEFT, MORE_ARROW, SCREEN_COLUMNS
from core.vocabulary import Button, GameMode, MapId, Position

SURFING: Final = (4, 8)
"""Values of wPlayerState while a creature or a raft carries the player over water."""
TEXT_IS_PRINTED: Final = 1 << 1
MORE_ARROW_CELL: Final = 17 * SCREEN_COLUMNS + 18
DIALOG_TOP: Final = 12 * SCREEN_COLUMNS
DIALOG_BOTTOM: Final = 17 * SCREEN_COLUMNS
"""Cells of the screen, row by row."""


class StatePlaces:
    """Where a snapshot of one game holds what a state tells by looking at a byte or two."""

    def __init__(self, layout: RamLayout) -> None:
        self.map_group = layout.index("wMapGroup")
        self.map_number = layout.index("wMapNumber")
        self.y = layout.index("wYCoord")
        self.x = layout.index("wXCoord")
        self.direction = layout.index("wPlayerDirection")
        self.player_state = layout.index("wPlayerState")
        self.map_height = layout.index("wMapHeight")
        self.map_width = layout.index("wMapWidth")
        self.last_spawn = layout.index("wLastSpawnMapGroup")
        self.johto_badges = layout.index("wJohtoBadges")
        self.kanto_badges = layout.index("wKantoBadges")
        self.event_flags = layout.index("wEventFlags")
        self.time_of_day = layout.index("wTimeOfDay")
        self.hours = layout.index("hHours")
        self.player_id = layout.index("wPlayerID")
        self.player_name = slice(*layout.span("wPlayerName"))
        self.step_count = layout.index("wStepCount")
        self.battle_result = layout.index("wBattleResult")
        self.textbox_flags = layout.index("wTextboxFlags")
        self.pocket = layout.index("wCurPocket")
        self.mart_count = layout.index("wCurMartCount")
        self.mart_items = slice(*layout.span("wCurMartItems"))
        self.start_items = layout.index("wMenuItemsList")
        self.battle_menu_place = layout.index("wBattleMenuCursorPosition")


class RomTables:
    """What a ROM says once and for all: its profile, its game, and how its snapshots are read."""

    def __init__(self, profile: RomProfile) -> None:
        self.profile = profile
        self.game: GameData = load_game(profile.game)
        self.layout = layout = self.game.layout
        self.characters = self.game.characters
        self.places = StatePlaces(layout)
        self.modes = ModeReader(layout)
        self.menus = MenuReader(layout, self.modes, self.characters)
        self.battles = BattleReader(layout)
        self.people = PeopleReader(layout)
        self.collision = CollisionReader(profile)
        """Keeps the maps' ground as it becomes known."""
        self.possessions = PossessionsReader(self.game.possession_places)

    @classmethod
    def from_file(cls, path: str | Path, allow_unknown_rom: bool = False) -> RomTables:
        """Tables of a ROM file; raises `core.exceptions.EnvironmentError` as `identify_rom` does."""
        return cls(identify_rom(path, allow_unknown_rom))

    def __deepcopy__(self, memo: dict[int, object]) -> RomTables:
        """Itself: copies of a state share what never changes."""
        return self

    def __reduce__(self) -> tuple[type[RomTables], tuple[RomProfile]]:
        return RomTables, (self.profile,)


class GameState:
    """One moment of the game. Immutable; compare by value."""

    snapshot: RamSnapshot
    rom: RomTables

    def __init__(self, snapshot: RamSnapshot, rom: RomTables) -> None:
        self.__dict__["snapshot"] = snapshot
        self.__dict__["rom"] = rom

    @property
    def game(self) -> GameData:
        """The fixed facts of this game."""
        return self.rom.game

    # what is going on

    @lazy
    def mode(self) -> GameMode:
        """What the game is doing, by the ordered tests of `core.game.mode`."""
        return self.rom.modes.mode_of(self.snapshot.data)

    @lazy
    def is_free(self) -> bool:
        """The ready test: the next direction will be obeyed."""
        return self.rom.modes.is_ready(self.snapshot.data)

    @lazy
    def waits_for_button(self) -> bool:
        """Whether a text stands complete and waits for A or B (with or without a blinking arrow), no menu listening.

        While the arrow blinks off, half of the time, this is false: a text being printed looks the same.
        """
        if self.mode not in (GameMode.DIALOG, GameMode.BATTLE) or self.cursor_cell is not None:
            return False
        data, screen = self.snapshot.data, self.rom.modes.tilemap
        if data[screen + DIALOG_TOP] != BOX_TOP_LEFT or data[screen + DIALOG_BOTTOM] != BOX_BOTTOM_LEFT:
            return False
        return data[screen + MORE_ARROW_CELL] == MORE_ARROW or not self.text_is_printed

    @property
    def text_is_printed(self) -> bool:
        """Whether a text is appearing letter by letter."""
        return bool(self.snapshot.data[self.rom.places.textbox_flags] & TEXT_IS_PRINTED)

    @lazy
    def screen_lines(self) -> tuple[str, ...]:
        """18 lines of 20 characters as the screen shows them; words only in dialogs, menus and battles."""
        modes = self.rom.modes
        return self.rom.characters.screen(self.snapshot.data[modes.tilemap : modes.tilemap_end])

    @lazy
    def asked_time(self) -> str | None:
        """What the clock that is being set counts now: "o'clock" or "min."; None where none is."""
        return asked_time(self.screen_lines) if self.mode in (GameMode.DIALOG, GameMode.MENU) else None

    @property
    def cursor_cell(self) -> int | None:
        """Where on the screen the active cursor arrow is, as row * 20 + column; None when no menu listens."""
        return self.rom.modes.cursor_cell(self.snapshot.data)

    @lazy
    def menu(self) -> MenuState | None:
        """The menu that listens now."""
        return self.rom.menus.read(self.snapshot.data)

    @lazy
    def battle(self) -> BattleState | None:
        """The battle that is going on."""
        return self.rom.battles.read(self.snapshot.data)

    @property
    def pocket(self) -> int:
        """The pocket that the open pack shows: 0 items, 1 balls, 2 key items, 3 machines."""
        return self.snapshot.data[self.rom.places.pocket]

    @property
    def wares(self) -> tuple[int, ...]:
        """Items that the open shop sells, in the order of its list."""
        data, places = self.snapshot.data, self.rom.places
        return tuple(data[places.mart_items][: data[places.mart_count]])

    @property
    def start_menu_lines(self) -> tuple[int, ...]:
        """What the lines of the START menu lead to, by the game's numbers."""
        data, start = self.snapshot.data, self.rom.places.start_items
        return tuple(data[start + 1 : start + 1 + data[start]])

    @property
    def battle_menu_place(self) -> int:
        """The place that was last chosen in the main battle menu, row by row from 1."""
        return self.snapshot.data[self.rom.places.battle_menu_place]

    @property
    def lost_last_battle(self) -> bool:
        """wBattleResult says "lost". Meaningful at the moment when the battle ends; stale afterwards."""
        return self.snapshot.data[self.rom.places.battle_result] & 0x0F == 1

    # where

    @lazy
    def map_id(self) -> MapId:
        """The current map."""
        data, places = self.snapshot.data, self.rom.places
        return MapId(data[places.map_group], data[places.map_number])

    @lazy
    def position(self) -> Position:
        """Map and step. While crossing a map's edge x or y is 255 or the size for a moment."""
        data, places = self.snapshot.data, self.rom.places
        return Position(self.map_id, data[places.x], data[places.y])

    @lazy
    def facing(self) -> Button:
        """Which way the player looks: UP, DOWN, LEFT or RIGHT."""
        return FACING[self.snapshot.data[self.rom.places.direction] & 0x0C]

    @property
    def is_surfing(self) -> bool:
        """Whether the player rides over water."""
        return self.snapshot.data[self.rom.places.player_state] in SURFING

    @lazy
    def map_size_steps(self) -> tuple[int, int]:
        """(width, height) of the current map in steps."""
        data, places = self.snapshot.data, self.rom.places
        return 2 * data[places.map_width], 2 * data[places.map_height]

    @lazy
    def collision(self) -> CollisionMap:
        """Collision bytes of the whole current map and its border."""
        return self.rom.collision.read(self.snapshot.data)

    def collision_at(self, x: int, y: int) -> int:
        """The collision byte of a step of the current map; `terrain.OUTSIDE` far off it."""
        return self.collision.at(x, y)

    @lazy
    def people(self) -> tuple[Person, ...]:
        """Everybody on the map but the player."""
        return self.rom.people.read(self.snapshot.data)

    @property
    def people_cells(self) -> tuple[tuple[int, int], ...]:
        """Only where those on screen stand, as (x, y)."""
        return self.rom.people.cells(self.snapshot.data)

    def object_place(self, object_id: int) -> tuple[int, int] | None:
        """Where one map object stands now, as (x, y); None for one that a flag or the hour hides."""
        return self.rom.people.place_of(self.snapshot.data, object_id)

    @lazy
    def last_spawn(self) -> MapId:
        """The outdoor map to which a lost battle leads; (0, 0) is the player's home."""
        data, start = self.snapshot.data, self.rom.places.last_spawn
        return MapId(data[start], data[start + 1])

    # what the player has

    @lazy
    def possessions(self) -> Possessions:
        """All of the following together; consecutive states in which none of it has changed share one object."""
        return self.rom.possessions.read(self.snapshot.data)

    @property
    def party(self) -> tuple[PartyMember, ...]:
        """The creatures with the player, in order. In battle HP and PP of the active one lag by up to a turn."""
        return self.possessions.party

    @property
    def party_hp_fraction(self) -> float:
        """Sum of HP over sum of maximum HP, 0 to 1, eggs not counted; 1 for an empty party."""
        return self.possessions.party_hp_fraction

    @property
    def all_fainted(self) -> bool:
        """Whether there is a party and nobody in it can fight."""
        return self.possessions.all_fainted

    @property
    def money(self) -> int:
        """0 to 999,999."""
        return self.possessions.money

    @property
    def johto_badges(self) -> int:
        """Bits of the first region's badges."""
        return self.snapshot.data[self.rom.places.johto_badges]

    @property
    def kanto_badges(self) -> int:
        """Bits of the second region's badges."""
        return self.snapshot.data[self.rom.places.kanto_badges]

    @property
    def badge_count(self) -> int:
        """0 to 16."""
        return self.possessions.badges.bit_count()

    @property
    def items(self) -> tuple[BagSlot, ...]:
        """The pocket of ordinary items."""
        return self.possessions.items

    @property
    def balls(self) -> tuple[BagSlot, ...]:
        """The pocket of what catches creatures."""
        return self.possessions.balls

    @property
    def key_items(self) -> tuple[BagSlot, ...]:
        """The pocket of key items, each once."""
        return self.possessions.key_items

    @property
    def event_flags(self) -> bytes:
        """256 bytes, flag n is bit n % 8 of byte n // 8."""
        return self.possessions.event_flags

    def has_flag(self, index: int) -> bool:
        """Whether an event flag (0 to 2047) is set."""
        return bool(self.snapshot.data[self.rom.places.event_flags + (index >> 3)] >> (index & 7) & 1)

    @property
    def caught_count(self) -> int:
        """Species caught so far."""
        return self.possessions.caught_count

    @property
    def seen_count(self) -> int:
        """Species seen so far."""
        return self.possessions.seen_count

    @property
    def time_of_day(self) -> int:
        """0 morning, 1 day, 2 night, 3 darkness."""
        return self.snapshot.data[self.rom.places.time_of_day]

    @property
    def hour(self) -> int:
        """The clock's hour, 0 to 23."""
        return self.snapshot.data[self.rom.places.hours]

    @property
    def player_id(self) -> int:
        """The trainer number drawn at a new game, 0 to 65,535."""
        data, start = self.snapshot.data, self.rom.places.player_id
        return data[start] << 8 | data[start + 1]

    @lazy
    def player_name(self) -> str:
        """The player's name."""
        return self.rom.characters.name(self.snapshot.data[self.rom.places.player_name])

    @property
    def step_count(self) -> int:
        """Steps walked, modulo 256."""
        return self.snapshot.data[self.rom.places.step_count]

    def byte(self, symbol: str) -> int:
        """The first byte of a RAM symbol. For tools and tests."""
        return self.rom.layout.byte(self.snapshot.data, symbol)

    # identity

    @lazy
    def state_hash(self) -> int:
        """63 bits that say which state this is: place, facing, mode, possessions and, unless one is free, the screen.

        Two moments with the same hash differ in nothing that a decision can have changed, so coming back to one is a
        loop (`core.history.loops`). Who has fought or bought is elsewhere; clocks, animations and steps taken do not
        count. Stable across processes and machines.
        """
        data = self.snapshot.data
        place = self.position
        head = struct.pack(">BBBBB", place.map.group, place.map.number, place.x, place.y, self.facing)
        digest = hashlib.blake2b(head + self.mode.encode() + self.possessions.digest, digest_size=8)
        if self.mode is not GameMode.FREE:
            # Around the arrow that blinks while a text waits.
            modes = self.rom.modes
            arrow = modes.tilemap + MORE_ARROW_CELL
            digest.update(data[modes.tilemap : arrow])
            digest.update(data[arrow + 1 : modes.tilemap_end])
        return int.from_bytes(digest.digest(), "big") >> 1

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a game state is immutable: cannot set {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GameState) and other.snapshot == self.snapshot

    def __hash__(self) -> int:
        return hash(self.snapshot)

    def __reduce__(self) -> tuple[type[GameState], tuple[RamSnapshot, RomTables]]:
        return GameState, (self.snapshot, self.rom)

    def __repr__(self) -> str:
        place = self.position
        return f"GameState({self.mode}, {self.game.map_name(place.map)} ({place.x}, {place.y}))"
