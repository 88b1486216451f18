"""The comparison of the hybrid with its parents runs to its end, at equal training steps, on real games."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import learning_curve
from benchmarks.hybrid import PARTS, Bench, Budget, Cell, CurvePoint, Game, budget_of, measure, read_cells, write_cell
from benchmarks.hybrid_report import BEGIN, END, median_interval, median_steps, table, write
from tests.utils import generate_test_config
from trainer.settings import load_settings

ROWS = {"bare": ["random", "rules"], "rl_alone": ["rl_alone"], "hybrid": ["hybrid", "its_policy"]}


def test_every_row_is_measured_and_training_is_equal(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path))
    for part in PARTS:
        with ExitStack() as stack:
            cell = measure(Bench(settings, stack), part, 0, Budget(120, None), games=3, curve_points=2)
        assert list(cell.games) == ROWS[part]
        assert all(len(games) == 3 for games in cell.games.values())
        assert cell.training_steps == (0 if part == "bare" else 120)
        assert [point.steps for point in cell.curve] == ([] if part == "bare" else [0, 60, 120])
        write_cell(tmp_path / "cells", cell)
    assert {cell.part for cell in read_cells(tmp_path / "cells")} == set(PARTS)
    docs = tmp_path / "docs"
    for folder in ("data", "images"):
        (docs / folder).mkdir(parents=True)
    (docs / "hybrid.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write(list(read_cells(tmp_path / "cells")), docs)
    page = (docs / "hybrid.md").read_text(encoding="utf-8")
    assert "old" not in page
    assert page.startswith("before\n") and page.endswith("after\n")
    assert page.count("3 on 1 seeds") == 5
    assert (docs / "images" / "hybrid.png").stat().st_size > 5_000


def test_all_players_begin_with_the_same_starters_in_turn(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path))
    with ExitStack() as stack:
        bench = Bench(settings, stack)
        first, again = bench.rule_players(0, bench.fixes_starter), bench.rule_players(9, bench.fixes_starter)
        assert [player.starter for player in first] == [player.starter for player in again]
        assert [player.starter for player in first] == [1 + lane % 3 for lane in range(settings.lanes)]
        assert {player.starter for player in bench.rule_players(0)} == {None}, "in training nobody is told"


def test_rl_alone_has_no_less_than_the_hybrid_of_its_seed(tmp_path: Path) -> None:
    assert Budget(100, None).spent(100, 0.0) == 1.0 and Budget(None, 60.0).spent(7, 30.0) == 0.5
    plain = Budget(100, None)
    write_cell(tmp_path, Cell("hybrid", 3, horizon=10, training_steps=120, training_s=60.0))
    assert budget_of("rl_alone", 3, plain, tmp_path) == Budget(120, 60.0)
    assert Budget(120, 60.0).spent(1000, 30.0) == 0.5 and Budget(120, 60.0).spent(60, 600.0) == 0.5
    assert budget_of("rl_alone", 4, plain, tmp_path) == plain == budget_of("hybrid", 3, plain, tmp_path)


def game(steps: int, reached: bool = True) -> Game:
    return Game(reached, steps, milestones=10, reward=1.0, model_share=0.0, loop_steps=0)


def test_games_that_did_not_get_there_are_not_left_out_of_the_median() -> None:
    assert median_steps([game(10), game(20), game(30)]) == "20"
    assert median_steps([game(10), game(30), game(5, reached=False)]) == "30"
    assert median_steps([game(10), game(8000, reached=False)]) == "not reached"


@pytest.mark.parametrize(("reached", "said"), [(0, "0% (0% to 16%)"), (20, "100% (84% to 100%)")])
def test_shares_come_with_their_interval(reached: int, said: str) -> None:
    games = [game(10, number < reached) for number in range(20)]
    assert said in table([Cell("bare", 0, 8000, {"rules": games})])


def test_the_interval_of_a_median_goes_by_ranks() -> None:
    assert median_interval([game(steps) for steps in range(100)]) == " (39 to 60)"
    assert median_interval([game(steps) for steps in range(4)]) == ""
    half = [game(steps) for steps in range(55)] + [game(100, reached=False) for _ in range(45)]
    assert median_interval(half) == "", "its upper end is not known"


def _curves(folder: Path, gain: int, seeds: range = range(5), points: int = 2) -> Path:
    folder.mkdir()
    for seed in seeds:
        curve = [CurvePoint(100 * (point + 1), (4 + point + seed % 2 + gain, 6)) for point in range(points)]
        write_cell(folder, Cell("hybrid", seed, horizon=10, curve=curve))
    return folder


def test_a_learning_curve_is_compared_seed_by_seed_and_a_worse_one_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, same, worse = (_curves(tmp_path / name, gain) for name, gain in (("a", 0), ("b", 0), ("c", -1)))
    *moments, whole = learning_curve.differences(list(read_cells(before)), list(read_cells(worse)))
    assert [one.steps for one in moments] == [100, 200] and whole.steps is None
    assert (whole.after - whole.before, whole.low, whole.high) == pytest.approx((-0.5, -0.5, -0.5)) and whole.is_worse
    assert learning_curve.main([str(before), str(same)]) == 0 and "not shown to be worse" in capsys.readouterr().out
    assert learning_curve.main([str(before), str(worse)]) == 1 and "the curve is worse" in capsys.readouterr().out
    other = _curves(tmp_path / "d", 0, points=3)
    assert learning_curve.main([str(before), str(other)]) == 2 and "--curve-points" in capsys.readouterr().err
    alone = _curves(tmp_path / "e", 0, seeds=range(7, 9))
    assert learning_curve.main([str(before), str(alone)]) == 2 and "of none on both sides" in capsys.readouterr().err
