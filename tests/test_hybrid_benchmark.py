"""The comparison of the hybrid with its parents runs to its end, at equal training steps, on real games."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from benchmarks.hybrid import Bench, Budget, Row, measure, table_of
from tests.utils import generate_test_config
from trainer.settings import load_settings

ROWS = ["random", "rules", "RL alone", "hybrid", "its policy"]


def test_every_row_is_measured_and_training_is_equal(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path))
    with ExitStack() as stack:
        measured = list(measure(Bench(settings, stack), seed=0, budget=Budget(120, None), count=3))
    assert [name for name, *_ in measured] == ROWS
    trained = {name: steps for name, _, steps, _ in measured}
    assert trained["RL alone"] == trained["hybrid"] == trained["its policy"] == 120
    assert trained["rules"] == 0
    rows = {name: Row(name, list(games)) for name, games, _, _ in measured}
    assert all(len(row.games) == 3 for row in rows.values())
    assert table_of(rows, "a title").row_count == len(ROWS)


def test_a_budget_of_time_takes_the_place_of_one_of_steps() -> None:
    assert Budget(100, None).is_spent(100, 0.0)
    assert not Budget(100, 60.0).is_spent(1000, 59.0)
    assert Budget(100, 60.0).is_spent(1, 60.0)
