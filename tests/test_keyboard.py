"""The keyboard that asks for a name: recognised on rows of RAM written by hand, and left with START, then A.

The rows lie over a moment of Fernvale, in the places that it shares with Crystal; played live it is in
`tests/cartridge/test_names_and_clock.py`.
"""

from __future__ import annotations

import pytest

from core.env.masks import action_mask
from core.exceptions import ConfigurationError
from core.game.ram import WRAM_SIZE, WRAM_START, RamSnapshot
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.menus.answers import CLOSE, READ_ON, AnswerRules
from core.rules.menus.typed_names import TypedNames
from core.rules.planning.lane_memory import LaneMemory
from core.schema import parsed
from core.vocabulary import Button, BuyItems, GameMode, Option, OptionKind, Purchase
from tests.crystal_rows import crystal_state
from tests.game_states import first_state, with_ram
from trainer.settings import Settings

LINES = {
    2: "     RIVAL'S NAME?",
    6: "     AB",
    8: "  A B C D E F G H I",
    10: "  J K L M N O P Q R",
    12: "  S T U V W X Y Z",
    14: "  - ? ! / . ,",
}
BOTTOM = "  lower  DEL   END"
CURSOR = 0xC324
"""Where the cursor's record lies: twelve bytes of a sprite, then its column and its row on the keyboard."""
END = (8, 4)


def tiles(lines: dict[int, str]) -> bytes:
    """The screen as tiles: letters from 80 and A0, a blank for all else."""
    screen = bytearray(b"\x7f" * 360)
    for row, line in lines.items():
        for column, letter in enumerate(line):
            if letter.isalpha():
                base = 0x80 + ord(letter) - ord("A") if letter.isupper() else 0xA0 + ord(letter) - ord("a")
                screen[20 * row + column] = base
    return bytes(screen)


def keyboard(column: int, row: int, kind: int = 2, bottom_row: int = 16, state: GameState | None = None) -> GameState:
    """A keyboard with its cursor on a cell; `kind` 2 asks for the rival's name, 4 for a box's."""
    state = with_ram(
        state or first_state(),
        {
            "wScriptRunning": 0xFF,
            "wSpriteUpdatesEnabled": 0,
            "wStateFlags": 0x40,
            "wCursorCurrentTile": b"\0\0",
            "wTilemap": tiles({**LINES, bottom_row: BOTTOM}),
            "wNamingScreenType": kind,
            "wNamingScreenCursorObjectPointer": CURSOR.to_bytes(2, "little"),
        },
    )
    data = bytearray(state.snapshot.data)
    place = CURSOR - WRAM_START
    data[place : place + 16] = bytes((2, 8, 5, 0x7E, 24, 80, 0, 0, 0, 1, 0, 0, column, row, 8, 0))
    return GameState(RamSnapshot(bytes(data)), state.rom)


def press_of_the_rules(state: GameState, option: Option | None = None) -> Button:
    player = RulePlayer(state.game)
    return player.act(state, option or player.choose(state)).button


@pytest.mark.parametrize("row", range(5))
@pytest.mark.parametrize("column", range(9))
def test_start_then_a_leads_out_from_every_cell(column: int, row: int) -> None:
    on_end = row == 4 and column >= 6
    state = keyboard(column, row)
    assert state.mode is GameMode.MENU and state.menu is None
    assert press_of_the_rules(state) is (Button.A if on_end else Button.START)
    assert press_of_the_rules(keyboard(*END)) is Button.A, "START put the cursor on END"
    assert action_mask(state)[Button.START] and action_mask(state)[Button.A]


def test_the_keyboard_of_crystal_itself() -> None:
    """The same rows in a moment of Crystal: Elm's lab, where the officer asks for the rival's name."""
    lab = crystal_state({"wMapGroup": bytes((24, 5))})
    assert press_of_the_rules(keyboard(0, 0, state=lab)) is Button.START
    assert press_of_the_rules(keyboard(*END, state=lab)) is Button.A


def test_a_wanted_name_is_typed_from_the_screen() -> None:
    """Down to the letter's row, across to it, then A; the case is changed by the key at the bottom left."""
    names = TypedNames(rival="So")
    player = RulePlayer(first_state().game, names=names)

    def press(column: int, row: int, typed: bytes = b"") -> Button:
        state = keyboard(column, row)
        data = bytearray(state.snapshot.data)
        place = state.rom.layout.index("wNamingScreenCurNameLength")
        data[place] = len(typed)
        data[WRAM_SIZE - 64 : WRAM_SIZE - 64 + len(typed)] = typed
        pointer = state.rom.layout.index("wNamingScreenDestinationPointer")
        data[pointer : pointer + 2] = (WRAM_START + WRAM_SIZE - 64).to_bytes(2, "little")
        state = GameState(RamSnapshot(bytes(data)), state.rom)
        return player.act(state, player.choose(state)).button

    assert [press(0, 0), press(7, 2), press(0, 2)] == [Button.DOWN, Button.RIGHT, Button.A]
    assert [press(0, 2, b"\x92"), press(3, 4, b"\x92"), press(1, 4, b"\x92")] == [Button.DOWN, Button.LEFT, Button.A]
    assert press(0, 0, b"\x93") is Button.B, "T is no beginning of it"
    assert [press(0, 0, b"\x92\xae"), press(8, 4, b"\x92\xae")] == [Button.START, Button.A]


def test_who_is_caught_is_named_in_the_fight() -> None:
    """There the buttons of the keyboard are allowed, too; no text of a fight is taken for one."""
    state = with_ram(keyboard(0, 0, kind=0), {"wBattleMode": 1, "wSpriteUpdatesEnabled": 1, "wScriptRunning": 0})
    player = RulePlayer(state.game, names=TypedNames(creature="Bo"))
    assert player.act(state, player.choose(state)).button is Button.RIGHT
    assert action_mask(state)[Button.RIGHT]
    told = with_ram(state, {"wTilemap": tiles({14: "GOT IT"})})
    assert player.act(told, player.choose(told)).button is Button.A
    assert not action_mask(told)[Button.RIGHT]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [({"rival": "EIGHTEEN"}, "rival"), ({"mom": "Zoë"}, "mom"), ({"box": ""}, "box"), ({"rivel": "OTTO"}, "'rival'")],
)
def test_a_name_that_cannot_be_typed_is_refused(names: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        parsed(Settings, {"names": names})
    assert "\n" not in str(caught.value)


def test_a_boxs_name_has_a_row_more() -> None:
    assert press_of_the_rules(keyboard(8, 4, kind=4, bottom_row=17)) is Button.START
    assert press_of_the_rules(keyboard(8, 5, kind=4, bottom_row=17)) is Button.A


@pytest.mark.parametrize(
    "option",
    [
        CLOSE,
        READ_ON,
        Option(OptionKind.ENTER, "Leave by a door", "enter:HOME:0"),
        Option(OptionKind.BUY, "Buy", "buy", menu_task=BuyItems((Purchase(1, 1),))),
    ],
    ids=["close", "read on", "a door", "a purchase"],
)
def test_whatever_was_under_way_no_press_deletes_or_types(option: Option) -> None:
    assert press_of_the_rules(keyboard(3, 1), option) is Button.START
    assert press_of_the_rules(keyboard(7, 4), option) is Button.A


def test_the_rules_leave_a_keyboard_and_never_press_b() -> None:
    """Longer than the menus' patience: 200 presses on a keyboard that does not listen."""
    player, state = RulePlayer(first_state().game), keyboard(2, 2)
    assert {player.act(state, player.choose(state)).button for _ in range(200)} == {Button.START}


def test_other_full_screens_are_still_closed() -> None:
    state = with_ram(keyboard(0, 0), {"wTilemap": tiles(LINES)})
    assert AnswerRules(state.game, LaneMemory()).options(state) == (CLOSE,)
    assert press_of_the_rules(state) is Button.B


def test_a_wild_pointer_is_no_place() -> None:
    for address in (0x0000, 0xDFFF, 0xFFFF):
        state = with_ram(keyboard(*END), {"wNamingScreenCursorObjectPointer": address.to_bytes(2, "little")})
        assert press_of_the_rules(state) is Button.START
