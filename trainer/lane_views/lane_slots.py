"""What each lane shows, as a file that the playing processes write in place and the page's process reads.

A slot has a fixed size and two writers that never touch each other's fields: who plays the emulator (screen, place,
numbers) and who decides (the decision, as JSON with a checksum, since a reader may come in the middle of a write).
A torn screen is a picture of two moments, which the next second mends.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.whole_files import written_aside

FOLDER: Final = "live"
"""In the run's folder: everything that the page and the training tell each other."""
FILE: Final = "lanes.slots"
MOST_TOLD_BYTES: Final = 4096
SLOT: Final = np.dtype(
    [
        ("seen_at_s", np.float64),
        ("steps", np.int64),
        ("reward", np.float64),
        ("map", np.uint8, 2),
        ("place", np.uint8, 2),
        ("milestones", np.int32),
        ("screen", np.uint8, (144, 160, 3)),
        ("told_at_s", np.float64),
        ("told_bytes", np.int32),
        ("told_crc", np.uint32),
        ("told", np.uint8, MOST_TOLD_BYTES),
    ]
)
LOOK_AGAIN_S: Final = 1.0


def make_slots(folder: Path, lanes: int) -> None:
    """A new file of empty slots; who still has an older one open writes into nothing that anybody reads."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_aside(folder / FILE) as aside:
        aside.write_bytes(bytes(SLOT.itemsize * lanes))


def read_slots(folder: Path) -> NDArray[Any]:
    """The slots as they are now, a copy of dtype `SLOT` and shape (lanes,); none where there is no file."""
    try:
        content = (folder / FILE).read_bytes()
    except OSError:
        content = b""
    return np.frombuffer(content[: len(content) // SLOT.itemsize * SLOT.itemsize], dtype=SLOT)


class SlotWriter:
    """Writes one lane's slot. The file is looked for once a second until it is there."""

    def __init__(self, folder: Path, lane: int) -> None:
        self._file = folder / FILE
        self._lane = lane
        self._slot: Any = None
        self._look_at_s = 0.0

    def show(
        self,
        screen: NDArray[np.uint8],
        steps: int,
        reward: float,
        game_map: tuple[int, int],
        place: tuple[int, int],
        milestones: int,
    ) -> None:
        """Who plays the emulator: the screen, uint8 (144, 160, 3), and the game's numbers."""
        slot = self._open()
        if slot is None:
            return
        slot["screen"] = screen
        slot["steps"], slot["reward"], slot["milestones"] = steps, reward, milestones
        slot["map"], slot["place"] = game_map, place
        slot["seen_at_s"] = time.time()

    def tell(self, decision: Mapping[str, Any]) -> None:
        """Who decides: the decision, JSON-able; one that is too long is left out."""
        slot = self._open()
        text = json.dumps(decision).encode()
        if slot is None or len(text) > MOST_TOLD_BYTES:
            return
        slot["told_bytes"] = 0
        slot["told"][: len(text)] = np.frombuffer(text, dtype=np.uint8)
        slot["told_crc"] = zlib.crc32(text)
        slot["told_bytes"] = len(text)
        slot["told_at_s"] = time.time()

    def _open(self) -> Any:
        now = time.monotonic()
        if self._slot is None and now >= self._look_at_s:
            self._look_at_s = now + LOOK_AGAIN_S
            if self._file.is_file() and self._file.stat().st_size >= SLOT.itemsize * (self._lane + 1):
                self._slot = np.memmap(self._file, dtype=SLOT, mode="r+")[self._lane]
        return self._slot


def told_in(slot: Any) -> dict[str, Any]:
    """The decision in a slot; empty where there is none, or a half one."""
    text = slot["told"][: max(0, min(int(slot["told_bytes"]), MOST_TOLD_BYTES))].tobytes()
    if not text or zlib.crc32(text) != int(slot["told_crc"]):
        return {}
    return json.loads(text)
