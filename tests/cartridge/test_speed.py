"""The game leaves most of the emulator's speed: a slow frame loop or a busy wait shows here."""

from __future__ import annotations

import statistics

from benchmarks.cartridge_speed import PLAY, RESTING, measure

LEAST_SHARE = 0.25
"""Of the frames a second of a cartridge that only waits; 0.37 was measured, 40,000 frames a second."""


def test_play_runs_at_a_good_share_of_the_emulators_speed() -> None:
    speeds = measure(rounds=3, steps=300, seed=0)
    assert statistics.median(speeds[PLAY]) >= LEAST_SHARE * statistics.median(speeds[RESTING])
    assert {"  free", "  walking", "  dialog"} <= set(speeds)
