"""Pals that change, pals in the box, and the end of the story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartridge.tools.scripts import OPERATIONS
from cartridge.tools.texts import encode_name
from tests.cartridge.stage import STRONG, Stage, at

NAME_SIZE = 11
EVOLVE_LEVEL = 21
"""Offset of the level, then the new kind, in a species record."""


def operation(name: str) -> int:
    return OPERATIONS.index(name)


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    yield stage
    stage.console.close()


def let_evolve(stage: Stage, name: str, level: int, to: int) -> None:
    """Changes the species record in this console's copy of the ROM."""
    record = encode_name(name, NAME_SIZE, name)
    image = bytes(stage.console.pyboy.memory[bank, 0x4000 + i] for bank in range(5, 9) for i in range(0x4000))
    at_offset = image.index(record)
    bank, address = 5 + at_offset // 0x4000, 0x4000 + at_offset % 0x4000
    stage.console.pyboy.memory[bank, address + EVOLVE_LEVEL] = level
    stage.console.pyboy.memory[bank, address + EVOLVE_LEVEL + 1] = to


def win_a_level(stage: Stage) -> None:
    """A fight that lifts the first pal from level 5 to 6."""
    stage.poke("wPartyMon1HP", *STRONG)
    stage.poke("wPartyMon1Exp", 0, 0, 215)
    stage.run_script(operation("wild"), stage.species("PIPKIT"), 5, 0)


def test_a_pal_that_grew_old_enough_changes_its_kind(town: Stage) -> None:
    let_evolve(town, "CINDREL", 6, town.species("GRAVLOP"))
    win_a_level(town)
    town.walker.settle()
    gravlop = town.species("GRAVLOP")
    assert town.console.read("wPartyMon1Species") == gravlop == town.console.read("wPartySpecies")
    assert town.console.bytes("wPartyMonNicknames").startswith(encode_name("GRAVLOP", NAME_SIZE, ""))
    assert town.console.bytes("wPokedexCaught")[0] & 1 << gravlop - 1
    assert town.console.word("wPartyMon1HP") <= town.console.word("wPartyMon1MaxHP")


def test_b_holds_the_change_back(town: Stage) -> None:
    let_evolve(town, "CINDREL", 6, town.species("GRAVLOP"))
    win_a_level(town)
    town.mash("a", lambda: town.shows("Oh."))
    town.until(lambda: town.shows("changing"))
    town.console.tick(10)
    town.tap("b")
    town.walker.settle()
    assert town.console.read("wPartyMon1Species") == town.species("CINDREL")


def test_a_seventh_pal_waits_in_the_box_and_can_be_taken_out(town: Stage) -> None:
    first = town.console.bytes("wPartyMon1")
    for i in range(1, 6):
        town.poke("wPartyMons", *first, offset=48 * i)
    town.poke("wPartyCount", 6)
    town.poke("wPartySpecies", *[first[0]] * 6, 255)
    pipkit = town.species("PIPKIT")
    town.run_script(operation("give_creature"), pipkit, 7, operation("end"))
    town.until(town.free)
    assert town.console.read("wScriptVar") == 2
    assert town.console.read("sBoxCount") == 1
    town.run_script(operation("box"), operation("end"))
    town.until(lambda: town.shows(">TAKE OUT"))
    town.tap("down", "a", "a")  # the first pal goes into the box
    town.mash("b", lambda: town.console.read("sBoxCount") == 2 and town.shows("PUT IN"))
    assert town.console.read("wPartyCount") == 5
    town.mash("b", town.free)
    town.run_script(operation("box"), operation("end"))
    town.until(lambda: town.shows(">TAKE OUT"))
    town.tap("a", "a")
    town.mash("b", town.free)
    assert town.console.read("sBoxCount") == 1
    assert town.console.read("sBoxSpecies") == first[0]
    assert town.console.read("wPartyCount") == 6
    assert town.console.read("wPartyMons", 5 * 48) == pipkit
    assert town.console.read("wPartyMons", 5 * 48 + 31) == 7


def test_the_last_pal_stays(town: Stage) -> None:
    town.run_script(operation("box"), operation("end"))
    town.until(lambda: town.shows(">TAKE OUT"))
    town.tap("down", "a", "a")
    town.mash("b", town.free)
    assert town.console.read("wPartyCount") == 1
    assert town.console.read("sBoxCount") == 0


def test_the_ending_counts_saves_and_starts_anew(town: Stage) -> None:
    town.run_script(operation("credits"), operation("end"))
    town.until(lambda: town.console.read("wHallOfFameCount") == 1)
    town.until(lambda: town.shows("FERNVALE"))
    town.until(lambda: town.console.read("wPartyCount") == 0, 3000)
    town.console.tick(120)
    town.tap("start")
    town.until(lambda: town.shows(">CONTINUE"))
    town.tap("a", "a")
    town.until(town.free)
    assert town.walker.place[0] == "HOME_UPSTAIRS"
    assert town.console.read("wHallOfFameCount") == 1
    assert town.console.read("wSpawnAfterChampion") == 0


def test_a_badge_opens_a_branch(town: Stage) -> None:
    """if_badge 1 jumps over `give_money`; the target is patched in behind it."""
    money = town.console.bytes("wMoney")
    bank, row = town.console.read("wMapScriptsBank"), town.console.pointer("wCurMapBGEventsPointer")
    start = town.console.rom(bank, row + 3) | town.console.rom(bank, row + 4) << 8
    target = (start + 7).to_bytes(2, "little")
    code = (operation("if_badge"), 1, *target, operation("give_money"), 100, 0, operation("end"))
    town.poke("wJohtoBadges", 2)
    town.run_script(*code)
    town.until(town.free)
    assert town.console.bytes("wMoney") == money
    town.poke("wJohtoBadges", 1)
    town.run_script(*code)
    town.until(lambda: town.console.bytes("wMoney") != money)


def test_a_fainted_foe_does_not_come_back_while_a_move_is_given_up(town: Stage) -> None:
    moves = [town.move(name) for name in ("BUMP", "GLARE", "ZAP", "PEBBLE")]
    town.poke("wPartyMon1Moves", *moves)
    town.poke("wPartyMon1PP", 9, 9, 9, 9)
    win_a_level(town)
    for _ in range(200):
        if town.shows(">YES"):
            break
        town.tap("a")
    town.tap("a")
    town.until(lambda: town.shows("BUMP"))
    assert town.console.word("wEnemyMonHP") == 0
    assert {town.console.tile(x, y) for x in range(13, 18) for y in range(1, 6)} == {0x7F}
