"""The tables of the handbook, written from the game's own data: addresses, maps, milestones, creatures.

    python -m cartridge.tools.handbook           # writes them into cartridge/README.md and cartridge/ADDRESSES.md
    python -m cartridge.tools.handbook --check   # tells whether they are what the data say

In README.md a table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; the rest is written by people.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from cartridge.tools.addresses import SYMBOLS
from cartridge.tools.content import Content, read_content
from cartridge.tools.maps import Kind, Map, read_maps
from cartridge.tools.milestones import read_milestones
from cartridge.tools.source import REPOSITORY

README = REPOSITORY / "cartridge" / "README.md"
ADDRESSES = REPOSITORY / "cartridge" / "ADDRESSES.md"
READERS = ("core", "agents", "trainer")
LONGEST_LINE = 120
MOST_WAYS_IN_A_CELL = 3
"""A map with more ways has them below the table, where lines can be wrapped."""
MARKED = re.compile(r"(<!-- table: (\w+) -->\n)(?:(?!<!--).)*(<!-- end of table -->)", re.DOTALL)
ADDRESSES_HEAD = """# Where Fernvale keeps its state

Fernvale keeps its state at the addresses of Pokemon Crystal, under the names of the pret disassembly. This is every
variable that it writes: bank and address, name, size and meaning. The meaning is Crystal's; *in Fernvale* says what
differs, where something does. The env, the rewards, the masks, the milestones, the rules or the observation use what is
marked *read*. Words are big-endian, pointers little-endian.

`tests/cartridge` looks at each variable in the running game; a variable that the code reads and this page lacks fails a
test. The list is `core/game/data/crystal/symbols.json`; `python -m cartridge.tools.handbook` makes this page from it.

"""
SAME = "same"
"""What the list says of a variable that means in Fernvale what it means in Crystal."""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def item(text: str) -> str:
    """An item of a Markdown list, wrapped."""
    return textwrap.fill(
        text, LONGEST_LINE, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def maps_table(maps: dict[str, Map]) -> str:
    """Every map: size, what lives there, where its ways lead."""
    rows, crossroads = [], []
    for number, (constant, found) in enumerate(maps.items(), 1):
        ways = dict.fromkeys([name for name, _ in found.connections.values()] + [warp.target for warp in found.warps])
        trainers = sum(person.kind is Kind.TRAINER for person in found.people)
        balls = sum(person.kind is Kind.ITEM_BALL for person in found.people)
        wild = found.wild["day"].slots if found.wild else ()
        levels = [level for level, _ in wild]
        leads_to = ", ".join(maps[name].name for name in ways)
        if len(ways) > MOST_WAYS_IN_A_CELL:
            crossroads.append(item(f"{found.name} leads to {leads_to}."))
        rows.append(
            (
                number,
                f"{found.name} (`{constant}` {found.group}.{found.number})",
                f"{found.width} x {found.height}",
                f"level {min(levels)}-{max(levels)}" if levels else "",
                trainers or "",
                balls or "",
                leads_to if len(ways) <= MOST_WAYS_IN_A_CELL else "see below",
            )
        )
    headings = ("", "map", "steps", "wild pals", "trainers", "items", "leads to")
    return "\n".join([table(headings, rows), "", *crossroads])


def milestones_table(maps: dict[str, Map]) -> str:
    """Every milestone and what RAM shows then."""
    rows = []
    for number, milestone in enumerate(read_milestones(), 1):
        conditions = [_condition(words, maps) for words in milestone.conditions]
        joined = (" and " if milestone.needs_all else " or ").join(conditions)
        optional = "optional" if milestone.optional else ""
        rows.append((number, f"`{milestone.id}`", milestone.name, joined, optional))
    return table(("", "id", "name", "is reached with", ""), rows)


def _condition(words: list[str], maps: dict[str, Map]) -> str:
    match words:
        case ["map", name]:
            return f"being on {maps[name].name}"
        case ["value", symbol, "bit0", value]:
            return f"bit 0 of `{symbol}` = {value}"
        case ["value", symbol, operator, value]:
            return f"`{symbol}` {operator} {value}"
    return f"{words[0]} `{' '.join(words[1:])}`"


def creatures_table(content: Content) -> str:
    """Every creature: types, the sum of its base stats, what it becomes."""
    rows = []
    for number, creature in enumerate(content.creatures.values(), 1):
        becomes = f"{creature.evolves[1]} at level {creature.evolves[0]}" if creature.evolves else ""
        types = " / ".join(dict.fromkeys(creature.types))
        rows.append((number, creature.name, types, sum(creature.stats), creature.catch_rate, becomes))
    return table(("", "pal", "types", "sum of base stats", "catch rate of 255", "becomes"), rows)


def addresses_page() -> str:
    """ADDRESSES.md."""
    document = json.loads(SYMBOLS.read_text(encoding="utf-8"))
    code = "\n".join(
        path.read_text(encoding="utf-8") for reader in READERS for path in sorted((REPOSITORY / reader).rglob("*.py"))
    )
    watched = {condition[1] for milestone in read_milestones() for condition in milestone.conditions}
    items = []
    for name, row in sorted(document["symbols"].items(), key=lambda item: (item[1]["bank"], item[1]["address"])):
        if "fernvale" not in row:
            continue
        is_read = f'"{name}"' in code or name in watched
        meaning = f"{row['meaning']} ({row['units']})" if row.get("units") else row["meaning"]
        differs = "" if row["fernvale"] == SAME else f" *In Fernvale*: {row['fernvale']}."
        place = f"{row['bank']}:{row['address'][2:]}"
        items.append(item(f"{place} `{name}`, {_bytes(row)}{', *read*' if is_read else ''}: {meaning}.{differs}"))
    own = [
        item(f"{row['address'][2:]} `{name}`, {_bytes(row)}: {row['meaning']}.")
        for name, row in document["fernvale_only"].items()
    ]
    return ADDRESSES_HEAD + "\n".join([*items, "", "Bytes that only Fernvale has:", "", *own, ""])


def _bytes(row: dict[str, Any]) -> str:
    return f"{row['size']} byte{'s' if row['size'] != 1 else ''}"


def readme_with_tables(text: str) -> str:
    """README.md with its tables written anew. Raises KeyError for a table that nobody knows."""
    maps = read_maps()
    tables = {
        "maps": maps_table(maps),
        "milestones": milestones_table(maps),
        "creatures": creatures_table(read_content()),
    }
    return MARKED.sub(lambda match: f"{match[1]}{tables[match[2]]}\n{match[3]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    pages = {README: readme_with_tables(README.read_text(encoding="utf-8")), ADDRESSES: addresses_page()}
    changed = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        print("same" if not changed else f"DIFFERENT: {', '.join(path.name for path in changed)}")
        return 1 if changed else 0
    for path in changed:
        path.write_text(pages[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
