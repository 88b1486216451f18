"""A battery save read as data: what game it holds, without starting an emulator.

The cartridge's battery keeps 32 kB. Saving copies one stretch of work RAM, from wPlayerID on, into bank 1 between two
marks, with a sum of its bytes; Crystal keeps a second copy in bank 0. Put back in its place, the copy is a `GameState`
like any other: party, bag, badges, flags, position. The box of stored creatures lies beside it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from core.game.lazy import lazy
from core.game.party import EGG, NAME_SIZE, PP_MASK
from core.game.ram import RAM_SIZE, RamSnapshot, index_of
from core.game.state import GameState, RomTables
from core.game.symbols import symbol
from core.game.text import decode_name

BANK_BYTES: Final = 0x2000
MARKS: Final = (99, 127)
"""What stands before and behind a whole save."""
BOX_SLOTS: Final = 20
BOX_STRUCT_SIZE: Final = 32
# as in a party, without status, HP and stats: species, item, 4 moves, trainer id, 3 bytes of experience, 10 of stat
# experience, DVs, 4 PP, happiness, pokerus, caught data, level
_BOX_STRUCT: Final = struct.Struct(">BB4sH3s10xH4sBxHB")


def place_of(name: str) -> int:
    """Where a symbol of the cartridge's RAM begins in the file."""
    row = symbol(name)
    return row.bank * BANK_BYTES + row.address - 0xA000


GAME_DATA: Final = place_of("sGameData")
GAME_DATA_SIZE: Final = symbol("sGameData").size
GAME_DATA_IN_RAM: Final = index_of("wPlayerID")
BOX: Final = place_of("sBox")
BOX_SPECIES: Final = place_of("sBoxSpecies")
BOX_STRUCTS: Final = place_of("sBoxMons")
BOX_NICKNAMES: Final = BOX_STRUCTS + BOX_SLOTS * (BOX_STRUCT_SIZE + NAME_SIZE)
"""Behind the structs and the names of the trainers."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """One of the places where a game is saved, as offsets in the file."""

    first_mark: int
    data: int
    checksum: int
    last_mark: int


_COPIES: Final = (
    _Copy(place_of("sCheckValue1"), GAME_DATA, place_of("sChecksum"), place_of("sCheckValue2")),
    _Copy(
        place_of("sBackupCheckValue1"),
        place_of("sBackupGameData"),
        place_of("sBackupChecksum"),
        place_of("sBackupCheckValue2"),
    ),
)


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

    def __init__(self, content: bytes) -> None:
        self.content = content

    @lazy
    def complaint(self) -> str | None:
        """Why a game would not continue this save; None where it would."""
        complaints = [self._complaint_of(copy) for copy in _COPIES]
        return None if None in complaints else complaints[0]

    @lazy
    def box(self) -> tuple[StoredCreature, ...]:
        """The creatures of the active box, in order; empty when its count makes no sense."""
        count = self.content[BOX]
        if count > BOX_SLOTS:
            return ()
        return tuple(self._stored(slot) for slot in range(count))

    def game_state(self, rom: RomTables) -> GameState:
        """The saved game. What a save does not keep (screen, menus, battle) is 0 in it, so its mode is BOOT."""
        start = self._good_copy().data
        ram = bytearray(RAM_SIZE)
        ram[GAME_DATA_IN_RAM : GAME_DATA_IN_RAM + GAME_DATA_SIZE] = self.content[start : start + GAME_DATA_SIZE]
        return GameState(RamSnapshot(bytes(ram)), rom)

    def _good_copy(self) -> _Copy:
        return next((copy for copy in _COPIES if self._complaint_of(copy) is None), _COPIES[0])

    def _complaint_of(self, copy: _Copy) -> str | None:
        marks = (self.content[copy.first_mark], self.content[copy.last_mark])
        if marks != MARKS:
            return f"nothing was saved to its end: its marks are {marks[0]} and {marks[1]} where 99 and 127 are due"
        written = int.from_bytes(self.content[copy.checksum : copy.checksum + 2], "little")
        due = sum(self.content[copy.data : copy.data + GAME_DATA_SIZE]) & 0xFFFF
        return None if written == due else f"it is damaged: its checksum is {written:04X} where {due:04X} is due"

    def _stored(self, slot: int) -> StoredCreature:
        species, item, moves, trainer, exp, dvs, pp, happiness, _caught, level = _BOX_STRUCT.unpack_from(
            self.content, BOX_STRUCTS + slot * BOX_STRUCT_SIZE
        )
        name = BOX_NICKNAMES + slot * NAME_SIZE
        filled = [place for place in range(4) if moves[place]]
        return StoredCreature(
            species=species,
            nickname=decode_name(self.content[name : name + NAME_SIZE]),
            level=level,
            moves=tuple(moves[place] for place in filled),
            pp=tuple(pp[place] & PP_MASK for place in filled),
            exp=int.from_bytes(exp, "big"),
            item=item,
            is_egg=self.content[BOX_SPECIES + slot] == EGG,
            happiness=happiness,
            identity=trainer << 16 | dvs,
        )
