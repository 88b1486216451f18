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
  if_dark later             in a dark cave without a light
  step_back                 the player goes back a step, when the script has ended
  end
:later
  ...
"""

from __future__ import annotations

from dataclasses import dataclass

from cartridge.tools.content import Content
from cartridge.tools.maps import Map
from cartridge.tools.source import DATA, Block, Line, blocks
from cartridge.tools.texts import CONTROL, TextTable, encode_plain

OPERATIONS = (
    "end", "say", "ask", "menu", "close", "jump", "if_set", "if_var", "if_item", "if_party", "set", "clear",
    "give_creature", "give_item", "take_item", "give_money", "badge", "heal", "face_player", "face", "walk",
    "refresh", "pause", "trainer", "wild", "warp", "shop", "credits", "if_badge", "box",
    "if_dark", "step_back",
)  # fmt: skip
"""The opcodes in order; the C enum is made from this list."""

ALIASES = {"if_no": ("if_var", 0), "if_yes": ("if_var", 1)}
SHOP_MAX = 14
"""wCurMartItems, without its end mark."""
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


class Compiler:
    """Turns script blocks into bytes."""

    def __init__(self, content: Content, texts: TextTable, maps: dict[str, Map]) -> None:
        self.content, self.texts, self.maps = content, texts, maps

    def scripts_of(self, found: Map) -> dict[str, Compiled]:
        """The scripts that a map's people, signs and steps name."""
        sources: dict[str, Block] = {}
        for path in (DATA / "scripts" / "common.txt", DATA / "scripts" / f"{found.constant}.txt"):
            if path.exists():
                sources |= {block.head.words[1]: block for block in blocks(path) if block.head.keyword == "script"}
        wanted = {person.script: person.line for person in found.people if person.script}
        wanted |= {spot.script: spot.line for spot in [*found.signs, *found.steps]}
        for name, line in wanted.items():
            if name not in sources:
                raise line.error(f"there is no script {name!r} in data/scripts/{found.constant}.txt or common.txt")
        return {name: self._compile(sources[name], found) for name in wanted}

    def _compile(self, source: Block, found: Map) -> Compiled:
        code = bytearray()
        labels: dict[str, int] = {}
        jumps: list[tuple[int, str, Line]] = []
        for line in source.lines:
            if line.text.startswith(":"):
                labels[line.text[1:]] = len(code)
                continue
            target = self._operation(line, code, found)
            if target:
                jumps.append((len(code), target, line))
                code += b"\0\0"
        code.append(OPERATIONS.index("end"))
        for _, label, line in jumps:
            if label not in labels:
                raise line.error(f"there is no label :{label} in this script")
        return Compiled(bytes(code), tuple((position, labels[label]) for position, label, _ in jumps))

    def _operation(self, line: Line, code: bytearray, found: Map) -> str | None:
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
        elif keyword == "if_dark":
            target = words[0]
        elif keyword in ("badge", "pause"):
            code.append(line.integer(words[0]))
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

    def _menu(self, line: Line, code: bytearray) -> None:
        options = [option.strip() for option in line.rest.split("|")]
        where = f"{line.path.name}:{line.number}"
        end = bytes([CONTROL["END"]])
        numbers = [self.texts.append(encode_plain(option, where) + end) for option in options]
        code += bytes([len(options), *numbers[0].to_bytes(2, "little")])
