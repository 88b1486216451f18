"""Gold and Silver, known as data alone: the files hold together, and RAM written by hand reads right."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from benchmarks.story_walk import Row, StoryWalk
from core import exceptions
from core.game import profile
from core.game.battery import BatterySave
from core.game.game_data import GameData, load_game
from core.game.menu import MenuKind
from core.game.profile import RomProfile, game_named, identify_rom
from core.game.ram import RAM_SIZE, WRAM_START, RamSnapshot
from core.game.state import GameState, RomTables
from core.vocabulary import GameMode, MapId
from tests.test_profile import patched

TITLES = {"gold": b"POKEMON_GLDAAUE", "silver": b"POKEMON_SLVAAXE"}
HRAM_START = 0xFF80
FREE: Mapping[int, bytes] = {
    0xC1CD: b"\x01",  # sprites are drawn
    0xD159: b"\x02",  # the overworld runs
    0xD8B8: b"\x01",  # the play timer counts
    0xD5B8: b"\xff",  # items
    0xD5E2: b"\xff",  # key items
    0xD5FD: b"\xff",  # balls
    0xDA23: b"\xff",  # party
}
"""A game in which the player may walk, with nobody in the party: address to bytes."""
CYNDAQUIL = 155
TACKLE, LEER = 33, 43


@cache
def gold() -> RomTables:
    """Gold's data with an empty cartridge."""
    return RomTables(RomProfile(game_named("gold"), "none", "", "POKEMON_GLD", bytes(1 << 21)))


def ram_of(rows: Mapping[int, bytes]) -> bytearray:
    """The snapshot's bytes, by the addresses of the published symbol file and not by the project's data."""
    data = bytearray(RAM_SIZE)
    for address, value in {**FREE, **rows}.items():
        start = address - WRAM_START if address < HRAM_START else 0x2000 + address - HRAM_START
        data[start : start + len(value)] = value
    return data


def moment(rows: Mapping[int, bytes]) -> GameState:
    """A free moment of Gold with these bytes."""
    return GameState(RamSnapshot(bytes(ram_of(rows))), gold())


def letters(text: str, width: int) -> bytes:
    """A name in capitals as the game writes it."""
    return bytes(0x80 + ord(letter) - ord("A") for letter in text).ljust(width, b"\x50")


def creature(species: int, level: int, hp: int, max_hp: int, moves: tuple[int, ...]) -> bytes:
    """A party member's 48 bytes."""
    raw = bytearray(48)
    raw[0], raw[31] = species, level
    raw[2 : 2 + len(moves)] = bytes(moves)
    raw[23 : 23 + len(moves)] = bytes((35,) * len(moves))
    raw[34:38] = hp.to_bytes(2, "big") + max_hp.to_bytes(2, "big")
    return bytes(raw)


PLAYED: Mapping[int, bytes] = {
    0xD1A1: (12345).to_bytes(2, "big"),
    0xD1A3: letters("GOLD", 11),
    0xD573: (3217).to_bytes(3, "big"),
    0xD57C: b"\x03",  # Zephyr and Hive Badge
    0xD5B7: b"\x02\x12\x05\x09\x01\xff",  # five Potions, an Antidote
    0xD5FC: b"\x01\x05\x07\xff",  # seven Poke Balls
    0xD7B7 + 0x1B // 8: bytes((1 << 0x1B % 8,)),
    0xD682: b"\x04",
    0xDA00: b"\x18\x04\x06\x0d",  # New Bark Town, (13, 6)
    0xDA22: bytes((1, CYNDAQUIL, 255)),
    0xDA2A: creature(CYNDAQUIL, 7, 18, 23, (TACKLE, LEER)),
    0xDB8C: letters("CINDER", 11),
    0xDBE4 + 154 // 8: bytes((1 << 154 % 8,)),
}
"""A game that somebody has played for a while."""


def test_what_is_written_at_golds_places_reads_right() -> None:
    state = moment(PLAYED)
    assert state.mode is GameMode.FREE and state.is_free
    assert state.position == (MapId(24, 4), 13, 6) and state.is_surfing
    assert gold().game.maps[state.map_id].name == "New Bark Town"
    assert (state.player_id, state.player_name, state.money) == (12345, "GOLD", 3217)
    assert (state.johto_badges, state.kanto_badges, state.badge_count) == (3, 0, 2)
    assert [(slot.item, slot.quantity) for slot in (*state.items, *state.balls)] == [(0x12, 5), (0x09, 1), (0x05, 7)]
    (member,) = state.party
    assert (member.species, member.level, member.hp, member.max_hp) == (CYNDAQUIL, 7, 18, 23)
    assert member.moves == (TACKLE, LEER) and member.nickname == "CINDER"
    assert state.has_flag(0x1B) and not state.has_flag(0x1A)


def test_the_letters_of_the_shared_character_set_fit() -> None:
    """What Gold's own map of characters says of a few codes."""
    shown = gold().characters
    assert shown.name(bytes((0x80, 0xA0, 0xF6, 0xE6, 0x50))) == "Aa0?"


@pytest.mark.parametrize(
    ("rows", "mode"),
    [
        ({0xD159: b"\0"}, GameMode.BOOT),
        ({0xD8B8: b"\0"}, GameMode.BOOT),
        ({0xFFA1: b"\xf5"}, GameMode.MAP_LOADING),
        ({0xD116: b"\x01"}, GameMode.BATTLE),
        ({0xC1CC: b"\x01"}, GameMode.CUTSCENE),
        ({0xD15F: b"\x01"}, GameMode.CUTSCENE),
        ({0xD15F: b"\x01", 0xD118: b"\x09", 0xCFE5: b"\x40"}, GameMode.DIALOG),
        ({0xD15F: b"\x01", 0xC1CD: b"\0"}, GameMode.MENU),
        ({0xD15F: b"\x01", 0xCFE5: b"\x40"}, GameMode.DIALOG),
        ({0xD15A: b"\x01"}, GameMode.WALKING),
        ({0xD8BA: b"\x80"}, GameMode.WALKING),
    ],
)
def test_modes(rows: Mapping[int, bytes], mode: GameMode) -> None:
    assert moment(rows).mode is mode


def test_a_menu_and_its_cursor() -> None:
    """YES above NO, and the arrow at NO."""
    screen = bytearray(b"\x7f" * 360)
    for row, word in ((8, "YES"), (10, "NO")):
        screen[row * 20 + 16 : row * 20 + 16 + len(word)] = letters(word, len(word))
    arrow = 10 * 20 + 15
    screen[arrow] = 0xED
    layout = gold().layout
    symbols = {
        "w2DMenuCursorInitY": b"\x08",
        "w2DMenuCursorInitX": b"\x0f",
        "w2DMenuNumRows": b"\x02",
        "w2DMenuNumCols": b"\x01",
        "w2DMenuCursorOffsets": b"\x20",
    }
    assert [layout.index(name) + WRAM_START for name in symbols] == [0xCED8, 0xCED9, 0xCEDA, 0xCEDB, 0xCEDE]
    rows = {layout.index(name) + WRAM_START: value for name, value in symbols.items()}
    pointer = (0xC3A0 + arrow).to_bytes(2, "little")
    menu = moment({**rows, 0xC3A0: bytes(screen), 0xCEE3: pointer, 0xD15F: b"\x01", 0xCFE5: b"\x40"}).menu
    assert menu is not None
    assert (menu.kind, menu.items, menu.selected) == (MenuKind.YES_NO, ("YES", "NO"), "NO")


def test_a_battle() -> None:
    own = bytearray(32)
    own[0], own[2], own[8], own[13] = CYNDAQUIL, TACKLE, 35, 7
    enemy = bytearray(own)
    enemy[0], enemy[13] = 16, 3
    battle = moment({0xD116: b"\x01", 0xCB0C: bytes(own), 0xD0EF: bytes(enemy), 0xD114: b"\xff"}).battle
    assert battle is not None and not battle.is_trainer
    assert (battle.own.species, battle.own.level, battle.own.moves) == (CYNDAQUIL, 7, (TACKLE,))
    assert (battle.enemy.species, battle.enemy.level, battle.enemy_catch_rate) == (16, 3, 255)
    assert gold().game.moves[TACKLE].key == "TACKLE"


SECOND_COPY = ((0x15C7, 550), (0x3D96, 426), (0x0C6B, 1149), (0x7E39, 52), (0x10E8, 1247))
"""The parts of the second copy in the order of work RAM: place in the file, size."""


def saved(first_whole: bool) -> bytes:
    """A battery save of `PLAYED` with both copies, or with the second alone."""
    content = bytearray(b"\xff" * 0x8000)
    start = 0xD1A1 - WRAM_START
    data = ram_of(PLAYED)[start : start + 3424]
    total = (sum(data) % 65536).to_bytes(2, "little")
    if first_whole:
        content[0x2009 : 0x2009 + 3424] = data
        content[0x2D69:0x2D6B] = total
        content[0x2008], content[0x2D6B] = 99, 127
    used = 0
    for place, size in SECOND_COPY:
        content[place : place + size] = data[used : used + size]
        used += size
    content[0x7E6D:0x7E6F] = total
    content[0x7E38], content[0x7E6F] = 99, 127
    return bytes(content)


@pytest.mark.parametrize("first_whole", [True, False])
def test_a_battery_save_reads_from_either_copy(first_whole: bool) -> None:
    save = BatterySave(saved(first_whole), gold())
    assert save.complaint is None
    state = save.game_state()
    assert (state.money, state.player_name, state.johto_badges) == (3217, "GOLD", 3)
    assert state.position == (MapId(24, 4), 13, 6)
    assert [member.nickname for member in state.party] == ["CINDER"]


def both() -> Iterator[tuple[str, GameData]]:
    """Both games by name."""
    for name in TITLES:
        yield name, load_game(game_named(name))


def test_silver_shares_golds_data_and_has_its_own_name() -> None:
    games = dict(both())
    assert [(one.name, one.layout.source) for one in games.values()] == [
        ("gold", games["gold"].layout.source),
        ("silver", games["gold"].layout.source),
    ]
    assert games["silver"].maps.keys() == games["gold"].maps.keys()
    assert [one.id for one in games["silver"].milestones] == [one.id for one in games["gold"].milestones]
    assert game_named("silver").field_abilities == game_named("gold").field_abilities != ()


def test_names_are_consistent() -> None:
    """Doors lead to doors, and every place that the data name lies in RAM that a snapshot holds."""
    game = load_game(game_named("gold"))
    for place in game.maps.values():
        for warp in place.warps:
            if warp.target[0] and warp.target_warp > 0:
                doors = {one.id for one in game.maps[warp.target].warps}
                assert warp.target_warp in doors, f"{place.key} ({warp.x}, {warp.y})"
        if place.scene_symbol:
            assert game.layout.index(place.scene_symbol)
    for flag in game.engine_flags.values():
        assert flag is None or game.layout.index(flag.symbol)
    indices = [one.index for one in game.event_flags.values()]
    assert len(set(indices)) == len(indices) and max(indices) < 2048
    keys = [place.key for place in game.maps.values()]
    assert len(set(keys)) == len(keys) == 368


@pytest.mark.parametrize("name", ["enums.json", "milestones.json", "symbols.json", "world.json"])
def test_nothing_is_left_of_what_only_crystal_has(name: str) -> None:
    text = game_named("gold").folder.joinpath(name).read_text(encoding="utf-8")
    for word in ("SUICUNE_ON_ROUTE", "EUSINE", "BATTLE_TOWER", "MOVE_TUTOR", "POKECOM", "MOBILE", "CLEAR_BELL"):
        assert word not in text, word
    assert "sprite_id" not in text and "wild" not in json.loads(text)


@pytest.mark.parametrize("name", TITLES)
def test_the_title_is_recognised_with_permission_only(name: str, tmp_path: Path) -> None:
    path = patched(tmp_path / "rom.gbc", {0x134: TITLES[name]})
    with pytest.raises(exceptions.EnvironmentError, match="allow_unknown_rom"):
        identify_rom(path)
    assert identify_rom(path, allow_unknown_rom=True).name == name


def test_an_experimental_game_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    profile._say_experimental.cache_clear()
    path = patched(tmp_path / "rom.gbc", {0x134: TITLES["gold"]})
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            identify_rom(path, allow_unknown_rom=True)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "the data of Pokemon Gold (experimental) are experimental"
    ]


@cache
def walked() -> tuple[list[Row], set[str]]:
    """Gold's story by its data: the deeds, and the milestones that they reach."""
    walk = StoryWalk(load_game(game_named("gold")))
    model = walk.new_game()
    return list(walk.rows(model)), set(model.reached)


def test_golds_story_leads_to_red() -> None:
    rows, reached = walked()
    assert [(row.milestone.id, row.trouble) for row in rows if row.trouble] == []
    required = [one.id for one in load_game(game_named("gold")).milestones if not one.optional]
    assert len(required) == 95 and set(required) <= reached
    ids = [row.milestone.id for row in rows]
    assert ids.index("badge1") < ids.index("badge2") < ids.index("badge8") < ids.index("red")


def test_golds_own_steps_lead_there() -> None:
    """Where the story differs from Crystal's: the bottle is had without Floria, the badge with the Dragon Fang."""
    deeds = {one: [row.deed for row in walked()[0] if row.milestone.id == one] for one in ("squirtbottle", "badge8")}
    assert deeds["squirtbottle"] == ["GOLDENROD_FLOWER_SHOP, teacher 1"]
    assert any(deed.startswith("DRAGONS_DEN_B1F") for deed in deeds["badge8"])
