"""Where the policy's goal direction leads on Crystal: to the place that the rules make for, in every situation."""

from __future__ import annotations

import pytest

from core.game.milestone_tracker import MilestoneTracker
from core.game.state import GameState
from core.goal_planner import GoalKind
from core.navigation.goal_direction import GoalDirection, GoalDirections
from core.navigation.travel import WorldGraph
from core.rules import RulePlayer
from core.vocabulary import MapId, Position
from tests.crystal_ground import BYTES, crystal_on
from tests.crystal_rows import crystal, crystal_state
from tests.test_game_begun_anywhere import POKEDEX, SITUATIONS, WELL, Situation

MOST_MAPS = 60
DIRECTIONS, GRAPH = GoalDirections(crystal().game), WorldGraph(crystal().game)
GOLDENROD_GYM = MapId(11, 3)
TO_GOLDENROD = f"{WELL} HERDED_FARFETCHD GOT_HM01_CUT"
SPAWNS = {"wVisitedSpawns": b"\x00\xc0\x10"}
"""Goldenrod City has been reached."""


def direction(state: GameState) -> GoalDirection | None:
    tracker = MilestoneTracker(crystal().game)
    tracker.update(state)
    return DIRECTIONS.goal_direction(state, tracker.next)


def at(situation: Situation, place: Position) -> GameState:
    """That situation elsewhere, on open ground with a warp for each door."""
    here = crystal().game.maps[place.map]
    ground = [[0x00] * here.width for _ in range(here.height)]
    for warp in here.warps:
        ground[warp.y][warp.x] = BYTES["D"]
    rows = {**situation.rows, "wMapGroup": bytes(place.map)}
    return crystal_on(ground, (place.x, place.y), rows, situation.flags)


def arrival(place: Position, towards: GoalDirection) -> Position:
    """The place behind the way out that a direction names."""
    for exit_ in GRAPH.exits(place.map):
        if exit_.edge is not None and exit_.edge is towards.leaves:
            return Position(exit_.to_map, *exit_.arrival)
        if exit_.edge is None and towards.leaves is None and (exit_.x, exit_.y) == (towards.x, towards.y):
            return Position(exit_.to_map, *exit_.arrival)
    raise AssertionError(f"{towards} is no way out of {place.map}")


@pytest.fixture(params=SITUATIONS.values(), ids=list(SITUATIONS))
def situation(request: pytest.FixtureRequest) -> Situation:
    return request.param


def test_from_map_to_map_it_leads_where_the_rules_go(situation: Situation) -> None:
    state = situation.state()
    goals = [goal for goal in RulePlayer(crystal().game).goals(state) if goal.kind is GoalKind.STORY]
    aim = goals[0].option.position
    assert aim is not None
    place = state.position
    for _ in range(MOST_MAPS):
        if place.map == aim.map:
            break
        towards = direction(at(situation, place))
        assert towards is not None
        place = arrival(place, towards)
    assert place.map == aim.map
    towards = direction(at(situation, place))
    cells = {(one.option.position.x, one.option.position.y) for one in goals if one.option.position is not None}
    assert towards is None or not aim.x >= 0 or (towards.x, towards.y) in cells, "people are not in these rows of RAM"


def test_the_egg_is_brought_to_elm() -> None:
    goals = RulePlayer(crystal().game).goals(SITUATIONS["after the officer"].state())
    assert [goal.option.label for goal in goals if goal.kind is GoalKind.STORY] == [
        "Talk to Professor Elm in Elm's Lab"
    ]


@pytest.mark.parametrize(
    ("rows", "flags", "place"),
    [
        ({"wGoldenrodGymSceneID": b"\x01"}, "BEAT_WHITNEY MADE_WHITNEY_CRY", (8, 5)),
        ({"wJohtoBadges": b"\x07"}, "BEAT_WHITNEY MADE_WHITNEY_CRY GOT_TM45_ATTRACT", (2, 17)),
    ],
)
def test_it_knows_what_comes_before_the_deed_itself(rows: dict[str, bytes], flags: str, place: tuple[int, int]) -> None:
    """Whitney cries: first the step at which one hears of it. With her badge: out of the gym, for the SquirtBottle."""
    state = crystal_state(
        {**POKEDEX, **SPAWNS, "wMapGroup": bytes(GOLDENROD_GYM), "wJohtoBadges": b"\x03", **rows},
        f"{TO_GOLDENROD} {flags}",
    )
    found = direction(state)
    assert found is not None and (found.x, found.y, found.press_a) == (*place, False)


def test_levels_of_leaders_who_are_spoken_to_are_missing() -> None:
    state = crystal_state({**POKEDEX, "wMapGroup": bytes(GOLDENROD_GYM), "wPartyMon1Level": b"\x10"}, TO_GOLDENROD)
    whitney = next(one for one in crystal().game.milestones if one.id == "badge3")
    assert DIRECTIONS.levels_missing(state, whitney) == 4, "her strongest has level 20"
