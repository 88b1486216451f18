"""How trainers fight: the plain at random, the careful by what works, masters also with medicine and other pals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import Stage, at

LEVEL_100 = (3, 231, 3, 231)
"""HP and most HP of a pal that no fight wears down."""
TURNS = 12


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    yield stage
    stage.console.close()


def face(stage: Stage, constant: str) -> None:
    """The battle menu of a match with this trainer."""
    row = stage.walker.enums["trainers"][constant]
    stage.poke("wPartyMon1HP", *LEVEL_100)
    stage.run_script(OPERATIONS.index("trainer"), row["class_id"], row["id"], OPERATIONS.index("end"))
    stage.mash("a", stage.walker.at_battle_menu)


def foe(stage: Stage, *moves: str) -> None:
    """Gives the foe in play moves, and HP that last."""
    numbers = {row["const"]: int(number) for number, row in stage.walker.enums["moves"].items()}
    stage.poke("wEnemyMonMoves", *(numbers[move] for move in moves), *[0] * (4 - len(moves)))
    stage.poke("wEnemyMonPP", *[30] * len(moves), *[0] * (4 - len(moves)))
    stage.poke("wEnemyMonHP", *LEVEL_100)


def types(stage: Stage, name: str, *kinds: str) -> None:
    numbers = {name: int(number) for number, name in stage.walker.enums["types"].items()}
    stage.poke(name, *(numbers[kind] for kind in kinds))


def turn(stage: Stage) -> None:
    """GLARE, so that nobody gets hurt, then all that happens until the menu is back."""
    stage.poke("wBattleMonPP", 20, 20)
    stage.tap("a")
    if stage.console.read("wMenuCursorY") == 1:
        stage.tap("down")
    stage.tap("a")
    stage.mash("a", stage.walker.at_battle_menu)


def moves_chosen(stage: Stage, turns: int = TURNS) -> Counter[str]:
    chosen: Counter[str] = Counter()
    for _ in range(turns):
        stage.poke("wEnemyMonHP", *LEVEL_100)
        stage.poke("wBattleMonHP", *LEVEL_100)
        turn(stage)
        chosen[stage.walker.enums["moves"][str(stage.console.read("wCurEnemyMove"))]["const"]] += 1
    return chosen


def test_the_careful_choose_what_works(town: Stage) -> None:
    face(town, "SAGE_MICA")
    foe(town, "BUMP", "SPLATTER", "SEEDSHOT", "GLARE")
    types(town, "wBattleMonType1", "FIRE", "FIRE")
    chosen = moves_chosen(town)
    assert chosen["SPLATTER"] >= TURNS - 4, chosen


def test_the_plain_choose_at_random(town: Stage) -> None:
    face(town, "PICNICKER_POPPY")
    foe(town, "BUMP", "SPLATTER", "SEEDSHOT", "GLARE")
    types(town, "wBattleMonType1", "FIRE", "FIRE")
    assert len(moves_chosen(town)) >= 3


def test_a_stage_is_lowered_once(town: Stage) -> None:
    face(town, "SAGE_MICA")
    foe(town, "HOWL_AT", "STING")
    chosen = moves_chosen(town)
    assert chosen["STING"] > chosen["HOWL_AT"] >= 1, chosen


def test_a_master_gives_medicine_once(town: Stage) -> None:
    face(town, "LEADER_NERYS")
    assert town.console.read("wEnemyTrainerItem1") == town.item("TONIC")
    foe(town, "GLARE")
    town.poke("wEnemyMonHP", 0, 5, 0, 40)
    turn(town)
    assert town.console.word("wEnemyMonHP") == 25
    assert town.console.read("wEnemyTrainerItem1") == 0
    town.poke("wEnemyMonHP", 0, 5)
    turn(town)
    assert town.console.word("wEnemyMonHP") == 5


def test_a_master_calls_back_who_is_in_danger(town: Stage) -> None:
    """Leaf before fire is in danger, and Garrick has rocks."""
    face(town, "LEADER_GARRICK")
    foe(town, "GLARE")
    types(town, "wEnemyMonType1", "LEAF", "LEAF")
    types(town, "wBattleMonType1", "FIRE", "FIRE")
    for _ in range(8):
        town.poke("wEnemyMonHP", *LEVEL_100)
        turn(town)
        if town.console.read("wCurOTMon"):
            break
    rocks = [town.species("EOLITH"), town.species("BOULDRUM")]
    assert town.console.read("wEnemyMonSpecies") in rocks
    assert town.console.read("wCurOTMon") > 0


def test_the_wild_do_not_think(town: Stage) -> None:
    town.poke("wPartyMon1HP", *LEVEL_100)
    town.run_script(OPERATIONS.index("wild"), town.species("PIPKIT"), 5, OPERATIONS.index("end"))
    town.mash("a", town.walker.at_battle_menu)
    foe(town, "BUMP", "SPLATTER", "SEEDSHOT", "GLARE")
    types(town, "wBattleMonType1", "FIRE", "FIRE")
    assert len(moves_chosen(town)) >= 3
