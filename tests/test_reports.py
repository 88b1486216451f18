"""A run as one file, and ways of training side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from core.exceptions import ConfigurationError, HistoryError
from core.history.store import HistoryStore
from tests.history_samples import walk
from tests.utils import generate_test_config
from trainer.commands.app import app
from trainer.evaluation.intervals import bootstrap_interval
from trainer.live_page.assets import asset
from trainer.live_page.assets import filled as filled_page
from trainer.live_page.run_data import metric_lines
from trainer.run.curves import FILE_NAME

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "</script><script>document.title='owned'</script>"


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False).stdout


def filled(path: Path, runs: dict[str, int]) -> Path:
    with HistoryStore(path) as store:
        for name, episodes in runs.items():
            entry = store.start_run(name)
            for number in range(1, episodes + 1):
                store.commit_episode(entry.id, walk(number))
    return path


def test_a_training_ends_with_a_report_and_its_curves(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path, eval_interval=2, tensorboard=True, total_episodes=4)
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    report = tmp_path / "checkpoints" / "report.html"
    assert f"Report: {report}" in done.stdout
    text = report.read_text(encoding="utf-8")
    begin = text.index('<script id="data" type="application/json">') + len('<script id="data" type="application/json">')
    data = json.loads(text[begin : text.index("</script>", begin)])
    assert data["curves"]["episode"] == [1, 2, 3, 4] and data["summary"]["total_episodes"] == 4
    assert ["learner.rollout_steps", "16"] in data["settings"]
    lines = metric_lines(tmp_path / "checkpoints" / FILE_NAME, ("episode", "update", "evaluation"))
    by_kind = {kind: [line for line in lines if line["kind"] == kind] for kind in ("episode", "update", "evaluation")}
    assert [line["episode"] for line in by_kind["episode"]] == [1, 2, 3, 4]
    assert [line["update"] for line in by_kind["update"]] == list(range(1, len(by_kind["update"]) + 1))
    assert all(np.isfinite(line["value_loss"]) for line in by_kind["update"]) and by_kind["update"]
    assert {line["mode"] for line in by_kind["evaluation"]} == {"adaptive", "rl_only", "rules_only"}
    assert by_kind["episode"][0]["reward"] == pytest.approx(data["curves"]["reward"][0])
    assert list((tmp_path / "checkpoints" / "tensorboard").rglob("events.out.tfevents.*"))


def test_no_name_ends_the_data_of_a_report(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path)
    filled(tmp_path / "decisions.db", {HOSTILE: 3})
    out = tmp_path / "out.html"
    assert f"wrote {out}" in run("report", "--config", str(config), "--out", str(out))
    assert HOSTILE not in out.read_text(encoding="utf-8")
    with pytest.raises(HistoryError):
        run("report", "--config", str(config), "--run", "nobody")


def test_ways_of_training_are_compared_over_their_seeds(tmp_path: Path) -> None:
    first = filled(tmp_path / "first.db", {"seed 1": 12, "seed 2": 9})
    second = filled(tmp_path / "second.db", {"only": 8})
    files = ["compare", "--db", str(first), "--db", str(second), "--last", "5"]
    rows = json.loads(run(*files, "--measure", "steps", "--json", "--plot", str(tmp_path / "plot.png")))
    assert [(row["way"], row["runs"], row["episodes"]) for row in rows] == [("first", 2, 21), ("second", 1, 8)]
    assert [row["interval_over"] for row in rows] == ["seeds", "episodes of one run"]
    with HistoryStore(first) as store:
        lengths = [
            [steps for (steps,) in store.connection.execute("select steps from episodes where run_id = ?", (run_id,))]
            for run_id in (1, 2)
        ]
    assert rows[0]["mean"] == pytest.approx(np.mean([np.mean(one[-5:]) for one in lengths]))
    assert rows[0]["low"] <= rows[0]["mean"] <= rows[0]["high"]
    assert np.asarray(Image.open(tmp_path / "plot.png").convert("L")).std() > 5, "an empty picture"
    assert "second" in run(*files)
    with pytest.raises(HistoryError, match="no run called nobody"):
        run(*files, "--run", "nobody")
    with pytest.raises(ConfigurationError, match="named twice"):
        run("compare", "--db", str(first), "--db", str(first))
    with pytest.raises(ConfigurationError, match="name a new file"):
        run(*files, "--plot", str(tmp_path / "plot.png"))


def test_an_interval_by_bootstrap_covers_the_mean() -> None:
    """By simulation: of 95 % intervals of 20 normal numbers, more than 88 in 100 have the mean in them."""
    dice = np.random.default_rng(7)
    intervals = [bootstrap_interval(dice.normal(3.0, 2.0, 20).tolist(), draws=500) for _ in range(300)]
    covered = np.mean([low <= 3.0 <= high for low, high in intervals])
    assert 0.88 < covered <= 1.0
    widths = [np.mean([high - low for low, high in intervals])]
    assert widths[0] == pytest.approx(2 * 1.96 * 2.0 / np.sqrt(20), rel=0.1)
    assert bootstrap_interval([4.0]) == (4.0, 4.0)
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap_interval([])


def test_places_of_a_page_are_filled_and_what_is_filled_in_names_none() -> None:
    page, told = filled_page("page.html"), "@@page.css@@"
    report = filled_page("report.html", **{"data": told, "plotly.js": "// charts"})
    assert "@@" not in page
    assert report.count("@@") == 2 and told in report, "data are taken as they are"
    shared = asset("charts.html") + asset("findings.html")
    for line in shared.splitlines():
        assert line in page and line in report
    assert asset("report.js").strip() in report and "// charts" in report
