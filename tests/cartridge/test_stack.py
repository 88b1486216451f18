"""The stack has room left in the longest chains of calls: a lesson within a level within a match within a script."""

from __future__ import annotations

from cartridge.tools.addresses import STACK
from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import STRONG, Stage, at

LEAST_FREE = 100
FOUR_MOVES = (1, 2, 11, 12)
"""Four moves, so that a fifth asks for one of their places."""


def free_bytes(stage: Stage) -> int:
    """Bytes at the far end of the stack that nothing has ever written."""
    return next(i for i in range(STACK[1]) if stage.console.byte(STACK[0] + i))


def fill_party(stage: Stage) -> None:
    first = stage.console.bytes("wPartyMon1")
    for i in range(1, 6):
        stage.poke("wPartyMons", *first, offset=48 * i)
    stage.poke("wPartyCount", 6)
    stage.poke("wPartySpecies", *[first[0]] * 6, 255)


def test_lessons_in_a_match_leave_room() -> None:
    """CINDREL grows from 5 to 14 at once: two lessons with a full list, then it changes its kind and learns again."""
    stage = at("town")
    fill_party(stage)
    stage.poke("wPartyMon1HP", *STRONG)
    stage.poke("wPartyMon1Moves", *FOUR_MOVES)
    stage.poke("wPartyMon1PP", 20, 20, 20, 20)
    stage.poke("wPartyMon1Exp", 0, 10, 180)  # 2740: the next fight lifts it over level 14
    trainer = stage.walker.enums["trainers"]["SCOUT_WYN"]
    stage.run_script(OPERATIONS.index("trainer"), trainer["class_id"], trainer["id"], OPERATIONS.index("end"))
    stage.walker.settle(6000)
    assert stage.console.read("wPartyMon1Level") >= 14
    assert stage.console.read("wPartyMon1Species") == stage.species("EMBERMINK")
    assert free_bytes(stage) >= LEAST_FREE
    stage.console.close()


def test_a_full_box_and_the_bag_leave_room() -> None:
    stage = at("town")
    fill_party(stage)
    for _ in range(3):
        stage.run_script(OPERATIONS.index("give_creature"), 4, 7, OPERATIONS.index("end"))
        stage.until(stage.free)
    stage.run_script(OPERATIONS.index("box"), OPERATIONS.index("end"))
    stage.until(lambda: stage.shows(">TAKE OUT"))
    stage.tap("down", "a", "a")
    stage.mash("b", stage.free)
    stage.give_items(("TONIC", 9), ("STINKWEED", 1))
    stage.tap("start", "down", "a", "a", "a")
    stage.mash("b", stage.free)
    assert free_bytes(stage) >= LEAST_FREE
    stage.console.close()
