"""The walk through a game's story by its data, and that it stops where the data lack something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.story_walk import Row, walk
from core.game.game_data import GameData, load_game
from core.game.objectives import Objectives
from core.game.profile import game_named


@pytest.fixture(scope="module")
def crystal() -> GameData:
    return load_game(game_named("crystal"))


def last_row(game: GameData) -> Row:
    return list(walk(game))[-1]


def doing(game: GameData, map_key: str, object_id: int, **changes: tuple[object, ...]) -> GameData:
    """The game with one person who does something else."""
    place = game.map_by_key(map_key)
    assert place is not None
    objects = tuple(replace(one, **changes) if one.id == object_id else one for one in place.objects)
    maps = {**game.maps, place.id: replace(place, objects=objects)}
    return replace(game, maps=maps, objectives=Objectives(maps, game.milestones))


def test_crystals_story_leads_to_red(crystal: GameData) -> None:
    rows = list(walk(crystal))
    assert not any(row.trouble for row in rows)
    ids = [row.milestone.id for row in rows]
    assert {one.id for one in crystal.milestones if not one.optional} <= set(ids)
    assert ids.index("badge1") < ids.index("squirtbottle") < ids.index("badge8") < ids.index("red") == len(ids) - 1


def test_misty_is_looked_for_where_she_is(crystal: GameData) -> None:
    """She is in her gym only after a step on Route 25, which no milestone names."""
    (row,) = (one for one in walk(crystal) if one.milestone.id == "badge_cascade")
    assert row.deed == "ROUTE_25, (42, 6), then CERULEAN_GYM, misty 2"


def test_without_the_ferrys_sailor_nobody_leaves_the_ship(crystal: GameData) -> None:
    row = last_row(doing(crystal, "FAST_SHIP_1F", 1, leads_to=()))
    assert row.milestone.id == "vermilion"
    assert row.trouble.startswith("VERMILION_CITY: no way of doors, edges and one ride from Fast Ship Cabins")


def test_fernvales_story_leads_to_its_end() -> None:
    game = load_game(game_named("fernvale"))
    rows = list(walk(game))
    assert not any(row.trouble for row in rows)
    assert {one.id for one in game.milestones if not one.optional} <= {row.milestone.id for row in rows}


def test_a_leader_without_a_badge_stops_the_walk(crystal: GameData) -> None:
    row = last_row(doing(crystal, "VIOLET_GYM", 1, engine=()))
    assert (row.milestone.id, row.trouble) == ("badge1", "no objective")


def test_somebody_whom_only_the_unreachable_shows_stops_the_walk(crystal: GameData) -> None:
    """Jasmine of the lighthouse is who brings Jasmine to her gym; here it is somebody who is never there himself."""
    late = doing(crystal, "OLIVINE_LIGHTHOUSE_6F", 1, clears=())
    late = doing(late, "SILVER_CAVE_ROOM_3", 1, clears=("EVENT_OLIVINE_GYM_JASMINE",))
    row = last_row(late)
    assert row.milestone.id == "badge6_mineral"
    assert row.trouble == "OLIVINE_GYM, jasmine 1: hidden by EVENT_OLIVINE_GYM_JASMINE"
