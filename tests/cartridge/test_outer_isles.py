"""The Outer Isles in play: the lamb, the switches, the card key, Selma, the ferry, and the rules on their own there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.game_data import load_game
from core.game.profile import game_named
from core.rules import RulePlayer
from tests.cartridge.stage import Stage, at

FERNVALE = Path(__file__).resolve().parents[2] / "cartridge" / "fernvale.gbc"
MIGHTY = (3, 231) * 7
"""HP, most HP and all five stats of a pal that wins any fight."""
DOORS = ("EVENT_DOOR_1_OPEN", "EVENT_DOOR_2_OPEN", "EVENT_DOOR_3_OPEN")


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    stage.poke("wPartyMon1HP", *MIGHTY)
    stage.poke("wPartyMon1Level", 60)
    stage.poke("wRepelEffect", 255)
    yield stage
    stage.console.close()


def lamb(stage: Stage) -> int:
    return stage.console.read("wFarfetchdPosition")


def talk_at(stage: Stage, x: int, y: int, button: str) -> None:
    stage.walker.go(x, y)
    stage.walker.talk(button)


def test_the_lamb_runs_home_from_the_right_sides(town: Stage) -> None:
    town.visit("LAMBS_WOOD")
    talk_at(town, 12, 8, "left")
    assert lamb(town) == 0, "it minds nobody who has not met the shepherd"
    talk_at(town, 20, 9, "up")
    assert town.has_flag("EVENT_MET_SHEPHERD")
    talk_at(town, 12, 8, "left")
    assert lamb(town) == 2
    talk_at(town, 4, 3, "down")
    assert lamb(town) == 1, "from the wrong side it comes back"
    for x, y, button, place in ((12, 8, "left", 2), (5, 4, "left", 3), (4, 11, "down", 4), (14, 13, "right", 5)):
        talk_at(town, x, y, button)
        assert lamb(town) == place
    assert town.has_flag("EVENT_LAMB_HERDED")
    talk_at(town, 20, 9, "up")
    assert town.has_flag("EVENT_GOT_HM_CUT"), "who is spoken to again gives a machine"


def test_the_lamb_is_where_it_was_when_one_comes_back(town: Stage) -> None:
    town.set_flags("EVENT_MET_SHEPHERD")
    town.visit("LAMBS_WOOD")
    talk_at(town, 12, 8, "left")
    town.walker.enter("CONTEST_GATE")
    town.walker.leave(4, 7, "down")
    talk_at(town, 5, 4, "left")
    assert lamb(town) == 3


def open_doors(stage: Stage) -> list[bool]:
    """By the flags, and the same by the ground."""
    flags = [stage.has_flag(name) for name in DOORS]
    assert [stage.walker.collision(4, y) == 0 for y in (12, 10, 8)] == flags
    return flags


def test_switches_open_the_doors_in_one_order_only(town: Stage) -> None:
    town.visit("WAREHOUSE")
    assert open_doors(town) == [False, False, False]
    for x, doors in ((16, [True, False, False]), (8, [False] * 3), (16, [True, False, False])):
        talk_at(town, x, 14, "up")
        assert open_doors(town) == doors
    talk_at(town, 12, 14, "up")
    assert open_doors(town) == [False, True, False], "one opens, another one shuts"
    talk_at(town, 8, 14, "up")
    assert open_doors(town) == [True, True, True]
    town.walker.go(4, 7)
    town.walker.leave(11, 19, "down")
    town.walker.enter("WAREHOUSE")
    assert open_doors(town) == [False, False, False], "they fall shut behind who leaves"


def test_the_card_key_comes_from_who_is_freed_and_opens_the_office(town: Stage) -> None:
    town.set_flags("EVENT_SWITCH_1", "EVENT_SWITCH_2", "EVENT_SWITCH_3", *DOORS)
    town.visit("WAREHOUSE")
    talk_at(town, 20, 14, "up")
    assert town.walker.collision(18, 10) != 0 and not town.has_flag("EVENT_CARD_KEY_DOOR")
    for x in (16, 12, 8):
        talk_at(town, x, 14, "up")
    talk_at(town, 3, 4, "up")
    assert not town.has_flag("EVENT_GOT_CARD_KEY")
    town.walker.go(7, 5)
    town.face("up")
    town.tap("a")
    town.walker.settle()
    assert town.has_flag("EVENT_BEAT_GRIT"), "he sees nobody, so one walks up to him"
    talk_at(town, 3, 4, "up")
    assert town.has_flag("EVENT_GOT_CARD_KEY") and town.item("CARD_KEY") in town.console.bytes("wKeyItems")
    talk_at(town, 20, 14, "up")
    assert town.walker.collision(18, 10) == 0 and town.has_flag("EVENT_CARD_KEY_DOOR")
    talk_at(town, 17, 5, "up")
    assert not town.has_flag("EVENT_SALT_GYM_OPEN"), "there are smugglers below"
    town.set_flags("EVENT_CELLAR_OPEN")
    town.walker.talk("up")
    assert town.has_flag("EVENT_SALT_GYM_OPEN")


def test_selma_wants_comfort_before_she_gives_the_badge(town: Stage) -> None:
    town.visit("SALT_GYM")
    talk_at(town, 6, 4, "up")
    assert town.has_flag("EVENT_BEAT_SELMA") and town.has_flag("EVENT_SELMA_SULKS")
    town.walker.talk("up")
    assert not town.console.read("wJohtoBadges"), "she sulks"
    town.walker.go(6, 7)
    assert not town.has_flag("EVENT_SELMA_SULKS")
    talk_at(town, 6, 4, "up")
    assert town.console.read("wJohtoBadges") == 1 << 2 and town.has_flag("EVENT_SALT_BADGE")


def test_the_ferry_sails_when_the_bosun_was_walked_up_to(town: Stage) -> None:
    town.set_flags("EVENT_LAMP_LIT")
    town.visit("BOATHOUSE")
    talk_at(town, 5, 4, "up")
    assert town.walker.map == "FERRY"
    talk_at(town, 5, 3, "up")
    assert town.walker.map == "FERRY", "the bosun holds the ropes"
    talk_at(town, 9, 7, "up")
    assert town.has_flag("EVENT_BEAT_BRACK")
    talk_at(town, 5, 3, "up")
    assert town.walker.map == "SALT_HARBOUR"


@pytest.mark.parametrize(
    ("place", "done", "wanted"),
    [
        ("LAMBS_WOOD", "contest_declined", "cut"),
        ("WAREHOUSE", "boat_launched", "salt_gym_open"),
        ("SALT_GYM", "salt_gym_open", "salt_badge"),
    ],
)
def test_the_rules_find_out_by_themselves(town: Stage, place: str, done: str, wanted: str) -> None:
    """From what the data tell: the sides of the lamb, the order of switches, the three deeds of the badge."""
    milestones = load_game(game_named("fernvale")).milestones
    before = [one.id for one in milestones].index(done) + 1
    conditions = [condition for one in milestones[:before] for condition in one.conditions]
    town.set_flags(*(one.name for one in conditions if one.kind == "event_flag"))
    town.poke("wJohtoBadges", 3)
    town.visit(place)
    env = EnhancedPyBoyPokemonCrystalEnv(
        FERNVALE, observation_type="state", final_milestone=wanted, start_state=town.console.save()
    )
    state = env.restart(seed=1, options={"reached": [one.id for one in milestones[:before]]})
    rules = RulePlayer(env.rom.game, seed=1)
    option = None
    for _ in range(1500):
        option = option or rules.choose(state)
        step = rules.act(state, option)
        option = None if step.done else option
        outcome = env.advance(step.button)
        state = outcome.state
        if outcome.terminated:
            break
    env.close()
    assert env.milestones[-1] == wanted
