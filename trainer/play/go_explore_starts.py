"""Where a training episode begins: at the env's own start, or in a state of the Go-Explore archive.

The curriculum's stage says how many begin in the archive, else the archive's schedule does. Each start of a run draws
with dice of its own, so that a resumed run decides alike; which states there are to draw from is what the folder holds
at that moment. Episodes from the archive are learned from like all others, but say nothing of how far the agent comes
from the beginning: they stay out of everything that compares rewards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.env.go_explore_archive import GoExploreArchive, GoExploreSchedule
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

    def state_dict(self) -> dict[str, Any]:
        """How often each state of the archive was drawn, JSON-able. The states themselves stay in their folder."""
        return {} if self._archive is None else {"draws": self._archive.draws()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        if self._archive is not None:
            self._archive.restore_draws(state.get("draws", {}))
