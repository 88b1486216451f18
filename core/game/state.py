"""`GameState`: one moment of the game, decoded only as far as somebody asks.

A state is a pure function of a RAM snapshot and the tables of the ROM, so workers, the learner, the record and the
tests all see the same thing. Two states with equal bytes are equal. Every property is computed at first use and kept.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Final

from core.game import battle, menu, mode, party, people
from core.game.collision import CollisionMap, CollisionReader
from core.game.game_data import GameData, load_game_data
from core.game.lazy import lazy
from core.game.party import BagSlot, PartyMember
from core.game.possessions import EVENT_FLAGS, JOHTO_BADGES, KANTO_BADGES, Possessions, PossessionsReader
from core.game.profile import RomProfile, identify_rom
from core.game.ram import RamSnapshot, index_of
from core.game.text import BOX_BOTTOM_LEFT, BOX_TOP_LEFT, MORE_ARROW, SCREEN_COLUMNS, decode_name, decode_screen
from core.vocabulary import Button, GameMode, MapId, Position

MAP_GROUP: Final = index_of("wMapGroup")
MAP_NUMBER: Final = index_of("wMapNumber")
Y_COORD: Final = index_of("wYCoord")
X_COORD: Final = index_of("wXCoord")
PLAYER_DIRECTION: Final = index_of("wPlayerDirection")
MAP_HEIGHT: Final = index_of("wMapHeight")
MAP_WIDTH: Final = index_of("wMapWidth")
TIME_OF_DAY: Final = index_of("wTimeOfDay")
PLAYER_ID: Final = index_of("wPlayerID")
PLAYER_NAME: Final = index_of("wPlayerName")
STEP_COUNT: Final = index_of("wStepCount")
LAST_SPAWN: Final = index_of("wLastSpawnMapGroup")
BATTLE_RESULT: Final = index_of("wBattleResult")
PLAYER_STATE: Final = index_of("wPlayerState")
TEXTBOX_FLAGS: Final = index_of("wTextboxFlags")
HOURS: Final = index_of("hHours")

SURFING: Final = (4, 8)
"""Values of wPlayerState while a creature or a raft carries the player over water."""
TEXT_IS_PRINTED: Final = 1 << 1
MORE_ARROW_CELL: Final = mode.TILEMAP + 17 * SCREEN_COLUMNS + 18
DIALOG_TOP: Final = mode.TILEMAP + 12 * SCREEN_COLUMNS
DIALOG_BOTTOM: Final = mode.TILEMAP + 17 * SCREEN_COLUMNS


class RomTables:
    """What a ROM says once and for all: its profile, its game, and the maps' ground as it becomes known."""

    def __init__(self, profile: RomProfile) -> None:
        self.profile = profile
        self.game: GameData = load_game_data(profile)
        self.collision = CollisionReader(profile)
        self.possessions = PossessionsReader()

    @classmethod
    def from_file(cls, path: str | Path, allow_unknown_rom: bool = False) -> RomTables:
        """Tables of a ROM file; raises `core.exceptions.EnvironmentError` as `identify_rom` does."""
        return cls(identify_rom(path, allow_unknown_rom))


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
        return mode.mode_of(self.snapshot.data)

    @lazy
    def is_free(self) -> bool:
        """The ready test: the next direction will be obeyed."""
        return mode.is_ready(self.snapshot.data)

    @lazy
    def waits_for_button(self) -> bool:
        """Whether a text stands complete and waits for A or B (with or without a blinking arrow), no menu listening.

        While the arrow blinks off, half of the time, this is false: a text being printed looks the same.
        """
        data = self.snapshot.data
        if self.mode not in (GameMode.DIALOG, GameMode.BATTLE) or mode.cursor_cell(data) is not None:
            return False
        if data[DIALOG_TOP] != BOX_TOP_LEFT or data[DIALOG_BOTTOM] != BOX_BOTTOM_LEFT:
            return False
        return data[MORE_ARROW_CELL] == MORE_ARROW or not data[TEXTBOX_FLAGS] & TEXT_IS_PRINTED

    @lazy
    def screen_lines(self) -> tuple[str, ...]:
        """18 lines of 20 characters as the screen shows them; words only in dialogs, menus and battles."""
        return decode_screen(self.snapshot.data[mode.TILEMAP : mode.TILEMAP_END])

    @lazy
    def menu(self) -> menu.MenuState | None:
        """The menu that listens now."""
        data = self.snapshot.data
        return None if mode.cursor_cell(data) is None else menu.decode_menu(data)

    @lazy
    def battle(self) -> battle.BattleState | None:
        """The battle that is going on."""
        return battle.decode_battle(self.snapshot.data)

    @property
    def lost_last_battle(self) -> bool:
        """wBattleResult says "lost". Meaningful at the moment when the battle ends; stale afterwards."""
        return self.snapshot.data[BATTLE_RESULT] & 0x0F == 1

    # where

    @lazy
    def map_id(self) -> MapId:
        """The current map."""
        data = self.snapshot.data
        return MapId(data[MAP_GROUP], data[MAP_NUMBER])

    @lazy
    def position(self) -> Position:
        """Map and step. While crossing a map's edge x or y is 255 or the size for a moment."""
        data = self.snapshot.data
        return Position(self.map_id, data[X_COORD], data[Y_COORD])

    @lazy
    def facing(self) -> Button:
        """Which way the player looks: UP, DOWN, LEFT or RIGHT."""
        return people.FACING[self.snapshot.data[PLAYER_DIRECTION] & 0x0C]

    @property
    def is_surfing(self) -> bool:
        """Whether the player rides over water."""
        return self.snapshot.data[PLAYER_STATE] in SURFING

    @lazy
    def map_size_steps(self) -> tuple[int, int]:
        """(width, height) of the current map in steps."""
        data = self.snapshot.data
        return 2 * data[MAP_WIDTH], 2 * data[MAP_HEIGHT]

    @lazy
    def collision(self) -> CollisionMap:
        """Collision bytes of the whole current map and its border."""
        return self.rom.collision.read(self.snapshot.data)

    def collision_at(self, x: int, y: int) -> int:
        """The collision byte of a step of the current map; `terrain.OUTSIDE` far off it."""
        return self.collision.at(x, y)

    @lazy
    def people(self) -> tuple[people.Person, ...]:
        """Everybody on the map but the player."""
        return people.decode_people(self.snapshot.data)

    @lazy
    def last_spawn(self) -> MapId:
        """The outdoor map to which a lost battle leads; (0, 0) is the player's home."""
        data = self.snapshot.data
        return MapId(data[LAST_SPAWN], data[LAST_SPAWN + 1])

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
        return self.snapshot.data[JOHTO_BADGES]

    @property
    def kanto_badges(self) -> int:
        """Bits of the second region's badges."""
        return self.snapshot.data[KANTO_BADGES]

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
        return bool(self.snapshot.data[EVENT_FLAGS + (index >> 3)] >> (index & 7) & 1)

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
        return self.snapshot.data[TIME_OF_DAY]

    @property
    def hour(self) -> int:
        """The clock's hour, 0 to 23."""
        return self.snapshot.data[HOURS]

    @property
    def player_id(self) -> int:
        """The trainer number drawn at a new game, 0 to 65,535."""
        return self.snapshot.word("wPlayerID")

    @lazy
    def player_name(self) -> str:
        """The player's name."""
        return decode_name(self.snapshot.data[PLAYER_NAME : PLAYER_NAME + party.NAME_SIZE])

    @property
    def step_count(self) -> int:
        """Steps walked, modulo 256."""
        return self.snapshot.data[STEP_COUNT]

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
            digest.update(data[mode.TILEMAP : MORE_ARROW_CELL])
            digest.update(data[MORE_ARROW_CELL + 1 : mode.TILEMAP_END])
        return int.from_bytes(digest.digest(), "big") >> 1

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a game state is immutable: cannot set {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GameState) and other.snapshot == self.snapshot

    def __hash__(self) -> int:
        return hash(self.snapshot)

    def __repr__(self) -> str:
        place = self.position
        return f"GameState({self.mode}, {self.game.map_name(place.map)} ({place.x}, {place.y}))"
