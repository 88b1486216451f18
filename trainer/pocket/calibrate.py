"""The calibration of the model's confidence, and the temperature that improves it.

A confidence is calibrated when four in five of the choices made with confidence 0.8 are right. The method is
temperature scaling (Guo et al., 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.pocket.fit import FitExample

BINS = 10
_TEMPERATURES = torch.logspace(-1.0, 1.0, 201)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Choices with similar confidence."""

    confidence: float
    """Their mean confidence."""
    right: float
    """Share of them that is right."""
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well confidence predicts right choices."""

    bins: tuple[ReliabilityBin, ...]
    accuracy: float
    expected_calibration_error: float
    """Expected calibration error: the bins' mean distance of confidence and accuracy, by count; 0 is perfect."""


def best_temperature(scores: Sequence[Tensor], lessons: Sequence[FitExample]) -> float:
    """The temperature, 0.1 to 10, that makes the right options most probable."""
    losses = torch.stack(
        [
            -(options[None, :] / _TEMPERATURES[:, None]).log_softmax(1)[:, lesson.chosen]
            for options, lesson in zip(scores, lessons, strict=True)
        ]
    ).mean(0)
    return float(_TEMPERATURES[int(losses.argmin())])


def reliability(scores: Sequence[Tensor], lessons: Sequence[FitExample], temperature: float) -> Reliability:
    """Bins of equal width over the confidence in the chosen option."""
    confidences, right = [], []
    for options, lesson in zip(scores, lessons, strict=True):
        chances = (options / temperature).softmax(0)
        index = int(chances.argmax())
        confidences.append(float(chances[index]))
        right.append(float(index == lesson.chosen))
    confidence, is_right = torch.tensor(confidences), torch.tensor(right)
    which = (confidence * BINS).long().clamp(max=BINS - 1)
    bins = tuple(
        ReliabilityBin(float(confidence[mask].mean()), float(is_right[mask].mean()), int(mask.sum()))
        for mask in (which == number for number in range(BINS))
        if mask.any()
    )
    error = sum(one.count * abs(one.confidence - one.right) for one in bins) / len(confidences)
    return Reliability(bins, float(is_right.mean()), error)


def accuracy_by_situation(scores: Sequence[Tensor], lessons: Sequence[FitExample]) -> dict[str, tuple[float, int]]:
    """Share of choices that are the rules' choices, and the number of choices, by situation."""
    hits: dict[str, list[bool]] = {}
    for options, lesson in zip(scores, lessons, strict=True):
        hits.setdefault(lesson.situation, []).append(int(options.argmax()) == lesson.chosen)
    return {situation: (sum(found) / len(found), len(found)) for situation, found in sorted(hits.items())}
