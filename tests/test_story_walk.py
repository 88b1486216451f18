"""The walk through a game's story by its data: to the end, in an admissible order, and saying what is lacking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.story_walk import Row, StoryWalk
from core.game.facts import GameMap, MapObject
from core.game.game_data import GameData, load_game
from core.game.profile import game_named


@pytest.fixture(scope="module")
def crystal() -> GameData:
    return load_game(game_named("crystal"))


@pytest.fixture(scope="module")
def rows(crystal: GameData) -> list[Row]:
    walk = StoryWalk(crystal)
    return list(walk.rows(walk.new_game()))


def deeds_for(rows: list[Row], milestone_id: str) -> list[str]:
    return [row.deed for row in rows if row.milestone.id == milestone_id]


def map_of(game: GameData, map_key: str) -> GameMap:
    place = game.map_by_key(map_key)
    assert place is not None
    return place


def doing_without(game: GameData, map_key: str, object_id: int, name: str) -> GameData:
    """The game with one person who no longer brings a certain thing about."""
    place = map_of(game, map_key)

    def without(thing: MapObject) -> MapObject:
        return replace(
            thing,
            sets=tuple(one for one in thing.sets if one != name),
            gives=tuple(one for one in thing.gives if one != name),
            outcomes=tuple(
                replace(
                    one,
                    sets=tuple(flag for flag in one.sets if flag != name),
                    gives=tuple(item for item in one.gives if item != name),
                    engine=tuple(flag for flag in one.engine if flag != name),
                )
                for one in thing.outcomes
            ),
        )

    objects = tuple(without(one) if one.id == object_id else one for one in place.objects)
    return replace(game, maps={**game.maps, place.id: replace(place, objects=objects)})


def last_row(game: GameData) -> Row:
    walk = StoryWalk(game)
    return list(walk.rows(walk.new_game()))[-1]


def test_crystals_story_leads_to_red(rows: list[Row]) -> None:
    assert not any(row.trouble for row in rows)
    ids = [row.milestone.id for row in rows]
    assert (
        ids.index("badge1") < ids.index("squirtbottle") < ids.index("dragon_shrine") < ids.index("red") == len(ids) - 1
    )


def test_several_steps_are_done_in_order(rows: list[Row]) -> None:
    """Nothing but the conditions of the data says so."""
    assert deeds_for(rows, "badge3") == [
        "GOLDENROD_GYM, whitney 1",
        "GOLDENROD_GYM, (8, 5)",
        "GOLDENROD_GYM, whitney 1",
    ]
    hideout = deeds_for(rows, "hideout_boss") + deeds_for(rows, "hideout_cleared")
    door = next(at for at, deed in enumerate(hideout) if deed.startswith("TEAM_ROCKET_BASE_B3F, (10, 9)"))
    assert sum(deed.startswith("TEAM_ROCKET_BASE_B3F, rocket") for deed in hideout[:door]) == 4
    assert deeds_for(rows, "machine_part") == ["CERULEAN_GYM, (3, 8)", "POWER_PLANT, fisher 6"]
    assert deeds_for(rows, "badge_cascade") == ["ROUTE_25, (42, 6)", "CERULEAN_GYM, misty 2"]
    assert [deed.partition(", ")[2] for deed in deeds_for(rows, "card_key")[:3]] == ["(2, 1)", "(10, 1)", "(16, 1)"]


def test_field_moves_are_taught_before_they_are_needed(rows: list[Row]) -> None:
    taught = {row.deed.removeprefix("teach "): row.milestone.id for row in rows if row.deed.startswith("teach ")}
    assert taught == {
        "CUT": "goldenrod",
        "SURF": "cianwood",
        "STRENGTH": "badge5_storm",
        "WHIRLPOOL": "dragon_shrine",
        "WATERFALL": "victory_gate",
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_game_begun_in_the_middle_leads_to_red(crystal: GameData, seed: int) -> None:
    walk = StoryWalk(crystal)
    start = walk.begun_here(walk.random_position(seed))
    assert [row.trouble for row in walk.rows(start) if row.trouble] == []
    assert "red" in start.reached


@pytest.mark.parametrize(
    ("map_key", "object_id", "name", "milestone_id", "trouble"),
    [
        ("ILEX_FOREST", 3, "HM_CUT", "goldenrod", "lacks HM_CUT"),
        ("DANCE_THEATER", 6, "HM_SURF", "cianwood", "lacks HM_SURF"),
        ("VIOLET_GYM", 1, "ENGINE_ZEPHYRBADGE", "badge1", "lacks ENGINE_ZEPHYRBADGE"),
        ("GOLDENROD_FLOWER_SHOP", 1, "SQUIRTBOTTLE", "sudowoodo", "lacks SQUIRTBOTTLE"),
        ("LAV_RADIO_TOWER_1F", 4, "ENGINE_EXPN_CARD", "expn_card", "lacks ENGINE_EXPN_CARD"),
    ],
)
def test_the_planner_says_what_is_lacking(
    crystal: GameData, map_key: str, object_id: int, name: str, milestone_id: str, trouble: str
) -> None:
    row = last_row(doing_without(crystal, map_key, object_id, name))
    assert (row.milestone.id, row.trouble) == (milestone_id, trouble)


def test_a_way_that_is_shut_for_good_is_said(crystal: GameData) -> None:
    """Nobody leaves the ship when its sailor leads nowhere."""
    ship = map_of(crystal, "FAST_SHIP_1F")
    sailor = ship.objects[0]
    stays = replace(sailor, leads_to=(), outcomes=tuple(replace(one, leads_to=()) for one in sailor.outcomes))
    maps = {**crystal.maps, ship.id: replace(ship, objects=(stays, *ship.objects[1:]))}
    row = last_row(replace(crystal, maps=maps))
    assert (row.milestone.id, row.trouble) == ("vermilion", "lacks a way to VERMILION_CITY")


def test_fernvales_story_leads_to_its_end() -> None:
    walk = StoryWalk(load_game(game_named("fernvale")))
    model = walk.new_game()
    assert not any(row.trouble for row in walk.rows(model))
    assert {one.id for one in walk.game.milestones if not one.optional} <= set(model.reached)
