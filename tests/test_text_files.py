"""Lines of at most 120 characters in every file that a person writes or reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.text_files import ROOT, text_files

LONGEST = 120
WRITTEN_BY_THE_PRODUCT = "tests/golden/"
"""Prompts as a language model reads them; the model does not mind long lines."""
COMMAND_MARK = re.compile(r"<!-- (run|test) command -->\n```bash\n(.*)\n")
"""A command that programs read out of README.md is one line."""


def long_lines(path: Path, text: str) -> list[str]:
    """`file:line: length` of every line that is too long; a marked command does not count."""
    commands = {match[2] for match in COMMAND_MARK.finditer(text)}
    return [
        f"{path.as_posix()}:{number}: {len(line)} characters"
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > LONGEST and line not in commands
    ]


def test_no_line_is_too_long() -> None:
    found = []
    for path in text_files():
        short = path.relative_to(ROOT)
        if not short.as_posix().startswith(WRITTEN_BY_THE_PRODUCT):
            found += long_lines(short, path.read_text(encoding="utf-8"))
    assert not found, f"lines of more than {LONGEST} characters:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x" * 120 + "\n", 0),
        ("x" * 121 + "\n", 1),
        ("é" * 120 + "\n", 0),
        ("<!-- run command -->\n```bash\n" + "x" * 130 + "\n```\n", 0),
        ("```bash\n" + "x" * 130 + "\n```\n", 1),
    ],
)
def test_a_long_line_is_found(text: str, lines: int) -> None:
    assert len(long_lines(Path("page.md"), text)) == lines


def test_the_walk_meets_every_kind_of_file() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in text_files()}
    assert names >= {
        "README.md", "pyproject.toml", "LICENSE", ".ci/run", "core/vocabulary.py", "docs/decisions/011-rooms.md",
        "agents/llm/pocket/README.md", "cartridge/src/main.c", "cartridge/data/texts.txt", "constraints.txt",
    }  # fmt: skip
