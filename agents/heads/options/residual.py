"""What was learned on top of the rules' values: which options are worth more, or less, than the rules think.

An option's score is the rules' value and `weights` times its traits (`agents/heads/options/traits.py`), so weights of 0
are the rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from agents.heads.options.traits import TRAITS, option_traits
from core.exceptions import CheckpointError
from core.game.state import GameState
from core.vocabulary import Option
from core.whole_files import written_aside

RESIDUAL_FILE: Final = "residual.safetensors"
"""Beside the heads."""


class OptionResidual:
    """Chooses among listed options."""

    def __init__(self, weights: NDArray[np.float64]) -> None:
        """`weights`: (traits,), in units of the rules' values."""
        self.weights = weights

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> OptionResidual:
        """By the traits' names; those that are not named have none."""
        return cls(np.array([weights.get(name, 0.0) for name in TRAITS]))

    def scores(self, state: GameState, options: Sequence[Option]) -> NDArray[np.float64]:
        """(options,): the rules' value of each, corrected."""
        values = np.array([option.value for option in options])
        return values + option_traits(state, options) @ self.weights

    def choose(self, state: GameState, options: Sequence[Option]) -> int:
        """The place of the best one in the list; of equal ones the first."""
        return int(self.scores(state, options).argmax())


def save_residual(path: Path, residual: OptionResidual) -> None:
    """Writes the weights with the names of their traits, in the place of what was there in one step."""
    with written_aside(path) as aside:
        save_file({"weights": residual.weights}, aside, metadata={"traits": json.dumps(TRAITS)})


def load_residual(path: Path) -> OptionResidual | None:
    """Reads what `save_residual` wrote, None where there is no such file. Each trait has the weight of its name.

    Raises CheckpointError for anything else, and for traits that this version does not know; nothing is executed.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            names, weights = json.loads((file.metadata() or {})["traits"]), file.get_tensor("weights")
            told = dict(zip(names, weights.astype(np.float64).tolist(), strict=True))
    except (OSError, SafetensorError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the corrections of the rules' values at {path} cannot be read: {error}") from error
    unknown = sorted(told.keys() - set(TRAITS))
    if unknown or not np.isfinite(weights).all():
        what = f"know {unknown[0]!r}, which this version does not" if unknown else "hold numbers that are none"
        raise CheckpointError(
            f"the corrections of the rules' values at {path} {what}: make them again with `python -m trainer.bundle`"
        )
    return OptionResidual.of(told)
