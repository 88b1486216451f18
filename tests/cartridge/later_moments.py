"""Moments of what lies beyond the first walk: the START menu, saving, the raft, a shop, states."""

from __future__ import annotations

from collections.abc import Callable

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import STRONG, Stage, at

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


def lamb(keep: Keep) -> None:
    stage = at("town")
    stage.set_flags("EVENT_MET_SHEPHERD")
    stage.visit("LAMBS_WOOD")
    stage.poke("wRepelEffect", 255)
    stage.walker.go(12, 8)
    stage.walker.talk("left")
    keep(stage, "lamb")
    stage.console.close()


def badge(keep: Keep) -> None:
    stage = at("town")
    stage.run_script(OPERATIONS.index("badge"), 1, OPERATIONS.index("end"))
    stage.until(stage.free)
    keep(stage, "badge")
    stage.console.close()


def ending(keep: Keep) -> None:
    stage = at("town")
    stage.run_script(OPERATIONS.index("credits"), OPERATIONS.index("end"))
    stage.until(lambda: stage.console.read("wHallOfFameCount") == 1)
    stage.until(lambda: stage.shows("FERNVALE"))
    keep(stage, "credits")
    stage.console.close()


def pockets(keep: Keep) -> None:
    stage = at("town")
    stage.tap("start", "down", "a", "right")
    keep(stage, "ball_pocket")
    stage.give_items(("TONIC", 1), ("HERB", 1), ("BALM", 1), ("MINT_DROP", 1), ("TINGLE_TEA", 1))
    stage.tap("left", *["down"] * 5)
    keep(stage, "long_pocket")
    stage.console.close()


def far_maps(keep: Keep) -> None:
    for name in ("HIGHSTEAD", "BEACON_TRAIL"):
        stage = at("town")
        stage.visit(name)
        keep(stage, name.lower())
        stage.console.close()


def night(keep: Keep) -> None:
    stage = at("town")
    stage.poke("hHours", 23)
    stage.walker.step("down")
    stage.until(lambda: stage.console.read("wTimeOfDay") == 2, 300)
    keep(stage, "night")
    stage.console.close()


def battle_of_states(keep: Keep) -> None:
    """A fight in which both sides put the other to sleep or stiffen, and another pal comes out."""
    stage = at("town")
    first = stage.console.bytes("wPartyMon1")
    stage.poke("wPartyMon1HP", *STRONG)
    stage.poke("wPartyMon2", *first)
    stage.poke("wPartyCount", 2)
    stage.poke("wPartySpecies", first[0], first[0], 255)
    stage.poke("wPartyMonNicknames", *stage.console.bytes("wPartyMonNicknames")[:11], offset=11)
    stage.poke("wPartyMon1Moves", stage.move("STATIC"), stage.move("BRACE"))
    stage.poke("wPartyMon1PP", 20, 20)
    stage.run_script(OPERATIONS.index("wild"), stage.species("PIPKIT"), 20, OPERATIONS.index("end"))
    stage.mash("a", stage.walker.at_battle_menu)
    stage.poke("wEnemyMonMoves", stage.move("STATIC"), 0, 0, 0)
    stage.poke("wEnemyMonPP", 20)
    for slot in (0, 1) * 8:
        stage.fight(slot)
        if stage.console.read("wBattleMonStatus") and stage.console.read("wEnemyMonStatus"):
            break
    stage.fight(1)
    keep(stage, "stiff")
    stage.tap("right", "a", "down", "a", "a")
    stage.until(lambda: stage.console.read("wCurBattleMon") == 1)
    stage.mash("a", lambda: stage.console.read("hBattleTurn") == 1 and stage.walker.at_battle_menu())
    keep(stage, "switched")
    stage.console.close()


def leader(keep: Keep) -> None:
    """A trainer with medicine, as leaders have it."""
    stage = at("town")
    trainer = stage.walker.enums["trainers"]["LEADER_NERYS"]
    stage.run_script(OPERATIONS.index("trainer"), trainer["class_id"], trainer["id"], OPERATIONS.index("end"))
    stage.mash("a", stage.walker.at_battle_menu)
    keep(stage, "leader")
    stage.console.close()


SCENES = (leader, start_menu, raft, steps, shop, box, lamb, badge, ending, pockets, far_maps, night, battle_of_states)
