"""Where random play begins: power-on, the first step, and later moments of a game that has come far."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cartridge.tools.content import read_content
from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.console import Console
from tests.cartridge.stage import Stage, at

PALS = ("CINDREL", "PIPKIT", "GNAWLET", "ZIZZLE", "GRAVLOP", "PIPWING")
PAL_LEVEL = 22
BOX_SIZE = 20
BOTH_BADGES = 0b11
GEAR_WITH_RADIO = 0x86
RICH = (0x0F, 0x42, 0x3F)
"""999,999."""
STORY = (
    "EVENT_ROAD_OPEN",
    "EVENT_FIRST_REGION_DONE",
    "EVENT_GOT_RAFT",
    "EVENT_GOT_LANTERN",
    "EVENT_CAVE_OPEN",
    "EVENT_GOT_WICK",
    "EVENT_TOWER_OPEN",
)
MACHINE_MOVES = ("CUT", "FLY", "SURF", "STRENGTH", "FLASH", "WHIRLPOOL", "WATERFALL")
KEY_ITEMS = ("RAFT", "LANTERN", "WICK")


def _nothing(_stage: Stage) -> None:
    """As the game starts."""


def _bedroom(stage: Stage) -> None:
    stage.console.boot()


def _give_pals(stage: Stage, count: int, level: int) -> None:
    for i in range(count):
        give = (OPERATIONS.index("give_creature"), stage.species(PALS[i % len(PALS)]), level, OPERATIONS.index("end"))
        stage.run_script(*give)
        stage.until(stage.free)


def _late(stage: Stage) -> None:
    """In the first town with all that a player near the end owns."""
    stage.console.load(at("town").console.save())
    _give_pals(stage, 5, PAL_LEVEL)
    stage.give_items(*((row["const"], 9) for row in _things(stage)))
    stage.poke("wNumKeyItems", len(KEY_ITEMS))
    stage.poke("wKeyItems", *(stage.item(name) for name in KEY_ITEMS), 255)
    stage.poke("wMoney", *RICH)
    stage.poke("wJohtoBadges", BOTH_BADGES)
    for name in STORY:
        index = stage.walker.enums["event_flags"][name]["index"]
        stage.poke("wEventFlags", stage.console.read("wEventFlags", index // 8) | 1 << index % 8, offset=index // 8)


def _things(stage: Stage) -> list[dict[str, str]]:
    return [row for row in stage.walker.enums["items"].values() if row["pocket"] == "ITEM"]


def _full_box(stage: Stage) -> None:
    stage.console.load(state("late"))
    _give_pals(stage, BOX_SIZE, 5)
    stage.visit("REST_HOUSE")


def _poisoned(stage: Stage) -> None:
    """One tired, poisoned pal in tall grass: white-outs."""
    stage.console.load(at("town").console.save())
    stage.poke("wPartyMon1Status", 8)
    stage.visit("GATEHOUSE")
    stage.walker.leave(4, 7, "down")


def _saved(stage: Stage) -> None:
    """The title, with a saved game to continue."""
    stage.console.load(state("late"))
    stage.tap("start", "up", "up", "a")
    stage.mash("a", lambda: stage.console.read("wGameLogicPaused") == 1)
    stage.mash("a", stage.free)
    kept = [stage.console.byte(address) for address in range(0xA000, 0xC000)]
    again = Stage(Console())
    for i, value in enumerate(kept):
        again.console.pyboy.memory[1, 0xA000 + i] = value
    stage.console.load(again.console.save())
    again.console.close()


def _ending(stage: Stage) -> None:
    stage.console.load(state("late"))
    stage.run_script(OPERATIONS.index("credits"), OPERATIONS.index("end"))
    stage.until(lambda: stage.console.read("wHallOfFameCount") == 1)


def _leader(stage: Stage) -> None:
    """At the first leader's battle menu."""
    stage.console.load(state("late"))
    leader = read_content().trainers["LEADER_NERYS"]
    trainer = (OPERATIONS.index("trainer"), leader.class_number, leader.number, OPERATIONS.index("end"))
    stage.run_script(*trainer)
    stage.mash("a", stage.walker.at_battle_menu)


def _visit(name: str) -> Callable[[Stage], None]:
    def go(stage: Stage) -> None:
        stage.console.load(state("late"))
        stage.visit(name)

    return go


def _harbour(name: str, egg: bool = False) -> Callable[[Stage], None]:
    """In a building of the harbour, with a gear, where the clock is set; with an egg that is about to hatch."""

    def go(stage: Stage) -> None:
        stage.console.load(state("late"))
        stage.set_flag("EVENT_CLOCK_SET")
        stage.poke("wPokegearFlags", GEAR_WITH_RADIO)
        if egg:
            stage.poke("wPartyCount", 5)
            stage.poke("wPartySpecies", 255, offset=5)
            stage.run_script(OPERATIONS.index("give_egg"), stage.species("FUZZLE"), OPERATIONS.index("end"))
            stage.until(stage.free)
            stage.poke("wPartyMons", 1, offset=5 * 48 + 27)
            stage.poke("wStepCount", 120)
        stage.visit(name)

    return go


def _trail(name: str) -> Callable[[Stage], None]:
    """On the trail of the field moves, with pals that know them all and the machines in the bag."""

    def go(stage: Stage) -> None:
        stage.console.load(state("late"))
        stage.poke("wJohtoBadges", 0b111)
        stage.poke("wTMsHMs", *(1 for _ in MACHINE_MOVES), offset=50)
        stage.poke("wVisitedSpawns", 0b1111)
        for slot in (0, 1):
            moves = MACHINE_MOVES[4 * slot : 4 * slot + 4]
            stage.poke("wPartyMons", *(stage.move(move) for move in moves), offset=48 * slot + 2)
            stage.poke("wPartyMons", *(15 for _ in moves), offset=48 * slot + 23)
        stage.visit(name)

    return go


STARTING_POINTS: dict[str, Callable[[Stage], None]] = {
    "power-on": _nothing,
    "bedroom": _bedroom,
    "late": _late,
    "full box": _full_box,
    "poisoned": _poisoned,
    "lake": _visit("LAKE_HUT"),
    "shop": _visit("HIGHSTEAD_SHOP"),
    "gym": _visit("STONE_GYM"),
    "cave": _visit("CAIRN_CAVE"),
    "depths": _visit("CAIRN_DEPTHS"),
    "tower": _visit("TOWER_2F"),
    "clock": _harbour("CLOCK_TOWER"),
    "shipyard": _harbour("SHIPYARD"),
    "signals": _harbour("SIGNAL_HOUSE"),
    "egg": _harbour("LODGE", egg=True),
    "elevator": _harbour("TALL_STORE_ELEVATOR"),
    "thicket": _trail("THICKET"),
    "boulders": _trail("ROLLING_CAVE"),
    "dark": _trail("DARK_CAVE"),
    "narrows": _trail("NARROWS"),
    "falls": _trail("FALLS"),
    "ice": _trail("ICE_CAVERN"),
    "lambs": _visit("LAMBS_WOOD"),
    "warehouse": _visit("WAREHOUSE"),
    "salt gym": _visit("SALT_GYM"),
    "summit": _visit("SUMMIT"),
    "leader": _leader,
    "ending": _ending,
    "continue": _saved,
}


@lru_cache(maxsize=len(STARTING_POINTS))
def state(name: str) -> bytes:
    """The saved state of a starting point, made once, with a cartridge that was never written to."""
    stage = Stage(Console())
    STARTING_POINTS[name](stage)
    saved = stage.console.save()
    stage.console.close()
    return saved
