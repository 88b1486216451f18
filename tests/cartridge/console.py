"""The cartridge in a bare emulator, read by symbol name: what the tests of the cartridge stand on."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from pyboy import PyBoy

from core.game.profile import game_named

LAYOUT = game_named("fernvale").layout
ROM = Path(__file__).resolve().parents[2] / "cartridge" / "fernvale.gbc"
BUTTONS = ("a", "b", "start", "select", "up", "down", "left", "right")
LETTERS = {
    code: character
    for codes in [range(0x80, 0x9A)]
    for code, character in zip(codes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=True)
}
LETTERS |= {0xA0 + i: character for i, character in enumerate("abcdefghijklmnopqrstuvwxyz")}
LETTERS |= {0xF6 + i: character for i, character in enumerate("0123456789")} | {0x7F: " ", 0xED: ">", 0xEE: "v"}


class Console:
    """One running cartridge. Frames are emulated without pictures or sound."""

    def __init__(self, rom: Path = ROM) -> None:
        self.pyboy = PyBoy(io.BytesIO(rom.read_bytes()), window="null", sound_emulated=False)
        self.pyboy.set_emulation_speed(0)
        self.frames = 0

    def close(self) -> None:
        self.pyboy.stop(save=False)

    def tick(self, frames: int = 1) -> None:
        self.pyboy.tick(frames, False)
        self.frames += frames

    def press(self, button: str, hold: int = 4, release: int = 8) -> None:
        """Press, wait `hold` frames, let go, wait `release` frames."""
        self.pyboy.button_press(button)
        self.tick(hold)
        self.pyboy.button_release(button)
        self.tick(release)

    def byte(self, address: int) -> int:
        memory = self.pyboy.memory
        is_banked = 0xA000 <= address < 0xC000 or 0xD000 <= address < 0xE000
        return memory[1, address] if is_banked else memory[address]

    def read(self, name: str, offset: int = 0) -> int:
        """One byte of a variable."""
        return self.byte(LAYOUT.symbol(name).address + offset)

    def word(self, name: str, offset: int = 0) -> int:
        """A big-endian word of a variable."""
        return self.read(name, offset) << 8 | self.read(name, offset + 1)

    def bytes(self, name: str) -> bytes:
        """All bytes of a variable."""
        place = LAYOUT.symbol(name)
        return bytes(self.byte(place.address + i) for i in range(place.size))

    def pointer(self, name: str) -> int:
        """A little-endian address kept in a variable."""
        return self.read(name) | self.read(name, 1) << 8

    def rom(self, bank: int, address: int) -> int:
        return self.pyboy.memory[bank, address]

    def flag(self, index: int) -> bool:
        return bool(self.read("wEventFlags", index // 8) >> index % 8 & 1)

    def screen(self) -> list[str]:
        """The 18 rows of wTilemap, letters decoded, other tiles as dots."""
        tiles = self.bytes("wTilemap")
        text = "".join(LETTERS.get(tile, ".") for tile in tiles)
        return [text[row * 20 : row * 20 + 20] for row in range(18)]

    def tile(self, x: int, y: int) -> int:
        return self.read("wTilemap", y * 20 + x)

    def ram_digest(self) -> str:
        """A hash of work RAM and high RAM."""
        memory = self.pyboy.memory
        parts = [bytes(memory[0xC000:0xD000]), bytes(memory[1, 0xD000:0xDFFF]), bytes(memory[0xFF80:0xFFFF])]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def save(self) -> bytes:
        buffer = io.BytesIO()
        self.pyboy.save_state(buffer)
        return buffer.getvalue()

    def load(self, state: bytes) -> None:
        self.pyboy.load_state(io.BytesIO(state))

    @property
    def is_ready(self) -> bool:
        """Crystal's ready test: the next frame will obey the direction pad."""
        return (
            self.read("wMapStatus") == 2
            and self.read("hMapEntryMethod") == 0
            and self.read("wScriptRunning") == 0
            and self.read("wMapEventStatus") == 0
            and self.read("wBattleMode") == 0
            and self.read("wJoypadDisable") & 0xD0 == 0
            and self.read("wGameLogicPaused") == 0
            and self.read("wInputType") == 0
            and self.read("wGameTimerPaused") & 1 == 1
        )

    def boot(self) -> None:
        """From power on to the first free step, with buttons only."""
        self.tick(120)
        self.press("start", 4, 20)
        for _ in range(400):
            if self.is_ready:
                return
            self.press("a")
        raise AssertionError("the title screens did not lead to the game")
