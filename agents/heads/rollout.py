"""The steps between two updates with what the rules teach in them: a `Rollout` of button views, and the choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.heads.lessons import Lessons
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from agents.heads.plane_codes import coded_planes
from agents.learning.rollout import Rollout
from core.agent.lane_transitions import LaneTransitions


@dataclass(frozen=True, slots=True, eq=False)
class ListedOptions:
    """A choice among several options."""

    facts: NDArray[np.float32]
    """(options, OPTION_SIZE), at most `OPTION_SLOTS`."""
    liked: int | None
    """What the teacher would have; None where it has no say."""
    taken: int
    """What was chosen."""
    chance: float
    """The chance, in (0, 1], that the whole agent gave that."""


class HeadsRollout(Rollout):
    """A rollout of `agents.heads.actor_critic.HEADS_SPACE`. What is added has one more part, `choice`: an object array
    with a `ListedOptions` or None for each lane."""

    def __init__(self, space: object, steps: int, lanes: int, actions: int) -> None:
        super().__init__(space, steps, lanes, actions)  # type: ignore[arg-type]
        self.choices: list[tuple[int, int, ListedOptions]] = []
        """(step, lane, choice), by step and lane."""

    def add(self, played: LaneTransitions) -> None:
        """As `Rollout.add`."""
        step = self.filled
        super().add(played)
        for lane, choice in enumerate(played.observations["choice"]):
            if choice is not None and not self.lost[step, lane]:
                self.choices.append((step, lane, choice))

    def extend(self, parts: Sequence[Rollout]) -> None:
        """As `Rollout.extend`."""
        first, start, found = self.filled, 0, []
        super().extend(parts)
        for part in parts:
            assert isinstance(part, HeadsRollout), "all workers play with heads"
            found += [(first + step, start + lane, choice) for step, lane, choice in part.choices]
            start += part.lanes
        self.choices += sorted(found, key=lambda one: one[:2])

    def clear(self) -> None:
        """As `Rollout.clear`."""
        super().clear()
        self.choices.clear()

    def lessons(self) -> Lessons:
        """What the rules teach in it: the steps that have a label, and the choices made at them."""
        presses = self.observations["label"][..., 0]
        place = np.nonzero(presses >= 0)
        row_of = np.full(presses.shape, -1)
        row_of[place] = np.arange(len(place[0]))
        taught = [(row_of[step, lane], one) for step, lane, one in self.choices if row_of[step, lane] >= 0]
        taught = [(row, one) for row, one in taught if one.liked is not None and one.liked < len(one.facts)]
        options = np.zeros((len(taught), OPTION_SLOTS, OPTION_SIZE), dtype=np.float16)
        for choice, (_, one) in enumerate(taught):
            options[choice, : len(one.facts)] = one.facts
        return Lessons(
            self.observations["vector"][place],
            coded_planes(self.observations["planes"][place]),
            self.masks[place],
            presses[place].astype(np.int64),
            self.observations["label"][place][:, 1].astype(np.bool_),
            np.array([row for row, _ in taught], dtype=np.int64),
            options,
            np.array([len(one.facts) for _, one in taught], dtype=np.int64),
            np.array([one.liked for _, one in taught], dtype=np.int64),
        )
