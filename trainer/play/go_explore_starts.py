"""Where a training episode begins: at the env's own start, or in a state of the Go-Explore archive.

The curriculum's stage says how many begin in the archive, else the archive's schedule does. Each start of a run draws
with dice of its own, so that a resumed run decides alike; which states there are to draw from is what the folder holds
at that moment. Workers that play side by side draw as if each were alone (`begin_segment`), so that it does not matter
who asks first. Episodes from the archive are learned from like all others, but say nothing of how far the agent comes
from the beginning: they stay out of everything that compares rewards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from core.env.go_explore_archive import ArchiveCell, GoExploreArchive, GoExploreSchedule
from core.env.lanes.lane_history import StartPoint
from trainer.curriculum import Directive
from trainer.settings import GoExploreSettings

_GO_EXPLORE = 2
"""Spawn key of these dice; `trainer/play/episode_seeds.py` has 0 and 1."""


class GoExploreStarts:
    """The starts of one run. Without settings all episodes begin at the env's own start."""

    def __init__(self, settings: GoExploreSettings | None, rom_sha1: str, run_seed: int) -> None:
        self._archive: GoExploreArchive | None = None
        self._schedule = GoExploreSchedule()
        self._run_seed = run_seed
        self._before: Counter[str] = Counter()
        """Draws of each state before the segment."""
        self._drawn: dict[int, Counter[str]] = {}
        """Draws before the segment and the worker's own in it, by worker."""
        if settings is not None:
            self._archive = GoExploreArchive(settings.folder, rom_sha1, settings.max_states)
            self._schedule = GoExploreSchedule(settings.first_share, settings.last_share, settings.episodes)

    @property
    def has_archive(self) -> bool:
        """Whether any episode may begin in an archive."""
        return self._archive is not None

    def choose(self, start: int, directive: Directive) -> StartPoint | None:
        """Where the run's `start`-th episode (from 0) begins; None for the env's own start.

        Raises `core.exceptions.EnvironmentError` when the archive has a file that is none of its own.
        """
        if self._archive is None:
            return None
        dice = np.random.default_rng(np.random.SeedSequence(self._run_seed, spawn_key=(_GO_EXPLORE, start)))
        share = self._schedule.share(start) if directive.go_explore_share is None else directive.go_explore_share
        return self._archive.draw(dice, directive.go_explore_after) if dice.random() < share else None

    def cells(self) -> list[ArchiveCell]:
        """Of which there are states now."""
        return [] if self._archive is None else self._archive.cells()

    def file(self, carried: Iterable[tuple[ArchiveCell, StartPoint]]) -> None:
        """Files states that workers have met, the first of each new cell."""
        if self._archive is None:
            return
        known = set(self._archive.cells())
        for cell, start in carried:
            if cell not in known:
                known.add(cell)
                self._archive.add(cell, start)

    def begin_segment(self) -> None:
        """Workers play side by side from now on, and ask by `choose_for`."""
        if self._archive is not None:
            self._before, self._drawn = Counter(self._archive.draws()), {}

    def choose_for(self, worker: int, start: int, directive: Directive) -> StartPoint | None:
        """`choose`, as if no other worker had drawn since the segment began."""
        if self._archive is None:
            return None
        self._archive.restore_draws(self._drawn.get(worker, self._before))
        chosen = self.choose(start, directive)
        self._drawn[worker] = Counter(self._archive.draws())
        return chosen

    def forget(self, worker: int) -> None:
        """The worker plays the segment again."""
        self._drawn.pop(worker, None)

    def end_segment(self) -> None:
        """All draws count together now."""
        if self._archive is None:
            return
        total = self._before.copy()
        for drawn in self._drawn.values():
            total += drawn - self._before
        self._archive.restore_draws(total)

    def state_dict(self) -> dict[str, Any]:
        """How often each state of the archive was drawn, JSON-able. The states themselves stay in their folder."""
        return {} if self._archive is None else {"draws": self._archive.draws()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        if self._archive is not None:
            self._archive.restore_draws(state.get("draws", {}))
