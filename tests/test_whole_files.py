"""A file is written aside and takes its place in one step, or is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.whole_files import written_aside


def test_what_was_written_aside_takes_the_place_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text("old")
    with written_aside(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
        assert aside.parent == tmp_path
        assert aside.name.startswith(".")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "scores.json"
    path.write_text("old")
    with pytest.raises(error), written_aside(path) as aside:
        aside.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_error_is_the_one_that_is_heard(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match="missing"),
        written_aside(tmp_path / "missing" / "scores.json") as aside,
    ):
        aside.write_text("new")


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    (path := tmp_path / "scores.json").write_text("old")
    with pytest.raises(FileNotFoundError), written_aside(path):
        pass
    assert path.read_text() == "old"
