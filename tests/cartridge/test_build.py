"""The committed ROM is what the sources say, and its header is honest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from cartridge.tools import export, toolchain
from cartridge.tools.build import build, differences
from cartridge.tools.content import read_content
from cartridge.tools.game_data import place_game
from cartridge.tools.maps import read_maps
from cartridge.tools.rom import Rom
from tests.cartridge.console import ROM

HEADER_SUM = slice(0x134, 0x14D)


def test_rebuilding_gives_the_committed_bytes(tmp_path: Path) -> None:
    try:
        toolchain.require_sdcc()
    except toolchain.ToolchainError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert differences(build(tmp_path)) == []


def test_the_exported_data_are_the_committed_ones() -> None:
    """The same for the game's data alone, which need no compiler."""
    content, maps = read_content(), read_maps()
    _, built = place_game(content, maps, Rom())
    assert differences(export.documents(content, maps, built)) == []


def test_the_digest_file_is_true() -> None:
    expected = ROM.with_suffix(".gbc.sha256").read_text(encoding="ascii").split()[0]
    assert hashlib.sha256(ROM.read_bytes()).hexdigest() == expected


def test_the_header() -> None:
    image = ROM.read_bytes()
    assert image[0x104:0x134] == bytes(48), "the logo area belongs to a vendor and stays empty"
    assert image[0x134:0x13C] == b"FERNVALE"
    assert image[0x143] == 0xC0, "Game Boy Color only"
    assert len(image) == 0x8000 << image[0x148]
    assert image[0x14D] == -sum(value + 1 for value in image[HEADER_SUM]) & 255
    assert int.from_bytes(image[0x14E:0x150], "big") == (sum(image) - image[0x14E] - image[0x14F]) & 0xFFFF


def test_another_compiler_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "sdcc"
    fake.write_text("#!/bin/sh\necho 'SDCC : sm83 4.5.0 #15242 (Linux)'\n", encoding="ascii")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(toolchain.ToolchainError, match=r"need sdcc 4\.2\.0 #13081.*found.*4\.5\.0"):
        toolchain.require_sdcc()
