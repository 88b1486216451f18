"""The ROM image: where data goes, reading the linker's output, and the header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BANK_SIZE = 0x4000
BANKS = 16
FIRST_DATA_BANK = 5
"""Banks 0-4 hold code."""
TITLE = b"FERNVALE"
GAME_CODE = b"FERN"
LOGO = slice(0x104, 0x134)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies in the ROM, as the console sees it."""

    bank: int
    address: int

    @property
    def offset(self) -> int:
        return self.bank * BANK_SIZE + self.address % BANK_SIZE

    def packed(self) -> bytes:
        """Bank, then address with the low byte first."""
        return bytes([self.bank, self.address & 255, self.address >> 8])


class Rom:
    """A ROM image that is filled bank by bank, first fit, in the order of the calls."""

    def __init__(self) -> None:
        self.image = bytearray(b"\xff" * (BANKS * BANK_SIZE))
        self.used = [0] * BANKS

    def reserve(self, size: int, align: int = 1) -> Place:
        """Room for `size` bytes within one bank. Raises ValueError when no bank has it."""
        for bank in range(FIRST_DATA_BANK, BANKS):
            start = -(-self.used[bank] // align) * align
            if start + size <= BANK_SIZE:
                self.used[bank] = start + size
                return Place(bank, BANK_SIZE + start)
        raise ValueError(f"no bank has {size} bytes left; raise BANKS in cartridge/tools/rom.py")

    def write(self, place: Place, data: bytes) -> None:
        self.image[place.offset : place.offset + len(data)] = data

    def place(self, data: bytes, align: int = 1) -> Place:
        """Puts data somewhere and tells where."""
        found = self.reserve(len(data), align)
        self.write(found, data)
        return found

    def link(self, hex_file: Path) -> None:
        """Adds the linked code (Intel hex). Raises ValueError when two things claim a byte."""
        base, taken = 0, set()
        for line in hex_file.read_text(encoding="ascii").splitlines():
            record = bytes.fromhex(line.strip()[1:])
            if sum(record) & 255:
                raise ValueError(f"{hex_file}: bad checksum in {line!r}")
            count, address, kind = record[0], record[1] << 8 | record[2], record[3]
            if kind == 4:
                base = (record[4] << 8 | record[5]) << 16
            elif kind == 0:
                for i in range(count):
                    offset = base + address + i
                    if offset in taken or offset >= FIRST_DATA_BANK * BANK_SIZE:
                        raise ValueError(f"the code overlaps at ROM offset {offset:#x}")
                    taken.add(offset)
                    self.image[offset] = record[4 + i]
        for bank in range(FIRST_DATA_BANK):
            self.used[bank] = sum(bank * BANK_SIZE <= offset < (bank + 1) * BANK_SIZE for offset in taken)

    def finish(self) -> bytes:
        """The image with its header.

        The logo area stays empty: it is a vendor's picture, and emulators do not need it.
        """
        image = self.image
        image[LOGO] = bytes(48)
        image[0x134:0x13F] = TITLE.ljust(11, b"\0")
        image[0x13F:0x143] = GAME_CODE
        image[0x143] = 0xC0  # Game Boy Color only
        rom_size = BANKS.bit_length() - 2
        image[0x144:0x14D] = bytes([0x30, 0x30, 0, 0x1B, rom_size, 3, 1, 0x33, 0])  # MBC5 + RAM + battery, 32 KB of RAM
        image[0x14D] = -sum(value + 1 for value in image[0x134:0x14D]) & 255
        checksum = (sum(image) - image[0x14E] - image[0x14F]) & 0xFFFF
        image[0x14E:0x150] = checksum.to_bytes(2, "big")
        return bytes(image)
