"""A pal's page behind the START menu, and the order of its moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import Stage, at

BUMP, GLARE = 1, 2


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    yield stage
    stage.console.close()


def fight(stage: Stage) -> None:
    """The list of moves in a wild fight."""
    stage.run_script(OPERATIONS.index("wild"), stage.species("PIPKIT"), 5, OPERATIONS.index("end"))
    stage.mash("a", stage.walker.at_battle_menu)
    stage.tap("a")


def test_the_page_shows_what_the_record_holds(town: Stage) -> None:
    town.poke("wPartyMon1Exp", 1, 0, 7)
    town.tap("start", "a", "a", "down", "a")
    rows = town.console.screen()
    hp, attack = town.console.word("wPartyMon1HP"), town.console.word("wPartyMons", 38)
    assert "CINDREL" in rows[1]
    assert "FIRE" in rows[4]
    assert rows[7].split()[1].startswith(str(hp))
    assert rows[8].split()[:2] == ["ATTACK", str(attack)]
    assert "65543" in rows[9]
    assert rows[14].split()[0] == "BUMP"
    town.tap("b")
    assert town.shows("Choose a pal")
    town.mash("b", town.free)


def test_select_lets_two_moves_change_places(town: Stage) -> None:
    fight(town)
    power = town.console.bytes("wBattleMonPP")
    town.tap("select", "down", "select")
    assert town.console.bytes("wBattleMonMoves")[:2] == bytes([GLARE, BUMP])
    assert town.console.bytes("wPartyMon1Moves")[:2] == bytes([GLARE, BUMP])
    assert town.console.bytes("wBattleMonPP")[:2] == bytes([power[1], power[0]])
    assert town.shows(" GLARE")


def test_a_uses_a_move_and_forgets_the_mark(town: Stage) -> None:
    fight(town)
    town.tap("select", "down", "a")
    town.mash("a", lambda: town.console.read("wCurPlayerMove") == GLARE)
    assert town.console.bytes("wBattleMonMoves")[:2] == bytes([BUMP, GLARE])


def test_b_leaves_the_list_as_it_is(town: Stage) -> None:
    fight(town)
    town.tap("select", "down", "b")
    assert town.walker.at_battle_menu()
    assert town.console.bytes("wBattleMonMoves")[:2] == bytes([BUMP, GLARE])
