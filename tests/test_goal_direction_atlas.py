"""The goal direction on an atlas of a few rooms, whose costs, places and levels are counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.game.facts import ConditionalEffects, Connection, GameMap, MapObject, Sign, TrainerParty, Trigger, Warp
from core.game.game_data import GameData
from core.game.milestones import Condition, Milestone
from core.game.objectives import LEAD_LEVEL_SYMBOL, Objectives
from core.game.state import GameState
from core.navigation.goal_direction import GoalDirection, GoalDirections
from core.vocabulary import Button, MapId
from tests.crystal_ground import crystal_on
from tests.crystal_rows import crystal

START, LEFT, RIGHT, HALL, ATTIC, FORK, BY, END, CELLAR, WELL = range(1, 11)
FLOOR = " ".join([".........."] * 10)
LEAD = {"wPartyCount": b"\x01", "wPartySpecies": b"\x9b\xff", "wPartyMon1Species": b"\x9b", "wPartyMon1HP": b"\x00\x09"}
FLAG = "EVENT_BEAT_WHITNEY"


def map_id(number: int) -> MapId:
    return MapId(9, number)


def room(
    number: int,
    doors: Sequence[tuple[int, int, int, int]] = (),
    sides: Sequence[tuple[str, int, int]] = (),
    objects: Sequence[MapObject] = (),
    signs: Sequence[Sign] = (),
    triggers: Sequence[Trigger] = (),
) -> GameMap:
    """A map of 10 x 10 steps. Doors are (x, y, the map behind, its door), sides (direction, the map behind, shift)."""
    warps = tuple(Warp(at, x, y, map_id(to), door) for at, (x, y, to, door) in enumerate(doors, 1))
    connections = tuple(Connection(side, map_id(to), shift) for side, to, shift in sides)
    named = (map_id(number), f"ROOM_{number}", f"room {number}", 10, 10, "INDOOR", "HOUSE")
    return GameMap(*named, warps, connections, tuple(objects), tuple(signs), tuple(triggers))


def somebody(
    number: int, trainer: tuple[str, int] | None = None, fights: tuple[str, ...] = (), sets: str = FLAG
) -> MapObject:
    kind, trainer_id = trainer or (None, None)
    return MapObject(
        id=number,
        x=0,
        y=0,
        sprite="SPRITE",
        kind="script",
        sight=0,
        event=None,
        trainer_class=kind,
        trainer_id=trainer_id,
        sets=(sets,),
        fights=fights,
    )


def milestone(name: str, kind: str = "map_reached", to: int | None = None, flag: str = "", value: int = 1) -> Milestone:
    place = None if to is None else map_id(to)
    condition = Condition(kind, lambda data: False, (), place, flag, value)
    return Milestone(name, name, 1, False, True, None, (condition,), name)


def level(value: int) -> Milestone:
    return milestone(f"level {value}", "value", flag=LEAD_LEVEL_SYMBOL, value=value)


def atlas(
    rooms: Sequence[GameMap], milestones: Sequence[Milestone], wild: Sequence[int] = (), **facts: object
) -> GameData:
    maps = {one.id: one for one in rooms}
    story = Objectives(maps, milestones)
    grounds = {f"ROOM_{number}": None for number in wild}
    game = replace(crystal().game, maps=maps, milestones=tuple(milestones), objectives=story, wild=grounds)
    return replace(game, **facts)


def standing(
    number: int,
    at: tuple[int, int],
    picture: str | Sequence[Sequence[int]] = FLOOR,
    things: dict[int, tuple[int, int]] | None = None,
    lead_level: int = 0,
) -> GameState:
    rows = {"wMapGroup": bytes(map_id(number)), **LEAD, "wPartyMon1Level": bytes([lead_level])}
    return crystal_on(picture, at, rows if lead_level else {"wMapGroup": bytes(map_id(number))}, things=things)


def doors_on(*cells: tuple[int, int]) -> list[list[int]]:
    """A floor of 10 x 10 with doors (0x71) on these cells."""
    return [[0x71 if (x, y) in cells else 0x00 for x in range(10)] for y in range(10)]


ROOMS = (
    # Two ways to the hall. By the left room 4 + 4 + |8 - 3| + |6 - 1| = 18 (22 by its other door, 4 + 4 + 6 + 8),
    # by the right room 4 + 4 + |5 - 6| + |4 - 1| = 12 (by its other door the same: 4 + 4 + 2 + 2).
    room(START, [(1, 5, LEFT, 1), (9, 5, RIGHT, 1), (5, 5, CELLAR, 1)]),
    room(LEFT, [(3, 1, START, 1), (9, 9, HALL, 1), (8, 6, HALL, 1)]),
    room(RIGHT, [(6, 1, START, 2), (5, 4, HALL, 2), (8, 3, HALL, 2)]),
    # The attic's door is 6 + 1 steps from where one comes in from the left, and 2 + 6 from the right: 29 and 24.
    room(HALL, [(1, 2, LEFT, 3), (9, 9, RIGHT, 2), (7, 3, ATTIC, 1)]),
    room(ATTIC, [(4, 7, HALL, 3)]),
    # Straight to the end: 4. By the way: 4 + 4 + 2.
    room(FORK, [(1, 5, BY, 1), (9, 5, END, 2)]),
    room(BY, [(2, 2, FORK, 1), (4, 2, END, 1)]),
    room(END, [(1, 1, BY, 2), (2, 2, FORK, 2)]),
    # Rooms that lead to one another and nowhere else.
    room(CELLAR, [(3, 3, START, 3), (4, 4, WELL, 1)]),
    room(WELL, [(3, 3, CELLAR, 2)]),
)
TO_HALL, TO_ATTIC, TO_END, TO_WELL = (
    milestone(name, to=number) for name, number in (("hall", HALL), ("attic", ATTIC), ("end", END), ("well", WELL))
)
DIRECTIONS = GoalDirections(atlas(ROOMS, (TO_HALL, TO_ATTIC, TO_END, TO_WELL)))
START_GROUND = doors_on((1, 5), (9, 5), (5, 5))


@pytest.mark.parametrize(
    ("goal", "number", "x", "door"),
    [
        (TO_HALL, START, 2, 1),  # 1 + 18 and 7 + 12: the first of the data
        (TO_HALL, START, 3, 9),  # 2 + 18 and 6 + 12
        (TO_ATTIC, START, 2, 1),  # 1 + 29 and 7 + 24
        (TO_ATTIC, START, 3, 9),  # 2 + 29 and 6 + 24
        (TO_END, FORK, 2, 1),  # 1 + 10 and 7 + 4
        (TO_END, FORK, 3, 9),
        (TO_WELL, START, 2, 5),
    ],
)
def test_the_way_out_is_the_one_with_the_fewest_actions_left(goal: Milestone, number: int, x: int, door: int) -> None:
    for y in (5, 2, 9):
        state = standing(number, (x, y), START_GROUND)
        assert DIRECTIONS.goal_direction(state, goal) == GoalDirection(door, 5, False, None)


def test_where_no_way_leads_there_or_nothing_is_known_there_is_no_direction() -> None:
    assert DIRECTIONS.goal_direction(standing(WELL, (3, 4)), TO_END) is None
    assert DIRECTIONS.goal_direction(standing(HALL, (3, 4)), TO_HALL) is None, "it is here"
    assert DIRECTIONS.goal_direction(standing(77, (3, 4)), TO_HALL) is None, "no such map"
    assert DIRECTIONS.goal_direction(standing(START, (3, 4)), None) is None
    assert DIRECTIONS.goal_direction(standing(START, (3, 4)), milestone("of another game", "money")) is None


def test_equal_ground_and_place_on_another_map_or_for_another_milestone_is_another_question() -> None:
    directions = GoalDirections(atlas(ROOMS, (TO_HALL, TO_ATTIC, TO_END, TO_WELL)))
    ground = doors_on((1, 5), (9, 5), (5, 5), (8, 6), (9, 9), (3, 3), (7, 3))
    asked = {
        (START, TO_HALL): (9, 5),
        (START, TO_WELL): (5, 5),
        (LEFT, TO_HALL): (8, 6),
        (HALL, TO_ATTIC): (7, 3),
        (CELLAR, TO_HALL): (3, 3),
        (FORK, TO_END): (9, 5),
    }
    first = standing(START, (5, 5), ground)
    for _ in range(2):
        for (number, goal), cell in asked.items():
            state = GameState(standing(number, (5, 5), ground).snapshot, first.rom)
            assert state.collision is first.collision
            assert directions.goal_direction(state, goal) == GoalDirection(*cell, False, None)


def test_a_door_whose_cell_is_no_warp_is_left_out_unless_all_are() -> None:
    assert DIRECTIONS.goal_direction(standing(START, (1, 6), doors_on((9, 5))), TO_HALL) == (9, 5, False, None)
    assert DIRECTIONS.goal_direction(standing(START, (1, 6), doors_on((1, 5))), TO_HALL) == (1, 5, False, None)
    assert DIRECTIONS.goal_direction(standing(START, (8, 6), doors_on((1, 5))), TO_HALL) == (1, 5, False, None)
    assert DIRECTIONS.goal_direction(standing(START, (8, 6)), TO_HALL) == (9, 5, False, None)
    assert DIRECTIONS.goal_direction(standing(START, (1, 6)), TO_HALL) == (1, 5, False, None)


@pytest.mark.parametrize(
    ("side", "opposite", "shift", "leaves", "cell", "nearest", "middle"),
    [
        # The stretch is the cells 3 to 9 of the side where the neighbour is shifted by 3, and 0 to 6 by -3.
        ("north", "south", 3, Button.UP, (3, 2), (4, 0), (6, 0)),
        ("south", "north", 3, Button.DOWN, (0, 6), (3, 9), (6, 9)),
        ("west", "east", -3, Button.LEFT, (6, 8), (0, 6), (0, 3)),
        ("east", "west", -3, Button.RIGHT, (1, 6), (9, 5), (9, 3)),
        ("east", "west", 3, Button.RIGHT, (1, 9), (9, 9), (9, 6)),
        ("north", "south", 3, Button.UP, (8, 2), (8, 0), (6, 0)),
    ],
)
def test_an_edge_is_left_by_the_nearest_open_cell_of_its_stretch(
    side: str,
    opposite: str,
    shift: int,
    leaves: Button,
    cell: tuple[int, int],
    nearest: tuple[int, int],
    middle: tuple[int, int],
) -> None:
    goal = milestone("beyond", to=2)
    directions = GoalDirections(
        atlas((room(1, sides=[(side, 2, shift)]), room(2, sides=[(opposite, 1, -shift)])), [goal])
    )
    shut = {(3, 0): 0x29, (9, 6): 0x07}  # water and a wall, on the nearest cells of two stretches
    ground = [[shut.get((x, y), 0x00) for x in range(10)] for y in range(10)]
    state = standing(1, cell, ground)
    assert directions.goal_direction(state, goal) == GoalDirection(*nearest, False, leaves)
    walled = [[0x07] * 10 for _ in range(10)]
    assert directions.goal_direction(standing(1, cell, walled), goal) == GoalDirection(*middle, False, leaves)


DEEDS = milestone("deeds", "event_flag", flag=FLAG)
DEED_ROOMS = (
    room(
        1,
        doors=[(4, 4, 2, 1)],
        objects=[somebody(1), somebody(2)],
        signs=[Sign(sets=(FLAG,), x=8, y=3, kind="read")],
        triggers=[Trigger(sets=(FLAG,), x=4, y=9)],
    ),
    room(2, doors=[(5, 5, 1, 1)], objects=[somebody(3)]),
)
MAN, SIGN, STEP = GoalDirection(1, 2, True, None), GoalDirection(8, 3, True, None), GoalDirection(4, 9, False, None)


@pytest.mark.parametrize(
    ("at", "nearest"),
    [
        ((1, 3), MAN),
        ((4, 2), MAN),  # 3, and 5 to the sign
        ((5, 3), SIGN),  # 4 + 1, and 3
        ((9, 3), SIGN),
        ((4, 5), STEP),  # 3 + 3, 4 + 2, and 4
        ((2, 7), STEP),  # 1 + 5, 6 + 4, and 2 + 2
        ((3, 5), MAN),  # 2 + 3, 5 + 2, and 1 + 4: people come first
        ((5, 2), MAN),  # 4, and 3 + 1
        ((8, 7), SIGN),  # 4, and 4 + 2
    ],
)
def test_of_what_is_at_hand_the_nearest_counts(at: tuple[int, int], nearest: GoalDirection) -> None:
    directions = GoalDirections(atlas(DEED_ROOMS, [DEEDS]))
    assert directions.goal_direction(standing(1, at, things={1: (1, 2)}), DEEDS) == nearest


def test_where_everybody_is_hidden_it_leads_to_the_others() -> None:
    one = replace(DEED_ROOMS[0], signs=(), triggers=())
    directions = GoalDirections(atlas((one, DEED_ROOMS[1]), [DEEDS]))
    assert directions.goal_direction(standing(1, (8, 8)), DEEDS) == GoalDirection(4, 4, False, None)
    assert directions.goal_direction(standing(1, (8, 8), things={2: (3, 6)}), DEEDS) == GoalDirection(3, 6, True, None)
    assert directions.goal_direction(standing(2, (8, 8)), DEEDS) == GoalDirection(5, 5, False, None)


def grassy(*cells: tuple[int, int], byte: int = 0x18) -> list[list[int]]:
    """10 x 10 steps with tall grass on these cells, and a wall of 0xFF on the last."""
    ground = [[byte if (x, y) in cells else 0x00 for x in range(10)] for y in range(10)]
    ground[9][9] = 0xFF
    return ground


@pytest.mark.parametrize(
    ("grass", "at", "nearest"),
    [
        ([(1, 1), (6, 2), (2, 7)], (4, 4), (6, 2)),  # 6, 4 and 5 steps
        ([(1, 1), (6, 2), (2, 7)], (3, 6), (2, 7)),
        ([(1, 1), (6, 2), (2, 7)], (2, 2), (1, 1)),
        ([(1, 1), (6, 2)], (1, 1), (6, 2)),  # not the grass underfoot
        ([(1, 1), (6, 2)], (6, 2), (1, 1)),
        ([(3, 3), (3, 4), (8, 8)], (3, 4), (3, 3)),
        ([(0, 4), (8, 4)], (5, 4), (8, 4)),  # 5 and 3
        ([(4, 0), (4, 8)], (4, 5), (4, 8)),
        ([(7, 2), (2, 7)], (5, 5), (7, 2)),  # 5 each: the upper one
        ([(3, 3)], (3, 3), None),
        ([], (3, 3), None),
    ],
)
def test_a_level_leads_to_the_nearest_tall_grass(
    grass: list[tuple[int, int]], at: tuple[int, int], nearest: tuple[int, int] | None
) -> None:
    goal = level(12)
    directions = GoalDirections(atlas((room(1, [(4, 4, 2, 1)]), room(2, [(5, 5, 1, 1)])), [goal], wild=[1]))
    towards = directions.goal_direction(standing(1, at, grassy(*grass)), goal)
    assert towards == (None if nearest is None else GoalDirection(*nearest, False, None))
    assert directions.goal_direction(standing(2, at, grassy(*grass)), goal) == GoalDirection(5, 5, False, None)


def test_without_wild_creatures_a_level_leads_nowhere() -> None:
    goal = level(12)
    directions = GoalDirections(atlas((room(1, [(4, 4, 2, 1)]), room(2, [(5, 5, 1, 1)])), [goal]))
    assert directions.goal_direction(standing(1, (3, 3), grassy((1, 1))), goal) is None


PARTIES = {
    "WEAK": TrainerParty("COOK", 1, ((5, 19), (9, 19))),
    "STRONG": TrainerParty("COOK", 2, ((12, 19), (3, 19))),
    "STRONGEST": TrainerParty("BOSS", 1, ((15, 19),)),
    "ALONE": TrainerParty("BOSS", 2, ((20, 19),)),
}
TRAINER_ROOMS = (
    room(1, [(4, 4, 2, 1)], objects=[somebody(1, ("COOK", 1)), somebody(2, ("COOK", 2)), somebody(3)]),
    room(2, [(5, 5, 1, 1)], objects=[somebody(1, ("BOSS", 1)), somebody(2, ("BOSS", 2), sets="EVENT_OTHER")]),
)


def test_the_levels_missing_are_counted_from_the_strongest_trainer_or_the_level_asked() -> None:
    eleven, nobody = level(11), milestone("nobody", to=2)
    directions = GoalDirections(atlas(TRAINER_ROOMS, [DEEDS, eleven, nobody], trainers=PARTIES))
    for _ in range(2):
        assert directions.levels_missing(standing(1, (3, 3), lead_level=10), DEEDS) == 5, "15 - 10"
        assert directions.levels_missing(standing(1, (3, 3), lead_level=10), eleven) == 1
        assert directions.levels_missing(standing(1, (3, 3), lead_level=10), nobody) == 0
    assert directions.levels_missing(standing(1, (3, 3), lead_level=15), DEEDS) == 0
    assert directions.levels_missing(standing(1, (3, 3), lead_level=40), DEEDS) == 0
    assert directions.levels_missing(standing(1, (3, 3)), DEEDS) == 0, "nobody is in the party"
    assert directions.levels_missing(standing(1, (3, 3), lead_level=10), None) == 0


def planned(*rooms: GameMap) -> GoalDirections:
    """Directions in a game whose data say conditions: of the first thing of the first room, that it needs nothing."""
    first = rooms[0].objects[0]
    told = replace(first, outcomes=(ConditionalEffects(sets=first.sets, fights=first.fights),))
    rooms = (replace(rooms[0], objects=(told, *rooms[0].objects[1:])), *rooms[1:])
    game = atlas(rooms, [DEEDS], trainers=PARTIES)
    assert game.tells_conditions
    return GoalDirections(game)


def test_where_the_story_is_planned_the_levels_of_the_easiest_map_are_enough() -> None:
    state = standing(1, (3, 3), lead_level=2)
    assert planned(*TRAINER_ROOMS).levels_missing(state, DEEDS) == 10, "12 - 2: 9 and 12 on one map, 15 on the other"
    spoken = room(1, [(4, 4, 2, 1)], objects=[somebody(1, fights=("ALONE", "WEAK")), somebody(2, ("COOK", 2))])
    assert planned(spoken, TRAINER_ROOMS[1]).levels_missing(state, DEEDS) == 13, "15 - 2: 20 and 12 on one map"
    assert planned(spoken).levels_missing(state, DEEDS) == 18, "20 - 2"
    assert planned(room(1, objects=[somebody(1)])).levels_missing(state, DEEDS) == 0


def test_where_the_story_is_planned_it_leads_to_what_can_be_done_now() -> None:
    directions = planned(*DEED_ROOMS)
    assert directions.goal_direction(standing(1, (1, 3), things={1: (1, 2)}), DEEDS) == MAN
    assert directions.goal_direction(standing(2, (8, 8)), DEEDS) == GoalDirection(5, 5, False, None)
