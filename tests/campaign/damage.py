"""Damage to bytes and to JSON, drawn by a seeded generator, and folders compared before and after."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

Place = tuple[str | int, ...]
DEEP: Final = "deep nesting"
ODD: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 1, 2**63, 10**30, 1e308, -0.5, float("nan"), float("inf")),
    *("", "x", "\0", "\ud800", "9" * 5000, [], [[]], [None], {}, {"x": 1}, DEEP),
)
"""Values that take another's place."""
DEPTH: Final = 100_000
LONGEST_NUMBER: Final = "9" * 5000


def damage_bytes(before: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Other bytes in place of these, and what was done."""
    spot = chance.randrange(len(before))
    match chance.choice(("bit", "bit", "bits", "cut", "hole", "more", "noise", "empty")):
        case "bit":
            bit = chance.randrange(8)
            return before[:spot] + bytes([before[spot] ^ 1 << bit]) + before[spot + 1 :], f"bit {bit} of byte {spot}"
        case "bits":
            changed = bytearray(before)
            for _ in range(20):
                changed[chance.randrange(len(before))] ^= 1 << chance.randrange(8)
            return bytes(changed), "20 bits"
        case "cut":
            return before[:spot], f"cut at {spot}"
        case "hole":
            hole = bytes(len(before[spot : spot + 512]))
            return before[:spot] + hole + before[spot + 512 :], f"zeros from byte {spot} on"
        case "more":
            return before[:spot] + chance.randbytes(9) + before[spot:], f"9 bytes more at {spot}"
        case "noise":
            return chance.randbytes(len(before)), "noise"
        case _:
            return b"", "emptied"


def damage_file(path: Path, chance: random.Random) -> str:
    """Change a file's bytes, remove it, or put a folder in its place; returns what was done."""
    kind = chance.random()
    if kind < 0.8:
        after, done = damage_bytes(path.read_bytes(), chance)
        path.write_bytes(after)
        return f"{path.name}: {done}"
    path.unlink()
    if kind < 0.9:
        return f"{path.name} removed"
    path.mkdir()
    return f"{path.name} is a folder"


def damage_json(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    """JSON in which one value has another's place, or is gone; and what was done."""
    value = json.loads(data)
    place = chance.choice(list(_places(value)))
    section = value
    for part in place[:-1]:
        section = section[part]
    name = ".".join(map(str, place))
    if chance.random() < 0.2:
        del section[place[-1]]
        return json.dumps(value).encode(), f"without {name}"
    odd = chance.choice(ODD)
    section[place[-1]] = odd
    text = json.dumps(value).replace(json.dumps(LONGEST_NUMBER), LONGEST_NUMBER)
    text = text.replace(json.dumps(DEEP), "[" * DEPTH + "]" * DEPTH)
    return text.encode(), f"{name} = {str(odd)[:40]!r}"


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place of a value in JSON, sections included."""
    if place:
        yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _places(one, (*place, key))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, and every folder."""
    found: dict[str, bytes] = {}
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        found |= {f"{below / name}/": b"" for name in folders}
        found |= {str(below / name): (Path(place) / name).read_bytes() for name in files}
    return found


def changed(before: dict[str, bytes], folder: Path) -> list[str]:
    """Files and folders that were made, removed or changed since `contents(folder)` gave `before`."""
    after = contents(folder)
    return sorted(name for name in before.keys() | after if before.get(name) != after.get(name))


def copy_into(source: Path, folder: Path) -> None:
    """All of a folder into another that exists."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
