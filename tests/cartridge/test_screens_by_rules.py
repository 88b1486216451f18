"""The rules get through what asks for more than A: evolution, quiz, password, radio, elevator, egg, contest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cartridge.tools.scripts import OPERATIONS
from core.game.facts import ConditionalEffects
from core.game.game_data import GameData
from core.rules import RulePlayer
from core.rules.menus.typed_names import NO_NAMES, TypedNames
from core.vocabulary import Option, OptionKind, Position
from tests.cartridge.rules_play import RulesPlay, game_of
from tests.cartridge.stage import STRONG, Stage, at

END = OPERATIONS.index("end")
GEAR_WITH_RADIO = 0x86
EGG = 253
EXPERIENCE_AT = 14**3
"""With which CINDREL reaches level 14 and becomes an EMBERMINK."""
QUIZ = ConditionalEffects(sets=("EVENT_RADIO_CARD",), answers=((3, False), (5, False)))
PASSWORD = ConditionalEffects(sets=("EVENT_CELLAR_OPEN",), options=((2,), (3,), (1,)))
DECLINED = ConditionalEffects(sets=("EVENT_CONTEST_DECLINED",), answers=((1, False),))


@pytest.fixture
def stage() -> Iterator[Stage]:
    found = at("town")
    yield found
    found.console.close()


def told(game: GameData, sets: str, outcome: ConditionalEffects) -> GameData:
    """The game whose data say how to answer whoever sets a flag."""
    changed = {
        place.id: replace(
            place,
            objects=tuple(replace(one, outcomes=(outcome,)) if sets in one.sets else one for one in place.objects),
        )
        for place in game.maps.values()
        if any(sets in one.sets for one in place.objects)
    }
    assert len(changed) == 1
    return replace(game, maps={**game.maps, **changed})


def talk_in_the_lodge(play: RulesPlay, person: int, cell: tuple[int, int]) -> Option:
    """To speak to somebody at once, before anything else that the rules would do."""
    lodge = play.player.game.map_by_key("LODGE")
    assert lodge is not None
    return Option(OptionKind.TALK, "Talk", f"talk:LODGE:{person}", Position(lodge.id, *cell), person)


def test_an_evolution_is_let_happen(stage: Stage) -> None:
    stage.poke("wPartyMon1HP", *STRONG)
    stage.poke("wPartyMon1Level", 13)
    stage.poke("wPartyMons", *(EXPERIENCE_AT - 1).to_bytes(3, "big"), offset=8)
    stage.poke("wNumBalls", 0)
    stage.poke("wBalls", 255)
    stage.run_script(OPERATIONS.index("wild"), stage.species("PIPKIT"), 4, END)
    play = RulesPlay(stage, RulePlayer(game_of("gatehouse")))
    play.until(lambda: stage.console.read("wBattleMode") != 0, 60)
    play.until(lambda: stage.shows("is evolving") or stage.console.read("wPartySpecies") != 2, 120)
    play.until(stage.free, 60)
    assert stage.console.read("wPartySpecies") == stage.species("EMBERMINK")


def test_a_quiz_is_answered_right_at_once(stage: Stage) -> None:
    stage.visit("SIGNAL_HOUSE")
    game = told(game_of("radio_card"), "EVENT_RADIO_CARD", QUIZ)
    play = RulesPlay(stage, RulePlayer(game))
    play.until(lambda: play.has_flag("EVENT_RADIO_CARD"), 120)
    assert stage.console.read("wPokegearFlags") & 2


def test_the_password_is_said_in_its_order(stage: Stage) -> None:
    stage.visit("CELLAR")
    game = told(game_of("cellar_open"), "EVENT_CELLAR_OPEN", PASSWORD)
    play = RulesPlay(stage, RulePlayer(game))
    play.until(lambda: play.has_flag("EVENT_CELLAR_OPEN"), 80)


def test_a_contest_is_declined(stage: Stage) -> None:
    """Who takes part is sent back to the entrance."""
    stage.visit("CONTEST_GATE")
    game = told(game_of("contest_declined"), "EVENT_CONTEST_DECLINED", DECLINED)
    play = RulesPlay(stage, RulePlayer(game))
    play.until(lambda: play.has_flag("EVENT_CONTEST_DECLINED"), 80)


def test_the_radio_wakes_the_sleeper_in_the_way(stage: Stage) -> None:
    stage.visit("SIGNAL_HOUSE")
    stage.poke("wPokegearFlags", GEAR_WITH_RADIO)
    stage.set_flag("EVENT_RADIO_CARD")
    play = RulesPlay(stage, RulePlayer(game_of("sleeper_woken", "signal_sent")))
    play.until(lambda: play.has_flag("EVENT_SLEEPER_GONE"), 120)
    assert stage.console.read("wRadioTuningKnob") == 52
    play.until(lambda: play.has_flag("EVENT_SIGNAL_SENT"), 80)


def test_what_was_tuned_in_is_over_on_another_map(stage: Stage) -> None:
    stage.visit("SIGNAL_HOUSE")
    stage.poke("wPokegearFlags", GEAR_WITH_RADIO)
    play = RulesPlay(stage, RulePlayer(game_of("sleeper_woken")))
    play.until(lambda: stage.console.read("wMapMusic") != 0 and stage.free(), 120)
    assert play.player.memory.tuned is not None
    stage.walker.leave(4, 9, "down")
    play.step()
    assert stage.console.read("wMapMusic") == 0 and play.player.memory.tuned is None


def test_the_elevator_is_taken_up_and_down(stage: Stage) -> None:
    stage.visit("TALL_STORE_1F")
    play = RulesPlay(stage, RulePlayer(game_of("sea_chart", "fern_path")))
    play.until(lambda: play.has_flag("EVENT_GOT_CHART"), 120)
    assert stage.walker.map == "TALL_STORE_2F"
    play.until(lambda: stage.walker.map == "TALL_STORE_1F", 80)


@pytest.mark.parametrize(("names", "called"), [(NO_NAMES, "FUZZLE"), (TypedNames(creature="Humbert"), "Humbert")])
def test_an_egg_is_carried_until_it_hatches(stage: Stage, names: TypedNames, called: str) -> None:
    stage.visit("LODGE")
    play = RulesPlay(stage, RulePlayer(game_of("egg", "egg_hatched"), names=names))
    play.until(lambda: play.has_flag("EVENT_GOT_EGG"), 80)
    assert stage.console.bytes("wPartySpecies")[1] == EGG
    stage.poke("wPartyMons", 1, offset=48 + 27)  # the last of its cycles
    stage.poke("wStepCount", 100)
    play.until(lambda: play.has_flag("EVENT_EGG_HATCHED") and stage.free(), 300)
    assert stage.console.bytes("wPartySpecies")[1] == stage.species("FUZZLE")
    nickname = stage.console.bytes("wPartyMonNicknames")[11:22]
    assert stage.letters(nickname[: nickname.index(0x50)]) == called


def test_a_full_party_takes_the_egg_and_its_last_pal_rests_in_the_box(stage: Stage) -> None:
    give = (OPERATIONS.index("give_creature"), stage.species("PIPKIT"), 9)
    stage.run_script(*give, *give, *give, *give, OPERATIONS.index("end"))
    stage.until(stage.free)
    stage.run_script(OPERATIONS.index("give_creature"), stage.species("GNAWLET"), 7, END)
    stage.until(stage.free)
    assert stage.console.read("wPartyCount") == 6
    stage.visit("LODGE")
    play = RulesPlay(stage, RulePlayer(game_of("egg")))
    play.option = talk_in_the_lodge(play, 1, (5, 3))
    play.until(lambda: play.has_flag("EVENT_GOT_EGG"), 80)
    play.until(stage.free, 40)
    assert stage.console.bytes("wPartySpecies")[:6] == bytes([2, 4, 4, 4, 4, EGG])
    assert stage.console.read("sBoxCount") == 1 and stage.console.read("sBoxSpecies") == stage.species("GNAWLET")


def test_an_egg_neither_fights_nor_is_healed(stage: Stage) -> None:
    stage.run_script(OPERATIONS.index("give_egg"), stage.species("FUZZLE"), OPERATIONS.index("heal"), END)
    stage.until(stage.free)
    assert stage.console.word("wPartyMons", 48 + 34) == 0


def test_the_day_care_gets_nobody(stage: Stage) -> None:
    """The rules speak to its keeper (object 2), as to everybody, and keep their pals."""
    stage.run_script(OPERATIONS.index("give_creature"), stage.species("PIPKIT"), 9, END)
    stage.until(stage.free)
    stage.visit("LODGE")
    play = RulesPlay(stage, RulePlayer(game_of("egg_shown")))
    play.option = talk_in_the_lodge(play, 2, (1, 5))
    play.until(lambda: stage.shows("raise a"), 40)
    play.until(lambda: stage.free() or stage.console.read("wSpriteUpdatesEnabled") == 0, 40)
    assert stage.free(), "the list of pals is open"
    assert stage.console.read("wPartyCount") == 2 and stage.console.read("wDayCareMan") == 0


def test_a_pal_grows_in_the_day_care(stage: Stage) -> None:
    """A point of experience a step, 100 coins and 100 for each level; its moves and its name stay."""
    operation = OPERATIONS.index("day_care")
    stage.run_script(OPERATIONS.index("give_creature"), stage.species("PIPKIT"), 4, operation, END)
    stage.mash("a", lambda: stage.shows("YES"))
    stage.tap("a")
    stage.until(lambda: stage.console.read("wSpriteUpdatesEnabled") == 0)
    stage.tap("down", "a")
    stage.mash("a", lambda: stage.console.read("wDayCareMan") == 0x81)
    assert stage.console.read("wPartyCount") == 1
    stage.poke("wBreedMon1", *(216 - 1).to_bytes(3, "big"), offset=8)
    stage.mash("b", stage.free)
    stage.walker.step("down")
    stage.walker.step("up")
    money = int.from_bytes(stage.console.bytes("wMoney"), "big")
    stage.run_script(operation, END)
    stage.mash("a", lambda: stage.console.read("wDayCareMan") == 0x80)
    record = stage.console.bytes("wPartyMons")[48:96]
    assert (record[0], record[31], stage.console.read("wPartyCount")) == (stage.species("PIPKIT"), 6, 2)
    assert money - int.from_bytes(stage.console.bytes("wMoney"), "big") == 300
