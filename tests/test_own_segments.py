"""Lessons from the heads' own play: segments from save states that end in time, with the rules' labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.heads.lessons import Lessons
from agents.heads.saved_heads import Heads, save_heads
from trainer.bundle.collect import BundleCollection, play_by_rules
from trainer.bundle.dagger import Aggregation, aggregate, draw_moments
from trainer.bundle.moments import Moment

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"


@pytest.fixture(scope="module")
def moments() -> tuple[Moment, ...]:
    return play_by_rules(ROM, BundleCollection(games=1, steps_per_game=150, final_milestone="tide_badge"), 0).moments


def test_all_stretches_of_the_way_are_drawn_alike(moments: tuple[Moment, ...]) -> None:
    drawn = draw_moments(moments, 2 * len(moments), run_seed=1, number=1)
    assert sorted(one.milestones for one in drawn) == sorted(2 * [one.milestones for one in moments])
    assert drawn == draw_moments(moments, 2 * len(moments), run_seed=1, number=1)


def test_heads_that_know_nothing_are_labelled_until_twice_the_rules_steps(
    moments: tuple[Moment, ...], tmp_path: Path
) -> None:
    weights, said = tmp_path / "heads.safetensors", list[str]()
    save_heads(weights, Heads.fresh(0))
    one = Aggregation(segments=1)

    def lessons() -> Lessons:
        return aggregate(weights, ROM, one, 1, moments, "tide_badge", tmp_path / "own", said.append, 1)

    own = lessons()
    (moment,) = draw_moments(moments, 1, one.run_seed, 1)
    assert 0 < len(own) <= 2 * moment.rules_steps
    assert own.masks.any(axis=1).all() and own.teaches_press.any()
    assert len(np.unique(own.presses)) > 1, "what the rules want, not what the heads press"
    assert said == ["lot 1 of 1: 0 of 1 segments to their end"]
    again = lessons()
    assert said[1:] == ["1 of 1 lots of segments are there from an earlier run"]
    assert np.array_equal(own.vectors, again.vectors) and np.array_equal(own.presses, again.presses)
