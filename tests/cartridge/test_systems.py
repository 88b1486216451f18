"""The systems of the whole game in play: the START menu, the bag, shops, the raft, poison, saving, the ending."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.console import Console
from tests.cartridge.stage import Stage, at

POISON = 8


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    yield stage
    stage.console.close()


@pytest.fixture
def gatehouse() -> Iterator[Stage]:
    stage = at("gatehouse")
    yield stage
    stage.console.close()


def money(stage: Stage) -> int:
    return int.from_bytes(stage.console.bytes("wMoney"), "big")


def second_pal(stage: Stage) -> None:
    """A second record in the party: the first one as another species with one hit point."""
    first = stage.console.bytes("wPartyMon1")
    stage.poke("wPartyCount", 2)
    stage.poke("wPartySpecies", first[0], 4, 255)
    stage.poke("wPartyMon2", 4, *first[1:])
    stage.poke("wPartyMon2", 0, 1, offset=34)
    stage.poke("wPartyMonNicknames", 0x80, 0x50, offset=11)


# ---------------------------------------------------------------- START menu


def test_start_opens_the_menu_and_b_closes_it(town: Stage) -> None:
    town.tap("start")
    assert town.console.read("wScriptRunning") == 255
    assert town.console.read("wStateFlags") & 0x40
    assert town.console.tile(11, 2) == 0xED
    town.tap("down", "b")
    assert town.free()
    assert not town.console.read("wStateFlags") & 0x40
    town.tap("start")
    assert town.console.tile(11, 4) == 0xED, "the menu remembers its place"
    town.tap("start")
    assert town.free()


def test_pals_change_places(town: Stage) -> None:
    second_pal(town)
    before = (town.console.bytes("wPartyMon1"), town.console.bytes("wPartyMon2"))
    town.tap("start", "a", "a", "a", "down", "a", "b", "b")
    assert town.free()
    assert (town.console.bytes("wPartyMon2"), town.console.bytes("wPartyMon1")) == before
    assert town.console.bytes("wPartySpecies")[:3] == bytes([4, before[0][0], 255])
    assert town.console.bytes("wPartyMonNicknames")[0] == 0x80


def test_a_tonic_heals_outside_of_battle(town: Stage) -> None:
    town.poke("wPartyMon1HP", 0, 2)
    town.tap("start", "down", "a", "a", "a")
    town.tap("a", "a", "a")
    town.mash("b", town.free)
    assert town.console.word("wPartyMon1HP") == town.console.word("wPartyMon1MaxHP")
    assert town.console.bytes("wItems")[1] == 1


@pytest.mark.parametrize(("item", "status"), [("BALM", 16), ("MINT_DROP", 3), ("TINGLE_TEA", 64), ("HERB", POISON)])
def test_each_cure_cures_its_own(town: Stage, item: str, status: int) -> None:
    town.give_items((item, 2))
    town.poke("wPartyMon1Status", 16 if status != 16 else 64)
    for wrong in (True, False):
        if not wrong:
            town.poke("wPartyMon1Status", status)
        town.tap("start", "down", "a", "a", "a", "a")
        town.console.tick(60)
        town.mash("b", town.free)
        assert (town.console.read("wPartyMon1Status") == 0) is not wrong
        town.poke("wBattleMenuCursorPosition", 0)
    assert town.console.bytes("wItems")[1] == 1


def test_a_bell_wakes_who_has_fainted(town: Stage) -> None:
    town.give_items(("WAKE_BELL", 1))
    second_pal(town)
    town.poke("wPartyMon2", 0, 0, offset=34)
    town.tap("start", "down", "a", "a", "a", "down", "a")
    town.mash("b", town.free)
    half = town.console.word("wPartyMon1MaxHP") // 2
    assert town.console.word("wPartyMon2", 34) == half
    assert town.console.read("wNumItems") == 0


def test_a_thing_can_be_thrown_away(town: Stage) -> None:
    town.tap("start", "down", "a", "a", "down", "a")
    town.mash("a", lambda: town.console.bytes("wItems")[1] == 1)
    town.mash("b", town.free)


# ---------------------------------------------------------------- steps


def test_poison_bites_every_fourth_step_and_may_end_in_a_white_out(town: Stage) -> None:
    town.poke("wPartyMon1HP", 0, 2)
    town.poke("wPartyMon1Status", POISON)
    town.poke("wPoisonStepCount", 0)
    town.walker.go(15, 8)
    assert town.console.word("wPartyMon1HP") == 2
    town.walker.go(13, 8)
    assert town.console.word("wPartyMon1HP") == 1
    before = money(town)
    town.walker.go(7, 8)
    town.walker.settle()
    assert money(town) == before // 2
    assert town.console.word("wPartyMon1HP") == town.console.word("wPartyMon1MaxHP")
    assert town.walker.map == "HOME_UPSTAIRS"


def test_repellent_keeps_the_weak_away_until_it_wears_off(town: Stage) -> None:
    town.give_items(("STINKWEED", 1))
    town.tap("start", "down", "a", "a", "a")
    town.mash("b", town.free)
    assert town.console.read("wRepelEffect") == 120
    town.poke("wRepelEffect", 1)
    town.console.pyboy.button_press("down")
    town.until(lambda: town.console.read("wScriptRunning") == 255)
    town.console.pyboy.button_release("down")
    town.mash("a", town.free)
    assert town.console.read("wRepelEffect") == 0


# ---------------------------------------------------------------- water


def test_water_is_a_wall_without_the_raft(town: Stage) -> None:
    town.walker.go(7, 15)
    town.face("left")
    town.tap("a", "a")
    assert town.free()
    town.walker.step("left")
    assert town.walker.place == ("HAZEL_HOLLOW", 7, 15)


def test_the_raft_crosses_water_and_ends_on_land(town: Stage) -> None:
    town.give_key_item("RAFT")
    town.walker.go(7, 15)
    town.face("left")
    town.mash("a", lambda: town.console.read("wPlayerState") == 4)
    town.until(town.free)
    assert town.walker.place == ("HAZEL_HOLLOW", 6, 15)
    town.walker.step("left")
    assert town.walker.place == ("HAZEL_HOLLOW", 5, 15)
    town.walker.step("right")
    town.walker.step("right")
    assert town.walker.place == ("HAZEL_HOLLOW", 7, 15)
    assert town.console.read("wPlayerState") == 0


# ---------------------------------------------------------------- shop


def test_buying_and_selling(gatehouse: Stage) -> None:
    gatehouse.poke("wMoney", 0, 3, 232)  # 1000
    gatehouse.poke("wNumItems", 0)
    gatehouse.poke("wItems", 255)
    gatehouse.walker.go(2, 4)
    gatehouse.face("left")
    gatehouse.mash("a", lambda: gatehouse.shows(">BUY"))
    gatehouse.tap("a", "a", "up", "a")
    gatehouse.mash("a", lambda: gatehouse.console.read("wNumItems") == 1)
    assert gatehouse.console.bytes("wItems")[:3] == bytes([gatehouse.item("TONIC"), 2, 255])
    assert money(gatehouse) == 600
    gatehouse.until(lambda: gatehouse.shows("Thank you"))
    gatehouse.console.tick(10)
    gatehouse.tap("b", "b")
    gatehouse.until(lambda: gatehouse.shows(">BUY"))
    gatehouse.console.tick(10)
    gatehouse.tap("down", "a", "a", "a")
    gatehouse.mash("a", lambda: money(gatehouse) == 700)
    assert gatehouse.console.bytes("wItems")[:3] == bytes([gatehouse.item("TONIC"), 1, 255])
    gatehouse.mash("b", gatehouse.free)


def test_what_is_too_dear_stays_in_the_shop(gatehouse: Stage) -> None:
    gatehouse.poke("wMoney", 0, 0, 199)
    items = gatehouse.console.bytes("wItems")
    gatehouse.walker.go(2, 4)
    gatehouse.face("left")
    gatehouse.mash("a", lambda: gatehouse.shows(">BUY"))
    gatehouse.tap("a", "a", "a")
    gatehouse.mash("a", lambda: gatehouse.shows("do not have"))
    assert money(gatehouse) == 199
    assert gatehouse.console.bytes("wItems") == items
    gatehouse.mash("b", gatehouse.free)


# ---------------------------------------------------------------- the saved game


def power_cycle(stage: Stage) -> Stage:
    """The same cartridge in another console: only its RAM is kept."""
    again = Stage(Console())
    memory, old = again.console.pyboy.memory, stage.console.pyboy.memory
    for address in range(0xA000, 0xC000):
        memory[1, address] = old[1, address]
    again.console.tick(120)
    return again


def save(stage: Stage) -> None:
    stage.tap("start", "up", "up", "a")
    stage.mash("a", lambda: stage.console.read("wGameLogicPaused") == 1)
    stage.mash("a", stage.free)


def test_a_saved_game_goes_on(town: Stage) -> None:
    town.walker.go(13, 8)
    save(town)
    again = power_cycle(town)
    again.tap("start")
    again.until(lambda: again.shows(">CONTINUE"))
    again.tap("a", "b")
    assert again.shows(">CONTINUE"), "B returns to the choice"
    again.tap("a", "a")
    again.until(again.free)
    assert again.walker.place == ("HAZEL_HOLLOW", 13, 8)
    for name in ("wPartyMons", "wPartyCount", "wItems", "wKeyItems", "wEventFlags", "wMoney", "wPlayerName"):
        assert again.console.bytes(name) == town.console.bytes(name)
    again.walker.step("left")
    assert again.walker.place == ("HAZEL_HOLLOW", 12, 8)
    again.console.close()


def test_a_damaged_save_is_no_save(town: Stage) -> None:
    save(town)
    town.console.pyboy.memory[1, 0xA100] ^= 1
    again = power_cycle(town)
    again.tap("start")
    assert not again.shows("CONTINUE")
    assert again.shows("NEW GAME")
    again.console.close()


# ---------------------------------------------------------------- battle


def test_the_list_of_moves_tells_how_often_each_can_still_be_used(town: Stage) -> None:
    town.poke("wPartyMon1PP", 7, 30)
    town.run_script(OPERATIONS.index("wild"), town.species("PIPKIT"), 3, OPERATIONS.index("end"))
    town.mash("a", town.walker.at_battle_menu)
    town.tap("a")
    assert [town.console.screen()[row][:4] for row in (13, 14, 15)] == [". 7 ", ".30 ", ".   "]
    town.tap("b")
    assert town.walker.at_battle_menu()
