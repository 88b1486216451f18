"""A second game for tests: Fernvale with every variable of RAM at another address, from the symbols file up.

Each of the two halves of work RAM is turned by `TURN` bytes and high RAM by one, in the address list and in the bytes
of a snapshot alike; the screen's cursor, a pointer into work RAM, moves along. So a reader that keeps an address of
the first game sees something else in the second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from core.game.profile import game_named
from core.game.ram import HRAM_SIZE, HRAM_START, WRAM_SIZE, WRAM_START, RamSnapshot
from tests.game_states import LAYOUT, ROM_PATH

TURN = 16
HALF = WRAM_SIZE // 2
Document = dict[str, Any]


def turned_address(address: int) -> int:
    """Where the second game keeps what the first has at an address; the cartridge's RAM stays."""
    if WRAM_START <= address < WRAM_START + WRAM_SIZE:
        half, place = divmod(address - WRAM_START, HALF)
        return WRAM_START + half * HALF + (place + TURN) % HALF
    if address >= HRAM_START:
        return HRAM_START + (address - HRAM_START + 1) % HRAM_SIZE
    return address


def turned(snapshot: RamSnapshot) -> RamSnapshot:
    """The same moment as the second game's RAM would show it."""
    data = bytearray(snapshot.data)
    pointer = LAYOUT.index("wCursorCurrentTile")
    address = int.from_bytes(data[pointer : pointer + 2], "little")
    if WRAM_START <= address < WRAM_START + WRAM_SIZE:
        data[pointer : pointer + 2] = turned_address(address).to_bytes(2, "little")
    low, high, top = bytes(data[:HALF]), bytes(data[HALF:WRAM_SIZE]), bytes(data[WRAM_SIZE:])
    parts = ((low, TURN), (high, TURN), (top, 1))
    return RamSnapshot(b"".join(part[-by:] + part[:-by] for part, by in parts))


def write_second_game(folder: Path) -> Path:
    """Write the second game's ROM and, beside it, its folder; the ROM's path. Only data are written."""

    def turn_symbols(symbols: Document) -> None:
        for row in symbols["symbols"].values():
            row["address"] = f"0x{turned_address(int(row['address'], 16)):04X}"

    return write_copy(folder, "turnvale", {"symbols.json": turn_symbols})


def write_copy(folder: Path, name: str, edits: Mapping[str, Callable[[Document], None]]) -> Path:
    """Write a copy of Fernvale with another name, and its folder beside it; the ROM's path.

    `edits` change the documents of the folder, by file name. `charmap.json` is Fernvale's own only where it is edited.
    """
    title = name.upper().encode()
    rom = bytearray(ROM_PATH.read_bytes())
    rom[0x134:0x13F] = title.ljust(11, b"\0")
    rom[0x14D] = -sum(value + 1 for value in rom[0x134:0x14D]) & 0xFF
    path = folder / f"{name}.gbc"
    path.write_bytes(bytes(rom))
    game = folder / f"{name}.game"
    game.mkdir()
    first = game_named("fernvale")
    files = {one: first.folder.joinpath(one) for one in ("world.json", "enums.json", "milestones.json", "profile.json")}
    files["symbols.json"] = first.symbols_file
    if "charmap.json" in edits:
        files["charmap.json"] = first.charmap_file
    for file, source in files.items():
        document = _document(source)
        if file == "profile.json":
            document |= {"name": name, "title": name.capitalize(), "header_title": title.decode()}
            del document["symbols_of"]
            if "charmap.json" in edits:
                del document["charmap_of"]
        edits.get(file, _leave)(document)
        (game / file).write_text(json.dumps(document), encoding="utf-8")
    return path


def _leave(_document: Document) -> None:
    """Change nothing."""


def _document(file: Traversable) -> Document:
    return json.loads(file.read_text(encoding="utf-8"))
