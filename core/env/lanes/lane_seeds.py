"""Seeds of successive episodes where nobody gives them: for the faces that reset finished lanes by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

HIGHEST_SEED: Final = 2**31 - 1


class LaneSeeds:
    """One stream of seeds a lane, so that a lane's games do not depend on when other lanes end."""

    def __init__(self, lanes: int, seed: int | None = None) -> None:
        """With one seed lane i begins with `seed + i`, as Gymnasium has it; without, with what the system draws."""
        first = seed if seed is not None else int(np.random.default_rng().integers(HIGHEST_SEED - lanes))
        self.restart([first + lane for lane in range(lanes)])

    def restart(self, first_seeds: Sequence[int]) -> None:
        """Begin with these seeds, one a lane."""
        self.first = list(first_seeds)
        """The seeds of the first episodes."""
        self._streams = [np.random.default_rng(seed) for seed in self.first]

    def next(self, lane: int) -> int:
        """The seed of the lane's next episode."""
        return int(self._streams[lane].integers(HIGHEST_SEED))
