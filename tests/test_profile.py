"""Which ROM is this: recognised, refused with the reason, and nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import exceptions
from core.game.game_data import load_game
from core.game.profile import game_named, identify_rom
from core.vocabulary import MapId
from tests.game_states import ROM_PATH


def patched(path: Path, changes: dict[int, bytes]) -> Path:
    """A copy of Fernvale with some header bytes changed and the header checksum right."""
    rom = bytearray(ROM_PATH.read_bytes())
    for place, content in changes.items():
        rom[place : place + len(content)] = content
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    rom[0x14D] = checksum
    path.write_bytes(bytes(rom))
    return path


def test_fernvale_is_recognised() -> None:
    profile = identify_rom(ROM_PATH)
    assert profile.name == "fernvale"
    assert len(profile.sha1) == 40
    assert profile.rom_bytes(0, 0x134, 8) == b"FERNVALE"
    assert profile.rom_bytes(1, 0x4000, 16) == profile.rom[0x4000:0x4010]


def test_missing_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(exceptions.EnvironmentError, match=r"nowhere\.gbc.*No such file"):
        identify_rom(tmp_path / "nowhere.gbc")


@pytest.mark.parametrize("content", [b"", b"hello", bytes(40_000)])
def test_a_file_that_is_no_rom(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "not_a_rom.gbc"
    path.write_bytes(content)
    with pytest.raises(exceptions.EnvironmentError, match="no Game Boy ROM"):
        identify_rom(path)


def test_a_truncated_rom(tmp_path: Path) -> None:
    path = tmp_path / "short.gbc"
    path.write_bytes(ROM_PATH.read_bytes()[:-1000])
    with pytest.raises(exceptions.EnvironmentError, match=r"damaged: its header promises \d+ bytes"):
        identify_rom(path)


def test_an_unknown_rom_names_its_sha1_and_the_known_ones(tmp_path: Path) -> None:
    path = patched(tmp_path / "other.gbc", {0x134: b"SOMEGAME\0\0\0"})
    with pytest.raises(exceptions.EnvironmentError) as caught:
        identify_rom(path)
    message = str(caught.value)
    assert "'SOMEGAME'" in message
    assert all(sha1 in message for sha1 in game_named("crystal").revisions)


def test_a_hack_of_crystal_needs_permission(tmp_path: Path) -> None:
    path = patched(tmp_path / "hack.gbc", {0x134: b"PM_CRYSTAL\0"})
    with pytest.raises(exceptions.EnvironmentError, match="allow_unknown_rom"):
        identify_rom(path)
    assert identify_rom(path, allow_unknown_rom=True).name == "crystal"


def test_crystal_facts_load() -> None:
    world = load_game(game_named("crystal"))
    town = world.maps[MapId(24, 4)]
    assert (town.name, town.width, town.height) == ("New Bark Town", 20, 18)
    assert {connection.direction for connection in town.connections} == {"west", "east"}
    assert all(warp.target in world.maps for known in world.maps.values() for warp in known.warps if warp.target[0])
    assert world.effectiveness("WATER", ("FIRE", "ROCK")) == 4.0
    milestones = world.milestones
    assert len(milestones) == 109
    assert milestones[0].id == "free_control"
    names = {milestone.id for milestone in milestones}
    assert all(milestone.only_after in names for milestone in milestones if milestone.only_after)
