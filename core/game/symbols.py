"""The address list: one row per RAM symbol, under pret's names.

`core/game/data/symbols.json` is the only place where an address is written down. It generates the C header of our
own cartridge (`cartridge/tools`), and this module hands the same rows to the env. Crystal keeps words big-endian
except pointers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import cast

from core.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class Symbol:
    """Where a variable lives and what it means."""

    name: str
    bank: int
    """WRAMX bank for D000-DFFF, SRAM bank for A000-BFFF, 0 elsewhere."""
    address: int
    size: int
    """Bytes."""
    meaning: str
    fernvale: str | None
    """None if our cartridge does not write it, "same", or what differs from Crystal."""


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct: offset and size in bytes."""

    offset: int
    size: int


@lru_cache(maxsize=1)
def _document() -> dict[str, dict[str, dict[str, object]]]:
    text = resources.files("core.game").joinpath("data/symbols.json").read_text(encoding="utf-8")
    return json.loads(text)


@lru_cache(maxsize=1)
def symbols() -> dict[str, Symbol]:
    """All symbols by name."""
    return {
        name: Symbol(
            name=name,
            bank=int(str(row["bank"])),
            address=int(str(row["address"]), 16),
            size=int(str(row["size"])),
            meaning=str(row["meaning"]),
            fernvale=str(row["fernvale"]) if "fernvale" in row else None,
        )
        for name, row in _document()["symbols"].items()
    }


def symbol(name: str) -> Symbol:
    """The symbol of that name; `ConfigurationError` for a name that is not in the list."""
    try:
        return symbols()[name]
    except KeyError as error:
        raise ConfigurationError(
            f"no RAM symbol is called {name!r}; the known names are in core/game/data/symbols.json"
        ) from error


@lru_cache(maxsize=1)
def structs() -> dict[str, dict[str, Field]]:
    """Struct layouts by name: party_struct, box_struct, battle_struct, object_struct, map_object, ..."""
    layouts: dict[str, dict[str, Field]] = {}
    for struct, members in _document()["structs"].items():
        rows = {name: cast("dict[str, int]", row) for name, row in members.items() if isinstance(row, dict)}
        layouts[struct] = {name: Field(row["offset"], row["size"]) for name, row in rows.items() if "offset" in row}
    return layouts
