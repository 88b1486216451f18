"""The cartridge that comes with the program: `"rom_path": "fernvale"` names it, wherever the program is installed."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

BUNDLED_ROM: Final = Path("fernvale")
"""What a config writes for it; a ROM of one's own has a suffix."""
_PACKAGE: Final = "cartridge"


def rom_file(rom_path: str | Path) -> Path:
    """Where a ROM lies: that of the package for `BUNDLED_ROM`, any other where its path says."""
    path = Path(rom_path)
    return Path(str(resources.files(_PACKAGE) / "fernvale.gbc")) if path == BUNDLED_ROM else path


@cache
def _sha256() -> str:
    return (resources.files(_PACKAGE) / "fernvale.gbc.sha256").read_text(encoding="ascii").split()[0]


def is_bundled_rom(rom: bytes) -> bool:
    """Whether these are the bytes of the bundled cartridge."""
    return hashlib.sha256(rom).hexdigest() == _sha256()
