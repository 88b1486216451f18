"""Moves used on the way: who has them, and the presses that take whirlpools and waterfalls."""

from __future__ import annotations

import pytest

from core.game.field_moves import FieldAbilities, abilities_of
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Button, Option, OptionKind, Position
from tests.crystal_ground import crystal_on
from tests.crystal_rows import crystal_state

MOVES = {"CUT": 15, "FLY": 19, "SURF": 57, "STRENGTH": 70, "FLASH": 148, "WHIRLPOOL": 250, "WATERFALL": 127}
FACING = {Button.DOWN: b"\x00", Button.UP: b"\x04", Button.LEFT: b"\x08", Button.RIGHT: b"\x0c"}


def knowing(*moves: str) -> dict[str, bytes]:
    """A party of one that knows some moves, with all badges, riding over water."""
    known = bytes(MOVES[move] for move in moves)
    rows = {"wPartyCount": b"\x01", "wPartySpecies": b"\x98\xff", "wPartyMon1Moves": known}
    return {**rows, "wJohtoBadges": b"\xff", "wPlayerState": b"\x04"}


@pytest.mark.parametrize(
    ("move", "ability", "badges"),
    [
        *(("CUT", "can_cut", 0x02), ("SURF", "can_surf", 0x08), ("STRENGTH", "can_push", 0x04)),
        *(("FLASH", "can_flash", 0x01), ("FLY", "can_fly", 0x20)),
        *(("WHIRLPOOL", "can_whirlpool", 0x40), ("WATERFALL", "can_waterfall", 0x80)),
    ],
)
def test_a_move_acts_on_the_ground_once_its_badge_is_won(move: str, ability: str, badges: int) -> None:
    rows = {**knowing(move), "wPlayerState": b"\x00"}
    able = abilities_of(crystal_state({**rows, "wJohtoBadges": bytes((badges,))}))
    assert able == FieldAbilities(**{ability: True})
    assert abilities_of(crystal_state({**rows, "wJohtoBadges": bytes((0xFF - badges,))})) == FieldAbilities()


def press(state: GameState, cell: tuple[int, int], player: RulePlayer | None = None) -> Button:
    """What the rules press to get to a cell of this map."""
    option = Option(OptionKind.GO_TO, "Go there", "go_to:there", Position(state.map_id, *cell))
    return (player or RulePlayer(state.game)).act(state, option).button


def test_a_whirlpool_is_faced_asked_smooth_and_ridden_over() -> None:
    able = knowing("SURF", "WHIRLPOOL")
    right = {**able, "wPlayerDirection": FACING[Button.RIGHT]}
    assert press(crystal_on("~@~", (0, 0), able), (2, 0)) is Button.RIGHT, "it turns to it"
    player = RulePlayer(crystal_on("~@~", (0, 0)).game)
    assert press(crystal_on("~@~", (0, 0), right), (2, 0), player) is Button.A
    assert press(crystal_on("~~~", (0, 0), right), (2, 0), player) is Button.RIGHT, "it is smooth now"


def test_a_waterfall_is_asked_for_from_below_and_just_entered_from_above() -> None:
    up = {**knowing("SURF", "WATERFALL"), "wPlayerDirection": FACING[Button.UP]}
    assert press(crystal_on("~~ WW WW ~~", (0, 3), up), (0, 0)) is Button.A
    down = {**up, "wPlayerDirection": FACING[Button.DOWN]}
    assert press(crystal_on("~~ WW WW ~~", (0, 0), down), (0, 3)) is Button.DOWN


def test_yes_stays_the_answer_from_one_whirlpool_to_the_next() -> None:
    """Asking once more is no sign of a question that leads nowhere, as long as each whirlpool is gone afterwards."""
    rows = {**knowing("SURF", "WHIRLPOOL"), "wPlayerDirection": FACING[Button.RIGHT]}
    before, after = crystal_on("~@~~", (0, 0), rows), crystal_on("~~~~", (0, 0), rows)
    player = RulePlayer(before.game)
    press(before, (3, 0), player)
    player.memory.note_answer(before.map_id, "WHIRL?", 0)
    moved = crystal_on("~~~~", (1, 0), {**rows, "wMapStatus": b"\x01"})
    player.options(moved)
    press(after, (3, 0), player)
    assert player.memory.times_answered(before.map_id, "WHIRL?", 0) == 0
