"""Places to begin a test from, reached by playing once: with a first pal in town, on the route, in the gatehouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cartridge.tools.art.font import CODES
from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.console import LAYOUT, Console
from tests.cartridge.walker import Walker

STRONG = (0, 200, 0, 200, 0, 200)
"""HP, most HP and attack of a pal that wins any fight of the first region."""


class Stage:
    """A console with a walker, and the means to set up a case."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.walker = Walker(console)

    def poke(self, name: str, *values: int, offset: int = 0) -> None:
        memory, address = self.console.pyboy.memory, LAYOUT.symbol(name).address + offset
        for i, value in enumerate(values):
            if 0xD000 <= address < 0xE000:
                memory[1, address + i] = value
            else:
                memory[address + i] = value

    def set_flags(self, *names: str) -> None:
        """Event flags by name; all others stay."""
        for name in names:
            index = self.walker.enums["event_flags"][name]["index"]
            byte = self.console.read("wEventFlags", index // 8)
            self.poke("wEventFlags", byte | 1 << index % 8, offset=index // 8)

    def has_flag(self, name: str) -> bool:
        index = self.walker.enums["event_flags"][name]["index"]
        return bool(self.console.read("wEventFlags", index // 8) >> index % 8 & 1)

    def until(self, condition: Callable[[], bool], frames: int = 1500) -> None:
        for _ in range(frames):
            if condition():
                return
            self.console.tick(1)
        raise AssertionError(f"nothing happened within {frames} frames:\n" + "\n".join(self.console.screen()))

    def tap(self, *buttons: str) -> None:
        for button in buttons:
            self.console.press(button, 3, 20)

    def mash(self, button: str, condition: Callable[[], bool]) -> None:
        for _ in range(300):
            if condition():
                return
            self.console.press(button, 3, 9)
        raise AssertionError(f"{button} led nowhere:\n" + "\n".join(self.console.screen()))

    def shows(self, text: str) -> bool:
        return any(text in row for row in self.console.screen())

    def free(self) -> bool:
        return self.console.is_ready

    def face(self, button: str) -> None:
        self.console.press(button, 2, 14)

    def give_key_item(self, item: str) -> None:
        self.poke("wNumKeyItems", 1)
        self.poke("wKeyItems", self.item(item), 255)

    def give_items(self, *pairs: tuple[str, int]) -> None:
        self.poke("wNumItems", len(pairs))
        self.poke("wItems", *(value for item, count in pairs for value in (self.item(item), count)), 255)

    def set_flag(self, name: str) -> None:
        index = self.walker.enums["event_flags"][name]["index"]
        self.poke("wEventFlags", self.console.read("wEventFlags", index // 8) | 1 << index % 8, offset=index // 8)

    @staticmethod
    def letters(codes: bytes) -> str:
        """What these codes show."""
        return "".join(shown for code in codes for shown, one in CODES.items() if one == code)

    def run_script(self, *code: int) -> None:
        """In town: puts a script in the place of the town sign's and reads the sign."""
        console = self.console
        bank, row = console.read("wMapScriptsBank"), console.pointer("wCurMapBGEventsPointer")
        address = console.rom(bank, row + 3) | console.rom(bank, row + 4) << 8
        for i, value in enumerate(code):
            console.pyboy.memory[bank, address + i] = value
        self.walker.go(10, 8)
        self.face("down")
        console.press("a", 3, 3)

    def visit(self, name: str, warp: int = 1) -> None:
        """From town: arrives at a warp of another map, as a script's warp does."""
        place = self.walker.world[name]
        self.run_script(OPERATIONS.index("warp"), place["group"], place["number"], warp, OPERATIONS.index("end"))
        self.until(lambda: self.walker.map == name)
        self.until(self.free)
        self.walker.settle()

    def fight(self, slot: int = 0) -> None:
        """At the battle menu: uses the move in that slot and waits for the next turn."""
        self.mash("up", self.walker.at_battle_menu)
        self.tap("left", "up", "a")
        self.until(self.walker.at_move_list)
        self.mash("down", lambda: self.console.read("wMenuCursorY") == slot + 1)
        self.tap("a")
        self.mash("b", self.walker.at_battle_menu)

    def move(self, name: str) -> int:
        return next(int(number) for number, row in self.walker.enums["moves"].items() if row["const"] == name)

    def item(self, name: str) -> int:
        return next(int(number) for number, row in self.walker.enums["items"].items() if row["const"] == name)

    def species(self, name: str) -> int:
        return next(int(number) for number, row in self.walker.enums["species"].items() if row["const"] == name)


def _in_town(stage: Stage) -> None:
    stage.console.boot()
    stage.walker.enter("HOME")
    stage.walker.leave(4, 7, "down")
    stage.walker.enter("WORKSHOP")
    stage.walker.go(7, 4)
    stage.walker.talk("up")
    stage.walker.go(4, 4)
    stage.walker.talk("up")
    stage.walker.leave(4, 11, "down")


def _in_gatehouse(stage: Stage) -> None:
    stage.console.load(state("town"))
    stage.poke("wPartyMon1HP", *STRONG)
    stage.poke("wRepelEffect", 255)
    stage.walker.leave(23, 8, "right")
    while not stage.walker.go(33, 6):
        stage.walker.settle()
    stage.walker.enter("GATEHOUSE")


@lru_cache(maxsize=4)
def state(place: str) -> bytes:
    """The saved state at a place: "town" or "gatehouse"."""
    stage = Stage(Console())
    {"town": _in_town, "gatehouse": _in_gatehouse}[place](stage)
    saved = stage.console.save()
    stage.console.close()
    return saved


def at(place: str) -> Stage:
    """A fresh console at a place."""
    stage = Stage(Console())
    stage.console.load(state(place))
    return stage
