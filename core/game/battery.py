"""A battery save read as data: what game it holds, without starting an emulator.

The cartridge's battery keeps 32 kB. Saving copies one stretch of work RAM, from wPlayerID on, into bank 1 between two
marks, with a sum of its bytes; a second copy lies in bank 0 (Crystal) or in parts in several banks (Gold). Put back in
its place, the copy is a `GameState` like any other: party, bag, badges, flags, position. The box of stored creatures
lies beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.game.files.layout import RamLayout
from core.game.lazy import lazy
from core.game.party import EGG, NAME_SIZE, filled_moves
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState, RomTables

MARKS: Final = (99, 127)
"""What stands before and behind a whole save."""
BACKUP_PARTS: Final = (
    "sBackupPlayerData1",
    "sBackupPlayerData2",
    "sBackupPlayerData3",
    "sBackupCurMapData",
    "sBackupPokemonData",
)
"""The second copy of a game that has no room for it in one piece, in the order of work RAM."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """One of the places where a game is saved, as offsets in the file."""

    first_mark: int
    parts: tuple[tuple[int, int], ...]
    """Where its parts begin and end."""
    checksum: int
    last_mark: int

    def data(self, content: bytes) -> bytes:
        """The saved stretch of work RAM."""
        return b"".join(content[start:end] for start, end in self.parts)


class _BatteryLayout:
    """Where one game keeps what in its battery save."""

    def __init__(self, layout: RamLayout) -> None:
        place = layout.battery_place
        record = layout.record("box_struct")
        size = layout.size("sGameData")
        backup = ("sBackupGameData",) if "sBackupGameData" in layout.symbols else BACKUP_PARTS
        sizes = (size,) if len(backup) == 1 else tuple(layout.size(name) for name in backup)
        self.data_in_ram = layout.index("wPlayerID")
        self.copies = (
            _Copy(
                place("sCheckValue1"),
                ((place("sGameData"), place("sGameData") + size),),
                place("sChecksum"),
                place("sCheckValue2"),
            ),
            _Copy(
                place("sBackupCheckValue1"),
                tuple((place(name), place(name) + part) for name, part in zip(backup, sizes, strict=True)),
                place("sBackupChecksum"),
                place("sBackupCheckValue2"),
            ),
        )
        self.box = place("sBox")
        self.box_species = place("sBoxSpecies")
        self.box_structs = place("sBoxMons")
        self.box_slots = layout.size("sBoxMons") // record.size
        self.struct_size = record.size
        self.box_nicknames = self.box_structs + self.box_slots * (record.size + NAME_SIZE)
        """Behind the structs and the names of the trainers."""
        self.unpacker = record.unpacker("species", "item", "moves", "ot_id", "exp", "dvs", "pp", "happiness", "level")


@dataclass(frozen=True, slots=True)
class StoredCreature:
    """One creature of the box."""

    species: int
    nickname: str
    level: int
    moves: tuple[int, ...]
    pp: tuple[int, ...]
    exp: int
    item: int
    is_egg: bool
    happiness: int
    identity: int
    """The same number as in the party (`PartyMember.identity`)."""


class BatterySave:
    """The content of a .sav, .srm or .ram file; a clock that some emulators append is left aside."""

    def __init__(self, content: bytes, rom: RomTables) -> None:
        self.content = content
        self._rom = rom
        self._layout = _BatteryLayout(rom.layout)

    @lazy
    def complaint(self) -> str | None:
        """Why a game would not continue this save; None where it would."""
        complaints = [self._complaint_of(copy) for copy in self._layout.copies]
        return None if None in complaints else complaints[0]

    @lazy
    def map_complaint(self) -> str | None:
        """Why a save that is whole is one of another game: its map, compared with the world; None where it fits."""
        if all(self._complaint_of(copy) is not None for copy in self._layout.copies):
            return None
        state = self.game_state()
        place = None if self._rom.profile.is_hack else (state.position.x, state.position.y)
        return state.game.map_complaint(state.map_id, place=place)

    @lazy
    def box(self) -> tuple[StoredCreature, ...]:
        """The creatures of the active box, in order; empty when its count makes no sense."""
        count = self.content[self._layout.box]
        if count > self._layout.box_slots:
            return ()
        return tuple(self._stored(slot) for slot in range(count))

    def game_state(self) -> GameState:
        """The saved game. What a save does not keep (screen, menus, battle) is 0 in it, so its mode is BOOT."""
        saved, in_ram = self._good_copy().data(self.content), self._layout.data_in_ram
        ram = bytearray(RAM_SIZE)
        ram[in_ram : in_ram + len(saved)] = saved
        return GameState(RamSnapshot(bytes(ram)), self._rom)

    def _good_copy(self) -> _Copy:
        copies = self._layout.copies
        return next((copy for copy in copies if self._complaint_of(copy) is None), copies[0])

    def _complaint_of(self, copy: _Copy) -> str | None:
        marks = (self.content[copy.first_mark], self.content[copy.last_mark])
        if marks != MARKS:
            return f"nothing was saved to its end: its marks are {marks[0]} and {marks[1]} where 99 and 127 are due"
        written = int.from_bytes(self.content[copy.checksum : copy.checksum + 2], "little")
        due = sum(copy.data(self.content)) & 0xFFFF
        return None if written == due else f"it is damaged: its checksum is {written:04X} where {due:04X} is due"

    def _stored(self, slot: int) -> StoredCreature:
        layout = self._layout
        species, item, moves, trainer, exp, dvs, pp, happiness, level = layout.unpacker.unpack_from(
            self.content, layout.box_structs + slot * layout.struct_size
        )
        name = layout.box_nicknames + slot * NAME_SIZE
        known, points = filled_moves(moves, pp)
        return StoredCreature(
            species=species,
            nickname=self._rom.characters.name(self.content[name : name + NAME_SIZE]),
            level=level,
            moves=known,
            pp=points,
            exp=int.from_bytes(exp, "big"),
            item=item,
            is_egg=self.content[layout.box_species + slot] == EGG,
            happiness=happiness,
            identity=trainer << 16 | dvs,
        )
