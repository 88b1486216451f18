"""Packing the game's data into the ROM in the records that the C code reads, and the constants that it needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from cartridge.tools import texts as text_codes
from cartridge.tools.art import creatures as creature_art
from cartridge.tools.art import font, frame, palettes, people, title
from cartridge.tools.blocks import BuiltMap, build_blocks
from cartridge.tools.content import TRAINER_ITEMS, Content, Effect, ItemEffect
from cartridge.tools.map_data import place_maps
from cartridge.tools.maps import Map, spawn_places
from cartridge.tools.rom import Place, Rom
from cartridge.tools.scripts import OPERATIONS, Compiler
from cartridge.tools.source import DATA, lines
from cartridge.tools.texts import TextTable, encode_name

NAME_SIZE = 11
LONG_NAME_SIZE = 13
PERSON_BYTES = 384
COPY_ALIGNMENT = 16
"""The console's copy engine takes sources at multiples of 16."""
PALETTE_SETS = tuple(palettes.SETS)


@dataclass(slots=True)
class Constants:
    """The lines of data.h."""

    defines: list[str] = field(default_factory=list)

    def number(self, name: str, value: int) -> None:
        self.defines.append(f"#define {name} {value}")

    def place(self, name: str, place: Place) -> None:
        self.defines.append(f"#define {name}_BANK {place.bank}")
        self.defines.append(f"#define {name} ((const u8 *)0x{place.address:04X})")

    def header(self) -> str:
        opening = ["/* Made by cartridge/tools/game_data.py. */", "#ifndef DATA_H", "#define DATA_H"]
        return "\n".join([*opening, *self.defines, "#endif", ""])


def _engine_texts(table: TextTable, constants: Constants) -> None:
    for line in lines(DATA / "texts.txt"):
        name, _, text = line.text.partition(": ")
        where = f"texts.txt:{line.number}"
        codes = text_codes.encode(text, where)
        constants.number(f"TEXT_{name}", table.append(codes))
    for name, code in text_codes.CONTROL.items():
        constants.number(f"TEXT_{name}", code)


def _graphics(rom: Rom, constants: Constants) -> None:
    constants.place("FONT", rom.place(font.tiles()))
    constants.place("FRAME", rom.place(frame.tiles()))
    pictures = b"".join(people.tiles(name).ljust(PERSON_BYTES, b"\0") for name in people.NAMES)
    constants.place("PEOPLE", rom.place(pictures, COPY_ALIGNMENT))
    constants.number("SPRITE_EMOTE", people.NAMES.index("emote") + 1)
    constants.number("PALETTE_EMOTE", people.palette("emote"))
    constants.number("SPRITE_PLAYER", people.NAMES.index("player") + 1)
    constants.number("SPRITE_RAFT", people.NAMES.index("raft") + 1)
    every = [*(palettes.SETS[name] for name in PALETTE_SETS), palettes.OBJECTS]
    levels = [b"".join(palettes.encode(palettes.pale(one, percent)) for one in every) for percent in palettes.FADE]
    constants.place("PALETTES", rom.place(b"".join(levels)))
    constants.number("PALETTES_LEVEL_SIZE", len(levels[0]))
    constants.number("PALETTES_OBJECTS", len(PALETTE_SETS))
    for i, name in enumerate(PALETTE_SETS):
        constants.number(f"PALETTES_{name.upper()}", i)
    picture = title.tiles_and_map()
    constants.place("TITLE_TILES", rom.place(picture.tiles))
    constants.number("TITLE_TILES_SIZE", len(picture.tiles))
    constants.place("TITLE_MAP", rom.place(bytes(picture.tile_ids) + bytes(picture.attributes)))


def _creatures(content: Content, rom: Rom, constants: Constants) -> None:
    """species_t of party.h: 32 bytes each, then the moves learnt as (level, move) pairs ended by 0."""
    learnt, learnsets = bytearray(), []
    move_numbers = {name: i for i, name in enumerate(content.moves, 1)}
    species_numbers = {name: i for i, name in enumerate(content.creatures, 1)}
    for creature in content.creatures.values():
        learnsets.append(len(learnt))
        learnt += bytes(value for level, move in creature.learns for value in (level, move_numbers[move])) + b"\0"
    table = rom.reserve(32 * len(content.creatures) + len(learnt))
    moves_at = table.address + 32 * len(content.creatures)
    records = bytearray()
    for i, creature in enumerate(content.creatures.values()):
        front, back = creature_art.front(creature.name), creature_art.back(creature.name)
        colours = palettes.encode((creature_art.palette(creature.name),))
        picture = rom.place(front + back + colours)
        evolve_level, evolve_to = creature.evolves or (0, "")
        records += encode_name(creature.name, NAME_SIZE, creature.name) + bytes(creature.stats)
        records += bytes([content.types[name] for name in creature.types]) + bytes(
            [creature.catch_rate, creature.base_exp]
        )
        records += bytes([evolve_level, species_numbers.get(evolve_to, 0)])
        records += (moves_at + learnsets[i]).to_bytes(2, "little") + picture.packed()
        records += bytes([sum(1 << content.machines[move].amount - 1 for move in creature.machines)])
        records += bytes(32 * (i + 1) - len(records))
    rom.write(table, bytes(records) + bytes(learnt))
    constants.place("SPECIES", table)
    constants.number("SPECIES_COUNT", len(content.creatures))


def _moves(content: Content, rom: Rom, constants: Constants) -> None:
    """move_t of moves.h: 20 bytes each."""
    records = b"".join(
        encode_name(move.name, LONG_NAME_SIZE, move.name)
        + bytes([content.types[move.type], move.power, move.accuracy_percent * 255 // 100, move.pp, move.effect])
        + bytes([move.chance_percent * 255 // 100, 0])
        for move in content.moves.values()
    )
    constants.place("MOVES", rom.place(records))
    for i, name in enumerate(content.moves, 1):
        constants.number(f"MOVE_{name}", i)
    chart = (
        bytes(value for a, d, tenths in content.chart for value in (content.types[a], content.types[d], tenths))
        + b"\xff"
    )
    constants.place("TYPE_CHART", rom.place(chart))
    names = b"".join(encode_name(name, 8, "types.txt") + bytes([number]) for name, number in content.types.items())
    constants.place("TYPE_NAMES", rom.place(names + bytes([0x50] * 8 + [255])))


def _items(content: Content, rom: Rom, constants: Constants) -> None:
    """item_t of bag.h: 20 bytes each."""
    pockets = {"ITEM": 0, "BALL": 1, "KEY_ITEM": 2, "TM_HM": 3}
    records = b"".join(
        encode_name(item.name, LONG_NAME_SIZE, item.name)
        + bytes([pockets[item.pocket], item.price & 255, item.price >> 8, item.effect, item.amount, item.badge, 0])
        for item in content.items.values()
    )
    constants.place("ITEMS", rom.place(records))
    for i, name in enumerate(content.items, 1):
        constants.number(f"ITEM_{name}", i)


def _trainers(content: Content, rom: Rom, constants: Constants) -> None:
    """A list of class, number, reward, skill, two items, name, party count and (level, species) pairs.

    Each is preceded by its size."""
    numbers = {name: i for i, name in enumerate(content.creatures, 1)}
    item_numbers = {name: i for i, name in enumerate(content.items, 1)}
    out = bytearray()
    for trainer in content.trainers.values():
        party = bytes(value for level, name in trainer.party for value in (level, numbers[name]))
        record = bytes([trainer.class_number, trainer.number, trainer.base_reward, trainer.skill])
        record += bytes(item_numbers[item] for item in trainer.items).ljust(TRAINER_ITEMS, b"\0")
        record += encode_name(trainer.name.upper(), NAME_SIZE, "trainers.txt") + bytes([len(trainer.party)]) + party
        out += bytes([len(record) + 1]) + record
    constants.place("TRAINERS", rom.place(bytes(out) + b"\0"))


def _calls(compiler: Compiler, rom: Rom, constants: Constants) -> None:
    """Two bytes of address for each call, then the scripts."""
    scripts, names = compiler.calls()
    place = rom.reserve(sum(2 + len(script.code) for script in scripts))
    at, heads, tail = place.address + 2 * len(scripts), b"", b""
    for script in scripts:
        heads += (at + len(tail)).to_bytes(2, "little")
        tail += script.located(at + len(tail))
    rom.write(place, heads + tail)
    constants.place("CALLS", place)
    constants.number("TEXT_CALLERS", names[0])


def _constants(content: Content, constants: Constants) -> None:
    for kind, prefix in ((Effect, "EFFECT"), (ItemEffect, "ITEM_EFFECT")):
        for member in kind:
            constants.number(f"{prefix}_{member.name}", member.value)
    for name, number in content.types.items():
        constants.number(f"TYPE_{name}", number)
    for flag in content.flags.values():
        constants.number(f"FLAG_{flag.name}", flag.index)
    names = ", ".join(f"OP_{name.upper()}" for name in OPERATIONS)
    constants.defines.append(f"enum {{ {names} }};")


def _fly_places(maps: dict[str, Map], table: TextTable, rom: Rom, constants: Constants) -> None:
    """Group and number of each, and their names as texts in a row."""
    places = [maps[name] for name in spawn_places(maps)]
    constants.place("FLY_PLACES", rom.place(bytes(value for one in places for value in (one.group, one.number))))
    constants.number("FLY_PLACES_COUNT", len(places))
    end = bytes([text_codes.CONTROL["END"]])
    numbers = [table.append(text_codes.encode_plain(one.name, one.path.name) + end) for one in places]
    constants.number("TEXT_FLY_PLACES", numbers[0])


def place_game(content: Content, maps: dict[str, Map], rom: Rom) -> tuple[Constants, dict[str, BuiltMap]]:
    """Everything that is not code, placed in the ROM. Returns data.h and the maps as built."""
    constants, table = Constants(), TextTable()
    _constants(content, constants)
    _engine_texts(table, constants)
    _graphics(rom, constants)
    _creatures(content, rom, constants)
    _moves(content, rom, constants)
    _items(content, rom, constants)
    _trainers(content, rom, constants)
    built = build_blocks(maps)
    compiler = Compiler(content, table, maps)
    _calls(compiler, rom, constants)
    listing = place_maps(maps, built, content, compiler, rom)
    constants.place("MAP_LIST", listing)
    _fly_places(maps, table, rom, constants)
    start = next(found for found in maps.values() if found.constant == "HOME_UPSTAIRS")
    if start.home is None:
        raise ValueError("HOME_UPSTAIRS needs a home line: the game begins there")
    for name, value in zip(("GROUP", "NUMBER", "X", "Y"), (start.group, start.number, *start.home), strict=True):
        constants.number(f"START_{name}", value)
    index = b"".join(rom.place(codes).packed() for codes in table.encoded)
    constants.place("TEXT_INDEX", rom.place(index))
    return constants, built
