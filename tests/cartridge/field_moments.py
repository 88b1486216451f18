"""Moments of the moves that machines teach: a lit cave, a strong pal, the map for flying."""

from __future__ import annotations

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.field_trail import Start, staged
from tests.cartridge.later_moments import Keep
from tests.cartridge.stage import at


def dark_cave(keep: Keep) -> None:
    stage = staged(Start("DARK_CAVE", knows={0: ("FLASH",)}))
    keep(stage, "dark")
    stage.tap("start", "a", "a", "a")
    stage.until(lambda: stage.shows("used"))
    stage.mash("a", stage.free)
    keep(stage, "lit")
    stage.console.close()


def boulder(keep: Keep) -> None:
    stage = staged(Start("ROLLING_CAVE", cell=(13, 7), knows={0: ("STRENGTH",)}))
    stage.face("down")
    stage.mash("a", lambda: stage.console.read("wBikeFlags") == 1)
    keep(stage, "strong")
    stage.console.close()


def flight(keep: Keep) -> None:
    stage = staged(Start("FALLS_HUT"))
    keep(stage, "healer")
    stage.console.close()
    stage = staged(Start("FALLS", warp=3, flags=(), knows={0: ("FLY",)}))
    stage.poke("wVisitedSpawns", 0b1011)
    stage.tap("start", "a", "a", "a", "up")
    keep(stage, "flight")
    stage.console.close()


def machine(keep: Keep) -> None:
    stage = at("town")
    stage.run_script(OPERATIONS.index("give_item"), stage.item("HM_SURF"), 1, OPERATIONS.index("end"))
    stage.until(stage.free)
    keep(stage, "machine")
    stage.console.close()


SCENES = (dark_cave, boulder, flight, machine)
