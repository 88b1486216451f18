"""The lanes of a fleet stepped from here: for those who decide for all lanes together, like several models at once.

What is decided travels to the workers, views and RAM come back: some 10 kB a step and lane, and a journey a step. On
one machine a `core.vector_env.VectorEnv` does the same through shared memory; this is for emulators on other nodes. The
games are the same, and a worker that is lost costs no step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.env.lanes.lane_history import StartPoint
from core.exceptions import TrainingError
from core.game.ram import RamSnapshot
from core.game.state import GameState
from trainer.fleet import keepsake
from trainer.fleet.fleet import Fleet
from trainer.fleet.workbench import Workbench
from trainer.play.step_arrays import StepArrays

Played = tuple[StepArrays, tuple[bytes, ...]]
"""The lanes of a worker after an order, and the RAM of each."""


@dataclass(frozen=True, slots=True)
class LanesJob:
    """One order to all lanes of a worker (`trainer.fleet.workbench.SessionJob`)."""

    seeds: tuple[int, ...] | None = None
    """Begin an episode in every lane."""
    actions: tuple[int, ...] | None = None
    """Play one in every lane."""
    restart: tuple[int, int, StartPoint | None] | None = None
    """Begin an episode in one lane, with this seed, here. Without any of the three nothing is played."""
    session: int = 0
    """A fleet has one."""

    def play(self, bench: Workbench) -> Played | None:
        """Does it; None for an order to nobody here."""
        if self.seeds is not None:
            rows = bench.env.reset(self.seeds)
        elif self.actions is not None:
            rows = bench.env.step(np.array(self.actions, np.int64))
        elif self.restart is not None:
            rows = bench.env.reset_lane(*self.restart)
        else:
            return None
        bench.note(0, 0)
        return rows, tuple(bytes(bench.env.game_state(lane).snapshot.data) for lane in range(len(bench.lanes)))

    def keepsake(self, bench: Workbench) -> bytes:
        """How the lanes came to where they are."""
        return keepsake.dump(bench.env.histories_now(), {})

    def recall(self, bench: Workbench, kept: bytes) -> None:
        """Plays them there. Raises TrainingError where a game does not come out as it was."""
        bench.env.play_again(keepsake.load(kept, {}), lambda: bench.note(0, 0))


class FleetLanes:
    """All lanes of a fleet, which is its own, as one environment (`trainer.play.player.LanesEnv`)."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.lanes = fleet.lanes
        self.rom = fleet.rom
        self.policy_space = fleet.policy_space
        self.milestone_names = fleet.milestone_names
        self._played: list[Played] = []
        """By worker."""

    def reset(self, seeds: Sequence[int]) -> StepArrays:
        """Begins an episode in every lane."""
        return self._order([LanesJob(seeds=tuple(map(int, seeds[lanes.start : lanes.stop]))) for lanes in self._shares])

    def step(self, actions: NDArray[np.int64]) -> StepArrays:
        """Plays one action in every lane. Raises TrainingError before the first reset."""
        self._require_reset()
        given = [int(action) for action in actions]
        return self._order([LanesJob(actions=tuple(given[lanes.start : lanes.stop])) for lanes in self._shares])

    def reset_lane(self, lane: int, seed: int, start: StartPoint | None = None) -> StepArrays:
        """Begins an episode in one lane, at `start` or where the environment itself begins. Raises TrainingError before
        the first reset."""
        self._require_reset()
        order = [
            LanesJob(restart=(lane - lanes.start, int(seed), start)) if lane in lanes else LanesJob()
            for lanes in self._shares
        ]
        return self._order(order)

    def game_state(self, lane: int) -> GameState:
        """The game of a lane as it is now. Raises TrainingError before the first reset."""
        self._require_reset()
        worker = next(number for number, lanes in enumerate(self._shares) if lane in lanes)
        return GameState(RamSnapshot(self._played[worker][1][lane - self._shares[worker].start]), self.rom)

    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers on their machines, in order."""
        return self.fleet.worker_processes()

    def close(self) -> None:
        """Lets the workers go."""
        self.fleet.close()

    @property
    def _shares(self) -> list[range]:
        blueprint = self.fleet.blueprint
        return [blueprint.lanes_of(worker) for worker in range(blueprint.workers)]

    def _require_reset(self) -> None:
        if not self._played:
            raise TrainingError("the lanes were not reset yet: call reset() first")

    def _order(self, jobs: list[LanesJob]) -> StepArrays:
        results = self.fleet.play(jobs, _Nobody(), lambda _steps, _games: True)
        for worker, result in enumerate(results):
            if result is not None:
                self._played[worker : worker + 1] = [result]
        return _joined([rows for rows, _ in self._played])


def _joined(parts: Sequence[StepArrays]) -> StepArrays:
    """The lanes of all workers in a row."""
    names = ("masks", "rewards", "terminated", "truncated", "milestones", "lost_steps")
    keys = parts[0].observations
    return StepArrays(
        observations={key: np.concatenate([part.observations[key] for part in parts]) for key in keys},
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )


class _Nobody:
    """Whom these jobs ask nothing."""

    def answer(self, worker: int, asked: Any, reply: Callable[[Any], None]) -> None:
        """Raises TrainingError."""
        del reply
        raise TrainingError(f"worker {worker} asks {asked!r}: orders to lanes ask nothing")

    def begin_again(self, worker: int, deaths: int) -> None:
        """Raises TrainingError: a lane that begins anew is not where its agent believes it to be."""
        raise TrainingError(
            f"worker {worker} was lost for the {deaths}. time in one step, and its games cannot be played up to where "
            "they were: go on from the last checkpoint"
        )
