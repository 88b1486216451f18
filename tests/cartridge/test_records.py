"""The records inside the variables, field by field as the agent decodes them: people, pals, fighters, the bag."""

from __future__ import annotations

import json

import pytest

from core.game.party import BagSlot
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState, RomTables
from core.vocabulary import Button
from tests.cartridge.console import ROM
from tests.cartridge.moments import moments
from tests.cartridge.walker import FACTS

TABLES = RomTables.from_file(ROM)
MAPS = json.loads((FACTS / "world.json").read_text(encoding="utf-8"))["maps"]
CINDREL, TONIC, CATCHER, PARCEL = 2, 1, 2, 5
STIFF = 64
FIRST_MET_LEVELS = range(2, 6)
LOOKS = {"stand_down": Button.DOWN, "stand_up": Button.UP, "stand_left": Button.LEFT, "stand_right": Button.RIGHT}
WANDER_STEPS = 3


def state_at(moment: str) -> GameState:
    """What the agent sees at a moment of the played game."""
    seen = moments()[moment]
    return GameState(RamSnapshot((seen.low + seen.high).ljust(RAM_SIZE, b"\0")), TABLES)


def flag_number(name: str | None) -> int | None:
    return None if name is None else TABLES.game.event_flags[name].index


@pytest.mark.parametrize("moment", ["downstairs", "town", "starter", "route", "highstead"])
def test_people_are_those_of_the_map(moment: str) -> None:
    state = state_at(moment)
    placed = {row["id"]: row for row in MAPS[TABLES.game.maps[state.map_id].key]["objects"]}
    assert state.people
    for person in state.people:
        due = placed[person.object_id]
        assert (person.sprite, person.sight) == (due["sprite_id"], due["sight"])
        assert person.flag == flag_number(due["event"])
        assert person.kind == due["type"].removeprefix("OBJECTTYPE_").lower().replace("itemball", "item_ball")
        looks = LOOKS.get(due["movement"])
        away = abs(person.x - due["x"]) + abs(person.y - due["y"])
        assert away <= (0 if looks is not None else WANDER_STEPS)
        if person.visible and looks is not None:
            assert person.facing == looks


def test_who_is_hidden_by_a_flag_is_not_there() -> None:
    before, after = state_at("question"), state_at("starter")
    gone = {person.object_id for person in before.people} - {person.object_id for person in after.people}
    assert len(gone) == 1, "the chosen ball is taken off the table"


def test_a_trainer_that_walked_up_stands_beside_the_player() -> None:
    state = state_at("trainer_seen")
    x, y = state.position.x, state.position.y
    trainers = [person for person in state.people if person.kind == "trainer" and person.visible]
    assert any(abs(person.x - x) + abs(person.y - y) == 1 for person in trainers)


def test_the_first_pal() -> None:
    (pal,) = state_at("starter").party
    species = TABLES.game.species[CINDREL]
    assert (pal.species, pal.nickname, pal.level, pal.exp) == (CINDREL, "CINDREL", 5, 125)
    assert (pal.hp, pal.status, pal.item, pal.happiness) == (pal.max_hp, 0, 0, 70)
    assert len(pal.moves) == len(pal.pp) == 2
    assert [TABLES.game.moves[move].pp for move in pal.moves] == list(pal.pp)
    stats = (pal.max_hp, pal.attack, pal.defense, pal.speed, pal.special_attack, pal.special_defense)
    for number, (base, value) in enumerate(zip(species.base_stats.values(), stats, strict=True)):
        least = (2 * base * pal.level) // 100 + (pal.level + 10 if number == 0 else 5)
        assert least <= value <= least + 2, "as Crystal's formula says, with DVs of 0 to 15"


def test_a_caught_pal_is_the_second() -> None:
    state = state_at("caught")
    first, second = state.party
    assert second.level in FIRST_MET_LEVELS
    assert second.identity != first.identity
    assert state.caught_count == 2


def test_both_fighters() -> None:
    state = state_at("stiff")
    fight = state.battle
    assert fight is not None
    assert not fight.is_trainer
    assert fight.active_slot == 0
    for fighter in (fight.own, fight.enemy):
        assert fighter.status == STIFF
        assert 0 < fighter.hp <= fighter.max_hp
        species = TABLES.game.species[fighter.species]
        assert {TABLES.game.types[kind] for kind in fighter.types} == set(species.types)
    assert fight.own.stages[1] >= 1
    assert fight.own.hp == state.party[0].hp
    assert fight.own.pp == state.party[0].pp
    assert fight.enemy.level == 20


def test_a_trainers_battle() -> None:
    fight = state_at("trainer_menu").battle
    assert fight is not None
    assert (fight.is_trainer, fight.trainer_class, fight.trainer_id, fight.enemy_party_count) == (True, 1, 1, 2)


def test_the_pockets() -> None:
    state = state_at("parcel")
    assert state.items == (BagSlot(TONIC, 2),)
    assert state.balls == (BagSlot(CATCHER, 5),)
    assert state.key_items == (BagSlot(PARCEL, 1),)


def test_what_the_menus_say() -> None:
    question, battle, bag = (state_at(name).menu for name in ("question", "wild_menu", "ball_pocket"))
    assert question is not None and question.items == ("YES", "NO")
    assert battle is not None and (battle.rows, battle.columns) == (2, 2)
    assert battle.items[0] == "FIGHT"
    assert bag is not None and bag.full_screen
