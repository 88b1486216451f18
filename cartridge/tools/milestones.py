"""The story's milestones, from `cartridge/data/milestones.txt`."""

from __future__ import annotations

from dataclasses import dataclass

from cartridge.tools.source import DATA, blocks


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of the story and what RAM shows then."""

    id: str
    name: str
    optional: bool
    needs_all: bool
    conditions: tuple[list[str], ...]
    """The words of each condition: map NAME, flag NAME, item NAME, or value SYMBOL operator number."""


def read_milestones() -> list[Milestone]:
    """All milestones in order."""
    found = []
    for block in blocks(DATA / "milestones.txt"):
        _, identifier, *name = block.head.words
        marks = {line.text for line in block.lines}
        conditions = tuple(line.words for line in block.lines if line.text not in ("all", "optional"))
        found.append(Milestone(identifier, " ".join(name), "optional" in marks, "all" in marks, conditions))
    return found
