"""What a script can do for the player, read from its lines: the flags it sets, the items it gives, whether it heals.

Exported with the world, so that a planner can find out whom to talk to without playing the script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cartridge.tools.maps import Map
from cartridge.tools.script_outcomes import Chase, Outcome, chase_of, outcomes_of
from cartridge.tools.source import DATA, Block, blocks


@dataclass(frozen=True, slots=True)
class Effects:
    """All that may happen on some path through a script."""

    sets: tuple[str, ...] = ()
    """Event flags."""
    gives: tuple[str, ...] = ()
    """Items."""
    heals: bool = False
    sells: tuple[str, ...] = ()
    """Items that can be bought."""
    badges: tuple[int, ...] = ()
    """Bits of wJohtoBadges that it can give."""
    fights: tuple[str, ...] = ()
    """Trainers, one of whom is fought."""
    calls: tuple[str, ...] = ()
    """Phone calls that it brings on."""
    radio: int | None = None
    """The radio's knob must stand there for what it does."""


def scripts_of(found: Map) -> Iterator[Block]:
    """The scripts that a map can use: those of all maps, then its own."""
    for path in (DATA / "scripts" / "common.txt", DATA / "scripts" / f"{found.constant}.txt"):
        if path.exists():
            yield from (block for block in blocks(path) if block.head.keyword == "script")


def effects_of(found: Map) -> dict[str, Effects]:
    """Effects by script name, for the scripts that a map can use."""
    effects: dict[str, Effects] = {}
    for block in scripts_of(found):
        effects[block.head.words[1]] = effects_of_lines(block)
    return effects


def effects_of_lines(script: Block) -> Effects:
    """What the lines of one script can do."""
    words = [line.words for line in script.lines if not line.text.startswith(":")]
    return Effects(
        sets=tuple(dict.fromkeys(line[1] for line in words if line[0] == "set")),
        gives=tuple(dict.fromkeys(line[1] for line in words if line[0] == "give_item")),
        heals=any(line[0] == "heal" for line in words),
        sells=tuple(item for line in words if line[0] == "shop" for item in line[1:]),
        fights=tuple(line[1] for line in words if line[0] == "trainer"),
        badges=tuple(int(line[1]) for line in words if line[0] == "badge"),
        calls=tuple(line[1] for line in words if line[0] == "call"),
        radio=next((int(line[1]) for line in words if line[0] == "if_radio"), None),
    )


def outcomes_by_script(found: Map, badges: Mapping[int, str]) -> dict[str, tuple[Outcome, ...]]:
    """What each script brings about under which conditions. `badges`: bit -> name of the badge's engine flag."""
    return {block.head.words[1]: outcomes_of(block, badges) for block in scripts_of(found)}


def chases_by_script(found: Map, badges: Mapping[int, str]) -> dict[str, Chase]:
    """The chases that scripts of a map make."""
    chases = {block.head.words[1]: chase_of(block, badges) for block in scripts_of(found)}
    return {name: chase for name, chase in chases.items() if chase is not None}
