"""Presses that lead nowhere are barred in every mode: what changed nothing here, and what led back here."""

from __future__ import annotations

import numpy as np
import pytest

from core.agent.repeated_presses import MOST_REPEATS, VAIN_STEPS, WINDOW_STEPS, RepeatedPresses
from core.vocabulary import ACTION_COUNT, Button

WAITING = np.ones(ACTION_COUNT, dtype=np.bool_)
WAITING[Button.NONE] = False
BUSY = np.ones(ACTION_COUNT, dtype=np.bool_)


def test_a_press_that_changed_nothing_is_barred_for_a_while() -> None:
    lane = RepeatedPresses()
    assert not lane.look(5, WAITING).barred.any()
    lane.pressed(Button.RIGHT)
    found = lane.look(5, WAITING)
    assert np.flatnonzero(found.barred).tolist() == [Button.RIGHT]
    assert not found.mask[Button.RIGHT] and found.mask.sum() == 7
    lane.pressed(Button.A)
    for state in range(6, 5 + VAIN_STEPS):
        assert not lane.look(state, WAITING).barred.any(), "elsewhere it is another press"
        lane.pressed(Button.A)
    assert np.flatnonzero(lane.look(5, WAITING).barred).tolist() == [Button.RIGHT], "back so soon"
    lane.pressed(Button.A)
    assert not lane.look(5, WAITING).barred[Button.RIGHT], "it may be tried again"


def test_a_press_that_leads_back_is_barred_although_it_did_something() -> None:
    lane = RepeatedPresses()
    for _ in range(MOST_REPEATS):
        assert not lane.look(1, WAITING).barred[Button.A]
        lane.pressed(Button.A)
        lane.look(2, WAITING)
        lane.pressed(Button.B)
    assert lane.look(1, WAITING).barred[Button.A]
    assert lane.look(2, WAITING).barred[Button.B]
    for state in range(100, 100 + WINDOW_STEPS):
        lane.look(state, WAITING)
        lane.pressed(Button.A)
    assert not lane.look(1, WAITING).barred.any(), "that is long past"
    lane.reset()
    assert lane.longest_stay == 0


def test_the_last_allowed_press_is_never_taken() -> None:
    lane = RepeatedPresses()
    only = np.zeros(ACTION_COUNT, dtype=np.bool_)
    only[Button.A] = True
    for _ in range(3):
        found = lane.look(5, only)
        lane.pressed(Button.A)
    assert found.barred[Button.A] and found.mask[Button.A]


def test_waiting_while_the_game_is_busy_is_never_in_vain() -> None:
    lane = RepeatedPresses()
    for _ in range(3 * MOST_REPEATS):
        found = lane.look(5, BUSY)
        assert not found.barred.any() and not found.looping
        lane.pressed(Button.NONE)
    assert lane.longest_stay == 0


@pytest.mark.parametrize("width", [2, 4])
def test_no_policy_however_stubborn_stays_long_with_one_press(width: int) -> None:
    """A world of few states in which nothing ever gets anywhere; the policy always wants its first press."""
    lane = RepeatedPresses()
    state = 0
    for _ in range(2000):
        mask = lane.look(state, WAITING).mask
        press = int(np.flatnonzero(mask)[0])
        lane.pressed(press)
        state = (state + (press in (Button.A, Button.UP))) % width
    assert lane.longest_stay <= 30


def test_a_state_that_is_not_watched_is_no_loop() -> None:
    lane = RepeatedPresses()
    found = [lane.look(5, WAITING, watches=False).looping for _ in range(10)]
    assert not any(found)
    assert [lane.look(5, WAITING).looping for _ in range(5)] == [False, False, False, True, True]
