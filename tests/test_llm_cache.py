"""The cache of answers: a file that is locked, damaged or not ours never costs a question, nor the file."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agents.llm.cache import AnswerCache
from core.exceptions import ConfigurationError
from core.protocols import Choice

OPTIONS = ["Go to the healer", "Talk to the elder"]
ANSWER = Choice(1, 0.75, "why", 10, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cache with one answer."""
    with closing(AnswerCache(tmp_path / "answers.db")) as cache:
        cache.keep("model", "prompt", OPTIONS, ANSWER)
    return tmp_path / "answers.db"


def found(cache: AnswerCache, prompt: str = "prompt") -> Choice | None:
    return cache.find("model", prompt, OPTIONS)


def test_a_cache_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another program"):
        AnswerCache(path)
    assert path.read_bytes() == before
    (tmp_path / "text.db").write_text("This is no database, but a rather long text. " * 30)
    with pytest.raises(ConfigurationError, match=r"text\.db"):
        AnswerCache(tmp_path / "text.db")


def test_the_cache_is_made_with_the_first_question(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.db")
    assert list(tmp_path.iterdir()) == []
    assert cache.find("model", "prompt", OPTIONS) is None
    cache.keep("model", "prompt", OPTIONS, Choice(1, 0.75, "why", 10, 2))
    cache.close()
    again = AnswerCache(tmp_path / "answers.db").find("model", "prompt", OPTIONS)
    assert again == Choice(1, 0.75, "why", 10, 2, cached=True)


def test_the_folders_of_a_cache_are_made_with_it(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "mine" / "answers.db"
    with closing(AnswerCache(path)) as cache:
        assert list(tmp_path.iterdir()) == []
        cache.keep("model", "prompt", OPTIONS, ANSWER)
        assert found(cache) is not None and path.exists()
    with pytest.raises(ConfigurationError, match=r"answers\.db is no folder"):
        AnswerCache(path / "deeper" / "answers.db")


@pytest.mark.parametrize("opened_first", [True, False])
def test_a_locked_file_is_left_alone_and_used_again(
    path: Path, opened_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    faults: list[int] = []
    for aside_s in (3600, 0):
        cache = AnswerCache(path, aside_s) if opened_first else None
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            if not opened_first:
                other.execute("PRAGMA journal_mode = DELETE")  # now the lock keeps readers out, too
            other.execute("BEGIN EXCLUSIVE")
            cache = cache or AnswerCache(path, aside_s)
            cache.on_fault = lambda: faults.append(1)
            for number in range(5):
                cache.keep("model", f"prompt {number}", OPTIONS, ANSWER)
            other.execute("COMMIT")
        if aside_s:
            assert len(faults) == opened_first, "it is tried once and then left alone: the game does not wait"
            assert found(cache) is None
        else:
            assert found(cache) == Choice(1, 0.75, "why", 10, 2, cached=True)
        cache.close()
    assert sum("is of no use: database is locked" in message for message in caplog.messages) == 2, "once per cache"


def test_a_damaged_file_is_left_alone_and_made_anew_when_it_is_gone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(AnswerCache(path)) as cache:
        for number in range(200):
            cache.keep("model", f"prompt {number}", OPTIONS, ANSWER)
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    faults: list[int] = []
    cache = AnswerCache(path, aside_s=0)
    cache.on_fault = lambda: faults.append(1)
    for number in range(5):
        assert found(cache, f"prompt {number}") is None
        cache.keep("model", f"prompt {number}", OPTIONS, ANSWER)
    assert path.read_bytes() == damaged, "nobody deletes a user's file"
    assert len(faults) == 10, "it is counted whenever it is looked at again"
    path.unlink()
    cache.keep("model", "prompt", OPTIONS, ANSWER)
    assert found(cache) is not None
    assert sum("is of no use" in message for message in caplog.messages) == 1
    cache.close()


def test_bytes_damaged_under_an_open_cache_end_no_question(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = AnswerCache(path)
    assert found(cache) is not None
    path.write_bytes(b"\x00garbage" * 4096)
    Path(f"{path}-wal").unlink(missing_ok=True)
    for number in range(5):
        cache.keep("model", f"prompt {number}", OPTIONS, ANSWER)
        found(cache, f"prompt {number}")
    cache.close()


@pytest.mark.parametrize("choice", [99, "x", -1, None, 0.5, b"1"])
def test_a_row_that_names_no_option_is_asked_anew_and_replaced(
    path: Path, choice: object, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        loose = "PRAGMA ignore_check_constraints = 1"
        other.execute(loose)
        if choice is None:
            other.execute("PRAGMA writable_schema = 1")
            other.execute("UPDATE sqlite_master SET sql = replace(sql, 'choice INTEGER NOT NULL', 'choice INTEGER')")
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE answers SET choice = ?", (choice,))
    faults: list[int] = []
    cache = AnswerCache(path)
    cache.on_fault = lambda: faults.append(1)
    with caplog.at_level(logging.WARNING):
        assert [found(cache) for _ in range(3)] == [None] * 3
    assert len(faults) == 3 and sum("makes no sense" in message for message in caplog.messages) == 1
    cache.keep("model", "prompt", OPTIONS, ANSWER)
    assert found(cache) is not None
    cache.close()


def test_side_fields_of_a_row_do_not_cost_its_answer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "UPDATE answers SET confidence = 'high', reason = CAST(x'ff41' AS TEXT), prompt_tokens = -7, "
            "completion_tokens = 'many'"
        )
    with closing(AnswerCache(path)) as cache:
        assert found(cache) == Choice(1, 0.5, "\ufffdA", 0, 0, cached=True)


def test_a_closed_cache_finds_and_keeps_nothing(path: Path) -> None:
    cache = AnswerCache(path)
    cache.close()
    cache.keep("model", "late", OPTIONS, ANSWER)
    assert found(cache) is None and found(AnswerCache(path), "late") is None
