"""A short game played once, with a copy of RAM kept at named moments: what the address tests look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tests.cartridge import field_moments, later_moments, screen_moments
from tests.cartridge.console import LAYOUT, ROM, Console
from tests.cartridge.walker import Walker


@dataclass(frozen=True)
class Moment:
    """RAM as it was, read by symbol name."""

    low: bytes
    """C000-DFFF, the upper half from bank 1."""
    high: bytes
    """FF80-FFFF"""
    saved: bytes
    """A000-BFFF of cartridge RAM bank 1."""
    backup: bytes
    """A000-BFFF of cartridge RAM bank 0."""
    image: bytes
    """The whole ROM."""

    def byte(self, address: int, bank: int = 1) -> int:
        if address < 0xC000:
            return (self.saved if bank else self.backup)[address - 0xA000]
        return self.high[address - 0xFF80] if address >= 0xFF80 else self.low[address - 0xC000]

    def rom(self, bank: int, address: int) -> int:
        return self.image[bank * 0x4000 + address % 0x4000]

    def bytes(self, name: str) -> bytes:
        place = LAYOUT.symbol(name)
        return bytes(self.byte(place.address + i, place.bank) for i in range(place.size))

    def __getitem__(self, name: str) -> int:
        """The variable's first byte."""
        return self.byte(LAYOUT.symbol(name).address, LAYOUT.symbol(name).bank)

    def number(self, name: str) -> int:
        """The variable as one big-endian number."""
        return int.from_bytes(self.bytes(name), "big")

    def pointer(self, name: str) -> int:
        return int.from_bytes(self.bytes(name)[:2], "little")


def moment_of(console: Console) -> Moment:
    """All RAM as it is now."""
    memory = console.pyboy.memory
    low = bytes(memory[0xC000:0xD000]) + bytes(memory[1, 0xD000:0xDFFF]) + bytes([memory[1, 0xDFFF]])
    backup, saved = (bytes(memory[bank, 0xA000 + i] for i in range(0x2000)) for bank in (0, 1))
    return Moment(low, bytes(memory[0xFF80:0xFFFF]), saved, backup, ROM.read_bytes())


class Recorder:
    """Plays and keeps moments."""

    def __init__(self) -> None:
        self.console = Console()
        self.walker = Walker(self.console)
        self.kept: dict[str, Moment] = {}

    def keep(self, name: str) -> None:
        self.kept[name] = moment_of(self.console)

    def until(self, condition: Callable[[], bool], frames: int = 2000) -> None:
        for _ in range(frames):
            if condition():
                return
            self.console.tick(1)
        raise AssertionError(f"nothing happened within {frames} frames:\n" + "\n".join(self.console.screen()))

    def mash_until(self, condition: Callable[[], bool], button: str = "a") -> None:
        for _ in range(600):
            if condition():
                return
            self.console.press(button, 3, 5)
        raise AssertionError("nothing happened:\n" + "\n".join(self.console.screen()))

    def read(self, name: str) -> int:
        return self.console.read(name)

    def poke(self, name: str, *values: int) -> None:
        memory, address = self.console.pyboy.memory, LAYOUT.symbol(name).address
        for i, value in enumerate(values):
            if 0xD000 <= address < 0xE000:
                memory[1, address + i] = value
            else:
                memory[address + i] = value

    # ------------------------------------------------------------ the scenes, in order

    def steps(self) -> None:
        self.console.tick(120)
        self.keep("title")
        self.console.boot()
        self.keep("home")
        self.console.pyboy.button_press("right")
        self.console.tick(4)
        self.keep("turning")
        self.until(lambda: self.read("wMapEventStatus") == 1)
        self.console.tick(6)
        self.keep("stepping")
        self.until(lambda: self.read("wXCoord") == 4)
        self.keep("stepped")
        self.console.pyboy.button_release("right")
        self.walker.settle()
        self.keep("standing")

    def doors(self) -> None:
        self.walker.go(7, 3)
        self.console.pyboy.button_press("up")
        self.until(lambda: self.read("hMapEntryMethod") != 0)
        self.keep("loading")
        self.console.pyboy.button_release("up")
        self.walker.settle()
        self.keep("downstairs")
        self.walker.leave(4, 7, "down")
        self.keep("town")
        self.walker.enter("REST_HOUSE")
        self.keep("rest_house")
        self.walker.leave(4, 7, "down")

    def texts(self) -> None:
        self.walker.go(10, 8)
        self.console.press("down", 2, 12)
        self.console.press("a", 2, 1)
        self.until(lambda: self.read("wTextboxFlags") & 2 != 0)
        self.keep("printing")
        self.until(lambda: self.console.tile(18, 17) == 0xEE)
        self.keep("arrow")
        self.console.press("a", 3, 3)
        self.until(lambda: self.read("wTextboxFlags") & 2 == 0)
        self.keep("waiting")
        self.walker.settle()
        self.walker.enter("WORKSHOP")
        self.walker.go(7, 4)
        self.console.press("up", 2, 12)
        self.console.press("a", 2, 1)
        self.mash_until(lambda: self.read("w2DMenuCursorInitX") == 15 and self.console.tile(15, 8) == 0xED)
        self.keep("question")
        self.walker.settle()
        self.keep("starter")
        self.walker.go(4, 4)
        self.walker.talk("up")
        self.keep("parcel")

    def route(self) -> None:
        self.walker.leave(4, 11, "down")
        self.walker.leave(23, 8, "right")
        self.keep("route")
        self.walker.go(5, 3)
        self.console.press("left", 2, 12)
        self.console.press("a", 3, 6)
        self.until(lambda: self.read("wScriptRunning") == 3)
        self.keep("item_ball")
        self.walker.settle()
        self.keep("tonic")
        self.walker.go(5, 3)
        self.console.pyboy.button_press("down")
        self.until(lambda: self.read("wYCoord") == 4)
        self.keep("hopping")
        self.console.pyboy.button_release("down")
        self.walker.settle()
        self.keep("hopped")

    def into_grass(self) -> None:
        """Walk back and forth until a wild creature comes."""
        settle, self.walker.settle = self.walker.settle, lambda limit=0: None
        turn = 0
        while self.read("wScriptRunning") in (0, 9) or self.read("wTempWildMonSpecies") == 0:
            goal = ((8, 3), (11, 3))[turn % 2]
            if self.walker.place[1:] == goal:
                turn += 1
                continue
            buttons = self.walker.path(goal)
            self.walker.step(buttons[0])
            self.console.tick(1)
        self.walker.settle = settle

    def wild(self) -> None:
        self.into_grass()
        self.keep("wild_soon")
        self.mash_until(self.walker.at_battle_menu)
        self.keep("wild_menu")
        self.console.press("a", 3, 8)
        self.keep("wild_moves")
        self.console.press("b", 3, 8)
        self.console.press("down", 3, 6)
        self.console.press("a", 3, 20)
        self.keep("pack")
        self.console.press("b", 3, 30)
        self.mash_until(self.walker.at_battle_menu, "up")
        self.console.press("up", 3, 6)
        self.console.press("right", 3, 6)
        self.console.press("a", 3, 20)
        self.keep("party")
        self.console.press("b", 3, 30)
        self.console.press("left", 3, 6)
        self.console.press("a", 3, 8)
        self.console.press("a", 3, 8)
        self.until(
            lambda: (
                self.read("wEnemyMonHP") << 8 | self.console.read("wEnemyMonHP", 1) != 0
                and self.read("wCurPlayerMove") != 0
            )
        )
        self.mash_until(lambda: self.read("wCurEnemyMove") != 0)
        self.keep("wild_hit")
        self.mash_until(lambda: self.walker.at_battle_menu() or not self.read("wBattleMode"))
        self.keep("wild_turn")
        self.poke("wBattleMonHP", *self.console.bytes("wBattleMonMaxHP"))  # luck must not lose this fight
        self.poke("wEnemyMonHP", 0, 1)
        self.walker.settle()
        self.keep("wild_won")

    def catch(self) -> None:
        self.into_grass()
        self.mash_until(self.walker.at_battle_menu)
        for _ in range(9):
            if not self.read("wBattleMode"):
                break
            self.poke("wEnemyMonCatchRate", 255)
            self.poke("wEnemyMonHP", 0, 1)
            self.console.press("down", 3, 6)
            self.console.press("a", 3, 30)
            self.console.press("right", 3, 20)
            self.console.press("a", 3, 30)
            self.mash_until(lambda: self.walker.at_battle_menu() or self.console.is_ready, "b")
        self.walker.settle()
        self.keep("caught")

    def flee(self) -> None:
        self.into_grass()
        self.mash_until(self.walker.at_battle_menu)
        for _ in range(20):
            if not self.read("wBattleMode"):
                break
            self.poke("wEnemyMon", *self.console.bytes("wEnemyMon")[:24], 0, 1)
            self.console.press("down", 3, 6)
            self.console.press("right", 3, 6)
            self.console.press("a", 3, 30)
            self.mash_until(lambda: self.walker.at_battle_menu() or self.console.is_ready)
        self.walker.settle()
        self.keep("fled")

    def trainer(self) -> None:
        self.poke("wPartyMon1HP", 0, 200, 0, 200, 0, 200)  # HP, most HP, attack: strong enough for any dice
        while self.read("wScriptRunning") != 1:
            settle, self.walker.settle = self.walker.settle, lambda limit=0: None
            self.walker.step(self.walker.path((26, 7))[0])
            self.console.tick(1)
            self.walker.settle = settle
            if self.read("wScriptRunning") not in (0, 1, 9):
                self.walker.settle()
        self.until(lambda: self.read("wTextboxFlags") & 2 != 0)
        self.keep("trainer_seen")
        self.mash_until(self.walker.at_battle_menu)
        self.keep("trainer_menu")
        self.walker.settle()
        self.keep("trainer_won")

    def lose(self) -> None:
        self.poke("wPartyMon1HP", 0, 1)
        self.poke("wPartyMon2", *self.console.bytes("wPartyMon2")[:34], 0, 0)
        self.into_grass()
        self.mash_until(self.walker.at_battle_menu)
        self.poke("wBattleMonHP", 0, 1)
        self.poke("wBattleMon", *self.console.bytes("wBattleMon")[:22], 0, 1)
        self.mash_until(lambda: self.read("wScriptRunning") == 7)
        self.keep("lost")
        self.walker.settle()
        self.keep("white_out")


@lru_cache(maxsize=1)
def moments() -> dict[str, Moment]:
    """All moments; the game is played at the first call."""
    recorder = Recorder()
    for scene in ("steps", "doors", "texts", "route", "wild", "catch", "flee", "trainer", "lose"):
        getattr(recorder, scene)()
    recorder.console.close()
    for scene in (*later_moments.SCENES, *screen_moments.SCENES, *field_moments.SCENES):
        scene(lambda stage, name: recorder.kept.update({name: moment_of(stage.console)}))
    return recorder.kept
