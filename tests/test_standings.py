"""Who acts by what came of segments: beliefs, bounds, borrowing and what is saved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.agent.standings import LEAST_JUDGED, MOST_ROWS, Deed, SegmentOutcome, Situation, Standings
from core.exceptions import CheckpointError
from core.vocabulary import Source

TALK = Situation(Deed.PRESS, "overworld", "talk", "1")
BUY = Situation(Deed.PRESS, "menu", "buy", "1")
BOTH = (Source.RULES, Source.POLICY)


def play(
    standings: Standings,
    situation: Situation,
    player: Source,
    steps: float,
    success: float,
    segments: int,
    seed: int = 0,
) -> None:
    """Segments of about so many steps, that share of them successes."""
    dice = np.random.default_rng(seed)
    for _ in range(segments):
        length = round(steps * float(dice.lognormal(0.0, 0.3)))
        standings.learn(SegmentOutcome(situation, player, bool(dice.random() < success), length))


def test_nobody_is_preferred_before_two_were_judged() -> None:
    standings = Standings()
    assert standings.who_acts(TALK, BOTH) is None
    play(standings, TALK, Source.RULES, 30, 1.0, 60)
    play(standings, TALK, Source.POLICY, 30, 1.0, int(LEAST_JUDGED) - 2)
    assert standings.who_acts(TALK, BOTH) is None
    play(standings, TALK, Source.POLICY, 30, 1.0, 10)
    assert standings.who_acts(TALK, BOTH) is not None


def test_heads_that_are_as_good_act_and_heads_that_fail_or_dawdle_do_not() -> None:
    for steps, success, expected in ((30, 0.98, Source.POLICY), (30, 0.6, Source.RULES), (60, 0.98, Source.RULES)):
        standings = Standings()
        for _ in range(60):  # in turn, as in play: the usual cost is that of both
            play(standings, TALK, Source.RULES, 30, 0.98, 2, seed=_)
            play(standings, TALK, Source.POLICY, steps, success, 2, seed=_ + 100)
        assert standings.who_acts(TALK, BOTH) is expected, (steps, success)


def test_each_situation_is_judged_by_itself() -> None:
    standings = Standings()
    for turn in range(60):
        play(standings, TALK, Source.RULES, 30, 0.98, 1, seed=turn)
        play(standings, TALK, Source.POLICY, 28, 0.98, 1, seed=turn)
        play(standings, BUY, Source.RULES, 30, 0.98, 1, seed=turn)
        play(standings, BUY, Source.POLICY, 90, 0.5, 1, seed=turn)
    assert standings.who_acts(TALK, BOTH) is Source.POLICY
    assert standings.who_acts(BUY, BOTH) is Source.RULES
    assert standings.shares(Deed.PRESS) == pytest.approx({Source.POLICY: 0.5, Source.RULES: 0.5, Source.LLM: 0.0})


def test_heads_do_not_act_in_a_region_where_they_were_never_judged() -> None:
    standings = Standings()
    for turn in range(60):
        play(standings, TALK, Source.RULES, 30, 0.98, 1, seed=turn)
        play(standings, TALK, Source.POLICY, 28, 0.98, 1, seed=turn)
    read = standings.copy()
    for table in (standings, read):
        assert table.who_acts(TALK._replace(kind="buy"), BOTH) is Source.POLICY, "another kind there: it borrows"
        assert table.who_acts(TALK._replace(region="7"), BOTH) is Source.RULES


def test_a_situation_without_outcomes_borrows_from_the_wider_ones() -> None:
    standings = Standings()
    for turn in range(60):
        play(standings, TALK, Source.RULES, 30, 0.98, 1, seed=turn)
        play(standings, TALK, Source.POLICY, 90, 0.3, 1, seed=turn)
    elsewhere = TALK._replace(region="7")
    known, new = standings.merit(TALK, Source.POLICY), standings.merit(elsewhere, Source.POLICY)
    assert new.success == pytest.approx(known.success, abs=0.1)
    assert standings.who_acts(elsewhere, BOTH) is Source.RULES
    standings.learn(SegmentOutcome(elsewhere, Source.POLICY, True, 20))
    assert standings.merit(elsewhere, Source.POLICY).success < 0.6, "once is luck"
    untouched = standings.merit(Situation(Deed.CHOOSE, "overworld", "talk", "1"), Source.POLICY)
    assert untouched.success == 0.5, "another deed is another matter"


def test_calls_of_a_language_model_are_a_cost() -> None:
    cheap = SegmentOutcome(TALK, Source.LLM, True, 30)
    dear = SegmentOutcome(TALK, Source.LLM, True, 30, calls=3)
    assert dear.cost > cheap.cost
    standings = Standings()
    for _ in range(40):
        standings.learn(SegmentOutcome(TALK, Source.RULES, True, 30))
        standings.learn(SegmentOutcome(TALK, Source.LLM, True, 30, calls=3))
    assert standings.merit(TALK, Source.LLM).bound > standings.merit(TALK, Source.RULES).bound


def test_exploring_tries_everybody_at_first_and_the_better_one_in_the_end() -> None:
    standings, dice = Standings(), np.random.default_rng(0)
    early = {standings.who_acts(TALK, BOTH, dice) for _ in range(50)}
    assert early == set(BOTH)
    for turn in range(100):
        play(standings, TALK, Source.RULES, 30, 0.98, 1, seed=turn)
        play(standings, TALK, Source.POLICY, 60, 0.6, 1, seed=turn)
    late = [standings.who_acts(TALK, BOTH, dice) for _ in range(100)]
    assert late.count(Source.RULES) > 95
    assert standings.chance_better(TALK, Source.POLICY, Source.RULES) < 0.05
    assert standings.chance_better(TALK, Source.RULES, Source.RULES) == pytest.approx(0.5)


def test_it_is_saved_as_bounded_json_and_read_again() -> None:
    standings = Standings()
    for number in range(MOST_ROWS + 100):
        standings.learn(SegmentOutcome(TALK._replace(region=str(number)), Source.RULES, True, 10))
    assert len(standings) <= MOST_ROWS + 4
    assert standings.segments(Deed.PRESS, Source.RULES) > 100
    told = json.dumps(standings.state_dict())
    twin = Standings()
    twin.load_state_dict(json.loads(told))
    assert json.dumps(twin.state_dict()) == told
    assert twin.merit(TALK, Source.RULES).bound == pytest.approx(standings.merit(TALK, Source.RULES).bound, abs=1e-4)
    with pytest.raises(CheckpointError, match="version 7"):
        twin.load_state_dict({"version": 7})
    with pytest.raises(ValueError, match="finite"):
        twin.load_state_dict({"version": 1, "rows": [["press", "", "", "", "rules", "nan", 0, 0, 0]], "usual": []})


def test_what_is_learned_is_reported_for_another_table() -> None:
    worker, home = Standings(), Standings()
    worker.reported = []
    play(worker, TALK, Source.POLICY, 30, 0.9, 30)
    for outcome in worker.reported:
        home.learn(outcome)
    assert home.merit(TALK, Source.POLICY) == worker.merit(TALK, Source.POLICY)
