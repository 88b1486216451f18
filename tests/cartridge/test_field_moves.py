"""What the cartridge does with the moves that machines teach: who may learn, what is asked, what stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cartridge.field_trail import Start, staged
from tests.cartridge.stage import Stage


@contextmanager
def begun(start: Start) -> Iterator[Stage]:
    stage = staged(start)
    try:
        yield stage
    finally:
        stage.console.close()


def moves_of(stage: Stage, slot: int = 0) -> list[int]:
    return [stage.console.read("wPartyMons", 48 * slot + 2 + i) for i in range(4)]


def to_machines(stage: Stage) -> None:
    """From the map to the question of the first machine's menu, USE chosen."""
    stage.tap("start", "down", "a", "right", "right", "right", "a", "a")


def test_the_pocket_names_machines_by_their_moves() -> None:
    with begun(Start("THICKET", items=("HM_FLASH", "HM_CUT"))) as stage:
        stage.tap("start", "down", "a", "right", "right", "right")
        assert stage.console.read("wCurPocket") == 3
        assert stage.shows("MACHINES") and stage.shows(">CUT") and stage.shows("HM01") and stage.shows("FLASH")


def test_the_party_tells_who_is_able_and_refuses_who_is_not() -> None:
    with begun(Start("THICKET", pals=(("GRAVLOP", 9),), items=("HM_CUT",))) as stage:
        to_machines(stage)
        stage.mash("a", lambda: stage.shows("Teach which pal"))
        screen = stage.console.screen()
        assert screen[2].strip(" .") == "ABLE" and screen[4].strip(" .") == "NOT ABLE"
        stage.tap("down", "a")
        stage.until(lambda: stage.shows("cannot"))
        stage.mash("a", lambda: stage.shows("Teach which pal"))
        before = moves_of(stage)
        stage.tap("up", "a")
        stage.mash("a", lambda: moves_of(stage) != before)
        assert stage.move("CUT") in moves_of(stage)


def test_what_a_machine_taught_is_not_forgotten() -> None:
    with begun(Start("THICKET", items=("HM_FLASH",), knows={0: ("CUT", "BUMP", "GLARE", "CHEW")})) as stage:
        to_machines(stage)
        stage.mash("a", lambda: stage.shows("CUT") and stage.walker.at_move_list())
        stage.tap("a")
        stage.until(lambda: stage.shows("cannot be"))
        stage.mash("b", stage.walker.at_move_list)
        stage.tap("down", "a")
        stage.mash("b", stage.free)
        assert moves_of(stage) == [stage.move(name) for name in ("CUT", "FLASH", "GLARE", "CHEW")]


@pytest.mark.parametrize(("badges", "moves"), [(0b101, ("CUT",)), (0b111, ("BUMP",))], ids=["no badge", "no move"])
def test_a_tree_stays_without_badge_or_move(badges: int, moves: tuple[str, ...]) -> None:
    with begun(Start("THICKET", cell=(5, 5), badges=badges, knows={0: moves})) as stage:
        stage.face("right")
        stage.mash("a", lambda: stage.shows("thin tree"))
        stage.mash("a", stage.free)
        assert stage.walker.collision(6, 5) == 0x12 and stage.walker.place[1:] == (5, 5)


def test_a_tree_is_cut_until_the_map_is_read_again() -> None:
    with begun(Start("THICKET", cell=(13, 5), knows={0: ("CUT",)})) as stage:
        stage.face("left")
        stage.mash("a", lambda: stage.shows("used"))
        stage.mash("a", stage.free)
        assert stage.walker.collision(12, 5) == 0
        stage.walker.step("left")
        assert stage.walker.place == ("THICKET", 12, 5)
        stage.walker.go(17, 3)
        stage.walker.enter("ROLLING_CAVE")
        stage.walker.leave(4, 13, "down")
        assert stage.walker.map == "THICKET" and stage.walker.collision(12, 5) == 0x12


def test_the_list_of_pals_offers_the_move_too() -> None:
    with begun(Start("THICKET", cell=(13, 5), knows={0: ("CUT",)})) as stage:
        stage.face("left")
        stage.tap("start", "a", "a")
        assert stage.shows(">CUT") and stage.shows("SWITCH")
        stage.tap("a")
        stage.mash("a", stage.free)
        assert stage.walker.collision(12, 5) == 0


def test_boulders_move_once_strength_was_asked_for_and_are_back_after_leaving() -> None:
    with begun(Start("ROLLING_CAVE", cell=(13, 7), knows={0: ("STRENGTH",)})) as stage:
        walker = stage.walker
        walker.step("down")
        assert walker.place[1:] == (13, 7) and (13, 8) in walker.people(), "nobody pushes it just like that"
        stage.mash("a", lambda: stage.console.read("wBikeFlags") == 1)
        stage.mash("a", stage.free)
        stage.console.press("down", 3, 24)
        assert (13, 9) in walker.people() and walker.place[1:] == (13, 7), "one press, one push"
        walker.step("down")
        stage.console.press("down", 3, 24)
        assert walker.place[1:] == (13, 8) and (13, 10) in walker.people(), "the player follows, then pushes again"
        walker.step("down")
        stage.console.press("down", 3, 24)
        assert walker.place[1:] == (13, 9) and (13, 10) in walker.people(), "there is a wall behind it"
        walker.enter("ROLLING_CAVE_B1")
        walker.go(14, 3)
        walker.enter("ROLLING_CAVE")
        assert stage.console.read("wBikeFlags") == 0
        walker.go(14, 6)
        assert (13, 8) in walker.people()


def test_a_boulder_without_a_strong_pal_is_only_looked_at() -> None:
    with begun(Start("ROLLING_CAVE", cell=(13, 7))) as stage:
        stage.face("down")
        stage.mash("a", lambda: stage.shows("A boulder"))
        stage.mash("a", stage.free)
        assert stage.console.read("wBikeFlags") == 0


def test_no_raft_goes_on_the_sea() -> None:
    with begun(Start("NARROWS", cell=(7, 5), items=("RAFT",))) as stage:
        stage.face("right")
        stage.mash("a", lambda: stage.shows("sea is rough"))
        stage.mash("a", stage.free)
        assert stage.console.read("wPlayerState") == 0


def test_a_whirlpool_stops_who_cannot_smooth_it() -> None:
    with begun(Start("NARROWS", cell=(7, 5), knows={0: ("SURF",)})) as stage:
        stage.face("right")
        stage.mash("a", lambda: stage.console.read("wPlayerState") == 4)
        stage.until(stage.free)
        for _ in range(6):
            stage.walker.step("right")
        assert stage.walker.place == ("NARROWS", 12, 5)
        stage.mash("a", lambda: stage.shows("whirlpool"))
        stage.mash("b", stage.free)
        assert stage.walker.collision(13, 5) == 0x24


def test_a_fall_carries_down_by_itself_and_up_by_the_move_alone() -> None:
    with begun(Start("FALLS", warp=3, knows={0: ("SURF",)})) as stage:
        walker = stage.walker
        walker.go(8, 5)
        stage.face("down")
        stage.mash("a", lambda: stage.console.read("wPlayerState") == 4)
        stage.until(stage.free)
        while walker.place[2] < 7:
            walker.step("down")
        walker.step("down")
        assert walker.place == ("FALLS", 8, 12), "all the way down in one press"
        walker.step("up")
        assert walker.place == ("FALLS", 8, 12)
        stage.poke("wPartyMons", stage.move("WATERFALL"), offset=3)
        stage.mash("a", lambda: walker.place == ("FALLS", 8, 7))
        stage.until(stage.free)
        assert stage.console.read("wPlayerState") == 4


def test_side_walls_bar_their_side_and_ice_slides_up_to_them() -> None:
    with begun(Start("ICE_CAVERN", cell=(4, 5))) as stage:
        stage.walker.step("right")
        assert stage.walker.place == ("ICE_CAVERN", 11, 5), "the wall on the left of (12, 5) stops the slide"
    with begun(Start("ICE_CAVERN", cell=(12, 5))) as stage:
        stage.walker.step("left")
        assert stage.walker.place == ("ICE_CAVERN", 12, 5), "nobody leaves by the walled side either"
        stage.walker.step("right")
        assert stage.walker.place == ("ICE_CAVERN", 13, 5)


def test_a_pit_in_the_ice_drops_to_the_floor_below() -> None:
    with begun(Start("ICE_CAVERN", cell=(14, 7))) as stage:
        stage.walker.step("down")
        assert stage.walker.map == "ICE_CAVERN_B1"


def test_the_dark_turns_back_who_has_no_light() -> None:
    with begun(Start("DARK_CAVE", cell=(8, 5), knows={0: ("FLASH",)})) as stage:
        walker = stage.walker
        assert stage.console.read("wTimeOfDayPalset") == 0xFF
        walker.step("right")
        walker.settle()
        assert walker.place == ("DARK_CAVE", 8, 5)
        stage.tap("start", "a", "a", "a")
        stage.until(lambda: stage.shows("used"))
        stage.mash("a", stage.free)
        assert stage.console.read("wTimeOfDayPalset") != 0xFF and stage.console.read("wStatusFlags") & 4
        walker.step("right")
        walker.step("right")
        walker.settle()
        assert walker.place == ("DARK_CAVE", 10, 5)
        walker.leave(4, 13, "down")
        assert walker.map == "NARROWS" and not stage.console.read("wStatusFlags") & 4, "until one sees the sky"


def test_moves_are_refused_where_they_are_of_no_use_and_without_their_badge() -> None:
    with begun(Start("ROLLING_CAVE", knows={0: ("FLASH", "FLY")}, visited=("HAZEL_HOLLOW",))) as stage:
        for line in (("a",), ("down", "a")):
            stage.tap("start", "a", "a", *line)
            stage.until(lambda: stage.shows("That cannot be"))
            stage.mash("b", stage.free)
    with begun(Start("FALLS", warp=3, badges=0, knows={0: ("FLY",)}, visited=("HAZEL_HOLLOW",))) as stage:
        stage.tap("start", "a", "a", "a")
        stage.until(lambda: stage.shows("badge"))


def test_the_map_for_flying_shows_visited_places_and_b_leaves_it() -> None:
    with begun(Start("FALLS", warp=3, visited=("HAZEL_HOLLOW", "FALLS"), knows={0: ("FLY",)})) as stage:
        stage.tap("start", "a", "a", "a")
        screen = stage.console.screen()
        assert "Where to" in screen[1] and "Hazel Hollow" in screen[16] and stage.shows("The Falls")
        assert not stage.shows("Willowmere")
        stage.tap("b")
        stage.until(stage.free)
        assert stage.walker.place == ("FALLS", 6, 4)
        stage.tap("start", "a", "a", "a", "a")
        stage.until(lambda: stage.walker.map == "HAZEL_HOLLOW" and stage.free())
        assert stage.walker.place == ("HAZEL_HOLLOW", 18, 13)
