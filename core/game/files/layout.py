"""Where one game keeps its variables: the address list, one row per RAM symbol under pret's names.

A game's `symbols.json` is the only place where its addresses are written down. Everybody who reads a snapshot asks the
layout of that game once, when its reader is built, so games with different layouts live side by side in one process.
Words are big-endian except pointers.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

from pydantic import Field

from core import exceptions
from core.game.files.form import Form, broken, read_data_file
from core.game.ram import HRAM_START, WRAM_SIZE, WRAM_START

HRAM_SYMBOLS: Final = (
    "hHours",
    "hMinutes",
    "hMapEntryMethod",
    "hJoypadDown",
    "hJoyPressed",
    "hJoyDown",
    "hInMenu",
    "hRandomAdd",
    "hRandomSub",
    "hBattleTurn",
)
"""The variables of FF80-FFFF that a snapshot holds: PyBoy hands these bytes out only one by one."""
SRAM_START: Final = 0xA000
SRAM_BANK_BYTES: Final = 0x2000
BIG_ENDIAN: Final = {1: "B", 2: "H"}
"""How the fields of a record are unpacked, by their size; longer ones stay bytes."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """Where a variable lives and what it means."""

    name: str
    bank: int
    """WRAMX bank for D000-DFFF, SRAM bank for A000-BFFF, 0 elsewhere."""
    address: int
    size: int
    """Bytes."""
    meaning: str


@dataclass(frozen=True, slots=True)
class RecordField:
    """A member of a record: offset and size in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """The layout of one of the game's records: a creature of the party, a fighter, a person on the map."""

    name: str
    size: int
    """Bytes."""
    fields: Mapping[str, RecordField]

    def offset(self, field: str) -> int:
        """Where a field begins."""
        return self.fields[field].offset

    def unpacker(self, *fields: str) -> struct.Struct:
        """Unpacks these fields, which must be in the order of their offsets, from a record's `size` bytes.

        One or two bytes give a number, more give bytes.
        """
        form, place = ">", 0
        for name in fields:
            field = self.fields[name]
            form += f"{field.offset - place}x{BIG_ENDIAN.get(field.size, f'{field.size}s')}"
            place = field.offset + field.size
        return struct.Struct(f"{form}{self.size - place}x")


class RamLayout:
    """The address list of one game. Immutable."""

    def __init__(self, symbols: Mapping[str, Symbol], records: Mapping[str, RecordLayout], source: str) -> None:
        """`source` names the file in errors. Raises `core.exceptions.EnvironmentError` without `HRAM_SYMBOLS`."""
        self.symbols = symbols
        self.records = records
        self.source = source
        self.hram_addresses = tuple(self.symbol(name).address for name in HRAM_SYMBOLS)
        """The bytes of FF80-FFFF that a snapshot of this game holds."""

    def symbol(self, name: str) -> Symbol:
        """The row of a variable; `core.exceptions.EnvironmentError` for a name that is not in the list."""
        try:
            return self.symbols[name]
        except KeyError as error:
            raise exceptions.EnvironmentError(
                f"{self.source} has no RAM symbol {name!r}, which is read of every game: add its row (docs/games.md)"
            ) from error

    def index(self, name: str) -> int:
        """Where a variable begins in a snapshot.

        Raises `core.exceptions.EnvironmentError` for an unknown symbol and `ValueError` for one that no snapshot holds.
        """
        row = self.symbol(name)
        if WRAM_START <= row.address < WRAM_START + WRAM_SIZE and row.bank <= 1:
            return row.address - WRAM_START
        if row.address in self.hram_addresses:
            return WRAM_SIZE + row.address - HRAM_START
        raise ValueError(
            f"{name} is at bank {row.bank}, address {row.address:04X}, which a snapshot does not hold: "
            "it has C000-DFFF of bank 1 and the addresses of HRAM_SYMBOLS"
        )

    def span(self, name: str) -> tuple[int, int]:
        """Where a variable begins and ends in a snapshot."""
        start = self.index(name)
        return start, start + self.symbol(name).size

    def size(self, name: str) -> int:
        """Bytes of a variable."""
        return self.symbol(name).size

    def battery_place(self, name: str) -> int:
        """Where a variable of the cartridge's RAM begins in a battery save."""
        row = self.symbol(name)
        return row.bank * SRAM_BANK_BYTES + row.address - SRAM_START

    def record(self, name: str) -> RecordLayout:
        """The layout of a record; `core.exceptions.EnvironmentError` for a name that is not in the list."""
        try:
            return self.records[name]
        except KeyError as error:
            raise exceptions.EnvironmentError(
                f"{self.source} has no struct {name!r}, which is read of every game: add it (docs/games.md)"
            ) from error

    def byte(self, data: bytes, name: str) -> int:
        """The first byte of a variable in a snapshot's bytes. For tools and tests: readers keep the index."""
        return data[self.index(name)]

    def word(self, data: bytes, name: str) -> int:
        """The big-endian word at a variable."""
        start = self.index(name)
        return int.from_bytes(data[start : start + 2], "big")


class _SymbolForm(Form):
    bank: int
    address: str
    size: int
    meaning: str
    units: str | None = None
    fernvale: str | None = None
    """Of Crystal's list: what our cartridge, which shares it, keeps there; "same", or what differs."""


class _FieldForm(Form):
    offset: int
    size: int


class _SymbolsForm(Form):
    about: str = ""
    symbols: dict[str, _SymbolForm]
    fernvale_only: dict[str, _SymbolForm] = Field(default_factory=dict)
    structs: dict[str, dict[str, _FieldForm | int | str]]
    """By name the fields, the whole length as `_length`, and notes; without a length it is no record of RAM."""


@cache
def read_layout(file: Traversable) -> RamLayout:
    """The layout in a `symbols.json`, read once per process: games may share a file.

    Raises `core.exceptions.EnvironmentError` for a file that is missing or broken.
    """
    form = read_data_file(file, _SymbolsForm)
    symbols: dict[str, Symbol] = {}
    for name, row in form.symbols.items():
        try:
            address = int(row.address, 16)
        except ValueError as error:
            raise broken(file, f"symbols.{name}.address", row.address, "no hexadecimal number") from error
        symbols[name] = Symbol(name, row.bank, address, row.size, row.meaning)
    records = {
        name: RecordLayout(
            name,
            size,
            {key: RecordField(one.offset, one.size) for key, one in members.items() if isinstance(one, _FieldForm)},
        )
        for name, members in form.structs.items()
        if isinstance(size := members.get("_length"), int)
    }
    for record in records.values():
        _check_fields(file, record)
    return RamLayout(symbols, records, str(file))


def _check_fields(file: Traversable, record: RecordLayout) -> None:
    """Raises `core.exceptions.EnvironmentError` where two fields share a byte, or one reaches past the record's end."""
    end, before = 0, ""
    for name, one in sorted(record.fields.items(), key=lambda item: item[1].offset):
        place, seen = f"structs.{record.name}.{name}", {"offset": one.offset, "size": one.size}
        if one.offset < end:
            raise broken(file, place, seen, f"it overlaps with {before}, which ends before offset {end}")
        if one.offset + one.size > record.size:
            raise broken(file, place, seen, f"it ends past the record, whose _length is {record.size}")
        end, before = one.offset + one.size, name
