"""Moments of what lies beyond the first walk: the START menu, saving, the raft, what steps wear off, a shop."""

from __future__ import annotations

from collections.abc import Callable

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import Stage, at

Keep = Callable[[Stage, str], None]


def start_menu(keep: Keep) -> None:
    stage = at("town")
    stage.tap("start")
    keep(stage, "start_menu")
    stage.tap("up", "up", "a")
    stage.mash("a", lambda: stage.console.read("wGameLogicPaused") == 1)
    keep(stage, "saving")
    stage.mash("a", stage.free)
    keep(stage, "saved")
    stage.console.close()


def raft(keep: Keep) -> None:
    stage = at("town")
    stage.give_key_item("RAFT")
    stage.walker.go(7, 15)
    stage.face("left")
    stage.mash("a", lambda: stage.console.read("wPlayerState") == 4 and stage.free())
    keep(stage, "raft")
    stage.console.close()


def steps(keep: Keep) -> None:
    stage = at("town")
    stage.poke("wRepelEffect", 9)
    stage.poke("wPoisonStepCount", 1)
    stage.walker.step("down")
    keep(stage, "walked")
    stage.console.close()


def shop(keep: Keep) -> None:
    stage = at("gatehouse")
    stage.walker.go(2, 4)
    stage.face("left")
    stage.mash("a", lambda: stage.shows("BUY"))
    keep(stage, "shop")
    stage.console.close()


def box(keep: Keep) -> None:
    stage = at("town")
    stage.poke("wPartyCount", 6)
    stage.run_script(OPERATIONS.index("give_creature"), 4, 7, 0)
    stage.until(stage.free)
    keep(stage, "boxed")
    stage.console.close()


SCENES = (start_menu, raft, steps, shop, box)
