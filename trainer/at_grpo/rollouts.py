"""The samplers of a run's answers: the models in this process, or a server that loads each version of the adapters."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from agents.text.rollout_server import RESTART_PATIENCE_S, SERVED, RolloutServer, ServedPolicy
from agents.text.team import Team
from agents.text.text_policy import Sampler
from core.exceptions import TrainingError
from trainer.at_grpo.algorithm import Tree

MOST_DISAGREEMENT = 0.3
"""Nats per token. Half-precision serving differs by about 0.01; other weights or temperatures by far more."""
CHECKED_SAMPLES = 8
"""Answers per role and iteration whose probabilities are compared."""


class Rollouts:
    """The samplers of one run."""

    def __init__(self, server_url: str | None, folder: Path, patience_s: float = RESTART_PATIENCE_S) -> None:
        """`folder` is where adapters are written for the server, which must see the same path; `patience_s` is how
        long a server that is lost is waited for."""
        self._server = RolloutServer(server_url, restart_patience_s=patience_s) if server_url is not None else None
        self._folder = folder
        self._served: dict[str, ServedPolicy] = {}
        self._version = -1

    def players(self, team: Team, version: int) -> Mapping[str, Sampler]:
        """The samplers by role; a server first loads the adapters if it has an older version."""
        if self._server is None:
            return team.by_role
        if not self._served:
            self.clear()
            self._served = {role: ServedPolicy(self._server, policy, role) for role, policy in team.by_role.items()}
        if version != self._version:
            for served in self._served.values():
                served.push(self._folder, version)
            self._version = version
        return self._served

    def clear(self) -> None:
        """Removes adapters that a killed run has left; nothing else that may be in the folder."""
        for left in self._folder.glob("*-*-*"):
            if SERVED.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)

    def check(self, tree: Tree) -> dict[str, float]:
        """Nats per token, by role, between the server's log-probabilities and ours; empty without a server. Raises
        `TrainingError` when they do not fit the weights that it loaded."""
        measured: dict[str, float] = {}
        for role, served in self._served.items():
            samples = [sample for group in tree.groups if group.role == role for sample in group.samples[:1]]
            measured[role] = apart = served.disagreement(samples[:CHECKED_SAMPLES])
            if not apart <= MOST_DISAGREEMENT:  # NaN, too
                raise TrainingError(
                    f"the rollout server's log-probabilities of role {role} are {apart:.2f} nats per token away from "
                    f"those of the same weights here, more than {MOST_DISAGREEMENT}: serve the run's base/ folder, and "
                    "with --logprobs-mode processed_logprobs"
                )
        return measured
