"""The reliability diagram: are four in five of the choices with confidence 0.8 right?"""

from __future__ import annotations

from pathlib import Path

from core.extras import needs_extra
from trainer.pocket.calibrate import BINS, Reliability


def check_can_draw() -> None:
    """Raise MissingExtraError now rather than after half an hour of work."""
    with needs_extra("the reliability diagram cannot be drawn"):
        import matplotlib.figure  # noqa: F401


def draw_reliability(reliability: Reliability, path: Path) -> None:
    """Share of right choices over mean confidence, one point a bin, with the number of choices below it (PNG)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 5.5), dpi=100, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    confidence = [one.confidence for one in reliability.bins]
    above.plot((0, 1), (0, 1), color="0.7", linestyle="--", label="perfect")
    above.plot(confidence, [one.right for one in reliability.bins], marker="o", color="tab:green", label="pocket")
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of choices that are right")
    above.set_title(f"expected calibration error {reliability.expected_calibration_error:.3f}")
    above.legend(loc="upper left")
    below.bar(confidence, [one.count for one in reliability.bins], width=0.7 / BINS, color="tab:green")
    below.set(xlabel="confidence of the choice", ylabel="choices", yscale="log")
    figure.savefig(path)
