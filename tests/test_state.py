"""The state reader: true of a real game, round trips of party and bag, and sane for any bytes."""

from __future__ import annotations

import copy
import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.env.masks import BUSY, FREE, TEXT_COMPLETE, WALKING, action_mask
from core.env.observation import state_variables
from core.env.policy_features import FEATURE_COUNT
from core.env.policy_view import MAP_SHAPE, PolicyView
from core.game.menu import MenuKind
from core.game.milestone_tracker import MilestoneTracker
from core.game.milestones import Condition, Milestone
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState
from core.game.visits import Visits
from core.vocabulary import DIRECTION_BUTTONS, Button, GameMode, MapId
from tests.game_states import LAYOUT, filled, first_state, rom_tables, with_party, with_ram


def screen_of(lines: dict[int, str]) -> bytes:
    """wTilemap with some lines written in the games' characters."""
    tiles = bytearray(b"\x7f" * 360)
    for row, text in lines.items():
        for column, letter in enumerate(text):
            if letter == ">":
                tiles[20 * row + column] = 0xED
            elif letter.isupper():
                tiles[20 * row + column] = 0x80 + ord(letter) - ord("A")
    return bytes(tiles)


def menu_ram(
    lines: dict[int, str], cursor: tuple[int, int], start: tuple[int, int], shape: tuple[int, int], offsets: int
) -> dict[str, int | bytes]:
    """RAM of a menu: its screen, cursor cell, first cell, (rows, columns) and packed distances."""
    address = 0xC4A0 + 20 * cursor[0] + cursor[1]
    return {
        "wTilemap": screen_of(lines),
        "wCursorCurrentTile": address.to_bytes(2, "little"),
        "w2DMenuCursorInitY": start[0],
        "w2DMenuCursorInitX": start[1],
        "w2DMenuNumRows": shape[0],
        "w2DMenuNumCols": shape[1],
        "w2DMenuCursorOffsets": offsets,
    }


def test_first_control_of_fernvale() -> None:
    state = first_state()
    assert state.mode is GameMode.FREE
    assert state.is_free
    assert state.position.map in state.game.maps
    known = state.game.maps[state.position.map]
    assert state.map_size_steps == (known.width, known.height)
    assert state.collision.cells.shape == (known.height, known.width)
    assert state.party == ()
    assert state.battle is None
    assert state.menu is None
    assert state.facing in (Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT)
    assert (action_mask(state) == FREE).all()


def test_collision_agrees_with_the_map_reading_rule() -> None:
    """Read one by one as the rule says, without the reader's cache and tables."""
    state = first_state()
    data, profile = state.snapshot.data, state.rom.profile
    bank = data[LAYOUT.index("wTilesetCollisionBank")]
    address = int.from_bytes(data[LAYOUT.index("wTilesetCollisionAddress") :][:2], "little")
    width, height = state.map_size_steps
    for y in range(height):
        for x in range(width):
            block = data[LAYOUT.index("wOverworldMapBlocks") + (y // 2 + 3) * (width // 2 + 6) + x // 2 + 3]
            byte = profile.rom_bytes(bank, address + 4 * block + 2 * (y % 2) + x % 2, 1)[0]
            assert state.collision_at(x, y) == (byte if block else 0xFF)
            assert state.collision.cells[y, x] == state.collision_at(x, y)


def test_a_changed_block_is_seen_at_once() -> None:
    state = first_state()
    width = state.map_size_steps[0] // 2
    place = LAYOUT.index("wOverworldMapBlocks") + 3 * (width + 6) + 3
    data = bytearray(state.snapshot.data)
    data[place] = 0
    changed = GameState(RamSnapshot(bytes(data)), state.rom)
    assert changed.collision_at(0, 0) == 0xFF
    assert state.collision_at(0, 0) == first_state().collision_at(0, 0)


def test_states_are_immutable_values() -> None:
    state = first_state()
    again = GameState(RamSnapshot(bytes(state.snapshot.data)), state.rom)
    assert state == again and hash(state) == hash(again) and state.state_hash == again.state_hash
    assert with_ram(state, {"wXCoord": 9}).state_hash != state.state_hash
    assert 0 <= state.state_hash < 1 << 63
    with pytest.raises(AttributeError, match="immutable"):
        state.money = 5  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        state.snapshot.data = b""  # type: ignore[misc]


def test_the_hash_tells_states_apart_by_what_a_decision_changes() -> None:
    state = with_party(first_state(), (1, 5, 20, 20))
    assert state.mode is GameMode.FREE
    changed = (
        with_party(state, (1, 5, 19, 20)),
        with_party(state, (1, 6, 20, 20)),
        with_ram(state, {"wMoney": (123).to_bytes(3, "big")}),
        with_ram(state, {"wNumItems": b"\x01\x05\x02\xff"}),
        with_ram(state, {"wEventFlags": b"\x80"}),
    )
    assert len({state.state_hash, *(one.state_hash for one in changed)}) == 1 + len(changed)
    assert with_ram(state, {"wStepCount": 77}).state_hash == state.state_hash, "walking about is no change"


@given(
    st.lists(st.tuples(st.integers(1, 251), st.integers(1, 100), st.integers(0, 999), st.integers(1, 999)), max_size=6)
)
@settings(max_examples=50, deadline=None)
def test_party_round_trip(members: list[tuple[int, int, int, int]]) -> None:
    party = with_party(first_state(), *members).party
    assert [(member.species, member.level, member.hp, member.max_hp) for member in party] == members
    assert [member.nickname for member in party] == [chr(ord("A") + slot) for slot in range(len(members))]
    assert all(member.moves == (1, 2) and member.pp == (35, 30) for member in party)


@given(st.lists(st.tuples(st.integers(1, 250), st.integers(1, 99)), max_size=20), st.integers(0, 999_999))
@settings(max_examples=50, deadline=None)
def test_bag_and_money_round_trip(stacks: list[tuple[int, int]], money: int) -> None:
    pairs = b"".join(bytes(stack) for stack in stacks)
    state = with_ram(
        first_state(), {"wNumItems": bytes((len(stacks),)) + pairs + b"\xff", "wMoney": money.to_bytes(3, "big")}
    )
    assert [(slot.item, slot.quantity) for slot in state.items] == stacks
    assert state.money == money


def test_event_flags() -> None:
    state = with_ram(first_state(), {"wEventFlags": bytes(256)})
    assert not any(state.has_flag(index) for index in range(2048))
    flags = bytearray(256)
    flags[130] = 1 << 5
    assert [index for index in range(2048) if with_ram(state, {"wEventFlags": bytes(flags)}).has_flag(index)] == [1045]


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({}, GameMode.FREE),
        ({"wMapStatus": 0}, GameMode.BOOT),
        ({"wGameTimerPaused": 0}, GameMode.BOOT),
        ({"wMapStatus": 1}, GameMode.MAP_LOADING),
        ({"hMapEntryMethod": 0xF1}, GameMode.MAP_LOADING),
        ({"wBattleMode": 1, "wScriptRunning": 0xFF}, GameMode.BATTLE),
        ({"wBattleMode": 2, "wScriptRunning": 0xFF}, GameMode.BATTLE),
        ({"wScriptRunning": 0xFF, "wTempWildMonSpecies": 3}, GameMode.CUTSCENE),
        ({"wScriptRunning": 0xFF, "wGameLogicPaused": 1}, GameMode.CUTSCENE),
        ({"wScriptRunning": 0xFF, "wSpriteUpdatesEnabled": 0}, GameMode.MENU),
        ({"wScriptRunning": 0xFF, "wStateFlags": 0x41}, GameMode.DIALOG),
        ({"wScriptRunning": 0xFF}, GameMode.CUTSCENE),
        ({"wScriptRunning": 9}, GameMode.WALKING),
        ({"wMapEventStatus": 1}, GameMode.WALKING),
        ({"wJoypadDisable": 0x10}, GameMode.WALKING),
    ],
)
def test_mode_by_ordered_tests(changes: dict[str, int], mode: GameMode) -> None:
    state = with_ram(first_state(), {"wStateFlags": 1, "wCursorCurrentTile": b"\0\0", **changes})
    assert state.mode is mode
    assert state.is_free == (mode is GameMode.FREE)


def test_yes_no_question_and_its_mask() -> None:
    for cursor_row, chosen, useful in ((8, "YES", Button.DOWN), (10, "NO", Button.UP)):
        lines = {
            8: " " * 15 + (">" if cursor_row == 8 else " ") + "YES",
            10: " " * 15 + (">" if cursor_row == 10 else " ") + "NO",
        }
        ram = menu_ram(lines, (cursor_row, 15), (8, 15), (2, 1), 0x20)
        state = with_ram(first_state(), {"wScriptRunning": 0xFF, "wStateFlags": 0x41, **ram})
        assert state.mode is GameMode.MENU
        assert state.menu is not None
        assert (state.menu.kind, state.menu.selected) == (MenuKind.YES_NO, chosen)
        assert {Button(place) for place in np.flatnonzero(action_mask(state))} == {Button.A, Button.B, useful}


@pytest.mark.parametrize(
    ("cursor", "selected", "directions"),
    [
        ((14, 9), "FIGHT", {Button.DOWN, Button.RIGHT}),
        ((14, 15), "PALS", {Button.DOWN, Button.LEFT}),
        ((16, 9), "BAG", {Button.UP, Button.RIGHT}),
        ((16, 15), "RUN", {Button.UP, Button.LEFT}),
    ],
)
def test_battle_menu_and_its_mask(cursor: tuple[int, int], selected: str, directions: set[Button]) -> None:
    rows = {14: " " * 10 + "FIGHT PALS", 16: " " * 10 + "BAG   RUN"}
    line = rows[cursor[0]].ljust(20)
    rows[cursor[0]] = line[: cursor[1]] + ">" + line[cursor[1] + 1 :]
    ram = menu_ram(rows, cursor, (14, 9), (2, 2), 0x26)
    state = with_ram(first_state(), {"wScriptRunning": 0xFF, "wBattleMode": 1, **ram})
    assert state.menu is not None
    assert (state.menu.kind, state.menu.selected) == (MenuKind.BATTLE_MAIN, selected)
    assert {Button(place) for place in np.flatnonzero(action_mask(state))} == {Button.A, *directions}


def test_battle_moves_mask() -> None:
    rows = {12: "    ", 13: "     >BUMP", 14: "      GLARE"}
    ram = menu_ram(rows, (13, 5), (13, 5), (2, 1), 0x10)
    tiles = bytearray(ram["wTilemap"])  # type: ignore[arg-type]
    tiles[12 * 20 + 4] = 0x79
    ram["wTilemap"] = bytes(tiles)
    state = with_ram(first_state(), {"wScriptRunning": 0xFF, "wBattleMode": 1, **ram})
    assert state.menu is not None
    assert state.menu.kind is MenuKind.BATTLE_MOVES
    assert state.menu.items == ("BUMP", "GLARE")
    assert set(np.flatnonzero(action_mask(state))) == {Button.A, Button.B, Button.UP, Button.DOWN}


@pytest.mark.parametrize(
    ("grid", "battle", "allowed"),
    [
        ((1, 1), 0, {*DIRECTION_BUTTONS, Button.A, Button.B}),  # a list of one line may scroll
        ((3, 1), 0, {*DIRECTION_BUTTONS, Button.A, Button.B}),
        ((1, 1), 1, {*DIRECTION_BUTTONS, Button.A, Button.B}),
    ],
)
def test_a_list_of_one_line_has_the_same_mask_as_a_long_one(
    grid: tuple[int, int], battle: int, allowed: set[Button]
) -> None:
    ram = menu_ram({4: "  >TONIC", 6: "   HERB", 8: "   CANCEL"}, (4, 2), (4, 2), grid, 0x20)
    state = with_ram(first_state(), {"wScriptRunning": 0xFF, "wStateFlags": 0x41, "wBattleMode": battle, **ram})
    assert state.menu is not None
    assert (state.menu.kind, state.menu.rows) == (MenuKind.LIST, grid[0])
    assert {Button(place) for place in np.flatnonzero(action_mask(state))} == allowed


def test_masks_of_text_and_motion() -> None:
    dialog: dict[str, int | bytes] = {"wScriptRunning": 0xFF, "wStateFlags": 0x41, "wCursorCurrentTile": b"\0\0"}
    tiles = bytearray(screen_of({14: " HELLO"}))
    tiles[12 * 20], tiles[17 * 20] = 0x79, 0x7D
    complete = with_ram(first_state(), {**dialog, "wTilemap": bytes(tiles), "wTextboxFlags": 0})
    printing = with_ram(first_state(), {**dialog, "wTilemap": bytes(tiles), "wTextboxFlags": 2})
    assert complete.waits_for_button and not printing.waits_for_button
    assert (action_mask(complete) == TEXT_COMPLETE).all()
    assert (action_mask(printing) == BUSY).all()
    assert (action_mask(with_ram(first_state(), {"wMapEventStatus": 1})) == WALKING).all()


def read_everything(state: GameState) -> None:
    """Every property, every view: none may raise, each must lie in its range."""
    for name in dir(GameState):
        if not name.startswith("_") and name not in ("has_flag", "collision_at"):
            getattr(state, name)
    mask = action_mask(state)
    assert mask.shape == (9,) and mask[list(Button)[:8]].any()
    values = state_variables(state)
    assert values.shape == (25,) and np.isfinite(values).all() and (values >= 0).all()
    features = np.empty(FEATURE_COUNT, dtype=np.float32)
    crop = np.empty(MAP_SHAPE, dtype=np.uint8)
    visits = Visits()
    visits.add_map(state.map_id)
    visits.add(state.position)
    PolicyView(state.game).write(state, MilestoneTracker(state.game), visits, features, crop)
    assert (np.abs(features) <= 1).all() and crop.max() <= 1
    assert isinstance(repr(state), str)


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x50, 0x7F, 0xED, 0xFF])
def test_ram_full_of_one_byte(byte: int) -> None:
    read_everything(filled(byte))


def test_random_ram_never_raises() -> None:
    noise = random.Random(5)
    for _ in range(150):
        read_everything(GameState(RamSnapshot(noise.randbytes(RAM_SIZE)), rom_tables()))


def test_half_random_ram_never_raises() -> None:
    """A real state with a few hundred bytes spoilt reaches more branches than pure noise."""
    noise = random.Random(6)
    for _ in range(150):
        data = bytearray(first_state().snapshot.data)
        for _ in range(300):
            data[noise.randrange(RAM_SIZE)] = noise.randrange(256)
        for name in ("wMapStatus", "wGameTimerPaused"):
            data[LAYOUT.index(name)] = first_state().byte(name)
        read_everything(GameState(RamSnapshot(bytes(data)), rom_tables()))


def test_a_state_is_copied_and_sent_as_its_bytes_and_its_rom() -> None:
    """Other people's vector envs send infos between processes, and SB3's checker copies them."""
    state = with_party(first_state(), (1, 5, 20, 20))
    sent, copied = pickle.loads(pickle.dumps(state)), copy.deepcopy(state)
    assert sent == copied == state and sent.party == copied.party == state.party
    assert copied.rom is state.rom and sent.rom.game is state.rom.game


def test_screen_keeps_its_columns() -> None:
    lines = rom_tables().characters.screen(bytes(range(256)) + bytes(104))
    assert len(lines) == 18 and {len(line) for line in lines} == {20}


def milestone(name: str, flag_byte: int, only_after: str | None = None) -> Milestone:
    place = LAYOUT.index("wEventFlags") + flag_byte
    flag = Condition("event_flag", lambda data: bool(data[place]), (place,))
    return Milestone(name, name, 1, False, False, only_after, (flag,), goal=name)


def test_milestones_latch_and_wait_for_their_predecessor() -> None:
    tracker = MilestoneTracker(
        replace(rom_tables().game, milestones=(milestone("egg", 0), milestone("rival", 1, only_after="egg")))
    )

    def flags(*values: int) -> GameState:
        return with_ram(first_state(), {"wEventFlags": bytes(values) + bytes(254)})

    assert tracker.update(flags(0, 1)) == ()
    assert tracker.update(flags(1, 1)) == ("egg",)
    assert tracker.update(flags(1, 1)) == (), "true before the egg does not count"
    assert tracker.update(flags(1, 0)) == ()
    assert tracker.update(flags(0, 1)) == ("rival",)
    assert tracker.reached == ("egg", "rival") and tracker.finished and tracker.reached_flags.all()
    tracker.reset()
    assert not tracker.reached and not tracker.reached_flags.any()
    assert tracker.next is not None and tracker.next.id == "egg"


def test_milestone_counts_when_its_condition_was_false_at_the_predecessor() -> None:
    tracker = MilestoneTracker(
        replace(rom_tables().game, milestones=(milestone("egg", 0), milestone("rival", 1, only_after="egg")))
    )
    assert tracker.update(with_ram(first_state(), {"wEventFlags": b"\1\0"})) == ("egg",)
    assert tracker.update(with_ram(first_state(), {"wEventFlags": b"\1\0"})) == ()
    assert tracker.update(with_ram(first_state(), {"wEventFlags": b"\1\1"})) == ("rival",)


def test_map_ids_are_pairs() -> None:
    state = with_ram(first_state(), {"wMapGroup": bytes((24, 7))})
    assert state.map_id == MapId(24, 7)
    assert state.game.map_name(MapId(99, 99)) == "map 99.99"
