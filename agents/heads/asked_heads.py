"""The heads as they are asked in play: the numbers of both networks, to 1e-6, for a few lanes.

Their layers are computed with arrays (`agents/learning/array_layers.py`), since beside an emulator a tensor library's
way around each layer costs more than the layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE, ButtonView
from agents.heads.networks import MASKED_LOGIT
from agents.heads.saved_heads import Heads
from agents.learning.array_layers import array_layers, softmax, through_arrays

Chances = NDArray[np.float64]


class AskedHeads:
    """Holds no weights of its own: what an update or a checkpoint changes is seen at once."""

    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        button, option = heads.button, heads.option
        self._planes, self._join = array_layers(button.convolutions), array_layers(button.join)
        self._press, self._ends = array_layers(button.press), array_layers(button.ends)
        self._option_planes, self._situation = array_layers(option.convolutions), array_layers(option.situation)
        self._score = array_layers(option.score)

    def __reduce__(self) -> tuple[type[AskedHeads], tuple[Heads]]:
        return AskedHeads, (self._heads,)

    def presses(
        self, views: Sequence[ButtonView], masks: Sequence[NDArray[np.bool_]], temperature: float
    ) -> tuple[Chances, Chances]:
        """Both (views, actions): the chance of each press, 0 where it is masked, and that the option ends with it."""
        seen = through_arrays(self._planes, np.array([view.planes for view in views]))
        joined = through_arrays(self._join, np.concatenate([np.array([view.vector for view in views]), seen], axis=1))
        logits = np.where(np.array(masks), through_arrays(self._press, joined), MASKED_LOGIT)
        ends = through_arrays(self._ends, joined).astype(np.float64)
        return softmax(logits.astype(np.float64) / temperature), 1.0 / (1.0 + np.exp(-ends))

    def choices(self, view: ButtonView, options: NDArray[np.float32], temperature: float) -> Chances:
        """(options,): the chance of each of `options` (options, OPTION_SIZE) in the situation of a view."""
        seen = through_arrays(self._option_planes, view.planes[None, :SITUATION_PLANES])
        situation = np.concatenate([view.vector[None, :SITUATION_SIZE], seen], axis=1)
        known = through_arrays(self._situation, situation)
        asked = np.concatenate([np.repeat(known, len(options), axis=0), options], axis=1)
        return softmax(through_arrays(self._score, asked)[:, 0].astype(np.float64) / temperature)
