"""`crystal-agent decisions`: every command on a real database, as a user starts it, and bad input in one line."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.exceptions import ConfigurationError
from core.history.saved_queries import SAVED_QUERIES
from core.history.store import HistoryStore
from tests.history_samples import filled_database, walk
from trainer.commands.app import app
from trainer.commands.exit_codes import EXIT_BAD_INPUT, EXIT_INTERRUPTED, run_reporting_bad_input
from trainer.commands.registry import COMMANDS, spelt, summary

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = filled_database(tmp_path_factory.mktemp("history") / "decisions.db")
    with HistoryStore(path) as store:
        store.commit_episode(store.start_run("second").id, walk(1, seed=5))
    return path


def decisions(*arguments: str | Path) -> str:
    """Standard output of a command that succeeds."""
    result = CliRunner().invoke(app, ["decisions", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def crystal_agent(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own."""
    command = [sys.executable, "-m", "trainer.commands.command_line", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60)


def test_recent(database: Path) -> None:
    rows = json.loads(decisions("recent", "--db", database, "-n", "3", "--json"))
    assert [(row["run"], row["step"]) for row in rows] == [("second", 199), ("second", 198), ("second", 197)]
    assert "walk to place" in rows[0]["reasoning"]
    assert "Newest decisions" in decisions("recent", "--db", database)


def test_patterns(database: Path) -> None:
    found = json.loads(decisions("patterns", "--db", database, "--where", "mode=battle", "--json"))
    assert found
    assert all(pattern["context"]["mode"] == "battle" for pattern in found)
    loops = json.loads(decisions("patterns", "--db", database, "--kind", "loop", "--json"))
    assert {pattern["kind"] for pattern in loops} == {"loop"}
    assert "context_action" in decisions("patterns", "--db", database)


def test_search(database: Path) -> None:
    assert json.loads(decisions("search", "walk", "--db", database, "--json"))[0]["uses"] > 0
    assert "walk" in decisions("search", "walk", "--db", database)


def test_explain(database: Path) -> None:
    told = json.loads(decisions("explain", "walks/2", "--db", database, "--json"))
    assert told["episode"]["number"] == 2
    assert sum(c["last_step"] - c["first_step"] + 1 for c in told["chapters"]) == 200
    assert sum(c["reward"] for c in told["chapters"]) == pytest.approx(told["episode"]["reward"])
    assert "Episode 1 of run second" in decisions("explain", "--db", database)


def test_compare(database: Path) -> None:
    first, second = json.loads(decisions("compare", "--db", database, "--json"))
    assert (first["name"], first["episodes"], second["name"], second["episodes"]) == ("walks", 6, "second", 1)
    assert "mean reward" in decisions("compare", "second", "walks", "--db", database)


def test_export(database: Path, tmp_path: Path) -> None:
    assert "wrote 1200 decisions" in decisions("export", tmp_path / "all.csv", "--db", database, "--run", "walks")
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["episode"], row["step"]) for row in rows[198:202]] == [
        ("1", "198"),
        ("1", "199"),
        ("2", "0"),
        ("2", "1"),
    ]
    decisions("export", tmp_path / "two.jsonl", "--db", database, "--run", "walks", "--episode", "2")
    lines = [json.loads(line) for line in (tmp_path / "two.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["reward"] for line in lines] == walk(2).columns["reward"].tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "two.jsonl"]


def test_export_to_parquet(database: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    decisions("export", tmp_path / "all.parquet", "--db", database)
    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.num_rows == 1400
    assert str(table.schema.field("outcome").type) == "double"


def test_verify(database: Path, tmp_path: Path) -> None:
    assert "all counts agree" in decisions("verify", "--db", database)
    damaged = filled_database(tmp_path / "damaged.db", episodes=1)
    with HistoryStore(damaged) as store:
        store.connection.execute("update loops set n = n + 1")
        store.connection.commit()
    result = CliRunner().invoke(app, ["decisions", "verify", "--db", str(damaged)])
    assert result.exit_code == 1
    assert "loops" in result.stdout


def test_prune(tmp_path: Path) -> None:
    path = filled_database(tmp_path / "decisions.db")
    assert "deleted 1000 decisions of 5 episodes" in decisions("prune", "--keep", "200", "--vacuum", "--db", path)


@pytest.mark.parametrize("name", [query.name for query in SAVED_QUERIES])
def test_every_saved_query_answers(database: Path, name: str) -> None:
    assert json.loads(decisions("query", name, "--db", database, "--json"))
    assert decisions("query", name, "--db", database)


def test_datasette_metadata_names_the_file_and_every_query(database: Path) -> None:
    metadata = json.loads(decisions("datasette", "--db", database))
    queries = metadata["databases"]["decisions"]["queries"]
    assert set(queries) == {query.name for query in SAVED_QUERIES}
    with HistoryStore(database) as store:
        names = {row[0] for row in store.connection.execute("select name from sqlite_master")}
    assert set(metadata["databases"]["decisions"]["tables"]) <= names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recent", "--db", "none.db"], "no decision database at none.db"),
        (["recent", "--db", "pyproject.toml"], "pyproject.toml is not a SQLite database"),
        (["explain", "99", "--db", "{db}"], "no episode 99; it has 1 to 1"),
        (["explain", "first", "--db", "{db}"], "'first' names no episode"),
        (["patterns", "--where", "moon=full", "--db", "{db}"], "moon"),
        (["patterns", "--where", "moon", "--db", "{db}"], "has no '='"),
        (["search", '"', "--db", "{db}"], "double quotes"),
        (["search", "", "--db", "{db}"], "nothing to search for"),
        (["export", "all.xlsx", "--db", "{db}"], "ends with .xlsx, which names no format"),
        (["export", "all.csv", "--db", "{db}", "--episode", "99"], "no run has an episode 99"),
        (["export", "all.csv", "--db", "{db}", "--run", "second", "--episode", "2"], "run 'second' has no episode 2"),
        (["compare", "walks", "--db", "{db}"], "two runs or none"),
        (["compare", "walks", "thirds", "--db", "{db}"], "no run named 'thirds'"),
        (["query", "everything", "--db", "{db}"], "no saved query 'everything'"),
        (["export", "pyproject.toml", "--format", "csv", "--db", "{db}"], "exists already"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(database: Path, arguments: list[str], said: str) -> None:
    result = crystal_agent("decisions", *(argument.replace("{db}", str(database)) for argument in arguments))
    assert result.returncode == EXIT_BAD_INPUT, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_the_program_runs_and_helps() -> None:
    result = crystal_agent("decisions", "--help")
    assert result.returncode == 0
    group: Any = COMMANDS.resolve("decisions")
    commands = [one.name or one.callback.__name__.replace("_", "-") for one in group.registered_commands]
    assert len(commands) > 8 and all(command in result.stdout for command in commands)
    helped = crystal_agent("--help").stdout
    assert all(spelt(command) in helped for command in COMMANDS.built_in_names())
    assert crystal_agent("decisions", "recent", "--bogus").returncode == EXIT_BAD_INPUT


def test_help_imports_no_command_and_the_version_is_told() -> None:
    program = "import sys; from trainer.commands.app import run\ntry: run()\nfinally: print(*sys.modules)"
    helped = subprocess.run([sys.executable, "-c", program, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert helped.returncode == 0 and "measure what it reaches" in helped.stdout
    loaded = helped.stdout.splitlines()[-1].split()
    assert "trainer.commands.app" in loaded
    assert not {"torch", "numpy", "pyboy", "trainer.commands.builtin.evaluate"} & set(loaded)
    said = crystal_agent("--version")
    assert said.returncode == 0 and re.match(r"crystal-agent (\d+\.\d+|of a source tree)", said.stdout)


@pytest.mark.parametrize("name", COMMANDS.built_in_names())
def test_each_commands_file_says_what_the_command_does(name: str) -> None:
    assert summary(name).strip() and "`" not in summary(name), f"the docstring begins: `crystal-agent {spelt(name)}`: "


def test_another_package_adds_a_command(tmp_path: Path) -> None:
    """A real distribution, as pip would leave it on disk; what is broken in it is one line."""
    (tmp_path / "their_count.py").write_text("def count(to: int) -> None:\n    print(*range(to))\n", encoding="utf-8")
    metadata = tmp_path / "their_count-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-count\nVersion: 1.0\n")
    points = metadata / "entry_points.txt"
    points.write_text("[crystal_hybrid.command]\ncount = their_count:count\n")
    found = crystal_agent("count", "3", PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert (found.stdout, found.stderr, found.returncode) == ("0 1 2\n", "", 0)
    points.write_text("[crystal_hybrid.command]\ncount = their_count:cuont\n")
    broken = crystal_agent("count", "3", PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert broken.returncode == EXIT_BAD_INPUT and "did you mean 'count'?" in broken.stderr
    assert broken.stderr.count("\n") == 1


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    def bad_input() -> None:
        raise ConfigurationError("lanes is 0;\n  it must be 1 or more")

    def interrupted() -> None:
        raise KeyboardInterrupt

    def fault() -> None:
        raise ZeroDivisionError

    assert run_reporting_bad_input(lambda: None) == 0
    assert run_reporting_bad_input(bad_input) == EXIT_BAD_INPUT
    assert capsys.readouterr().err == "error: lanes is 0; it must be 1 or more\n"
    assert run_reporting_bad_input(interrupted) == EXIT_INTERRUPTED
    with pytest.raises(ZeroDivisionError):
        run_reporting_bad_input(fault)
