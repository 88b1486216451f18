"""The address list as C and assembler headers, and the check that nothing overlaps.

`core/game/data/crystal/symbols.json` says where Crystal keeps its variables. The rows with a `fernvale` key are ours
too; the section `fernvale_only` adds bytes that only this cartridge has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from cartridge.tools.source import REPOSITORY

SYMBOLS = REPOSITORY / "core" / "game" / "data" / "crystal" / "symbols.json"
STACK = (0xC000, 0x180)
LINKER_RAM = (0xC180, 0x140)
"""From the stack to wMapMusic: where the compiler puts the variables that have no fixed address."""
SCRATCH = (0xCD14, 0xC5)
"""Behind the blocks of the map: records of the engine that do not fit beside the stack (`SCRATCH` in state.h)."""

STRUCTS = {
    "PARTY": "party_struct",
    "BATTLE": "battle_struct",
    "OBJECT": "object_struct",
    "MAPOBJECT": "map_object",
    "CONNECTION": "map_connection_struct",
}


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    bank: int
    address: int
    size: int
    meaning: str

    @property
    def end(self) -> int:
        return self.address + self.size

    @property
    def in_high_ram(self) -> bool:
        return self.address >= 0xFF80


def read_variables() -> list[Variable]:
    """The rows that the cartridge writes, by bank and address."""
    document = json.loads(SYMBOLS.read_text(encoding="utf-8"))
    rows = {name: row for name, row in document["symbols"].items() if "fernvale" in row} | document["fernvale_only"]
    found = [
        Variable(name, int(row["bank"]), int(row["address"], 16), int(row["size"]), row["meaning"])
        for name, row in rows.items()
    ]
    return sorted(found, key=lambda variable: (variable.bank, variable.address, -variable.size, variable.name))


def check_overlaps(variables: list[Variable]) -> None:
    """A variable may lie inside another (a field of a struct, a use of the same byte by another screen), never across
    its end, nor in the stack or the linker's RAM. Raises ValueError naming both."""
    taken = [Variable("the stack", 0, *STACK, ""), Variable("the linker's RAM", 0, *LINKER_RAM, "")]
    taken += [Variable("the scratch area", 0, *SCRATCH, "")]
    for i, one in enumerate(variables):
        for region in taken:
            if one.bank == 0 and one.address < region.end and region.address < one.end:
                raise ValueError(f"{one.name} lies in {region.name}")
        for other in variables[i + 1 :]:
            if one.bank != other.bank or other.address >= one.end:
                break
            if other.end > one.end:
                raise ValueError(
                    f"{one.name} ({one.address:04X}-{one.end - 1:04X}) overlaps {other.name} at {other.address:04X}"
                )


def c_header(variables: list[Variable]) -> str:
    """state.h: every variable at its address, and the offsets inside records."""
    out = [
        "/* Made by cartridge/tools/addresses.py from core/game/data/crystal/symbols.json. */",
        "#ifndef STATE_H",
        "#define STATE_H",
    ]
    out.append('#include "hardware.h"')
    for variable in variables:
        if variable.address < 0xC000:
            out.append(f"#define {variable.name} ((u8 *)0x{variable.address:04X}) /* {variable.size} bytes */")
        elif variable.in_high_ram and variable.size == 1:
            out.append(f"__sfr __at(0x{variable.address & 255:02X}) {variable.name};")
        elif variable.size == 1:
            out.append(f"__at(0x{variable.address:04X}) u8 {variable.name};")
        else:
            out.append(f"__at(0x{variable.address:04X}) u8 {variable.name}[{variable.size}];")
    out.append(f"#define SCRATCH 0x{SCRATCH[0]:04X} /* {SCRATCH[1]} bytes for variables placed by hand */")
    document = json.loads(SYMBOLS.read_text(encoding="utf-8"))
    for prefix, struct in STRUCTS.items():
        members = document["structs"][struct]
        offsets = [
            f"{prefix}_{name.upper()} = {row['offset']}" for name, row in members.items() if isinstance(row, dict)
        ]
        out.append(f"enum {{ {', '.join(offsets)}, {prefix}_SIZE = {members['_length']} }};")
    return "\n".join([*out, "#endif", ""])


def assembler_header(variables: list[Variable]) -> str:
    """ram.inc: the same names for the assembler; high RAM as the offset that `ldh` wants."""
    names = {
        variable.name: variable.address & 255 if variable.in_high_ram else variable.address for variable in variables
    }
    names["STACK_TOP"] = sum(STACK)
    return "\n".join([f"{name} = 0x{address:X}" for name, address in names.items()] + [""])
