"""Moments of the screens that ask for something: keyboard, clock, gear, elevator; and of a phone call to come."""

from __future__ import annotations

from collections.abc import Callable

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import Stage, at

Keep = Callable[[Stage, str], None]
END = OPERATIONS.index("end")
RADIO_KNOB = 28


def keyboard(keep: Keep) -> None:
    """B is typed with small letters on, the cursor stays there."""
    stage = at("town")
    stage.run_script(OPERATIONS.index("name_boat"), 0, 0, 0, 0, END)
    stage.until(lambda: stage.shows("END"))
    stage.tap("right", "down", "a", "select", "up")
    keep(stage, "keyboard")
    stage.tap("start", "a")
    stage.until(stage.free)
    keep(stage, "named")
    stage.console.close()


def clock(keep: Keep) -> None:
    stage = at("town")
    stage.run_script(OPERATIONS.index("clock"), 7, END)
    stage.until(lambda: stage.shows("clock"))
    stage.tap("up")
    keep(stage, "clock")
    stage.mash("a", lambda: stage.shows("min.") and not stage.shows("What?"))
    stage.tap("down")
    keep(stage, "clock_minute")
    stage.console.close()


def gear(keep: Keep) -> None:
    """The radio plays at a station's place of the knob."""
    stage = at("town")
    stage.run_script(OPERATIONS.index("gear"), 1, OPERATIONS.index("gear"), 2, OPERATIONS.index("call"), 1, END)
    stage.until(stage.free)
    keep(stage, "to_be_called")
    stage.poke("wSpecialPhoneCallID", 0)
    stage.tap("start")
    keep(stage, "start_menu_gear")
    stage.tap("down", "down", "a", "right", "right", *["up"] * (RADIO_KNOB // 2))
    keep(stage, "radio")
    stage.console.close()


def elevator(keep: Keep) -> None:
    stage = at("town")
    stage.visit("TALL_STORE_1F")
    stage.walker.go(7, 2)
    stage.walker.settle()
    keep(stage, "elevator")
    stage.console.close()


def day_care(keep: Keep) -> None:
    """The second pal stays, and a step is walked."""
    stage = at("town")
    stage.run_script(OPERATIONS.index("give_creature"), stage.species("PIPKIT"), 9, OPERATIONS.index("day_care"), END)
    stage.mash("a", lambda: stage.shows("YES"))
    stage.tap("a")
    stage.until(lambda: stage.console.read("wSpriteUpdatesEnabled") == 0)
    stage.tap("down", "a")
    stage.mash("b", stage.free)
    stage.walker.step("down")
    stage.walker.settle()
    keep(stage, "day_care")
    stage.console.close()


SCENES = (keyboard, clock, gear, elevator, day_care)
