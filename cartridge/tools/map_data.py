"""Packing maps: blocks, block sets, events and headers, in Crystal's row formats where Crystal has one."""

from __future__ import annotations

from cartridge.tools.art import palettes, people, tilesets
from cartridge.tools.blocks import BlockSet, BuiltMap
from cartridge.tools.content import Content
from cartridge.tools.maps import DIRECTIONS, ENVIRONMENTS, MOVEMENTS, TIMES, Hidden, Kind, Map, Person, spawn_places
from cartridge.tools.rom import Place, Rom
from cartridge.tools.scripts import Compiler

CONNECTION_BITS = {"north": 8, "south": 4, "west": 2, "east": 1}
NO_FLAG = 0xFFFF
BG_READ, BG_ITEM = 0, 7
"""Kinds of background events, as Crystal numbers them."""
MAP_SPRITES = 10
NEIGHBOUR_BYTES = 4
VIEW_ALIGNMENT = 256
"""The view routine makes addresses of nibbles, so its tables begin at a multiple of 256."""


def _word(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _neighbour(other: Map, direction: str, offset: int) -> bytes:
    """neighbour_t of map.h."""
    length = other.width if direction in ("north", "south") else other.height
    return bytes([other.group, other.number, offset & 255, length])


class MapPacker:
    """Places maps one by one; sets and tile graphics that maps share are placed once."""

    def __init__(
        self, maps: dict[str, Map], built: dict[str, BuiltMap], content: Content, compiler: Compiler, rom: Rom
    ):
        self.maps, self.built, self.content, self.compiler, self.rom = maps, built, content, compiler, rom
        self.sets: dict[int, tuple[Place, int, int, int]] = {}
        self.graphics: dict[str, tuple[Place, int]] = {}

    def header(self, found: Map, number: int) -> bytes:
        """map_header_t of map.h."""
        built = self.built[found.constant]
        blocks = self.rom.place(built.blocks)
        tiles, attributes, collision, changes = self._set(built.set)
        picture, picture_size = self._graphics(found.tileset)
        home = found.home or (0, 0)
        spawn = self.maps[found.spawn] if found.spawn else None
        header = bytes([found.group, found.number, tilesets.NAMES.index(found.tileset) + 1])
        header += bytes([ENVIRONMENTS[found.environment], number, found.width // 2, found.height // 2])
        header += bytes([built.blocks[0], tuple(palettes.SETS).index(found.palettes)])
        header += blocks.packed()
        header += tiles.packed() + _word(attributes) + _word(collision) + _word(changes)
        header += picture.packed() + _word(picture_size)
        events, behind = self._events(found)
        header += events
        header += bytes([sum(CONNECTION_BITS[direction] for direction in found.connections)])
        for direction in DIRECTIONS:
            name, offset = found.connections.get(direction, (None, 0))
            header += _neighbour(self.maps[name], direction, offset) if name else bytes(NEIGHBOUR_BYTES)
        header += self._wild(found)
        place = spawn_places(self.maps).index(found.spawn) if found.spawn else 0
        header += bytes([spawn.group, spawn.number, place] if spawn else 3) + bytes(home)
        return header + self._sprites(found) + behind

    def _set(self, blocks: BlockSet) -> tuple[Place, int, int, int]:
        if id(blocks) not in self.sets:
            parts = [part + bytes(-len(part) % VIEW_ALIGNMENT) for part in (blocks.tiles(), blocks.attributes())]
            codes = blocks.collision()
            place = self.rom.place(b"".join(parts) + codes + blocks.changes(), VIEW_ALIGNMENT)
            attributes = place.address + len(parts[0])
            collision = attributes + len(parts[1])
            self.sets[id(blocks)] = (place, attributes, collision, collision + len(codes))
        return self.sets[id(blocks)]

    def _graphics(self, name: str) -> tuple[Place, int]:
        if name not in self.graphics:
            tiles = tilesets.build(name).tiles
            self.graphics[name] = (self.rom.place(tiles), len(tiles))
        return self.graphics[name]

    def _events(self, found: Map) -> tuple[bytes, bytes]:
        """Places the scripts and the event rows in one bank; returns bank, then count and address of each kind.

        The second part comes at the end of the header: the rows of changing blocks, and the script that loading runs.
        """
        scripts = self.compiler.scripts_of(found)
        records = {person.line.number: self._record(person, found) for person in found.people}
        records |= {hidden.line.number: self._hidden_record(hidden) for hidden in found.hidden}
        signs = len(found.signs) + len(found.hidden)
        counts = (len(found.warps), len(found.steps), signs, len(found.people), len(found.changes))
        row_bytes = [size * count for size, count in zip((5, 8, 5, 13, 6), counts, strict=True)]
        total = sum(row_bytes) + sum(len(script.code) for script in scripts.values()) + sum(map(len, records.values()))
        place = self.rom.reserve(total)
        addresses = [place.address + sum(row_bytes[:i]) for i in range(len(counts))]
        at, tail, located = addresses[-1] + row_bytes[-1], bytearray(), {}
        for name, script in scripts.items():
            located[name] = at + len(tail)
            tail += script.located(located[name])
        for line_number, record in records.items():
            located[line_number] = at + len(tail)
            tail += record
        rows = bytearray()
        for warp in found.warps:
            target = self.maps[warp.target]
            rows += bytes([warp.y, warp.x, warp.target_warp, target.group, target.number])
        for step in found.steps:
            rows += bytes([255, step.y, step.x, step.boulder]) + _word(located[step.script]) + bytes(2)
        for sign in found.signs:
            rows += bytes([sign.y, sign.x, BG_READ]) + _word(located[sign.script])
        for hidden in found.hidden:
            rows += bytes([hidden.y, hidden.x, BG_ITEM]) + _word(located[hidden.line.number])
        for person in found.people:
            rows += self._object_row(person, located[person.script or person.line.number])
        blocks = self.built[found.constant]
        for change, (at_block, block) in zip(found.changes, blocks.changes, strict=True):
            flag = self.content.flag(change.flag, change.line).index
            rows += _word(at_block) + _word(flag) + bytes([block, blocks.blocks[at_block]])
        self.rom.write(place, bytes(rows + tail))
        lists = [bytes([count]) + _word(address) for count, address in zip(counts, addresses, strict=True)]
        load = located[found.load_script] if found.load_script else 0
        return bytes([place.bank]) + b"".join(lists[:-1]), lists[-1] + _word(load)

    def _object_row(self, person: Person, script: int) -> bytes:
        flag = NO_FLAG
        if person.flag and person.kind != Kind.TRAINER:
            flag = self.content.flag(person.flag, person.line).index
        if person.sprite not in people.NAMES:
            raise person.line.error(f"nobody looks like {person.sprite!r}; known: {', '.join(people.NAMES)}")
        radius = person.radius[0] | person.radius[1] << 4
        sprite, palette = people.NAMES.index(person.sprite) + 1, people.palette(person.sprite)
        row = bytes([sprite, person.y + 4, person.x + 4, MOVEMENTS[person.movement], radius, 255, 255])
        return row + bytes([palette << 4 | person.kind, person.sight]) + _word(script) + _word(flag)

    def _record(self, person: Person, found: Map) -> bytes:
        """What a trainer's or item ball's script pointer leads to; nothing for people with scripts."""
        if person.kind == Kind.ITEM_BALL and person.item:
            return bytes([self.content.number("items", person.item, person.line), 1])
        if person.kind == Kind.TRAINER and person.trainer and person.flag:
            trainer = self.content.trainer(person.trainer, person.line)
            record = bytes([trainer.class_number, trainer.number])
            record += _word(self.content.flag(person.flag, person.line).index)
            for text in (person.seen, person.beaten, person.after):
                record += _word(self.compiler.texts.add(text, f"{found.path.name}:{person.line.number}"))
            return record
        return b""

    def _hidden_record(self, hidden: Hidden) -> bytes:
        """Crystal's record of a hidden item: its flag and the item."""
        flag = self.content.flag(hidden.flag, hidden.line).index
        return _word(flag) + bytes([self.content.number("items", hidden.item, hidden.line)])

    def _wild(self, found: Map) -> bytes:
        """Three rates, then seven (level, species) slots for morning, day and night."""
        if not found.wild:
            return bytes(3)
        numbers = {name: i for i, name in enumerate(self.content.creatures, 1)}
        try:
            tables = [found.wild[time] for time in TIMES]
            slots = bytes(value for table in tables for level, name in table.slots for value in (level, numbers[name]))
        except KeyError as error:
            raise ValueError(f"{found.path.name}: encounters lack {error.args[0]!r}") from error
        return self.rom.place(bytes(table.rate for table in tables) + slots).packed()

    @staticmethod
    def _sprites(found: Map) -> bytes:
        names = dict.fromkeys(["player", *(person.sprite for person in found.people)])
        if len(names) > MAP_SPRITES:
            raise ValueError(f"{found.path.name}: more than {MAP_SPRITES} different people and things")
        return bytes(people.NAMES.index(name) + 1 for name in names).ljust(MAP_SPRITES, b"\0")


def place_maps(
    maps: dict[str, Map], built: dict[str, BuiltMap], content: Content, compiler: Compiler, rom: Rom
) -> Place:
    """Places all maps and returns the list of them: group, number, bank and address of the header, ended by 0."""
    packer = MapPacker(maps, built, content, compiler, rom)
    listing = bytearray()
    for number, found in enumerate(maps.values(), 1):
        header = rom.place(packer.header(found, number))
        listing += bytes([found.group, found.number]) + header.packed()
    return rom.place(bytes(listing) + b"\0")
