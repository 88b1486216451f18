"""Which cartridge is this: a ROM is known by its SHA-1, and a profile names the data that describes it.

Fernvale is our own practice game and changes as it is built, so it is recognised by its header title; the releases
of Pokemon Crystal that share one RAM layout are recognised by their published SHA-1. The ROM itself is only read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from core import exceptions

HEADER_END: Final = 0x150
BANK_SIZE: Final = 0x4000
CRYSTAL_REVISIONS: Final = {
    "f4cd194bdee0d04ca4eac29e09b8e4e9d818c133": "English, revision 0",
    "f2f52230b536214ef7c9924f483392993e226cfb": "English, revision 1",
    "a0fc810f1d4e124434f7be2c989ab5b5892ddf36": "Australia",
}
"""SHA-1 of the releases whose RAM the address list describes."""
CARTRIDGES_WITH_BATTERY: Final = (0x03, 0x0F, 0x10, 0x13, 0x1B, 0x1E)
"""MBC1, MBC3 and MBC5 with RAM and battery; MBC2 keeps its RAM inside and is none of ours."""
BATTERY_SIZES: Final = {2: 0x2000, 3: 0x8000, 4: 0x20000, 5: 0x10000}
"""Bytes of cartridge RAM by the header's byte."""
CRYSTAL_TITLE: Final = "PM_CRYSTAL"
FERNVALE_TITLE: Final = "FERNVALE"


@dataclass(frozen=True, slots=True)
class RomProfile:
    """A recognised cartridge."""

    name: str
    """"fernvale" or "crystal": also the folder of its data."""
    revision: str
    sha1: str
    title: str
    """The title of the ROM's header."""
    rom: bytes = field(repr=False, compare=False)
    """The whole ROM, as read from the file."""

    @property
    def data_folder(self) -> Traversable:
        """Where world.json, enums.json and milestones.json of this game lie."""
        return resources.files("core.game").joinpath("data", self.name)

    @property
    def battery_bytes(self) -> int:
        """Size of the RAM that the cartridge's battery keeps, as its header says; 0 for a cartridge without."""
        return BATTERY_SIZES.get(self.rom[0x149], 0) if self.rom[0x147] in CARTRIDGES_WITH_BATTERY else 0

    def rom_bytes(self, bank: int, address: int, size: int) -> bytes:
        """Bytes of a ROM bank as the game addresses them: 0000-3FFF is bank 0, 4000-7FFF the given one.

        Shorter than `size` where the ROM ends: a wild pointer gives no error, only fewer bytes.
        """
        start = address if address < BANK_SIZE else bank * BANK_SIZE + address - BANK_SIZE
        return self.rom[start : start + size]


def header_title(rom: bytes) -> str:
    """The title at 0134-013E of a Game Boy Color header."""
    return rom[0x134:0x13F].split(b"\0")[0].decode("ascii", errors="replace").strip()


def identify_rom(path: str | Path, allow_unknown_rom: bool = False) -> RomProfile:
    """Read a ROM file and tell which game it is.

    With `allow_unknown_rom` a ROM titled like Crystal is taken for a hack that kept Crystal's RAM layout.
    Raises `core.exceptions.EnvironmentError` for a missing file, a file that is no ROM, and an unknown ROM.
    """
    path = Path(path)
    try:
        rom = path.read_bytes()
    except OSError as error:
        raise exceptions.EnvironmentError(
            f"cannot read the ROM {str(path)!r}: {error.strerror or error}. Set rom_path to an existing .gbc file, "
            "for instance cartridge/fernvale.gbc"
        ) from error
    _check_header(path, rom)
    sha1 = hashlib.sha1(rom, usedforsecurity=False).hexdigest()
    title = header_title(rom)
    if sha1 in CRYSTAL_REVISIONS:
        return RomProfile("crystal", CRYSTAL_REVISIONS[sha1], sha1, title, rom)
    if title == FERNVALE_TITLE:
        return RomProfile("fernvale", f"version {rom[0x14C]}", sha1, title, rom)
    if allow_unknown_rom and title == CRYSTAL_TITLE:
        return RomProfile("crystal", "unknown", sha1, title, rom)
    known = ", ".join(f"{digest} ({revision})" for digest, revision in CRYSTAL_REVISIONS.items())
    raise exceptions.EnvironmentError(
        f"the ROM {str(path)!r} is neither Fernvale nor a known Pokemon Crystal: its title is {title!r} and its SHA-1 "
        f"{sha1}. Known: any build of Fernvale by its title, and {known}. For a hack that keeps Crystal's RAM layout "
        "set allow_unknown_rom"
    )


def _check_header(path: Path, rom: bytes) -> None:
    """A Game Boy ROM has a header with a checksum, and as many bytes as its header says."""
    if len(rom) < HEADER_END:
        raise exceptions.EnvironmentError(
            f"{str(path)!r} is no Game Boy ROM: it has {len(rom)} bytes, a header alone needs {HEADER_END}. "
            "Set rom_path to a .gbc file"
        )
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    if checksum != rom[0x14D]:
        raise exceptions.EnvironmentError(
            f"{str(path)!r} is no Game Boy ROM: the header checksum is {rom[0x14D]:02X} where {checksum:02X} is due. "
            "Set rom_path to a .gbc file"
        )
    promised = 2 * BANK_SIZE << rom[0x148] if rom[0x148] <= 8 else len(rom)
    if len(rom) != promised:
        raise exceptions.EnvironmentError(
            f"the ROM {str(path)!r} is damaged: its header promises {promised} bytes and it has {len(rom)}. "
            "Dump or build it again"
        )
