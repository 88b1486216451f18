"""Opening a decision database: new, ours, old, newer, another program's, or no database at all."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.exceptions import HistoryError
from core.history.database import APPLICATION_ID, open_database
from core.history.migrations import MIGRATIONS
from core.history.store import HistoryStore
from core.history.verify import verify
from tests.history_samples import filled_database, walk

ROOT = Path(__file__).resolve().parent.parent


def fingerprint(path: Path) -> tuple[str, list[str]]:
    """The file's bytes, and what lies beside it."""
    return hashlib.sha256(path.read_bytes()).hexdigest(), sorted(os.listdir(path.parent))


def test_a_new_file_carries_our_mark_in_its_header(tmp_path: Path) -> None:
    path = filled_database(tmp_path / "decisions.db", episodes=1)
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID
    with HistoryStore(path, must_exist=True) as store:
        assert store.connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert store.decision_count() == 200


def test_the_mark_is_in_the_file_before_the_first_close(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path):
        assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID


def another_programs_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table decisions (id integer)")
    connection.commit()
    connection.close()


def a_text_file(path: Path) -> None:
    path.write_text("not a database at all, but long enough to have a header of one hundred bytes " * 3)


@pytest.mark.parametrize(
    ("make", "said"), [(another_programs_database, "another program"), (a_text_file, "not a SQLite database")]
)
def test_a_foreign_file_is_refused_untouched(tmp_path: Path, make, said: str) -> None:
    path = tmp_path / "decisions.db"
    make(path)
    before = fingerprint(path)
    with pytest.raises(HistoryError, match=said) as caught:
        HistoryStore(path)
    assert str(path) in str(caught.value)
    assert fingerprint(path) == before


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    path = filled_database(tmp_path / "decisions.db", episodes=1)
    database = Database(sqlite3.connect(path))
    database["_sqlite_migrations"].insert(
        {"migration_set": MIGRATIONS.name, "name": "999_of_the_future", "applied_at": "2099"}
    )
    database.conn.close()
    before = fingerprint(path)
    with pytest.raises(HistoryError, match="999_of_the_future"):
        HistoryStore(path)
    assert fingerprint(path) == before


@pytest.mark.parametrize("step", [migration.name for migration in MIGRATIONS.pending(Database(memory=True))][1:])
def test_an_old_file_is_upgraded(tmp_path: Path, step: str) -> None:
    path = tmp_path / "decisions.db"
    connection = sqlite3.connect(path)
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    MIGRATIONS.apply(Database(connection), stop_before=step)
    connection.close()
    with HistoryStore(path) as store:
        store.commit_episode(store.start_run().id, walk(1))
        assert verify(store).ok
        assert MIGRATIONS.pending(store.database) == []


@pytest.mark.parametrize(
    ("migration", "as_before"),
    [
        ("004_option_progress", "drop table option_progress"),
        ("005_progress_is_pace", "update option_progress set progress_micro = 7"),
        ("006_teacher_action", "select 1"),
    ],
)
def test_an_old_file_learns_what_its_options_led_to(tmp_path: Path, migration: str, as_before: str) -> None:
    path = filled_database(tmp_path / "decisions.db")
    connection = sqlite3.connect(path)
    counted = connection.execute("select * from option_progress").fetchall()
    assert any(progress for *_, progress, _ in counted)
    connection.execute(as_before)
    connection.execute("alter table decisions rename column teacher_action to guide_action")
    for table in ("run_changes", "beginnings", "beginning_states"):
        connection.execute(f"drop table {table}")
    connection.execute("alter table runs drop column begins_after")
    connection.execute("delete from _sqlite_migrations where name >= ?", (migration,))
    connection.commit()
    connection.close()
    with HistoryStore(path) as store:
        assert store.connection.execute("select * from option_progress").fetchall() == counted
        assert store.connection.execute("select count(teacher_action) from decision_list").fetchone()[0] > 0
        assert verify(store).ok


def test_every_table_and_column_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "decisions_db.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    rows |= {part.split("`")[1]: part for part in text.split("\n\n") if part.startswith("**`")}
    database = Database(memory=True)
    MIGRATIONS.apply(database)
    ours = [name for name in database.table_names() if not name.startswith(("_sqlite", "sqlite_", "reasonings_fts"))]
    for table in ours:
        for column in database[table].columns:
            assert f"`{column.name}`" in rows.get(table, ""), f"{table}.{column.name} is not in docs/decisions_db.md"


def test_an_empty_file_is_a_new_one_for_who_writes_and_none_for_who_reads(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    path.touch()
    with pytest.raises(HistoryError, match="is empty"):
        HistoryStore(path, must_exist=True)
    assert path.read_bytes() == b""
    with HistoryStore(path) as store:
        assert store.runs() == []


def test_a_missing_file_or_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="no decision database at"):
        open_database(tmp_path / "none.db", must_exist=True)
    with pytest.raises(HistoryError, match=r"directory .*missing does not exist"):
        open_database(tmp_path / "missing" / "decisions.db")
    with pytest.raises(HistoryError, match="is a directory"):
        open_database(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory in which not even root can write")
def test_an_unwritable_directory_is_named() -> None:
    with pytest.raises(HistoryError, match=r"/proc/self/decisions\.db.*writable"):
        open_database("/proc/self/decisions.db")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = filled_database(tmp_path / "decisions.db", episodes=1)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(HistoryError, match="damaged"):
        HistoryStore(path)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path / "decisions.db")
    store.close()
    store.close()
    with pytest.raises(HistoryError, match="was closed"):
        store.runs()


def test_runs_are_found_by_name(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "decisions.db") as store:
        with pytest.raises(HistoryError, match="no run yet"):
            store.find_run()
        store.start_run("first")
        store.start_run("second", {"seed": 3})
        assert store.find_run().name == "second"
        assert store.find_run("second").settings == '{"seed": 3}'
        assert store.find_run("first").id == 1
        with pytest.raises(HistoryError, match=r"'third'.*first, second"):
            store.find_run("third")
        with pytest.raises(HistoryError, match="already has a run"):
            store.start_run("first")
