"""Fernvale without a console: who can walk where and what talking brings, from the exported data and the scripts.

Fights are won and questions answered with YES, so what is reached here is what the story allows, not what luck does.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cartridge.tools.art import tilesets
from cartridge.tools.maps import read_maps
from cartridge.tools.script_outcomes import Outcome, outcomes_of
from cartridge.tools.scripts import read_calls
from cartridge.tools.source import DATA, Block, Line, blocks
from core.game.profile import game_named

FACTS = Path(__file__).resolve().parents[2] / "core" / "game" / "data" / "fernvale"
STEPS = {"down": (0, 1), "up": (0, -1), "left": (-1, 0), "right": (1, 0)}
HOPS = {0xA0: "right", 0xA1: "left", 0xA2: "up", 0xA3: "down"}
MATS = {0x70: "down", 0x76: "left", 0x78: "up", 0x7E: "right"}
DOORS = {0x60, 0x68, *range(0x71, 0x76), 0x77, 0x79, 0x7A, 0x7B, 0x7C, 0x7D, 0x7F}
PUSHES_DOWN = {0x71, 0x79, 0x7A, 0x7B}
EDGES = {"down": "south", "up": "north", "left": "west", "right": "east"}
WATER, WALL, COUNTER = 0x29, 0x07, 0x90
MACHINE_FOR = {0x12: "HM_CUT", 0x21: "HM_SURF", 0x24: "HM_WHIRLPOOL", 0x33: "HM_WATERFALL"}
"""Collision of an obstacle to the machine whose move takes it. Ice is floor here, and falls lead both ways."""
BOULDER = "SPRITEMOVEDATA_STRENGTH_BOULDER"
ROAMING = {"wander", "walk_up_down", "walk_left_right"}

Cell = tuple[str, int, int]


@dataclass
class Progress:
    """What the player has done and owns."""

    flags: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    pals: int = 0
    badges: set[int] = field(default_factory=set)
    ram: dict[str, int] = field(default_factory=dict)
    """Variables that scripts ask for."""
    rides: set[Cell] = field(default_factory=set)
    """Where scripts have taken the player."""

    def copy(self) -> Progress:
        return Progress(set(self.flags), set(self.items), self.pals, set(self.badges), {**self.ram}, set(self.rides))


class WorldModel:
    """The exported maps with the rules of walking, and the scripts with the rules of talking."""

    def __init__(self) -> None:
        self.maps = json.loads((FACTS / "world.json").read_text(encoding="utf-8"))["maps"]
        self.enums = json.loads((FACTS / "enums.json").read_text(encoding="utf-8"))
        self.collisions = {
            name: [[int(row[i : i + 2], 16) for i in range(0, len(row), 2)] for row in one["collision"]]
            for name, one in self.maps.items()
        }
        self.warps = {name: {(w["x"], w["y"]): w for w in one["warps"]} for name, one in self.maps.items()}
        self.scripts = {name: self._scripts(name) for name in self.maps}
        self.doors = {
            (name, change.x + x, change.y + y): (change.flag, tilesets.build(one.tileset).cells[letter].collision)
            for name, one in read_maps().items()
            for change in one.changes
            for y, row in enumerate(change.rows)
            for x, letter in enumerate(row)
        }
        """Cells that a flag changes: the flag, and what lies there then."""
        self._answers: dict[tuple[Path, int], tuple[Outcome, ...]] = {}
        self.rafts = {row.item for row in game_named("fernvale").field_abilities if row.ability == "surf"}

    @staticmethod
    def _scripts(name: str) -> dict[str, list[Line]]:
        paths = (DATA / "scripts" / "common.txt", DATA / "scripts" / f"{name}.txt")
        return {
            block.head.words[1]: block.lines
            for path in paths
            if path.exists()
            for block in blocks(path)
            if block.head.keyword == "script"
        }

    # ------------------------------------------------------------ walking

    def start(self) -> Cell:
        x, y = self.maps["HOME_UPSTAIRS"]["home"]
        return "HOME_UPSTAIRS", x, y

    def people(self, progress: Progress) -> set[Cell]:
        """Steps that somebody stands on for good; those who roam can be waited for."""
        return {
            (name, thing["x"], thing["y"])
            for name, one in self.maps.items()
            for thing in one["objects"]
            if thing["movement"] not in ROAMING
            and thing["event"] not in progress.flags
            and not (thing["movement"] == BOULDER and "HM_STRENGTH" in progress.items)
        }

    def is_open(self, cell: Cell, progress: Progress) -> bool:
        name, x, y = cell
        code = self.collisions[name][y][x]
        flag, changed = self.doors.get(cell, ("", code))
        if flag in progress.flags:
            code = changed
        if code in MACHINE_FOR:
            return MACHINE_FOR[code] in progress.items
        if code == WATER:
            return bool(self.rafts & progress.items)
        return code != WALL and not 0x80 <= code < 0xA0 and code not in (0x15, 0x27)

    def moves(self, cell: Cell, progress: Progress, taken: set[Cell]) -> Iterator[Cell]:
        """Where one press of the direction pad can lead."""
        name, x, y = cell
        grid = self.collisions[name]
        code = grid[y][x]
        for button, (dx, dy) in STEPS.items():
            there = (name, x + dx, y + dy)
            inside = 0 <= there[1] < len(grid[0]) and 0 <= there[2] < len(grid)
            if not inside:
                crossed = self._cross(there, button)
                if crossed and self.is_open(crossed, progress) and crossed not in taken:
                    yield crossed
            elif self.is_open(there, progress) and there not in taken:
                yield self._arrive(there)
                continue
            elif HOPS.get(code) == button:
                beyond = (name, x + 2 * dx, y + 2 * dy)
                if self.is_open(beyond, progress) and beyond not in taken:
                    yield beyond
                continue
            if MATS.get(code) == button and (x, y) in self.warps[name]:
                yield self._through(name, x, y)

    def _cross(self, there: Cell, button: str) -> Cell | None:
        """The step of the neighbour map beyond an edge."""
        name, x, y = there
        for connection in self.maps[name]["connections"]:
            if connection["direction"] != EDGES[button]:
                continue
            target, shift = connection["target"], connection["offset_steps"]
            x = connection["arrive_x"] if isinstance(connection["arrive_x"], int) else x - shift
            y = connection["arrive_y"] if isinstance(connection["arrive_y"], int) else y - shift
            if 0 <= y < len(self.collisions[target]) and 0 <= x < len(self.collisions[target][0]):
                return target, x, y
        return None

    def _arrive(self, cell: Cell) -> Cell:
        name, x, y = cell
        if self.collisions[name][y][x] in DOORS and (x, y) in self.warps[name]:
            return self._through(name, x, y)
        return cell

    def _through(self, name: str, x: int, y: int) -> Cell:
        warp = self.warps[name][x, y]
        target = warp["target"]
        doors = self.maps[target]["warps"]
        leads_back = warp["target_warp"] < 1
        to = next(one for one in doors if one["target"] == name) if leads_back else doors[warp["target_warp"] - 1]
        pushed = self.collisions[target][to["y"]][to["x"]] in PUSHES_DOWN
        return target, to["x"], to["y"] + pushed

    def reachable(self, start: Cell, progress: Progress) -> dict[Cell, Cell]:
        """Every step that can be stood on, with the step before it."""
        taken = self.people(progress)
        came = {cell: cell for cell in (start, *progress.rides)}
        queue = deque(came)
        while queue:
            here = queue.popleft()
            for there in self.moves(here, progress, taken):
                if there not in came:
                    came[there] = here
                    queue.append(there)
        return came

    def returning(self, cells: dict[Cell, Cell], goal: Cell, progress: Progress) -> set[Cell]:
        """Those of the cells from which the goal can be reached on foot."""
        taken = self.people(progress)
        backwards: dict[Cell, list[Cell]] = {}
        for cell in cells:
            for there in self.moves(cell, progress, taken):
                backwards.setdefault(there, []).append(cell)
        found, queue = {goal}, deque([goal])
        while queue:
            for cell in backwards.get(queue.popleft(), ()):
                if cell not in found:
                    found.add(cell)
                    queue.append(cell)
        return found

    # ------------------------------------------------------------ talking

    def act(self, cells: dict[Cell, Cell], progress: Progress) -> None:
        """Talks to everybody, reads every sign, picks up every ball and steps on every plate within reach, once.

        Signs from the last to the first: switches are told to be pressed so.
        """
        for name, one in self.maps.items():
            for thing in one["objects"]:
                if thing["event"] not in progress.flags and self._beside(cells, name, thing["x"], thing["y"]):
                    self._meet(name, thing, progress)
            for sign in reversed(one["bg_events"]):
                if not self._beside(cells, name, sign["x"], sign["y"]):
                    continue
                if sign["type"] == "BGEVENT_ITEM":
                    self._pick_up(sign, progress)
                else:
                    self.run(self.scripts[name][sign["script"]], progress)
            for hole in one.get("boulder_holes", ()) if "HM_STRENGTH" in progress.items else ():
                if self._beside(cells, name, hole["x"], hole["y"]):
                    progress.flags.update(flag for outcome in hole["outcomes"] for flag in outcome["sets"])
            for step in one["coord_events"]:
                if (name, step["x"], step["y"]) in cells:
                    self.run(self.scripts[name][step["script"]], progress)

    def _beside(self, cells: dict[Cell, Cell], name: str, x: int, y: int) -> bool:
        grid = self.collisions[name]
        for dx, dy in STEPS.values():
            if (name, x + dx, y + dy) in cells:
                return True
            across = 0 <= y + dy < len(grid) and 0 <= x + dx < len(grid[0]) and grid[y + dy][x + dx] == COUNTER
            if across and (name, x + 2 * dx, y + 2 * dy) in cells:
                return True
        return False

    def _meet(self, name: str, thing: dict, progress: Progress) -> None:
        if thing.get("beat_event"):
            if progress.pals:
                progress.flags.add(thing["beat_event"])
        elif thing.get("item"):
            self._pick_up(thing, progress)
        else:
            self.run(self.scripts[name][thing["script"]], progress)

    @staticmethod
    def _pick_up(thing: dict, progress: Progress) -> None:
        progress.items.add(thing["item"])
        progress.flags.add(thing["event"])

    def _ride(self, place: str, warp: int, progress: Progress) -> None:
        to = self.maps[place]["warps"][warp - 1]
        pushed = self.collisions[place][to["y"]][to["x"]] in PUSHES_DOWN
        progress.rides.add((place, to["x"], to["y"] + pushed))

    def _answers_of(self, lines: list[Line]) -> tuple[Outcome, ...]:
        """The ways through a script that want another answer than YES, or a line of a list."""
        key = (lines[0].path, lines[0].number)
        if key not in self._answers:
            badges = {int(bit): f"ENGINE_{row['const']}" for bit, row in self.enums["badges"]["johto"]["bits"].items()}
            found = outcomes_of(Block(lines[0], lines), badges)
            self._answers[key] = tuple(one for one in found if one.answers or one.options)
        return self._answers[key]

    @staticmethod
    def _is_possible(outcome: Outcome, progress: Progress) -> bool:
        known = progress.flags | progress.items
        return known >= {name for name in outcome.needs if not name.startswith("ENGINE")} and known.isdisjoint(
            outcome.without
        )

    def run(self, lines: list[Line], progress: Progress) -> None:
        """Plays a script: YES to every question but where the story wants another answer, every fight won."""
        wanted = next((one for one in self._answers_of(lines) if self._is_possible(one, progress)), Outcome())
        no, choices = {number for number, _ in wanted.answers}, iter(wanted.options)
        asked, chosen = 0, -1
        labels = {line.text[1:]: i for i, line in enumerate(lines) if line.text.startswith(":")}
        at, budget = 0, 200
        while at < len(lines):
            words = lines[at].words
            at, budget = at + 1, budget - 1
            assert budget, f"{lines[0].path.name}:{lines[0].number}: the script runs in a circle"
            keyword, target = words[0], words[-1]
            jumps = {
                "jump": True,
                "if_set": len(words) > 1 and words[1] in progress.flags,
                "if_item": len(words) > 1 and words[1] in progress.items,
                "if_party": len(words) > 1 and words[1].isdigit() and progress.pals >= int(words[1]),
                "if_badge": len(words) > 1 and words[1].isdigit() and int(words[1]) in progress.badges,
                "if_yes": asked not in no,
                "if_no": asked in no,
                "if_var": len(words) > 2 and words[1] == str(chosen),
                "if_hours": True,
                "if_radio": "EVENT_RADIO_CARD" in progress.flags,
                "if_facing": True,  # one comes from the side that leads on
                "if_ram": keyword == "if_ram" and progress.ram.get(words[1], 0) == int(words[2]),
            }
            if jumps.get(keyword):
                at = labels[target]
            elif keyword == "end" or (keyword == "trainer" and not progress.pals):
                return
            elif keyword == "ask":
                asked += 1
            elif keyword == "menu":
                chosen = next(choices, (1,))[0] - 1
            elif keyword == "call":
                self.run(next(one.lines for one in read_calls() if one.head.words[1] == target), progress)
            elif keyword == "give_egg":
                progress.flags.add("EVENT_EGG_HATCHED")
            elif keyword == "elevator":
                for floor in lines[at - 1].rest.split("|"):
                    _, place, warp = floor.split()
                    self._ride(place, int(warp), progress)
            elif keyword == "set_ram":
                progress.ram[words[1]] = int(target)
            elif keyword == "warp":
                self._ride(words[1], int(target), progress)
            elif keyword == "set":
                progress.flags.add(target)
            elif keyword == "clear":
                progress.flags.discard(target)
            elif keyword == "give_item":
                progress.items.add(words[1])
            elif keyword == "take_item":
                progress.items.discard(words[1])
            elif keyword == "give_creature":
                progress.pals += 1
            elif keyword == "badge":
                progress.badges.add(int(target))
