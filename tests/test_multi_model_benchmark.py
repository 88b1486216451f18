"""The benchmark's judgement: intervals and verdicts come from the games, and cells that are not there are left out."""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.multi_model import INDEPENDENT, cells, interval, memory_of_tree_mb, table


def row(mode: str, strategy: str, seed: int, milestones: list[int]) -> dict[str, object]:
    return {
        "mode": mode,
        "strategy": strategy,
        "seed": seed,
        "agents": 2,
        "steps": 100,
        "games": 2,
        "horizon": 10,
        "milestones": milestones,
    }


def test_verdicts_follow_from_the_difference_to_independent_agents_of_the_same_seed() -> None:
    rows = []
    for seed in range(4):
        base = [seed, seed + 1, seed, seed + 1]
        rows.append(row(INDEPENDENT, INDEPENDENT, seed, base))
        rows.append(row("cooperative", "synchronized", seed, [count + 2 for count in base]))
        rows.append(row("cooperative", "selective", seed, [count - 1 for count in base]))
        rows.append(row("mixed", "federated", seed, [count + (-1) ** seed for count in base]))
    text = table(rows, argparse.Namespace(agents=2, steps=100, games=2, horizon=10))
    lines = {line.split("|")[1].strip() + "/" + line.split("|")[2].strip(): line for line in text.splitlines()[4:]}
    assert len(lines) == 4
    assert "+2.00 (+2.00 to +2.00) | better" in lines["cooperative/synchronized"]
    assert "-1.00 (-1.00 to -1.00) | worse" in lines["cooperative/selective"]
    assert "no difference shown" in lines["mixed/federated"]
    assert len(cells()) == 17
    assert table(rows, argparse.Namespace(agents=3, steps=100, games=2, horizon=10)).count("\n") == 3


def test_intervals_contain_the_mean() -> None:
    low, high = interval([np.array([1.0, 3.0]), np.array([2.0, 2.0])])
    assert 1.0 <= low <= 2.0 <= high <= 3.0
    assert memory_of_tree_mb() > 10
