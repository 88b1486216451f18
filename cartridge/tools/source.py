"""Reading the data files of `cartridge/data`: lines, blocks of an opening line with indented lines below, and errors
that say file and line. A line that ends with a backslash goes on in the next one, whose indentation does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CARTRIDGE = Path(__file__).resolve().parents[1]
REPOSITORY = CARTRIDGE.parent
DATA = CARTRIDGE / "data"


CONTINUED = "\\"
"""At the end of a line: the next line belongs to it. So a long speech stays within the margin."""
LABEL = ":"
"""A jump label may stand at the left margin without ending its block."""


class SourceError(ValueError):
    """A data file says something that cannot be built."""


@dataclass(frozen=True, slots=True)
class Line:
    """One meaningful line: where it stands, its words and its text without indentation."""

    path: Path
    number: int
    text: str

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def keyword(self) -> str:
        return self.words[0]

    @property
    def rest(self) -> str:
        """The text behind the first word."""
        return self.text.partition(" ")[2].strip()

    def error(self, message: str) -> SourceError:
        inside = self.path.is_relative_to(REPOSITORY)
        return SourceError(f"{self.path.relative_to(REPOSITORY) if inside else self.path}:{self.number}: {message}")

    def integer(self, word: str, low: int = 0, high: int = 255) -> int:
        try:
            value = int(word, 0)
        except ValueError as error:
            raise self.error(f"{word!r} is no number") from error
        if not low <= value <= high:
            raise self.error(f"{value} is outside {low}..{high}")
        return value

    def options(self, start: int) -> dict[str, str]:
        """The `key=value` words from position `start` on."""
        pairs = {}
        for word in self.words[start:]:
            key, equals, value = word.partition("=")
            if not equals:
                raise self.error(f"expected key=value, got {word!r}")
            pairs[key] = value
        return pairs


@dataclass(frozen=True, slots=True)
class Block:
    """An opening line and the indented lines below it."""

    head: Line
    lines: list[Line] = field(default_factory=list)


def lines(path: Path) -> Iterator[Line]:
    """The lines that are neither empty nor comments (`#` in the first column)."""
    for number, text in _whole_lines(path):
        yield Line(path, number, text.strip())


def blocks(path: Path) -> list[Block]:
    """The blocks of a file, in its order."""
    found: list[Block] = []
    for number, text in _whole_lines(path):
        line = Line(path, number, text.strip())
        if not (text[0].isspace() or text[0] == LABEL):
            found.append(Block(line))
        elif found:
            found[-1].lines.append(line)
        else:
            raise line.error("an indented line before any block")
    return found


def _whole_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Meaningful lines with what continues them, and the number of their first line, from 1."""
    begun: tuple[int, str] | None = None
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if begun is None and (not text.strip() or text.startswith("#")):
            continue
        first, before = begun or (number, "")
        whole = f"{before} {text.strip()}" if begun else text
        begun = (first, whole.removesuffix(CONTINUED).rstrip()) if whole.endswith(CONTINUED) else None
        if begun is None:
            yield first, whole
    if begun is not None:
        raise Line(path, *begun).error(f"the file ends behind a {CONTINUED}, which promises another line")
