"""A plain player for the tests: finds its way over the map as RAM shows it, talks, fights with the strongest move."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

from tests.cartridge.console import LAYOUT, Console

FACTS = Path(__file__).resolve().parents[2] / "core" / "game" / "data" / "fernvale"
STEPS = {"down": (0, 1), "up": (0, -1), "left": (-1, 0), "right": (1, 0)}
FACING = {"down": 0, "up": 4, "left": 8, "right": 12}
HOPS = {0xA0: "right", 0xA1: "left", 0xA2: "up", 0xA3: "down"}
WALLS = {0x07, 0x0F, 0x12, 0x15, 0x1A, 0x1D, 0x27, 0x29, 0x2F, 0x62, 0x6A, *range(0x80, 0xA0)}
WARPS = {0x71, 0x72, 0x79, 0x7A, 0x7B}
OBJECT = LAYOUT.record("object_struct")


class Walker:
    """Plays by rules on one console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.walls = WALLS
        self.world = json.loads((FACTS / "world.json").read_text(encoding="utf-8"))["maps"]
        self.enums = json.loads((FACTS / "enums.json").read_text(encoding="utf-8"))
        self.names = {(row["group"], row["number"]): name for name, row in self.world.items()}

    # ------------------------------------------------------------ what RAM shows

    @property
    def map(self) -> str:
        return self.names[self.console.read("wMapGroup"), self.console.read("wMapNumber")]

    @property
    def place(self) -> tuple[str, int, int]:
        return self.map, self.console.read("wXCoord"), self.console.read("wYCoord")

    def collision(self, x: int, y: int) -> int:
        """The map-reading rule: block from RAM, collision byte from ROM."""
        console = self.console
        block = console.read("wOverworldMapBlocks", (y // 2 + 3) * (console.read("wMapWidth") + 6) + x // 2 + 3)
        address = console.pointer("wTilesetCollisionAddress") + 4 * block + 2 * (y % 2) + x % 2
        return console.rom(console.read("wTilesetCollisionBank"), address)

    def people(self) -> set[tuple[int, int]]:
        """Steps that people near the screen stand on or walk to."""
        found = set()
        for i in range(1, 13):
            base = i * 40
            if self.console.read("wObjectStructs", base + OBJECT.offset("sprite")):
                x = self.console.read("wObjectStructs", base + OBJECT.offset("map_x")) - 4
                y = self.console.read("wObjectStructs", base + OBJECT.offset("map_y")) - 4
                found.add((x, y))
        return found

    # ------------------------------------------------------------ walking

    def path(self, goal: tuple[int, int]) -> list[str]:
        """Buttons of a shortest way on this map; empty if there is none."""
        width, height = 2 * self.console.read("wMapWidth"), 2 * self.console.read("wMapHeight")
        _, x, y = self.place
        people = self.people() - {goal}
        came: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
        queue = deque([(x, y)])
        while queue:
            here = queue.popleft()
            if here == goal:
                break
            for button, (dx, dy) in STEPS.items():
                there = (here[0] + dx, here[1] + dy)
                if HOPS.get(self.collision(*here)) == button:
                    there = (here[0] + 2 * dx, here[1] + 2 * dy)
                if not (0 <= there[0] < width and 0 <= there[1] < height) or there in came or there == (x, y):
                    continue
                code = self.collision(*there)
                if code in self.walls or there in people or (code in WARPS and there != goal):
                    continue
                came[there] = (here, button)
                queue.append(there)
        buttons: list[str] = []
        at = goal
        while at != (x, y):
            if at not in came:
                return []
            at, button = came[at]
            buttons.append(button)
        return buttons[::-1]

    def step(self, button: str) -> None:
        """Holds a direction until something changes, then lets go and waits until all is quiet."""
        before = self.place
        self.console.pyboy.button_press(button)
        for _ in range(48):
            self.console.tick(1)
            if (
                self.place != before
                or self.console.read("wBattleMode")
                or self.console.read("wScriptRunning") not in (0, 9)
            ):
                break
        self.console.pyboy.button_release(button)
        self.settle()

    def go(self, x: int, y: int, limit: int = 600) -> bool:
        """Walks to a step of this map. False when the map changed on the way."""
        start = self.map
        for _ in range(limit):
            if self.map != start:
                return False
            if self.place == (start, x, y):
                return True
            buttons = self.path((x, y))
            if not buttons:
                self.console.tick(16)
                continue
            self.step(buttons[0])
        raise AssertionError(f"no way from {self.place} to {(x, y)}")

    def enter(self, target: str) -> None:
        """Walks onto the door, stairs or cave mouth that leads to a map."""
        warp = next(warp for warp in self.world[self.map]["warps"] if warp["target"] == target)
        self.go(warp["x"], warp["y"])
        assert self.map == target, f"the way to {target} led to {self.place}"

    def leave(self, x: int, y: int, button: str) -> None:
        """Goes to a step and walks off it: a mat, a door or an edge of the map."""
        start = self.map
        while self.map == start:
            if self.go(x, y):
                self.step(button)

    def talk(self, button: str) -> None:
        """Faces a direction and presses A until everything has been said."""
        if self.console.read("wPlayerDirection") != FACING[button]:
            self.console.press(button, 2, 12)
        self.console.press("a", 3, 6)
        self.settle()

    # ------------------------------------------------------------ boxes and battles

    def settle(self, limit: int = 3000) -> None:
        """Answer everything on the screen until the player is free."""
        quiet = 0
        for _ in range(limit):
            if self.console.is_ready:
                quiet += 1
                if quiet >= 4:
                    return
                self.console.tick(2)
                continue
            quiet = 0
            if self.console.read("wBattleMode") and self.at_battle_menu():
                self.console.press("a", 3, 8)
            elif self.console.read("wBattleMode") and self.at_move_list():
                self.choose_move()
            elif self.console.read("wBattleMode") and self.at_party():
                self.choose_pal()
            elif self.console.read("wStateFlags") & 0x40 or self.console.read("wBattleMode"):
                self.console.press("a", 3, 5)
            else:
                self.console.tick(2)
        raise AssertionError(f"stuck at {self.place}:\n" + "\n".join(self.console.screen()))

    def at_battle_menu(self) -> bool:
        cursor = self.console.pointer("wCursorCurrentTile")
        tiles = [self.console.tile(10 + i, 14) for i in range(5)]
        return tiles == [0x85, 0x88, 0x86, 0x87, 0x93] and self.console.byte(cursor) == 0xED

    def at_move_list(self) -> bool:
        cursor = self.console.pointer("wCursorCurrentTile")
        return (
            self.console.tile(4, 12) == 0x79 and self.console.byte(cursor) == 0xED and cursor % 20 == (0xC4A0 + 5) % 20
        )

    def at_party(self) -> bool:
        """The list of pals: the only menu whose cursor stands in column 0."""
        offset = self.console.pointer("wCursorCurrentTile") - 0xC4A0
        return offset % 20 == 0 and self.console.read("wTilemap", offset) == 0xED

    def choose_pal(self) -> None:
        """The first pal that can fight."""
        able = next(i for i in range(6) if self.console.word("wPartyMons", i * 48 + 34))
        for _ in range(6):
            if self.console.read("wMenuCursorY") == able + 1:
                break
            self.console.press("down", 3, 5)
        self.console.press("a", 3, 5)

    def best_move(self) -> int:
        """The slot of the move with the most expected damage that has power points left."""
        scores = []
        foe = {self.enums["types"][str(self.console.read("wEnemyMon", offset))] for offset in (30, 31)}
        own = {self.enums["types"][str(self.console.read("wBattleMon", offset))] for offset in (30, 31)}
        for slot in range(4):
            number, pp = self.console.read("wBattleMonMoves", slot), self.console.read("wBattleMonPP", slot)
            move = self.enums["moves"].get(str(number))
            if not move or not pp:
                scores.append(-1.0)
                continue
            score = move["power"] * move["accuracy_pct"] * (1.5 if move["type"] in own else 1.0)
            for attacker, defender, factor in self.enums["type_chart"]:
                if attacker == move["type"] and defender in foe:
                    score *= factor
            scores.append(score)
        return scores.index(max(scores))

    def choose_move(self) -> None:
        """Moves the cursor to the best move and takes it."""
        for _ in range(4):
            if self.console.read("wMenuCursorY") == self.best_move() + 1:
                break
            self.console.press("down", 3, 5)
        self.console.press("a", 3, 5)
