"""The world hangs together: the story can be walked to its end, everything can be reached, nobody is ever shut in."""

from __future__ import annotations

from functools import cache

import pytest

from cartridge.tools.maps import read_maps
from cartridge.tools.milestones import read_milestones
from tests.cartridge.world_model import WALL, WATER, Cell, Progress, WorldModel

OBSTACLES = (WALL, WATER)
LOOKS = {"stand_down": (0, 1), "stand_up": (0, -1), "stand_left": (-1, 0), "stand_right": (1, 0)}
HOME: Cell = ("HAZEL_HOLLOW", 18, 13)


@cache
def model() -> WorldModel:
    return WorldModel()


@cache
def stages() -> tuple[tuple[Progress, frozenset[Cell]], ...]:
    """The progress of a player who talks to everybody again and again, and what is in reach at each stage."""
    progress = Progress({"EVENT_INITIALIZED"})
    found = []
    for _ in range(100):
        cells = model().reachable(model().start(), progress)
        found.append((progress.copy(), frozenset(cells)))
        model().act(cells, progress)
        if progress == found[-1][0]:
            return tuple(found)
    raise AssertionError("the story never settles")


def final() -> tuple[Progress, frozenset[Cell]]:
    return stages()[-1]


def test_the_story_can_be_walked_to_its_end() -> None:
    progress, cells = final()
    maps = {name for name, _, _ in cells}
    assert {"EVENT_LAMP_LIT", "EVENT_BEAT_TERN"} <= progress.flags
    assert progress.badges == {0, 1, 2}
    for milestone in read_milestones():
        for kind, name, *_ in milestone.conditions:
            if kind == "flag":
                assert name in progress.flags, milestone.id
            elif kind == "map":
                assert name in maps, milestone.id


def test_every_map_and_everybody_can_be_reached() -> None:
    progress, cells = final()
    assert {name for name, _, _ in cells} == set(model().maps)
    assert len(model().maps) >= 20
    known = {name for name, row in model().enums["event_flags"].items()}
    wanted = known - {"EVENT_STARTER_LEAF_TAKEN", "EVENT_STARTER_FIRE_TAKEN", "EVENT_STARTER_WATER_TAKEN"}
    wanted.remove("EVENT_SELMA_SULKS")  # for a while only
    assert wanted <= progress.flags, sorted(wanted - progress.flags)


def test_nobody_is_ever_shut_in() -> None:
    """At every stage of the story every cell that the player can reach has a way back to the first town."""
    before: frozenset[Cell] = frozenset()
    for progress, cells in stages():
        if cells == before:
            continue
        before = cells
        if HOME in cells:
            returning = model().returning(dict.fromkeys(cells, HOME), HOME, progress)
            assert cells <= returning, sorted(cells - returning)[:5]


@pytest.mark.parametrize(
    ("without", "shut"),
    [
        ("EVENT_FIRST_REGION_DONE", "LARK_ROAD"),
        ("EVENT_GOT_RAFT", "LAKE_HUT"),
        ("EVENT_CAVE_OPEN", "CAIRN_CAVE"),
        ("EVENT_TOWER_OPEN", "TOWER_1F"),
        ("EVENT_TOWER_SECOND_PLATE", "TOWER_3F"),
        ("EVENT_LAMP_LIT", "FERRY"),
        ("EVENT_BEAT_BRACK", "SALT_HARBOUR"),
        ("EVENT_SALT_GYM_OPEN", "SALT_GYM"),
    ],
)
def test_gates_are_shut_until_their_time(without: str, shut: str) -> None:
    """Before a gate's flag is set nothing behind the gate was ever in reach."""
    for progress, cells in stages():
        if without not in progress.flags:
            assert shut not in {name for name, _, _ in cells}


def test_three_meetings_with_the_rival() -> None:
    progress, _ = final()
    assert {flag for flag in progress.flags if "BEAT_WEST" in flag} == {
        "EVENT_BEAT_WEST_LARK_ROAD",
        "EVENT_BEAT_WEST_HIGHSTEAD",
        "EVENT_BEAT_WEST_TOWER",
    }


def test_the_table_of_badges_names_their_leaders() -> None:
    bits = model().enums["badges"]["johto"]["bits"]
    assert {bit: (row["const"], row["leader"], row["map"]) for bit, row in bits.items()} == {
        "0": ("TIDEBADGE", "NERYS", "TIDE_GYM"),
        "1": ("STONEBADGE", "GARRICK", "STONE_GYM"),
        "2": ("SALTBADGE", "SELMA", "SALT_GYM"),
    }


def test_people_see_no_further_than_they_can_walk() -> None:
    """A trainer who walks up to the player must not walk over water or through walls on the way."""
    for name, one in read_maps().items():
        grid = model().collisions[name]
        for person in one.people:
            if not person.sight:
                continue
            dx, dy = LOOKS[person.movement]
            x, y = person.x, person.y
            codes = []
            for _ in range(person.sight):
                x, y = x + dx, y + dy
                if 0 <= y < len(grid) and 0 <= x < len(grid[0]):
                    codes.append(grid[y][x])
            clear = next((i for i, code in enumerate(codes) if code in OBSTACLES), len(codes))
            assert set(codes[clear:]) <= {WALL}, f"{name}: {person.trainer} looks over an obstacle"


def test_every_creature_can_be_had() -> None:
    """Met in the wild, given, or grown from one of those."""
    had = {"MOSSBIT", "CINDREL", "RIPPAD"}
    for one in read_maps().values():
        had |= {creature for wild in one.wild.values() for _, creature in wild.slots}
    rows = {row["const"]: row for row in model().enums["species"].values()}
    for _ in rows:
        had |= {step["to"] for name in had for step in rows[name]["evolves"]}
    assert had == set(rows)


def test_every_creature_fights_with_its_own_type() -> None:
    """Every creature that is met above level 10 knows a move of its own type that does damage."""
    moves = {row["const"]: row for row in model().enums["moves"].values()}
    moves = {name.replace(" ", "_"): row for name, row in moves.items()}
    for row in model().enums["species"].values():
        strong = [move for level, move in row["learns"] if level <= 10 and moves[move]["power"]]
        assert any(moves[move]["type"] in row["types"] for move in strong), row["const"]
