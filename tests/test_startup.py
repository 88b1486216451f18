"""From power-on to control: what is pressed on which screen, battery saves, the cache, and giving up."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator import start_cache
from core.env.emulator.console import EMULATOR, Console
from core.env.emulator.picture import png_of
from core.env.emulator.startup import FAST_OPTIONS, StartupDriver
from core.game.state import GameState
from core.vocabulary import Button, GameMode, Position
from tests.game_states import ROM_PATH, first_state, rom_tables, with_ram
from tests.test_state import menu_ram, screen_of

BATTERY_BYTES = 0x8000


def boot(changes: dict[str, int | bytes]) -> GameState:
    """A moment before the game runs."""
    state = with_ram(first_state(), {"wMapStatus": 0, "wTilemap": screen_of({}), **changes})
    assert state.mode is GameMode.BOOT
    return state


def menu(*lines: str) -> GameState:
    """A menu whose cursor is on the first of some lines."""
    shown = {2 + 2 * row: f"{'>' if row == 0 else ' '}{line}" for row, line in enumerate(lines)}
    return boot(menu_ram(shown, (2, 0), (2, 0), (len(lines), 1), 0x20))


@pytest.fixture
def driver() -> StartupDriver:
    return StartupDriver(Console(rom_tables().profile), rom_tables())


@pytest.fixture
def continuing() -> StartupDriver:
    return StartupDriver(Console(rom_tables().profile), rom_tables(), wants_continue=True)


def test_a_stray_save_file_is_not_continued(driver: StartupDriver) -> None:
    assert driver.choose(menu("CONTINUE", "NEW GAME", "OPTION"), 0) is Button.DOWN
    assert driver.choose(menu("NEW GAME", "OPTION"), 0) is Button.A


def test_a_battery_save_is_continued(continuing: StartupDriver) -> None:
    assert continuing.choose(menu("CONTINUE", "NEW GAME", "OPTION"), 0) is Button.A
    with pytest.raises(exceptions.EnvironmentError, match="offers none"):
        continuing.choose(menu("NEW GAME", "OPTION"), 0)


def test_names_and_clock(driver: StartupDriver) -> None:
    assert driver.choose(menu("NEW NAME", "CHRIS", "MAT"), 0) is Button.DOWN
    assert driver.choose(menu("YES", "NO"), 0) is Button.A, "the clock as it stands"
    clock = boot({"wTilemap": screen_of({4: "     HOUR"})})
    assert Button.A in {driver.choose(clock, presses) for presses in range(4)}


def test_the_keyboard_is_left_by_its_end(driver: StartupDriver) -> None:
    keyboard = boot({"wTilemap": screen_of({5: " A B C D E F G H I", 16: " CASE  DEL   END"})})
    assert [driver.choose(keyboard, presses) for presses in (1, 2, 3)] == [Button.START, Button.A, Button.START]


def test_the_title_gets_start_and_a(driver: StartupDriver) -> None:
    pressed = [driver.choose(boot({}), presses) for presses in range(8)]
    assert set(pressed) == {Button.START, Button.A}


def test_text_is_answered_with_a_and_b(driver: StartupDriver) -> None:
    text = with_ram(first_state(), {"wScriptRunning": 0xFF, "wStateFlags": 0x41, "wTilemap": screen_of({14: " HELLO"})})
    assert text.mode is GameMode.DIALOG
    assert {driver.choose(text, presses) for presses in range(3)} == {Button.A, Button.B}


def test_giving_up_leaves_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: StartupDriver) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(exceptions.EnvironmentError, match="within 3 button presses: its mode is boot") as caught:
        driver.play(max_presses=3)
    picture = Path(re.findall(r"see (\S+\.png)", str(caught.value))[0])
    assert picture.parent == tmp_path
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (160, 144)


def test_a_png_can_be_read_back(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    content = png_of(rgb)
    place, chunks = 8, {}
    while place < len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        body = content[place + 8 : place + 8 + size]
        (check,) = struct.unpack(">I", content[place + 8 + size : place + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(5, 22)
    assert not rows[:, 0].any() and np.array_equal(rows[:, 1:].reshape(5, 7, 3), rgb)


def test_a_battery_save_reaches_the_cartridge() -> None:
    profile = rom_tables().profile
    assert profile.battery_bytes == BATTERY_BYTES
    content = bytes(range(256)) * (BATTERY_BYTES // 256)
    console = Console(profile, battery=content)
    assert [console._emulator.memory[bank, 0xA000 + place] for bank, place in ((0, 5), (3, 0x1234))] == [5, 0x34]
    console.close()


@pytest.mark.parametrize("name", ["game.sav", "game.srm"])
@pytest.mark.parametrize("clock_bytes", [0, 48])
def test_a_battery_save_without_a_game_is_refused(tmp_path: Path, name: str, clock_bytes: int) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff" * (BATTERY_BYTES + clock_bytes))
    with pytest.raises(exceptions.EnvironmentError, match=rf"{name}.*holds no game"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", start_state=path)
    assert [there.name for there in tmp_path.iterdir()] == [name]


def test_the_start_is_kept_on_disk_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> GameState:
        monkeypatch.setattr(start_cache, "_in_process", {})
        env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", start_cache=tmp_path / "cache")
        try:
            return env.restart(seed=5)
        finally:
            env.close()

    first = make()
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.name == f"{rom_tables().profile.sha1}-{EMULATOR}.state"
    with monkeypatch.context() as patch:
        patch.setattr(StartupDriver, "play", lambda self: pytest.fail("the start was there already"))
        assert make() == first
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(exceptions.EnvironmentError, match=rf"cached start state .*{kept.name}.* damaged"):
        make()
    (tmp_path / "cache" / kept.name).unlink()
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(exceptions.EnvironmentError, match=r"cannot (read|write)"):
        make()


def test_fast_options_are_another_start(tmp_path: Path) -> None:
    options = []
    for fast in (False, True):
        env = EnhancedPyBoyPokemonCrystalEnv(
            ROM_PATH, observation_type="state", start_cache=tmp_path, fast_options=fast
        )
        options.append(env.restart(seed=0).byte("wOptions"))
        env.close()
    assert options[1] == FAST_OPTIONS != options[0]
    assert len(list(tmp_path.iterdir())) == 2


def saved_game() -> tuple[bytes, Position]:
    """A battery save of Fernvale, saved through its START menu, and where the player stood."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    env.restart(seed=0)
    for button in (Button.DOWN, Button.DOWN, Button.RIGHT):
        env.advance(button)
    place = env.state.position
    env.advance(Button.START)
    for _ in range(8):
        menu_now = env.state.menu
        if menu_now is not None and menu_now.selected.startswith("SAVE"):
            break
        env.advance(Button.DOWN)
    for _ in range(40):
        if env.state.is_free:
            break
        env.advance(Button.A)
    battery = env._console.battery()
    env.close()
    return battery, place


def test_a_saved_game_is_continued_or_left_alone(tmp_path: Path) -> None:
    battery, place = saved_game()
    path = tmp_path / "mine.sav"
    path.write_bytes(battery)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", start_state=path)
    assert env.restart(seed=1).position == place != first_state().position
    env.close()
    assert path.read_bytes() == battery, "the user's file is only read"
    console = Console(rom_tables().profile, battery=battery)
    StartupDriver(console, rom_tables()).play()
    assert GameState(console.snapshot(), rom_tables()).position == first_state().position, "NEW GAME all the same"
    console.close()
