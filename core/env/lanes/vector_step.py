"""What the vector env hands out: all lanes after a step or reset, and what was lost when a worker died."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.env.lanes.lane_rows import LaneRows
from core.game.ram import RamSnapshot
from core.game.state import GameState, RomTables


@dataclass(frozen=True, slots=True)
class WorkerReplacement:
    """A worker process that died and was replaced by a new one."""

    worker: int
    cause: str
    """How the old process ended, say "was killed by SIGKILL"."""
    old_process: int
    new_process: int
    replayed_lanes: tuple[int, ...]
    """Lanes whose episode was played again up to the lost moment: nothing of it is lost."""
    lost_lanes: tuple[int, ...]
    """Lanes whose episode could not be played again: it ends, see `VectorStep.lost_steps`."""
    seconds: float
    """Wall time from noticing the death until the new worker was ready."""

    def __str__(self) -> str:
        fate = f"lanes {list(self.replayed_lanes)} were played again" if self.replayed_lanes else "no lane played again"
        lost = f", the episodes of lanes {list(self.lost_lanes)} are lost" if self.lost_lanes else ", nothing is lost"
        return (
            f"worker {self.worker} (process {self.old_process}) {self.cause}; process {self.new_process} took its "
            f"place after {self.seconds:.1f} s: {fate}{lost}"
        )


@dataclass(frozen=True)
class VectorStep(LaneRows):
    """Lanes after a step or reset: `LaneRows`, the policy views, and what was lost.

    Every array has a leading lane axis and belongs to the receiver. Row i is lane `first_lane + i`: the first lane is 0
    except in the steps of the second half.
    """

    observations: dict[str, NDArray[Any]]
    lost_steps: NDArray[np.int32]
    """0, or how many steps of an episode were lost with its worker. The row is then that of the last step that is
    known, with reward 0 and `truncated`: the action just sent was not played."""
    reward_names: tuple[str, ...]
    milestone_names: tuple[str, ...]
    rom: RomTables = field(repr=False)
    replacements: tuple[WorkerReplacement, ...] = ()
    """Workers that died and were replaced while this step was made."""
    first_lane: int = 0
    _states: dict[int, GameState] = field(default_factory=dict[int, GameState], repr=False)

    @property
    def lanes(self) -> int:
        """Number of rows."""
        return len(self.rewards)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Rows whose episode has ended, one way or the other."""
        return self.terminated | self.truncated

    def game_state(self, row: int) -> GameState:
        """The game of one row, decoded when asked and kept."""
        state = self._states.get(row)
        if state is None:
            state = self._states[row] = GameState(RamSnapshot.from_array(self.ram[row]), self.rom)
        return state

    def reached(self, row: int) -> tuple[str, ...]:
        """Milestones of one row, in the order of the list."""
        return tuple(name for name, there in zip(self.milestone_names, self.milestones[row], strict=True) if there)
