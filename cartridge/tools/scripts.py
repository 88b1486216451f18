"""Event scripts: a few words of plain text each line, compiled to the bytecode of `cartridge/src/script.c`.

script girl                 opens a script (cartridge/data/scripts/<MAP>.txt, or common.txt for all maps)
  face_player
  if_set EVENT_X later      jump to a label of this script
  say Good morning!         text, then a button
  ask Shall I help?         text, then YES or NO
  if_no bye
  menu ONE | TWO            the answer, from 0, for `if_var`
  shop TONIC CATCHER        buying and selling
  give_item TONIC 2
  if_facing up later        where the player looks
  if_ram wFarfetchdPosition 2 later      a variable of one byte has this value; `set_ram` gives it one
  move_person 1 4,7         somebody's place, without a walk
  if_dark later             in a dark cave without a light
  step_back                 the player goes back a step, when the script has ended
  end
:later
  ...
"""

from __future__ import annotations

from dataclasses import dataclass

from cartridge.tools.addresses import read_variables
from cartridge.tools.content import Content
from cartridge.tools.maps import Map
from cartridge.tools.source import DATA, Block, Line, blocks
from cartridge.tools.texts import CONTROL, TextTable, encode_plain

OPERATIONS = (
    "end", "say", "ask", "menu", "close", "jump", "if_set", "if_var", "if_item", "if_party", "set", "clear",
    "give_creature", "give_item", "take_item", "give_money", "badge", "heal", "face_player", "face", "walk",
    "refresh", "pause", "trainer", "wild", "warp", "shop", "credits", "if_badge", "box", "if_facing", "if_ram",
    "set_ram", "move_person", "name_boat", "boat", "clock", "if_hours", "gear", "call", "if_radio", "elevator",
    "give_egg", "if_dark", "step_back", "day_care",
)  # fmt: skip
"""The opcodes in order; the C enum is made from this list."""

ALIASES = {"if_no": ("if_var", 0), "if_yes": ("if_var", 1)}
SHOP_MAX = 14
"""wCurMartItems, without its end mark."""
GEAR_BITS = {"radio": 1, "phone": 2}
"""Bits of wPokegearFlags."""
STEPS = {"down": 0, "up": 1, "left": 2, "right": 3}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A script's bytes with the places of its jump targets, relative to its own start."""

    code: bytes
    jumps: tuple[tuple[int, int], ...]
    """(position of the word, offset it points to)"""

    def located(self, address: int) -> bytes:
        """The bytes for a start address."""
        code = bytearray(self.code)
        for position, offset in self.jumps:
            code[position : position + 2] = (address + offset).to_bytes(2, "little")
        return bytes(code)


def read_calls() -> list[Block]:
    """The phone calls of `cartridge/data/calls.txt`: `call key who calls`, then a script."""
    return list(blocks(DATA / "calls.txt"))


def number_of_call(key: str, line: Line) -> int:
    """What wSpecialPhoneCallID says of a call: its place in the file, from 1."""
    keys = [call.head.words[1] for call in read_calls()]
    if key not in keys:
        raise line.error(f"no call of data/calls.txt is {key!r}; known: {', '.join(keys)}")
    return keys.index(key) + 1


class Compiler:
    """Turns script blocks into bytes."""

    def __init__(self, content: Content, texts: TextTable, maps: dict[str, Map]) -> None:
        self.content, self.texts, self.maps = content, texts, maps
        self.variables = read_variables()

    def scripts_of(self, found: Map) -> dict[str, Compiled]:
        """The scripts that a map's people, signs and steps name."""
        sources: dict[str, Block] = {}
        for path in (DATA / "scripts" / "common.txt", DATA / "scripts" / f"{found.constant}.txt"):
            if path.exists():
                sources |= {block.head.words[1]: block for block in blocks(path) if block.head.keyword == "script"}
        wanted = {person.script: person.line for person in found.people if person.script}
        wanted |= {spot.script: spot.line for spot in [*found.signs, *found.steps]}
        if found.load_script and found.load_line:
            wanted[found.load_script] = found.load_line
        for name, line in wanted.items():
            if name not in sources:
                raise line.error(f"there is no script {name!r} in data/scripts/{found.constant}.txt or common.txt")
        return {name: self._compile(sources[name]) for name in wanted}

    def _compile(self, source: Block) -> Compiled:
        code = bytearray()
        labels: dict[str, int] = {}
        jumps: list[tuple[int, str, Line]] = []
        for line in source.lines:
            if line.text.startswith(":"):
                labels[line.text[1:]] = len(code)
                continue
            target = self._operation(line, code)
            if target:
                jumps.append((len(code), target, line))
                code += b"\0\0"
        code.append(OPERATIONS.index("end"))
        for _, label, line in jumps:
            if label not in labels:
                raise line.error(f"there is no label :{label} in this script")
        return Compiled(bytes(code), tuple((position, labels[label]) for position, label, _ in jumps))

    def _operation(self, line: Line, code: bytearray) -> str | None:
        """Adds an operation and its operands; returns the label whose address must follow."""
        keyword, words = line.keyword, line.words[1:]
        value: int | None = None
        if keyword in ALIASES:
            keyword, value = ALIASES[keyword]
        if keyword not in OPERATIONS:
            raise line.error(f"unknown operation {line.keyword!r}; known: {', '.join((*OPERATIONS, *ALIASES))}")
        code.append(OPERATIONS.index(keyword))
        target: str | None = None
        if keyword in ("say", "ask"):
            code += self.texts.add(line.rest, f"{line.path.name}:{line.number}").to_bytes(2, "little")
        elif keyword == "menu":
            self._menu(line, code)
        elif keyword == "jump":
            target = words[0]
        elif keyword in ("if_set", "set", "clear"):
            code += self.content.flag(words[0], line).index.to_bytes(2, "little")
            target = words[1] if keyword == "if_set" else None
        elif keyword == "if_var":
            code.append(line.integer(words[0]) if value is None else value)
            target = words[-1]
        elif keyword in ("if_item", "if_party"):
            code.append(
                self.content.number("items", words[0], line) if keyword == "if_item" else line.integer(words[0])
            )
            target = words[1]
        elif keyword in ("give_item", "take_item"):
            code += bytes([self.content.number("items", words[0], line), line.integer(words[1], 1, 99)])
        elif keyword in ("give_creature", "wild"):
            code += bytes([self.content.number("creatures", words[0], line), line.integer(words[1], 1, 100)])
        elif keyword == "give_money":
            code += line.integer(words[0], 1, 65535).to_bytes(2, "little")
        elif keyword == "trainer":
            trainer = self.content.trainer(words[0], line)
            code += bytes([trainer.class_number, trainer.number])
        elif keyword == "shop":
            if len(words) > SHOP_MAX:
                raise line.error(f"{len(words)} wares; a shop has at most {SHOP_MAX}")
            code += bytes([len(words), *(self.content.number("items", word, line) for word in words)])
        elif keyword == "if_badge":
            code.append(line.integer(words[0], 0, 7))
            target = words[1]
        elif keyword == "if_facing":
            code.append(STEPS[words[0]])
            target = words[1]
        elif keyword in ("if_ram", "set_ram"):
            code += self._address(words[0], line).to_bytes(2, "little") + bytes([line.integer(words[1])])
            target = words[2] if keyword == "if_ram" else None
        elif keyword == "move_person":
            x, y = (line.integer(word, 0, 127) for word in words[1].split(","))
            code += bytes([line.integer(words[0], 1, 15), x, y])
        elif keyword == "if_dark":
            target = words[0]
        elif keyword in ("badge", "pause"):
            code.append(line.integer(words[0]))
        elif keyword == "name_boat":
            code += self._label_numbers(line)
        elif keyword == "clock":
            code.append(line.integer(words[0], 0, 23))
        elif keyword == "if_hours":
            code += bytes([line.integer(words[0], 0, 23), line.integer(words[1], 1, 24)])
            target = words[2]
        elif keyword == "gear":
            code.append(GEAR_BITS[words[0]])
        elif keyword == "call":
            code.append(number_of_call(words[0], line))
        elif keyword == "if_radio":
            code.append(line.integer(words[0], 0, 80))
            target = words[1]
        elif keyword == "elevator":
            self._elevator(line, code)
        elif keyword == "give_egg":
            code.append(self.content.number("creatures", words[0], line))
        elif keyword == "face":
            code += bytes([line.integer(words[0], 1, 15), STEPS[words[1]]])
        elif keyword == "walk":
            code += bytes([line.integer(words[0], 1, 15), *(STEPS[word] for word in words[1:]), 255])
        elif keyword == "warp":
            other = self.maps.get(words[0])
            if other is None:
                raise line.error(f"there is no map {words[0]}")
            code += bytes([other.group, other.number, line.integer(words[1], 1)])
        return target

    def _address(self, name: str, line: Line) -> int:
        """Where a variable of one byte stands that the cartridge keeps."""
        for variable in self.variables:
            if variable.name == name and variable.size == 1 and not variable.in_high_ram:
                return variable.address
        raise line.error(f"the cartridge keeps no variable {name!r} of one byte in work RAM")

    def _menu(self, line: Line, code: bytearray) -> None:
        options = [option.strip() for option in line.rest.split("|")]
        code += bytes([len(options), *self._labels(options, line)[:2]])

    def _label_numbers(self, line: Line) -> bytes:
        """The texts of one line, parted by |, as words: labels without control codes."""
        return self._labels([label.strip() for label in line.rest.split("|")], line)

    def _labels(self, labels: list[str], line: Line) -> bytes:
        """Consecutive numbers of labels, two bytes each."""
        where = f"{line.path.name}:{line.number}"
        end = bytes([CONTROL["END"]])
        numbers = [self.texts.append(encode_plain(label, where) + end) for label in labels]
        return b"".join(number.to_bytes(2, "little") for number in numbers)

    def _elevator(self, line: Line, code: bytearray) -> None:
        """`elevator 1F MAP WARP | 2F MAP WARP`: the floors' labels, then warp, group and number of each."""
        floors = [floor.split() for floor in line.rest.split("|")]
        code += bytes([len(floors)]) + self._labels([label for label, _, _ in floors], line)[:2]
        for _, name, warp in floors:
            place = self.maps.get(name)
            if place is None:
                raise line.error(f"there is no map {name}")
            code += bytes([line.integer(warp, 1, len(place.warps)), place.group, place.number])

    def calls(self) -> tuple[list[Compiled], list[int]]:
        """The scripts of the phone calls in the order of their numbers, and the texts that name who calls."""
        found = read_calls()
        names = [self._labels([" ".join(call.head.words[2:])], call.head) for call in found]
        return [self._compile(call) for call in found], [int.from_bytes(name, "little") for name in names]
