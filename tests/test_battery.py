"""Battery saves read as data: round trips of party, box and the whole save, damage, and a save that Fernvale wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.startup import check_start_state
from core.game.battery import BatterySave, StoredCreature
from core.game.profile import HACK
from core.game.state import GameState, RomTables
from core.vocabulary import MapId
from tests.game_states import LAYOUT, ROM_PATH, first_state, rom_tables, with_party, with_ram
from tests.test_startup import BATTERY_BYTES, saved_game

BOX_FIELDS = LAYOUT.record("box_struct").fields
GAME_DATA, GAME_DATA_SIZE = 0x2009, LAYOUT.size("sGameData")
LETTER_A = 0x80


def saved(state: GameState, box: bytes = b"\0") -> bytes:
    """A save as the game writes it: in bank 1 A009-AB82 from RAM, its sum at AD0D, marks around, the box at AD10."""
    content = bytearray(b"\xff" * BATTERY_BYTES)
    start = LAYOUT.index("wPlayerID")
    data = state.snapshot.data[start : start + GAME_DATA_SIZE]
    content[0x2009 : 0x2009 + len(data)] = data
    content[0x2D0D:0x2D0F] = (sum(data) % 65536).to_bytes(2, "little")
    content[0x2008], content[0x2D0F] = 99, 127
    content[0x2D10 : 0x2D10 + len(box)] = box
    return bytes(content)


def boxed(creatures: list[StoredCreature]) -> bytes:
    """The box as bytes, by the published layout of its struct."""
    species = bytes(253 if one.is_egg else one.species for one in creatures)
    box = bytearray(bytes((len(creatures),)) + species + b"\xff")
    box += bytes(22 - len(box))
    names = b""
    for one in creatures:
        raw = bytearray(32)

        def put(name: str, value: int | bytes, raw: bytearray = raw) -> None:
            field = BOX_FIELDS[name]
            content = value if isinstance(value, bytes) else value.to_bytes(field.size, "big")
            raw[field.offset : field.offset + len(content)] = content

        put("species", one.species)
        put("item", one.item)
        put("moves", bytes(one.moves))
        put("ot_id", one.identity >> 16)
        put("dvs", one.identity & 0xFFFF)
        put("exp", one.exp)
        put("pp", bytes(pp | 0xC0 for pp in one.pp))  # three boosters each, which are no power points
        put("happiness", one.happiness)
        put("level", one.level)
        box += raw
        names += bytes(LETTER_A + ord(letter) - ord("A") for letter in one.nickname).ljust(11, b"\x50")
    box += bytes(32 * (20 - len(creatures))) + b"\x50" * (11 * 20)
    return bytes(box + names)


byte = st.integers(0, 255)
creature = st.lists(st.tuples(st.integers(1, 251), st.integers(0, 63)), max_size=4).flatmap(
    lambda moves: st.builds(
        StoredCreature,
        species=st.integers(1, 251),
        nickname=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=10),
        level=st.integers(1, 100),
        moves=st.just(tuple(move for move, _ in moves)),
        pp=st.just(tuple(pp for _, pp in moves)),
        exp=st.integers(0, 0xFFFFFF),
        item=byte,
        is_egg=st.booleans(),
        happiness=byte,
        identity=st.integers(0, 0xFFFFFFFF),
    )
)


@given(st.lists(creature, max_size=20))
@settings(max_examples=60, deadline=None)
def test_box_round_trip(creatures: list[StoredCreature]) -> None:
    assert list(BatterySave(saved(first_state(), boxed(creatures)), rom_tables()).box) == creatures


@given(
    st.lists(st.tuples(st.integers(1, 251), st.integers(1, 100), st.integers(0, 999), st.integers(1, 999)), max_size=6),
    st.integers(0, 999_999),
    byte,
    st.binary(min_size=256, max_size=256),
    st.tuples(byte, byte, byte, byte),
)
@settings(max_examples=60, deadline=None)
def test_save_round_trip(
    members: list[tuple[int, int, int, int]], money: int, badges: int, flags: bytes, place: tuple[int, int, int, int]
) -> None:
    group, number, y, x = place
    changes: dict[str, int | bytes] = {"wMoney": money.to_bytes(3, "big"), "wJohtoBadges": badges, "wEventFlags": flags}
    played = with_ram(with_party(first_state(), *members), {**changes, "wMapGroup": bytes((group, number, y, x))})
    save = BatterySave(saved(played), rom_tables())
    assert save.complaint is None
    kept = save.game_state()
    assert kept.party == played.party and kept.items == played.items and kept.money == money
    assert kept.johto_badges == badges and kept.event_flags == flags
    assert kept.position == (MapId(group, number), x, y)


def test_what_is_no_whole_save_says_why() -> None:
    assert BatterySave(b"\xff" * BATTERY_BYTES, rom_tables()).complaint == (
        "nothing was saved to its end: its marks are 255 and 255 where 99 and 127 are due"
    )
    damaged = bytearray(saved(first_state()))
    damaged[GAME_DATA + 100] ^= 1
    assert "it is damaged: its checksum is" in (BatterySave(bytes(damaged), rom_tables()).complaint or "")
    assert BatterySave(b"\xff" * BATTERY_BYTES, rom_tables()).box == (), "a count of 255 makes no sense"


def test_the_second_copy_stands_in_for_the_first() -> None:
    """Crystal's: bank 0 holds B209-BD82, its sum at BF0D, marks at B208 and BF0F."""
    good = saved(with_party(first_state(), (7, 20, 30, 40)))
    content = bytearray(b"\xff" * BATTERY_BYTES)
    content[0x1209 : 0x1209 + GAME_DATA_SIZE] = good[0x2009 : 0x2009 + GAME_DATA_SIZE]
    content[0x1F0D:0x1F0F] = good[0x2D0D:0x2D0F]
    content[0x1208], content[0x1F0F] = 99, 127
    save = BatterySave(bytes(content), rom_tables())
    assert save.complaint is None
    assert [member.species for member in save.game_state().party] == [7]


def test_a_save_that_the_game_wrote() -> None:
    battery, place = saved_game()
    save = BatterySave(battery, rom_tables())
    assert save.complaint is None and save.box == ()
    assert save.game_state().position == place
    assert save.game_state().player_name == first_state().player_name


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"wMapGroup": bytes((26, 3))}, "it is on map 26.3, which this game does not have"),
        ({"wYCoord": 40}, "steps in this game, and it stands at"),
    ],
    ids=["an unknown map", "outside the map"],
)
def test_a_save_of_another_game_is_refused_in_words(tmp_path: Path, rows: dict[str, int | bytes], said: str) -> None:
    content = saved(with_ram(first_state(), rows))
    save = BatterySave(content, rom_tables())
    assert save.complaint is None and save.map_complaint is not None and said in save.map_complaint
    path = tmp_path / "theirs.sav"
    path.write_bytes(content)
    with pytest.raises(exceptions.EnvironmentError) as caught:
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", start_state=path)
    assert said in str(caught.value) and "theirs.sav" in str(caught.value) and "rom_path" in str(caught.value)


def test_a_hack_may_have_larger_maps() -> None:
    hack = RomTables(replace(rom_tables().profile, revision=HACK))
    content = saved(with_ram(first_state(), {"wYCoord": 40}))
    assert BatterySave(content, hack).map_complaint is None
    assert BatterySave(content, rom_tables()).map_complaint is not None
    size = first_state().map_size_steps
    larger = with_ram(first_state(), {"wMapWidth": size[0] // 2 + 4})
    check_start_state(GameState(larger.snapshot, hack), "the start state")
    with pytest.raises(exceptions.EnvironmentError, match="does not fit"):
        check_start_state(larger, "the start state")


def test_a_damaged_save_is_refused_with_the_cause(tmp_path: Path) -> None:
    battery, _ = saved_game()
    damaged = bytearray(battery)
    damaged[GAME_DATA + 7] ^= 0x10
    path = tmp_path / "mine.sav"
    path.write_bytes(damaged)
    with pytest.raises(exceptions.EnvironmentError, match=r"mine\.sav.* it is damaged: its checksum is .* is due"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", start_state=path)
