"""What stands in the way until its time: guards, boulders, ledges, holes; and hidden items."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import STRONG, Stage, at
from tests.cartridge.walker import WALLS

END = OPERATIONS.index("end")
REPELLENT_STEPS = 255
RIDES_RAFT, WATER = 4, 0x29


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    stage.poke("wPartyMon1HP", *STRONG)
    yield stage
    stage.console.close()


def go_to_map(stage: Stage, name: str, warp: int) -> None:
    """To a warp of any map, by a script; wild creatures keep away, and all trainers are beaten."""
    row = stage.walker.world[name]
    stage.run_script(OPERATIONS.index("warp"), row["group"], row["number"], warp, END)
    stage.until(lambda: stage.walker.map == name and stage.free())
    stage.walker.settle()
    stage.poke("wRepelEffect", REPELLENT_STEPS)
    stage.poke("wPartyMon1Level", 100)
    for name in stage.walker.enums["event_flags"]:
        if name.startswith("EVENT_BEAT"):
            set_flag(stage, name)


def set_flag(stage: Stage, name: str) -> None:
    index = stage.walker.enums["event_flags"][name]["index"]
    stage.poke("wEventFlags", stage.console.read("wEventFlags", index // 8) | 1 << index % 8, offset=index // 8)


def flag(stage: Stage, name: str) -> bool:
    return stage.console.flag(stage.walker.enums["event_flags"][name]["index"])


def quantity(stage: Stage, item: str) -> int:
    items = stage.console.bytes("wItems")
    number = stage.item(item)
    return next((items[i + 1] for i in range(0, 2 * stage.console.read("wNumItems"), 2) if items[i] == number), 0)


# ---------------------------------------------------------------- hidden items


def test_a_hidden_item_is_found_once(town: Stage) -> None:
    go_to_map(town, "HIGHSTEAD", 2)
    hidden = next(row for row in town.walker.world["HIGHSTEAD"]["bg_events"] if row["type"] == "BGEVENT_ITEM")
    row = town.console.pointer("wCurMapBGEventsPointer") + 5 * (town.console.read("wCurMapBGEventCount") - 1)
    assert [town.console.rom(town.console.read("wMapScriptsBank"), row + i) for i in range(3)] == [
        hidden["y"],
        hidden["x"],
        7,
    ]
    town.walker.go(hidden["x"] + 1, hidden["y"])
    assert not flag(town, hidden["event"])
    town.walker.talk("left")
    assert flag(town, hidden["event"])
    assert quantity(town, hidden["item"]) == 1
    town.walker.talk("left")
    assert quantity(town, hidden["item"]) == 1


def test_a_full_bag_leaves_the_hidden_item_where_it_is(town: Stage) -> None:
    go_to_map(town, "HIGHSTEAD", 2)
    hidden = next(row for row in town.walker.world["HIGHSTEAD"]["bg_events"] if row["type"] == "BGEVENT_ITEM")
    pocket = [value for _ in range(20) for value in (town.item("HERB"), 99)]
    town.poke("wNumItems", 20)
    town.poke("wItems", *pocket, 255)
    town.walker.go(hidden["x"] + 1, hidden["y"])
    town.walker.talk("left")
    assert not flag(town, hidden["event"])


# ---------------------------------------------------------------- guards


@pytest.mark.parametrize("item", ["LANTERN", "PIE"])
def test_the_cave_guard_wants_the_lantern_and_nothing_else(town: Stage, item: str) -> None:
    go_to_map(town, "MISTMERE", 1)
    town.give_key_item("RAFT")
    town.walker.go(17, 17)
    town.walker.talk("down")
    assert town.console.read("wPlayerState") == RIDES_RAFT
    town.give_key_item(item)
    town.walker.walls = WALLS - {WATER}
    guard = next(one for one in town.walker.world["MISTMERE"]["objects"] if one["script"] == "cave_guard")
    town.walker.go(23, 18)
    town.walker.go(guard["x"], guard["y"] + 1)
    town.walker.talk("up")
    assert flag(town, "EVENT_CAVE_OPEN") is (item == "LANTERN")


@pytest.mark.parametrize(
    ("badge", "item", "opens"),
    [(False, None, False), (True, None, False), (False, "WICK", False), (True, "WICK", True)],
)
def test_the_tower_wants_two_badges_and_the_wick(town: Stage, badge: bool, item: str | None, opens: bool) -> None:
    go_to_map(town, "BEACON_TRAIL", 1)
    if badge:
        set_flag(town, "EVENT_STONE_BADGE")
    if item:
        town.give_key_item(item)
    guard = next(one for one in town.walker.world["BEACON_TRAIL"]["objects"] if one["script"] == "gate_guard")
    town.walker.go(guard["x"], guard["y"] - 1)
    town.walker.talk("down")
    assert flag(town, "EVENT_TOWER_OPEN") is opens
    assert ((guard["x"], guard["y"]) in town.walker.people()) is not opens


@pytest.mark.parametrize("badge", [False, True])
def test_the_boatman_lends_the_raft_to_who_has_the_badge(town: Stage, badge: bool) -> None:
    go_to_map(town, "BOATHOUSE", 1)
    if badge:
        set_flag(town, "EVENT_TIDE_BADGE")
    boatman = next(one for one in town.walker.world["BOATHOUSE"]["objects"] if one["script"] == "boatman")
    town.walker.go(boatman["x"], boatman["y"] + 1)
    town.walker.talk("up")
    raft = town.item("RAFT")
    assert (town.console.read("wNumKeyItems") > 0 and raft in town.console.bytes("wKeyItems")) is badge


# ---------------------------------------------------------------- the edges


@pytest.mark.parametrize(("y", "ends"), [(23, "MISTMERE"), (22, "MISTMERE"), (21, "WILLOWMERE")])
def test_nobody_leaves_the_world_where_a_neighbour_is_shorter(town: Stage, y: int, ends: str) -> None:
    """The lake has 24 rows of water, Willowmere beside it 22."""
    go_to_map(town, "MISTMERE", 1)
    town.give_key_item("RAFT")
    town.walker.go(17, 17)
    town.walker.talk("down")
    town.walker.walls = WALLS - {WATER}
    town.walker.go(0, y)
    town.walker.step("left")
    assert town.walker.map == ends
    assert town.console.read("wYCoord") < 2 * town.console.read("wMapHeight")


# ---------------------------------------------------------------- the cave


def test_three_runes_move_the_boulder(town: Stage) -> None:
    go_to_map(town, "CAIRN_DEPTHS", 1)
    signs = {row["script"]: row for row in town.walker.world["CAIRN_DEPTHS"]["bg_events"] if "script" in row}
    boulder = next(one for one in town.walker.world["CAIRN_DEPTHS"]["objects"] if one["sprite"] == "SPRITE_BOULDER")
    for place, side, look in (("rune_moon", 1, "up"), ("rune_star", -1, "down"), ("rune_sun", 1, "up")):
        assert not flag(town, "EVENT_CAVE_RUNES_LIT")
        town.walker.go(signs[place]["x"], signs[place]["y"] + side)
        town.walker.talk(look)
    assert flag(town, "EVENT_CAVE_RUNES_LIT")
    town.walker.go(boulder["x"], boulder["y"] + 1)
    assert (boulder["x"], boulder["y"]) not in town.walker.people()
    assert town.walker.go(boulder["x"], boulder["y"])


def test_a_ledge_leads_down_and_never_up(town: Stage) -> None:
    go_to_map(town, "CAIRN_HEIGHTS", 2)
    x = town.console.read("wXCoord")
    town.walker.go(x, 3)
    town.walker.step("down")
    assert town.walker.place == ("CAIRN_HEIGHTS", x, 5)
    for _ in range(4):
        town.walker.step("up")
    assert town.console.read("wYCoord") == 5


def test_a_hole_drops_one_floor(town: Stage) -> None:
    go_to_map(town, "CAIRN_HEIGHTS", 2)
    hole = next(warp for warp in town.walker.world["CAIRN_HEIGHTS"]["warps"] if (warp["x"], warp["y"]) == (19, 15))
    assert town.walker.go(hole["x"], hole["y"]) is False
    assert town.walker.map == "CAIRN_CAVE"
