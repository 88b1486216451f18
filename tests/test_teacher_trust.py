"""Trust in the teacher depends on the rewards of following it, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.learning.trust import (
    FORGETTING,
    LEAST_VARIANCE,
    MOST_EVIDENCE,
    OUTCOME_DISCOUNT,
    TeacherTrust,
    rewards_ahead,
)


def tosses(steps: int, random: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Coins of known chances, and how they fell."""
    chances = random.uniform(0.2, 0.95, steps)
    return random.random(steps) < chances, chances


def test_trust_follows_what_came_of_following() -> None:
    random = np.random.default_rng(0)
    good, bad, silent = TeacherTrust(), TeacherTrust(), TeacherTrust()
    for _ in range(8):
        followed, chances = tosses(200, random)
        outcomes = random.normal(size=200)
        good.judge(outcomes + 0.6 * followed, followed, chances)
        bad.judge(outcomes - 0.6 * followed, followed, chances)
        silent.judge(outcomes, np.ones(200, bool), np.ones(200))
    assert good.value > 0.99
    assert bad.value < 0.01
    assert silent.value == 0.5, "where the teacher always acts there is nothing to compare"


def test_where_the_guide_is_followed_more_often_is_not_taken_for_what_following_does() -> None:
    """The good places are those where the coin favours the teacher; the comparison of means would call it excellent."""
    random = np.random.default_rng(1)
    trust, difference = TeacherTrust(), []
    for _ in range(40):
        followed, chances = tosses(400, random)
        outcomes = 2.0 * chances + 0.1 * random.normal(size=400)
        difference.append(outcomes[followed].mean() - outcomes[~followed].mean())
        trust.judge(outcomes, followed, chances)
    assert np.mean(difference) > 0.2
    assert abs(trust.evidence) < 6.0, "the sum of forty standard normal scores has a standard deviation of 2.3"


def test_stretches_of_steps_that_are_alike_do_not_make_it_certain() -> None:
    """A short rollout of one lane: all its steps share one fate, and following changes nothing of it."""
    random = np.random.default_rng(2)
    scores = []
    for _ in range(400):
        followed, chances = tosses(128, random)
        fate = random.normal(size=4).repeat(32)
        trust = TeacherTrust()
        trust.judge(fate, followed, chances)
        scores.append(trust.evidence)
    assert np.std(scores) == pytest.approx(1.0, abs=0.15)
    assert np.mean(np.abs(scores) > 1.96) < 0.1


def test_too_few_tosses_say_nothing() -> None:
    followed = np.ones(100, bool)
    chances = np.full(100, 1.0 - 0.9 * LEAST_VARIANCE / 100)
    followed[:2] = False
    trust = TeacherTrust()
    trust.judge(np.arange(100.0), followed, chances)
    assert trust.evidence == 0.0


def test_rewards_ahead_stop_at_the_end_of_an_episode() -> None:
    rewards = np.array([[1.0, 0.0], [0.0, 2.0], [4.0, 8.0]], np.float32)
    ends = np.array([[False, False], [False, True], [False, False]])
    expected = [[1.0 + 4.0 * OUTCOME_DISCOUNT**2, 2.0 * OUTCOME_DISCOUNT], [4.0 * OUTCOME_DISCOUNT, 2.0], [4.0, 8.0]]
    assert rewards_ahead(rewards, ends) == pytest.approx(np.array(expected))


def test_about_ten_rewards_count() -> None:
    """What the module says of its discounts: ten rewards ahead, and ten rollouts back."""
    assert pytest.approx(10.0) == 1 / (1 - OUTCOME_DISCOUNT)
    assert pytest.approx(10.0) == 1 / (1 - FORGETTING)


def test_a_rollout_is_a_score_by_hand() -> None:
    """Equation 11 with four kinds of coins, added to what was known before."""
    chances = np.array([0.5, 0.25, 0.5, 0.75] * 4)
    followed = np.array([True, False, False, True] * 3 + [False, True, True, False])
    outcomes = np.array([1.0, 0.0, 0.5, 2.0] * 3 + [-1.0, 1.0, 0.0, 0.5])
    variances = chances * (1 - chances)
    centred = outcomes - (variances * outcomes).sum() / variances.sum()
    score = ((followed - chances) * centred).sum() / np.sqrt((variances * centred**2).sum())
    assert 0.5 < score < MOST_EVIDENCE
    trust = TeacherTrust()
    trust.judge(outcomes, followed, chances)
    assert trust.evidence == pytest.approx(score)
    assert trust.value == pytest.approx(1 / (1 + np.exp(-score)))
    trust.judge(outcomes, followed, chances)
    assert trust.evidence == pytest.approx(FORGETTING * score + score)
    for sign in (1, -1):
        sure = TeacherTrust()
        sure.judge(np.where(followed, sign, -sign).astype(float).repeat(20), followed.repeat(20), chances.repeat(20))
        assert sure.evidence == sign * MOST_EVIDENCE, "no rollout counts for more"
