"""Maps as authors draw them: a header, people, warps and signs, and a picture in steps (`cartridge/data/maps/*.txt`).

id 1 2                      group and number
name Fern Path              the name people read
tileset outdoor
environment ROUTE
border T                    the cell outside the picture
connect west HAZEL_HOLLOW 0 the neighbour's picture shifted by 0 steps along the edge
home 5,9                    where a white-out puts the player (towns)
spawn HAZEL_HOLLOW          entering makes that map the white-out destination (healers)
warp 6,5 HOME 1             stepping there leads to the first warp of HOME
warp 1,3 STORE_1F back      the door of an elevator: to where one came in, or to the chosen floor
person 8,9 girl wander script=girl radius=2,1 flag=EVENT_X
trainer 16,6 child stand_left trainer=SCOUT_WYN sight=3 flag=EVENT_BEAT_WYN seen="..." beaten="..." after="..."
ball 27,2 TONIC flag=EVENT_FERN_PATH_TONIC
sign 10,6 script=town_sign
boulder 8,3 flag=EVENT_FELL                a boulder to push; there until the flag is set
hole 11,2 1 script=fell                    what happens when the first person or thing, a boulder, is pushed onto it
hidden 21,4 TONIC flag=EVENT_HIDDEN_X
step 18,7 script=stop
area DEN warp=2,3 person=4 edge=east     a part that one cannot always walk to; also sign= and step=; numbers from 1
gate main DEN needs=KEY without=EVENT_X moves=CUT one_way      when one can walk from part to part; main is the rest
change 6,4 flag=EVENT_DOOR ..|.X         with the flag the 2x2 steps from there (even numbers) look like this
load script=lamb                         runs whenever the map is loaded, before anybody is seen; says nothing
wild 25 2 PIPKIT, 3 GNAWLET, ...    encounter rate of 256 a step, then seven level and creature pairs
picture
TTTT...
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from cartridge.tools.source import DATA, Line, lines

DIRECTIONS = ("south", "north", "west", "east")
"""In the order of the engine's directions: down, up, left, right."""

ENVIRONMENTS = {"TOWN": 1, "ROUTE": 2, "INDOOR": 3, "CAVE": 4, "GATE": 6, "DUNGEON": 7}
BOULDER = "SPRITEMOVEDATA_STRENGTH_BOULDER"
"""The movement of what can be pushed, by Crystal's name."""
MOVEMENTS = {
    "still": 1,
    "wander": 2,
    "spin": 3,
    "walk_up_down": 4,
    "walk_left_right": 5,
    "stand_down": 6,
    "stand_up": 7,
    "stand_left": 8,
    "stand_right": 9,
    BOULDER: 25,
}
WILD_SLOTS = 7
TIMES = ("morn", "day", "nite")
BORDER_STEPS = 6
MAX_BLOCKS = 1300
"""wOverworldMapBlocks, border included."""
MAX_OBJECTS = 15
AREA_LISTS = {"warp": "warps", "person": "objects", "sign": "signs", "step": "steps", "edge": "edges"}
MAIN_AREA = "main"
"""The part of a map to which everything belongs that no area names."""


LEADS_BACK = 255
"""The number of the warp to which an elevator's door leads."""


class Kind(IntEnum):
    """Object types, as in the low nibble of the object event's palette byte."""

    SCRIPT = 0
    ITEM_BALL = 1
    TRAINER = 2


@dataclass(frozen=True, slots=True)
class Person:
    """Someone or something standing on the map."""

    line: Line
    x: int
    y: int
    sprite: str
    movement: str
    kind: Kind
    script: str | None = None
    flag: str | None = None
    radius: tuple[int, int] = (0, 0)
    sight: int = 0
    trainer: str | None = None
    seen: str = ""
    beaten: str = ""
    after: str = ""
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Warp:
    line: Line
    x: int
    y: int
    target: str
    target_warp: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A sign to read or a step that starts a script."""

    line: Line
    x: int
    y: int
    script: str
    boulder: int = 0
    """Of a step: the number (from 1) of the person or thing that starts the script there, a boulder; 0: the player."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """An item that nobody sees: pressing A at its step finds it once."""

    line: Line
    x: int
    y: int
    item: str
    flag: str


@dataclass(frozen=True, slots=True)
class Wild:
    """One table of encounters: chance of 256 a step and seven (level, creature) slots."""

    rate: int
    slots: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """A way between two parts of a map and what must be true for it."""

    line: Line
    start: str
    end: str
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A block that looks otherwise once a flag is set."""

    line: Line
    x: int
    y: int
    flag: str
    rows: tuple[str, str]


@dataclass(slots=True)
class Map:
    constant: str
    path: Path
    group: int = 0
    number: int = 0
    name: str = ""
    tileset: str = ""
    environment: str = ""
    border: str = ""
    palettes: str = "day"
    connections: dict[str, tuple[str, int]] = field(default_factory=dict)
    home: tuple[int, int] | None = None
    spawn: str | None = None
    warps: list[Warp] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    signs: list[Spot] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    steps: list[Spot] = field(default_factory=list)
    wild: dict[str, Wild] = field(default_factory=dict)
    areas: dict[str, dict[str, tuple[int | str, ...]]] = field(default_factory=dict)
    """Parts that one cannot always walk to, by name: their warps, objects, signs, steps and edges."""
    gates: list[Gate] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    load_script: str | None = None
    load_line: Line | None = None
    rows: list[str] = field(default_factory=list)

    @property
    def is_elevator(self) -> bool:
        """Whether its doors lead to any of the maps from which one comes in."""
        return any(warp.target_warp == LEADS_BACK for warp in self.warps)

    @property
    def width(self) -> int:
        """In steps."""
        return len(self.rows[0])

    @property
    def height(self) -> int:
        return len(self.rows)

    def at(self, x: int, y: int) -> str:
        return self.rows[y][x]


def _place(line: Line, word: str) -> tuple[int, int]:
    x, comma, y = word.partition(",")
    if not comma:
        raise line.error(f"expected x,y, got {word!r}")
    return line.integer(x), line.integer(y)


def _person(line: Line, words: list[str]) -> Person:
    keyword, place, what, *rest = (*words, "") if len(words) == 2 else words
    x, y = _place(line, place)
    pairs = dict(word.split("=", 1) for word in rest if "=" in word)
    if keyword == "boulder":
        flag = next((word.partition("=")[2] for word in words[2:]), None)
        return Person(line, x, y, "boulder", BOULDER, Kind.SCRIPT, "boulder", flag)
    if keyword == "ball":
        return Person(line, x, y, "ball", "still", Kind.ITEM_BALL, flag=pairs["flag"], item=what)
    movement = rest[0]
    if movement not in MOVEMENTS:
        raise line.error(f"unknown movement {movement!r}; known: {', '.join(MOVEMENTS)}")
    if keyword == "trainer":
        sight = line.integer(pairs["sight"], 1, 9)
        return Person(
            line, x, y, what, movement, Kind.TRAINER, None, pairs["flag"], (0, 0), sight,
            pairs["trainer"], pairs["seen"], pairs["beaten"], pairs["after"],
        )  # fmt: skip
    radius = _place(line, pairs["radius"]) if "radius" in pairs else (1, 1)
    return Person(line, x, y, what, movement, Kind.SCRIPT, pairs["script"], pairs.get("flag"), radius)


def _wild(line: Line, words: list[str], times: tuple[str, ...], found: Map) -> None:
    slots = []
    for entry in " ".join(words[1:]).split(","):
        level, creature = entry.split()
        slots.append((line.integer(level, 1, 100), creature))
    if len(slots) != WILD_SLOTS:
        raise line.error(f"expected {WILD_SLOTS} slots, got {len(slots)}")
    for time in times:
        found.wild[time] = Wild(line.integer(words[0]), tuple(slots))


def _area(line: Line, found: Map) -> None:
    parts: dict[str, tuple[int | str, ...]] = {}
    for key, value in line.options(2).items():
        if key not in AREA_LISTS:
            raise line.error(f"unknown part {key!r}; known: {', '.join(AREA_LISTS)}")
        numbers = value.split(",")
        parts[AREA_LISTS[key]] = tuple(numbers if key == "edge" else (line.integer(one, 1) for one in numbers))
    found.areas[line.words[1]] = parts


def _gate(line: Line, found: Map) -> None:
    one_way = line.words[-1] == "one_way"
    _, start, end, *rest = line.words[: -1 if one_way else None]
    words = {key: tuple(value.split(",")) for key, value in (word.split("=", 1) for word in rest)}
    strangers = words.keys() - {"needs", "without", "moves"}
    if strangers:
        raise line.error(f"unknown conditions {sorted(strangers)}; known: needs, without, moves")
    found.gates.append(Gate(line, start, end, **words, one_way=one_way))


def _change(line: Line) -> Change:
    """One block of 2x2 steps: a door that opens."""
    _, place, flag, picture = line.words
    x, y = _place(line, place)
    rows = picture.split("|")
    if x % 2 or y % 2 or [len(row) for row in rows] != [2, 2]:
        raise line.error(f"{place} {picture!r}: a change is of 2x2 steps, as in ..|.X, from a step with even numbers")
    return Change(line, x, y, flag.removeprefix("flag="), (rows[0], rows[1]))


def _header(found: Map, line: Line) -> None:
    words = shlex.split(line.text) if line.keyword == "trainer" else line.words
    keyword, rest = words[0], words[1:]
    if keyword == "id":
        found.group, found.number = line.integer(rest[0], 1, 254), line.integer(rest[1], 1, 254)
    elif keyword in ("name", "tileset", "environment", "palettes", "spawn"):
        setattr(found, keyword, line.rest)
    elif keyword == "border":
        found.border = " " if line.rest == "nothing" else line.rest
    elif keyword == "connect":
        found.connections[rest[0]] = (rest[1], line.integer(rest[2], -120, 120))
    elif keyword == "home":
        found.home = _place(line, rest[0])
    elif keyword == "warp":
        number = LEADS_BACK if rest[2] == "back" else line.integer(rest[2], 1, LEADS_BACK - 1)
        found.warps.append(Warp(line, *_place(line, rest[0]), rest[1], number))
    elif keyword in ("person", "trainer", "ball", "boulder"):
        found.people.append(_person(line, words))
    elif keyword in ("sign", "step"):
        spots = found.signs if keyword == "sign" else found.steps
        spots.append(Spot(line, *_place(line, rest[0]), rest[1].partition("=")[2]))
    elif keyword == "hole":
        spot = _place(line, rest[0])
        found.steps.append(Spot(line, *spot, rest[2].partition("=")[2], line.integer(rest[1], 1, MAX_OBJECTS)))
    elif keyword == "hidden":
        found.hidden.append(Hidden(line, *_place(line, rest[0]), rest[1], rest[2].removeprefix("flag=")))
    elif keyword == "change":
        found.changes.append(_change(line))
    elif keyword == "load":
        found.load_script, found.load_line = rest[0].partition("=")[2], line
    elif keyword in ("area", "gate"):
        (_area if keyword == "area" else _gate)(line, found)
    elif keyword == "wild":
        _wild(line, rest, TIMES, found)
    elif keyword in ("wild_morn", "wild_day", "wild_nite"):
        _wild(line, rest, (keyword.removeprefix("wild_"),), found)
    else:
        raise line.error(f"unknown keyword {keyword!r}")


def _check(found: Map) -> None:
    where = found.path.name
    if not found.rows or any(len(row) != found.width for row in found.rows):
        raise ValueError(f"{where}: the rows of the picture differ in length")
    if found.width % 2 or found.height % 2:
        raise ValueError(f"{where}: {found.width}x{found.height} steps; both must be even (a block is 2x2 steps)")
    if (found.width // 2 + 6) * (found.height // 2 + 6) > MAX_BLOCKS:
        raise ValueError(f"{where}: more than {MAX_BLOCKS} blocks with the border")
    if found.environment not in ENVIRONMENTS:
        raise ValueError(f"{where}: unknown environment {found.environment!r}")
    if len(found.people) > MAX_OBJECTS:
        raise ValueError(f"{where}: more than {MAX_OBJECTS} people and things")
    for gate in found.gates:
        for name in (gate.start, gate.end):
            if name != MAIN_AREA and name not in found.areas:
                raise gate.line.error(f"there is no area {name!r} on this map")
    for thing in [*found.people, *found.warps, *found.signs, *found.hidden, *found.steps, *found.changes]:
        if not (thing.x < found.width and thing.y < found.height):
            raise thing.line.error(f"{thing.x},{thing.y} is outside the picture")


def read_map(path: Path) -> Map:
    """One map from its file; the file's name is its constant."""
    found = Map(path.stem, path)
    header: list[Line] = []
    for line in lines(path):
        if line.text == "picture":
            break
        header.append(line)
    for line in header:
        _header(found, line)
    text = path.read_text(encoding="utf-8").splitlines()
    found.rows = [row for row in text[text.index("picture") + 1 :] if row]
    _check(found)
    return found


def read_maps() -> dict[str, Map]:
    """All maps by constant, in the order of their ids."""
    found = sorted((read_map(path) for path in (DATA / "maps").glob("*.txt")), key=lambda one: (one.group, one.number))
    maps = {one.constant: one for one in found}
    for one in found:
        for other in [target for target, _ in one.connections.values()] + [warp.target for warp in one.warps]:
            if other not in maps:
                raise ValueError(f"{one.path.name}: there is no map {other}")
        for warp in one.warps:
            if warp.target_warp > len(maps[warp.target].warps) and warp.target_warp != LEADS_BACK:
                raise warp.line.error(f"{warp.target} has no warp {warp.target_warp}")
    return maps


def spawn_places(maps: dict[str, Map]) -> list[str]:
    """The maps to which one comes back, and can fly once their healers were visited; a place's number is its index."""
    return list(dict.fromkeys(found.spawn for found in maps.values() if found.spawn))
