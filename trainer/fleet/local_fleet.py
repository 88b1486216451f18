"""The fleet of this machine: forked processes, one line to each. Nothing is to be installed for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing.connection import wait

from agents.learning.network import build_policy
from core.exceptions import ConfigurationError
from core.vocabulary import ACTION_COUNT
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.driven_fleet import ANSWER_TIMEOUT_S, DrivenFleet
from trainer.fleet.local_worker import LocalWorker, start_worker
from trainer.fleet.plan import FleetPlan


class LocalFleet(DrivenFleet[LocalWorker]):
    """Workers in forked processes (`trainer.fleet.fleet.Fleet`)."""

    def __init__(self, plan: FleetPlan, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Forks the workers. Raises ConfigurationError where processes cannot be forked."""
        if not hasattr(os, "fork"):
            raise ConfigurationError("this system cannot fork processes; several lanes need Linux, macOS or WSL")
        super().__init__(plan, answer_timeout_s)

    def _prepare(self) -> None:
        if isinstance(self.plan, Blueprint):
            # the first policy of a process loads much of torch (a second of work): once here, before the forks
            build_policy(self.policy_space, ACTION_COUNT, self.plan.settings.learner, seed=0)

    def _start(self, number: int) -> LocalWorker:
        return start_worker(number, self.plan)

    def _said(self, workers: Sequence[LocalWorker], timeout_s: float) -> set[int]:
        lines = {worker.line: worker.number for worker in workers}
        return {lines[line] for line in wait(list(lines), timeout_s)}  # type: ignore[index]
