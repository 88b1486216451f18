"""The reader of the game's data files: lines, blocks, continued lines, and errors that say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from cartridge.tools.source import SourceError, blocks, lines


def written(folder: Path, text: str) -> Path:
    path = folder / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_that_ends_with_a_backslash_goes_on_in_the_next(tmp_path: Path) -> None:
    path = written(tmp_path, "# a comment \\\nsign: one \\\n    two \\\n  three\n\nnext\n")
    assert [(line.number, line.text) for line in lines(path)] == [(2, "sign: one two three"), (6, "next")]


def test_what_continues_a_line_of_a_block_is_no_line_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "talk\n  say Hello \\\n      there.\n  end\nother\n  end\n")
    assert [[line.text for line in block.lines] for block in blocks(path)] == [["say Hello there.", "end"], ["end"]]


def test_a_file_that_ends_in_the_middle_of_a_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "one\ntwo \\\n")
    with pytest.raises(SourceError, match=r"data\.txt:2: the file ends behind"):
        list(lines(path))
