"""Boulders on small drawn maps: the pushes into a hole, round corners and past others, and what is given up."""

from __future__ import annotations

import numpy as np
import pytest

from core.navigation.boulders import MOST_STATES, Push, pushes_into, pushes_toward
from core.navigation.map_ground import Cell, MapGround
from core.vocabulary import Button

BYTES = {".": 0x00, "#": 0x07, "o": 0x60, "]": 0xB0, "~": 0x29, "i": 0x23}
U, D, L, R = Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT


def drawn(picture: str) -> tuple[MapGround, Cell, list[Cell], list[Cell]]:
    """The ground, the player's cell (P), the boulders (B, on floor) and the holes (o) of a picture."""
    rows = picture.split()
    places = {sign: [(x, y) for y, row in enumerate(rows) for x, at in enumerate(row) if at == sign] for sign in "PBo"}
    cells = np.array([[BYTES.get(sign, 0x00) for sign in row] for row in rows], dtype=np.uint8)
    return MapGround(cells, warps=frozenset(places["o"])), places["P"][0], places["B"], places["o"]


def solved(picture: str) -> str | None:
    """The pushes of the first boulder into the first hole, as letters."""
    ground, player, boulders, holes = drawn(picture)
    found = pushes_into(ground, player, boulders, boulders[0], holes[0])
    return None if found is None else "".join(push.button.name[0] for push in found)


def test_a_boulder_is_pushed_straight_into_its_hole() -> None:
    ground, player, boulders, holes = drawn("PB.o")
    assert pushes_into(ground, player, boulders, boulders[0], holes[0]) == (Push(1, 0, R), Push(2, 0, R))
    assert Push(1, 0, R).stand == player and Push(2, 0, R).after == (3, 0)


def test_a_pit_is_reached_where_a_step_leads_into_it() -> None:
    ground, player, boulders, holes = drawn("PB..\n##.o")
    assert pushes_toward(ground, player, boulders, holes) == (Push(1, 0, R), Push(2, 0, R))


@pytest.mark.parametrize(
    ("picture", "pushes"),
    [
        ("PBo#", "R"),
        (".... PB.. ##.. ##o.", "RDD"),
        ("..... .B... P.... ..o..", "DDR"),
        ("PB~o", None),
        ("PB]o", None),
        ("PB#o", None),
        (".#.. PB.. ##.. ##o.", None),
        ("B... .... P..o", None),
    ],
    ids=["straight", "round a corner", "the first of equals", "water", "side wall", "wall", "no room behind", "corner"],
)
def test_the_fewest_pushes_are_found_where_there_is_a_way(picture: str, pushes: str | None) -> None:
    assert solved(picture) == pushes


def test_another_boulder_is_moved_only_where_nothing_else_helps() -> None:
    ground, player, boulders, holes = drawn("#.## PBBo #.##")
    assert pushes_into(ground, player, boulders, boulders[0], holes[0]) is None, "both in a row do not move"
    ground, player, boulders, holes = drawn("##.## PBBo# ..... #.###")
    found = pushes_into(ground, player, boulders, boulders[0], holes[0])
    assert found is not None and found[0] == Push(2, 1, U) and [push.button for push in found[1:]] == [R, R]


def test_the_player_falls_into_no_hole_on_its_way_round() -> None:
    """The only way behind the boulder leads over another hole."""
    ground, player, boulders, holes = drawn("###### #o.B.o ###### #P####")
    assert player == (1, 3) and boulders == [(3, 1)]
    assert pushes_into(ground, (2, 1), boulders, boulders[0], holes[1]) == (Push(3, 1, R), Push(4, 1, R))
    assert pushes_into(ground, (4, 1), boulders, boulders[0], holes[1]) is None


def test_boulders_are_pushed_out_of_the_way() -> None:
    ground, player, boulders, _ = drawn("P.B.. ##...")
    assert pushes_toward(ground, player, boulders, [(4, 0)]) == (Push(2, 0, R),)
    corridor, player, boulders, _ = drawn("P.B... #####.")
    assert pushes_toward(corridor, player, boulders, [(5, 1)]) is None, "it stays ahead of the player to the end"
    assert pushes_toward(ground, (0, 0), [(4, 1)], [(4, 0)]) == (), "nothing is in the way"


def test_ice_carries_the_player_up_to_a_boulder() -> None:
    ground, _, boulders, holes = drawn("#P#### .iiB.o ######")
    assert pushes_into(ground, (0, 1), boulders, boulders[0], holes[0]) == (Push(3, 1, R), Push(4, 1, R))


def test_a_search_without_end_is_given_up() -> None:
    """Nine boulders in a wide hall and a goal behind walls: bounded in states, and said to have no way."""
    ground, player, boulders, _ = drawn("P......## .B.B.B.#. .......## .B.B.B.## .......## .B.B.B.## .......##")
    assert len(boulders) == 9 and MOST_STATES < 10_000
    assert pushes_toward(ground, player, boulders, [(8, 1)]) is None
