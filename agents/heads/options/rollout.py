"""Options that were chosen in play, one transition each, with what it took from one decision point to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE, ButtonView
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from core.env.policy_view import MAP_SHAPE


@dataclass(frozen=True, slots=True, eq=False)
class OptionRollout:
    """Transitions of whole episodes, one after the other; every array has a leading axis of transitions."""

    vectors: NDArray[np.float16]
    """(n, SITUATION_SIZE)."""
    planes: NDArray[np.float16]
    """(n, SITUATION_PLANES, rows, columns)."""
    options: NDArray[np.float16]
    """(n, OPTION_SLOTS, OPTION_SIZE), as they were seen: with or without the rules' prior."""
    option_counts: NDArray[np.int64]
    chosen: NDArray[np.int64]
    temperatures: NDArray[np.float32]
    """What the logits were divided by before the draw."""
    log_probabilities: NDArray[np.float32]
    """Of what was chosen, in the distribution it was drawn from."""
    steps: NDArray[np.int64]
    """From this decision point to the next, or to the end of the episode."""
    ends: NDArray[np.bool_]
    """The episode ended before another choice."""
    groups: NDArray[np.int64]
    """Which group of branches the episode belongs to; -1 for none."""
    episode_steps: NDArray[np.int64]
    """Of the whole episode: what branches of one group are compared by."""

    def __len__(self) -> int:
        return len(self.chosen)


class OptionRecorder:
    """Gathers the transitions of one episode."""

    def __init__(self) -> None:
        self._rows: list[tuple[ButtonView, NDArray[np.float32], int, float, float]] = []
        self._at: list[int] = []

    def chose(
        self,
        view: ButtonView,
        options: NDArray[np.float32],
        chosen: int,
        temperature: float,
        log_probability: float,
        step: int,
    ) -> None:
        """At `step` of the episode one of `options` (options, OPTION_SIZE) was drawn."""
        self._rows.append((view, options, chosen, temperature, log_probability))
        self._at.append(step)

    def rollout(self, episode_steps: int, group: int = -1) -> OptionRollout:
        """All of it, once the episode is over after so many steps."""
        count = len(self._rows)
        vectors = np.zeros((count, SITUATION_SIZE), dtype=np.float16)
        planes = np.zeros((count, SITUATION_PLANES, *MAP_SHAPE[1:]), dtype=np.float16)
        options = np.zeros((count, OPTION_SLOTS, OPTION_SIZE), dtype=np.float16)
        for place, (view, listed, *_) in enumerate(self._rows):
            vectors[place] = view.vector[:SITUATION_SIZE]
            planes[place] = view.planes[:SITUATION_PLANES]
            options[place, : len(listed)] = listed
        ends = np.zeros(count, dtype=np.bool_)
        ends[-1:] = True
        return OptionRollout(
            vectors,
            planes,
            options,
            np.array([len(row[1]) for row in self._rows], dtype=np.int64),
            np.array([row[2] for row in self._rows], dtype=np.int64),
            np.array([row[3] for row in self._rows], dtype=np.float32),
            np.array([row[4] for row in self._rows], dtype=np.float32),
            np.diff(np.array([*self._at, episode_steps], dtype=np.int64)),
            ends,
            np.full(count, group, dtype=np.int64),
            np.full(count, episode_steps, dtype=np.int64),
        )


def joined_rollouts(parts: Sequence[OptionRollout]) -> OptionRollout:
    """Several, one after the other."""
    return OptionRollout(
        **{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(OptionRollout)}
    )
