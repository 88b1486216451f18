"""The benchmark's judgement: intervals and verdicts come from the games; cells are kept and never played twice."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.multi_model import memory_of_tree_mb
from benchmarks.multi_model_learning import (
    INDEPENDENT,
    Plan,
    compare,
    draw,
    interval,
    keep,
    missing,
    names,
    path_of,
    play,
    read_cells,
    table,
)

PLAN = Plan(agents=2, steps=100, games=2, horizon=10)


def row(name: str, seed: int, milestones: list[list[int]]) -> dict[str, Any]:
    return {"name": name, "seed": seed, **asdict(PLAN), "milestones": milestones, "seconds": 1.0}


def cells() -> list[dict[str, Any]]:
    rows = []
    for seed in range(4):
        base = np.array([[seed, seed + 1], [seed, seed + 2]])
        rows.append(row(INDEPENDENT, seed, base.tolist()))
        rows.append(row("cooperative/synchronized", seed, (base + 2).tolist()))
        rows.append(row("cooperative/selective", seed, (base - 1).tolist()))
        rows.append(row("mixed/synchronized", seed, (base + (-1) ** seed).tolist()))
    return rows


def test_verdicts_follow_from_the_difference_to_independent_agents_of_the_same_seed(tmp_path: Path) -> None:
    lines = {line.name: line for line in compare(cells(), PLAN)}
    assert len(lines) == 4 and lines[INDEPENDENT].difference is None
    better = lines["cooperative/synchronized"]
    assert better.difference == pytest.approx((2, 2, 2)) and better.verdict == "better"
    assert lines["cooperative/selective"].verdict == "worse"
    assert lines["mixed/synchronized"].verdict == "no difference shown"
    assert better.milestones[1] < better.milestones[0] < better.milestones[2], "seeds differ, so their mean is not sure"
    text = table(cells(), PLAN)
    assert "| cooperative/synchronized | 4 | 4.25 (" in text and "+2.00 (+2.00 to +2.00) | better |" in text
    assert "intervals are over games" not in text and "intervals are over games" in table(cells()[:4], PLAN)
    assert compare(cells(), Plan(agents=3)) == []
    draw(cells(), PLAN, tmp_path / "table.png")
    assert (tmp_path / "table.png").stat().st_size > 5000


def test_intervals_contain_the_mean_and_know_how_few_seeds_there_are() -> None:
    mean, low, high = interval([np.array([1.0, 3.0]), np.array([2.0, 2.0])])
    assert mean == 2.0 and 1.0 <= low <= 2.0 <= high <= 3.0
    mean, low, high = interval([np.array([0.0]), np.array([1.0]), np.array([2.0])])
    assert (mean, low, high) == pytest.approx((1.0, 1 - 4.303 / 3**0.5, 1 + 4.303 / 3**0.5))
    assert memory_of_tree_mb() > 10


def test_a_kept_cell_is_not_played_again(tmp_path: Path) -> None:
    wanted = names()
    assert len(wanted) == 8 and len(names(whole_grid=True)) == 17 and wanted[0] == INDEPENDENT
    keep(row("mixed/synchronized", 1, [[1, 2], [3, 4]]), tmp_path)
    assert path_of(tmp_path, "mixed/synchronized", 1).is_file()
    rows = read_cells(tmp_path, tmp_path / "not_there.json")
    left = list(missing(wanted, [0, 1], PLAN, rows))
    assert len(left) == 15 and ("mixed/synchronized", 1) not in left
    assert len(list(missing(wanted, [0, 1], Plan(agents=3), rows))) == 16, "of another plan it says nothing"


@pytest.mark.slow
def test_a_cell_is_trained_and_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.multi_model_learning.EPISODE_STEPS", 64)
    plan = Plan(agents=2, steps=128, games=2, horizon=48)
    for name in (INDEPENDENT, "hierarchical/synchronized"):
        found = play(name, 0, plan, workers=1)
        assert plan.fits(found) and np.shape(found["milestones"]) == (2, 2) and len(found["training_rewards"]) == 1
