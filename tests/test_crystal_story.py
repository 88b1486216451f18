"""Pokemon Crystal's story as data: every station of it leads somebody somewhere, and to the right one."""

from __future__ import annotations

import pytest

from core.game.facts import MapObject
from core.game.game_data import GameData, load_game
from core.game.objectives import Objective
from core.game.profile import game_named

SPOTS = {
    "rival1": {("CHERRYGROVE_CITY", (33, 6)), ("CHERRYGROVE_CITY", (33, 7))},
    "mystery_egg": {("MR_POKEMONS_HOUSE", None)},
    "beasts": {("BURNED_TOWER_B1F", (10, 6))},
    "basement_key": {("GOLDENROD_UNDERGROUND", (18, 6))},
    "rival5": {("VICTORY_ROAD", (12, 8)), ("VICTORY_ROAD", (13, 8))},
    "hall_of_fame": {("HALL_OF_FAME", None)},
    "rival_mt_moon": {("MOUNT_MOON", None)},
}
"""Milestones that a step, a sign or the entering of a map brings about, and where."""
PEOPLE = {
    "badge1": {("VIOLET_GYM", "SPRITE_FALKNER")},
    "cut": {("ILEX_FOREST", "SPRITE_BLACK_BELT")},
    "squirtbottle": {("GOLDENROD_FLOWER_SHOP", "SPRITE_TEACHER")},
    "badge3": {("GOLDENROD_GYM", "SPRITE_WHITNEY")},
    "sudowoodo": {("ROUTE_36", "SPRITE_WEIRD_TREE")},
    "waterfall": {("ICE_PATH_1F", "SPRITE_POKE_BALL")},
    "machine_part": {("POWER_PLANT", "SPRITE_FISHER")},
    "expn_card": {("LAV_RADIO_TOWER_1F", "SPRITE_GENTLEMAN")},
    "badge_earth": {("VIRIDIAN_GYM", "SPRITE_BLUE")},
    "red": {("SILVER_CAVE_ROOM_3", "SPRITE_RED")},
}


@pytest.fixture(scope="module")
def game() -> GameData:
    return load_game(game_named("crystal"))


def objectives_of(game: GameData, milestone_id: str) -> tuple[Objective, ...]:
    return game.objectives.objectives(next(one for one in game.milestones if one.id == milestone_id))


def person(game: GameData, objective: Objective) -> MapObject:
    return next(one for one in game.maps[objective.map].objects if one.id == objective.object_id)


def person_at(game: GameData, map_key: str, sprite: str) -> MapObject:
    place = game.map_by_key(map_key)
    assert place is not None
    return next(one for one in place.objects if one.sprite == sprite)


def test_every_required_milestone_has_an_objective(game: GameData) -> None:
    """Of the optional ones `second_mon` has none: a creature is caught, which the planner's needs see to."""
    silent = [one.id for one in game.milestones if not game.objectives.objectives(one)]
    assert silent == ["second_mon"]


@pytest.mark.parametrize("milestone_id", SPOTS)
def test_a_step_a_sign_or_a_map_brings_it_about(game: GameData, milestone_id: str) -> None:
    found = objectives_of(game, milestone_id)
    assert {(game.maps[one.map].key, one.cell) for one in found} == SPOTS[milestone_id]
    assert all(one.object_id is None for one in found)


@pytest.mark.parametrize("milestone_id", PEOPLE)
def test_somebody_brings_it_about(game: GameData, milestone_id: str) -> None:
    found = objectives_of(game, milestone_id)
    assert {(game.maps[one.map].key, person(game, one).sprite) for one in found} == PEOPLE[milestone_id]


def test_a_badge_is_the_leaders_whose_creatures_are_known(game: GameData) -> None:
    leaders = [one for one in game.milestones if any(test.kind == "badge" for test in one.conditions)]
    assert len(leaders) == 16
    for milestone in leaders:
        if milestone.id == "badge8":
            continue  # Clair fights in her gym; the badge is given in the shrine
        (objective,) = game.objectives.objectives(milestone)
        leader = person(game, objective)
        assert leader.fights == objective.fights and leader.fights[0] in game.trainers
        assert leader.beat_event is not None, "it is known when a leader is beaten"
    levels = [game.trainer_levels_by_key[objectives_of(game, f"badge{number}")[0].fights[0]] for number in (1, 2, 3)]
    assert levels == [9, 16, 20]


def test_a_rival_in_the_way_is_somebody_to_be_strong_for(game: GameData) -> None:
    (first, second) = objectives_of(game, "rival1")
    assert first.fights == second.fights == tuple(f"RIVAL1_1_{name}" for name in ("CHIKORITA", "CYNDAQUIL", "TOTODILE"))


def test_what_a_milestone_tests_is_what_something_brings_about(game: GameData) -> None:
    """Engine flags, badges and scenes by the same names in `milestones.json` and `world.json`."""
    variables = {place.scene_symbol for place in game.maps.values()}
    scenes = [test for one in game.milestones for test in one.conditions if test.kind == "scene_id"]
    assert scenes and all(test.name in variables for test in scenes)


def test_clerks_sell_what_they_always_sell(game: GameData) -> None:
    """The balls of Cherrygrove come only after the errand, so they are no fact of that shop."""
    assert person_at(game, "CHERRYGROVE_MART", "SPRITE_CLERK").sells == (
        "POTION",
        "ANTIDOTE",
        "PARLYZ_HEAL",
        "AWAKENING",
    )
    assert "POKE_BALL" in person_at(game, "VIOLET_MART", "SPRITE_CLERK").sells
    clerks = [one for place in game.maps.values() for one in place.objects if one.sells]
    assert len(clerks) == 25 and all(one.event is None for one in clerks), "a clerk who may be gone is no clerk"


def test_healing_once_after_a_fight_is_no_healer(game: GameData) -> None:
    assert person_at(game, "ROUTE_26_HEAL_HOUSE", "SPRITE_TEACHER").heals
    healers = [one for place in game.maps.values() for one in place.objects if one.heals]
    assert len(healers) == 23 and not any(one.fights for one in healers)
