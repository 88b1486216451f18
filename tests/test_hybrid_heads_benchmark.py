"""The benchmark of the heads: what is left out is left out, cells survive a file, the tables compare with the rules."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import torch

from agents.heads.button_view import OPTION_PARTS, PLACE_OF, PLANES_SHAPE, VIEW_PLANES, VIEW_SIZE
from agents.heads.saved_heads import Heads, load_heads
from benchmarks.heads_alone import heads_alone
from benchmarks.hybrid_heads import BEGIN, END, VARIANTS, HeadsCell, read_cells, table, write, write_cell
from tests.game_states import ROM_PATH
from trainer.bundle.judge import HeadGame, JudgedPlayer, Judging


def test_a_network_that_ignores_a_part_of_the_view_does_not_react_to_it() -> None:
    network, dice = Heads.fresh(0).button, torch.Generator().manual_seed(0)
    vector = torch.randn(1, VIEW_SIZE, generator=dice)
    planes = torch.randn(1, *PLANES_SHAPE, generator=dice)
    mask = torch.ones(1, 9, dtype=torch.bool)

    def changes(part: str) -> bool:
        """Whether another value of this part gives another answer."""
        other_vector, other_planes = vector.clone(), planes.clone()
        if part in VIEW_PLANES:
            other_planes[:, VIEW_PLANES[part]] += 1.0
        else:
            other_vector[:, PLACE_OF[part]] += 1.0
        with torch.inference_mode():
            return not torch.equal(network(vector, planes, mask)[0], network(other_vector, other_planes, mask)[0])

    parts = (*OPTION_PARTS, *VIEW_PLANES)
    assert all(changes(part) for part in parts)
    network.ignore(("target", "goal_plane"))
    assert [part for part in parts if not changes(part)] == ["target", "goal_plane"]


def test_variants_leave_out_what_they_say() -> None:
    judging = Judging(games=3)
    plans = {name: variant.plan(4, judging, 8000, "tide_badge") for name, variant in VARIANTS.items()}
    assert plans["no_branches"].options == replace(plans["ppo"].options, groups=0)
    hybrids = [name for name, variant in VARIANTS.items() if JudgedPlayer.HYBRID in variant.players]
    assert hybrids == [name for name, plan in plans.items() if plan.turns.games], "without standings it is the heads"
    assert plans["whole"].options.rounds == plans["no_dagger"].aggregation.rounds == 0
    assert not plans["no_mask"].judging.bars_repeats and plans["whole"].judging.bars_repeats
    assert {plans["no_noise"].collection.straying(game).presses for game in range(4)} == {0.0}
    assert "kind" in plans["no_option"].cloning.ignored and "barred" not in plans["no_option"].cloning.ignored
    assert {plan.seed for plan in plans.values()} == {4}
    same = ("cloned", "no_mask", "no_option", "no_menu_target", "no_distances")
    assert len({repr(plans[name].collection) for name in same}) == 1, "their games are played once"


def games_of(player: JudgedPlayer, steps: list[int]) -> list[HeadGame]:
    return [
        HeadGame(player.value, game, took < 8000, took, 20, 9, 3.0, 0.25 * game, 0.5) for game, took in enumerate(steps)
    ]


def test_tables_compare_with_the_rules_at_the_same_starters(tmp_path: Path) -> None:
    rules = games_of(JudgedPlayer.RULES, [1000, 2000, 3000])
    alone = games_of(JudgedPlayer.ALONE, [500, 1500, 8000])
    cells = [
        HeadsCell("whole", 0, True, tuple(rules + alone), (1.0, 2.0, 3.0, 4.0)),
        HeadsCell("no_mask", 0, True, tuple(games_of(JudgedPlayer.ALONE, [8000, 8000, 700])), (0.0, 0.0, 0.0, 0.0)),
        HeadsCell("whole", 0, False, tuple(rules), (0.0, 0.0, 0.0, 0.0)),
    ]
    for cell in cells:
        write_cell(tmp_path, cell)
    read = read_cells(tmp_path)
    assert {repr(cell) for cell in read} == {repr(cell) for cell in cells}
    fixed = table(read, fixes_starter=True)
    assert "| the whole | policy alone | 1 | 2 of 3 (21% to 94%) | 1,500 | 0.75 | 9 | 25%, 50% |" in fixed
    assert (
        "| without the bar on vain presses | policy alone | 1 | 1 of 3 (6% to 79%) | not reached |  | 9 | 25%, 50% |"
        in fixed
    )
    assert "vain presses" not in table(read, fixes_starter=False)
    (tmp_path / "docs" / "data").mkdir(parents=True)
    page = tmp_path / "docs" / "hybrid.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write(read, tmp_path / "docs")
    text = page.read_text(encoding="utf-8")
    assert "old" not in text and text.startswith("before\n") and text.endswith("after\n")
    assert text.count("| the whole | rules |") == 2 and text.count("own starter") == 1


def test_rl_alone_keeps_its_weights_and_trains_them_once(tmp_path: Path) -> None:
    said: list[str] = []
    weights, minutes = heads_alone(ROM_PATH, 3, tmp_path, 60, said.append)
    assert minutes > 0.0 and load_heads(weights).game == "fernvale"
    assert heads_alone(ROM_PATH, 3, tmp_path, 60, said.append) == (weights, 0.0)
    with sqlite3.connect(tmp_path / "alone_3_60/decisions.db") as connection:
        (others,) = connection.execute("select sum(llm_steps + rules_steps) from episodes").fetchone()
    assert others == 0, "somebody taught"
