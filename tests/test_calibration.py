"""What a source says of itself, corrected by its record: the counts, their forgetting, and what is read from them."""

from __future__ import annotations

import pytest

from core.agent.calibration import CalibrationSettings, ConfidenceCalibration
from core.vocabulary import Source

HERE = "overworld"
PRIOR = 20.0


def decide(calibration: ConfidenceCalibration, reward: float, stated: float = 0.5, lane: int = 0) -> None:
    calibrated = calibration.calibrated(Source.RULES, HERE, stated)
    calibration.decided(lane, Source.RULES, HERE, stated, calibrated)
    calibration.rewarded(lane, reward, done=False)


def test_a_record_is_mixed_with_the_stated_confidence() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1, prior_strength=PRIOR, forgetting=1.0))
    for reward in (0.0, 1.0, -1.0, 2.0):  # as usual or worse is not well: 0 of 0, 1 > 0, -1 < 0.5, 2 > 0
        decide(calibration, reward)
    assert calibration.calibrated(Source.RULES, HERE, 0.5) == pytest.approx((PRIOR * 0.5 + 2) / (PRIOR + 4))
    assert calibration.calibrated(Source.RULES, HERE, 0.59) == pytest.approx((PRIOR * 0.59 + 2) / (PRIOR + 4))
    assert calibration.calibrated(Source.RULES, HERE, 0.6) == 0.6, "another band"
    assert calibration.calibrated(Source.RULES, HERE, 1.0) == 1.0, "the last band ends with 1"
    assert calibration.success_rate(Source.RULES) == pytest.approx(0.5)
    assert calibration.success_rate(Source.POLICY) is None


def test_old_outcomes_are_forgotten() -> None:
    """A source that got worse is not excused by its old record: each outcome takes a little from those before."""
    forgetting = 0.5
    calibration = ConfidenceCalibration(
        CalibrationSettings(outcome_steps=1, prior_strength=PRIOR, forgetting=forgetting)
    )
    goods, alls = 0.0, 0.0
    usual, seen = 0.0, 0.0
    for reward in (1.0, 0.5, -3.0, 0.0, -2.0, 4.0, 1.0):
        good = reward * seen > usual
        usual, seen = usual * forgetting + reward, seen * forgetting + 1
        goods, alls = goods * forgetting + good, alls * forgetting + 1
        decide(calibration, reward)
        expected = (PRIOR * 0.5 + goods) / (PRIOR + alls)
        assert calibration.calibrated(Source.RULES, HERE, 0.5) == pytest.approx(expected)
    assert alls < 2, "a long record would be worth 7"


def test_the_success_rate_forgets_as_well() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1, forgetting=0.5))
    for reward in (0.0, 1.0, -9.0, -9.0):
        calibration.decided(0, Source.RULES, HERE, 0.5, calibrated=0.5)
        calibration.rewarded(0, reward, done=False)
    assert calibration.success_rate(Source.RULES) == pytest.approx(0.25 / 1.875)


def test_outcomes_are_forgotten_slowly_where_nothing_else_is_said() -> None:
    """A record of a thousand outcomes still counts for most of them, and never for more than a thousand."""
    assert 0.99 <= CalibrationSettings().forgetting < 1.0
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1))
    for _ in range(2000):
        decide(calibration, 1.0)
    (row,) = calibration.state_dict()["counts"]
    assert 600 < row[-1] < 1000


def test_an_outcome_is_the_reward_of_the_next_steps() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=3, forgetting=1.0))
    for reward in (1.0, 1.0, 0.0):
        decide(calibration, reward)
    assert calibration.state_dict()["usual"] == {HERE: [2.0, 1.0]}, "the first decision's three steps"
    decide(calibration, 0.0)
    assert calibration.state_dict()["usual"] == {HERE: [3.0, 2.0]}, "the second's, 1 + 0 + 0"
    calibration.rewarded(0, 5.0, done=True)
    assert calibration.state_dict()["usual"] == {HERE: [13.0, 4.0]}, "at the end, all that wait"
    calibration.rewarded(0, 5.0, done=True)
    assert calibration.state_dict()["usual"] == {HERE: [13.0, 4.0]}, "and nothing is counted twice"


def test_lanes_wait_for_themselves_and_an_accident_settles_nothing() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=2, forgetting=1.0))
    decide(calibration, 1.0, lane=0)
    decide(calibration, 2.0, lane=1)
    assert calibration.state_dict()["usual"] == {}
    calibration.forget(0)
    calibration.rewarded(0, 9.0, done=True)
    assert calibration.state_dict()["usual"] == {}
    calibration.rewarded(1, 3.0, done=True)
    assert calibration.state_dict()["usual"] == {HERE: [5.0, 1.0]}


def test_the_error_is_the_distance_between_word_and_outcome() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1, forgetting=1.0))
    assert calibration.expected_calibration_error(Source.RULES) is None
    calibration.decided(0, Source.POLICY, HERE, 0.5, 0.5)
    calibration.rewarded(0, 0.0, done=False)  # what is usual here
    for calibrated, reward in ((0.9, 1.0), (0.9, -1.0), (0.2, 9.0), (1.0, -1.0)):
        calibration.decided(0, Source.RULES, HERE, 0.5, calibrated)
        calibration.rewarded(0, reward, done=False)
    # the band of 0.9 to 1 holds 0.9, 0.9 and 1.0, of which one turned out well; that of 0.2 one that did
    assert calibration.expected_calibration_error(Source.RULES) == pytest.approx((abs(2.8 - 1) + abs(0.2 - 1)) / 4)


def test_a_copy_has_the_record_and_goes_its_own_way() -> None:
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1))
    decide(calibration, 1.0)
    twin = calibration.copy()
    assert twin.state_dict() == calibration.state_dict() and twin.settings == calibration.settings
    decide(twin, 1.0)
    assert twin.state_dict() != calibration.state_dict()
