"""A column of a decision is declared once; the file, the export and the documents follow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.exceptions import DecisionValidationError
from core.history.coded_episode import DECISION_COLUMNS
from core.history.decision_columns import COLUMNS, Kind, stored_as
from core.history.export import EXPORT_COLUMNS
from core.history.records import DecisionColumns
from core.history.store import HistoryStore
from tests.history_samples import walk

ROOT = Path(__file__).resolve().parent.parent
HISTORY = ROOT / "core" / "history"


def test_the_file_has_the_columns_of_the_table(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "decisions.db") as store:
        found = {row[1]: row for row in store.connection.execute("pragma table_info(decisions)")}
        assert found.keys() == set(DECISION_COLUMNS)
        for name, column in COLUMNS.items():
            _, _, sql_type, not_null, _, _ = found[stored_as(name)]
            assert sql_type.lower() == (column.kind.value if not column.kind.is_id else "integer"), name
            assert not_null == (column.unstated is not None), name
        view = {row[1] for row in store.connection.execute("pragma table_info(decision_list)")}
        assert view == {*EXPORT_COLUMNS, "episode_id"}


def test_the_document_names_every_column() -> None:
    text = (ROOT / "docs" / "decisions_db.md").read_text(encoding="utf-8")
    part = next(part for part in text.split("\n\n") if part.startswith("**`decisions`**"))
    assert set(re.findall(r"`(\w+)`", part)) - {"decisions"} == set(DECISION_COLUMNS)


@pytest.mark.parametrize("name", ["teacher_action", "behaviour_probability"])
def test_a_column_of_which_nothing_is_counted_is_named_in_one_file(name: str) -> None:
    files = [path.name for path in HISTORY.glob("*.py") if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))]
    assert sorted(files) == ["decision_columns.py", "migrations.py"]


def test_columns_that_are_missing_or_unknown_are_named() -> None:
    columns = walk(1).columns
    with pytest.raises(DecisionValidationError, match="missing \\['action'\\], unknown \\['acton'\\]"):
        DecisionColumns(
            columns.mode, {("acton" if name == "action" else name): columns[name] for name in columns.values}
        )


PLANTED_COLUMN = """
    teacher_probability: Annotated[
        float | None,
        Column(Kind.REAL, "chance that the agent gave the teacher's action", attrgetter("teacher_probability"), None),
    ]
"""
PLANTED_MIGRATION = '''

@MIGRATIONS(name="999_planted")
def add_teacher_probability(db: Database) -> None:
    """As the next column would be added."""
    (view,) = db.execute("select sql from sqlite_master where name = 'decision_list'").fetchone()
    db.execute("alter table decisions add column teacher_probability real")
    db.execute("drop view decision_list")
    db.execute(view.replace("d.outcome,", "d.outcome, d.teacher_probability,"))
'''
USE = """
import json
from pathlib import Path
from dataclasses import replace
from core.history.export import ExportChoice, ExportFormat, export_decisions
from core.history.recent import recent_decisions
from core.history.records import EpisodeRecorder
from core.history.store import HistoryStore
from core.history.verify import verify
from tests.history_samples import decision

with HistoryStore("decisions.db") as store:
    recorder = EpisodeRecorder()
    recorder.record(replace(decision(1), teacher_probability=0.25), 1.0, {"map": "0,0"})
    store.commit_episode(store.start_run("planted").id, recorder.finish(1))
    (read,) = recent_decisions(store.connection, 1)
    export_decisions(store.connection, Path("out.jsonl"), ExportFormat.JSON_LINES, ExportChoice())
    print(json.dumps([read.teacher_probability, json.loads(Path("out.jsonl").read_text())["teacher_probability"],
                      verify(store).ok]))
"""


def test_a_column_planted_in_the_table_is_written_read_and_exported(tmp_path: Path) -> None:
    core = tmp_path / "core"
    core.mkdir()
    for path in (ROOT / "core").iterdir():
        if path.name != "history":
            (core / path.name).symlink_to(path)
    shutil.copytree(HISTORY, core / "history")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    table = core / "history" / "decision_columns.py"
    before, after = table.read_text(encoding="utf-8").split("\n    @property\n    def id(")
    table.write_text(f"{before.rstrip()}{PLANTED_COLUMN}\n    @property\n    def id({after}", encoding="utf-8")
    with (core / "history" / "migrations.py").open("a", encoding="utf-8") as migrations:
        migrations.write(PLANTED_MIGRATION)
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [0.25, 0.25, True]


def test_every_kind_of_column_is_in_use() -> None:
    assert {column.kind for column in COLUMNS.values()} == set(Kind)
