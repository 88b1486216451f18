"""The seam between what plays an iteration's problems and what learns from them.

`RolloutsHere` plays with the models of this process, `ServedRollouts` with a server that loads each version of the
adapters, and `trainer.at_grpo.fleet_rollouts.FleetRollouts` deals the chunks out to the workers of a fleet. Chunks have
generators of their own (`chunks.py`), so who plays them makes no difference.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from agents.text.rollout_server import SERVED, RolloutServer, ServedPolicy
from agents.text.team import Team
from agents.text.text_policy import Sampler
from core.exceptions import TrainingError
from core.worlds.base import TextWorld
from trainer.at_grpo.algorithm import Tree, TreeSettings, grow_tree
from trainer.at_grpo.chunks import Chunk, chunks_of, generator_of, joined

MOST_DISAGREEMENT = 0.3
"""Nats per token. Half-precision serving differs by about 0.01; other weights or temperatures by far more."""
CHECKED_SAMPLES = 8
"""Answers per role and iteration whose probabilities are compared."""
Told = Callable[[int, int], object]
"""Told of so many more tokens and played problems."""


class Rollouts(ABC):
    """The rollouts of one run. A context manager, or call `close`."""

    def __init__(self, run_seed: int, chunk: int) -> None:
        """`chunk` is how many problems, with the candidates of each, are one batch of answers."""
        self.run_seed = run_seed
        self._chunk = chunk

    def grow(self, seeds: Sequence[int], settings: TreeSettings, told: Told, batched: int = 1) -> Tree:
        """The trees of these problems, with the weights that were taken last, in the order of the problems. Where each
        has fewer candidates than usual, `batched` times as many make a chunk.

        Raises what the world or the models raise, before any weights have moved.
        """
        return joined(self._play(chunks_of(seeds, self._chunk * batched), settings, told))

    @abstractmethod
    def take(self, team: Team, version: int) -> None:
        """The weights to play with from now on; nothing is done for a version that is there already."""

    @abstractmethod
    def _play(self, chunks: Sequence[Chunk], settings: TreeSettings, told: Told) -> list[Tree]:
        """The trees of the chunks, in order."""

    def check(self, tree: Tree) -> dict[str, float]:
        """How far the log-probabilities of those who have played are from ours, in nats per token, by role; empty
        where they are ours. Raises TrainingError when they do not fit the weights that were handed over."""
        del tree
        return {}

    @abstractmethod
    def close(self) -> None:
        """Lets go of who plays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def play_chunk(
    world: TextWorld[Any],
    players: Mapping[str, Sampler],
    chunk: Chunk,
    settings: TreeSettings,
    run_seed: int,
    team: Team,
) -> Tree:
    """The trees of one chunk; `team` says where its answers are drawn."""
    device = next(iter(team.policies.values())).device
    return grow_tree(world, chunk.seeds, players, settings, generator_of(run_seed, chunk, device))


class RolloutsHere(Rollouts):
    """Plays in this process, with the very models that learn."""

    def __init__(self, world: TextWorld[Any], run_seed: int, chunk: int) -> None:
        super().__init__(run_seed, chunk)
        self._world = world
        self._team: Team | None = None

    def take(self, team: Team, version: int) -> None:
        """The models that learn are those that play."""
        self._team = team

    def close(self) -> None:
        """Nothing to do: the models are the learners'."""

    def _play(self, chunks: Sequence[Chunk], settings: TreeSettings, told: Told) -> list[Tree]:
        team = self._team
        assert team is not None, "weights are taken before anything is played"
        for policy in team.policies.values():
            policy.told = lambda answers: told(answers, 0)
        trees: list[Tree] = []
        for chunk in chunks:
            trees.append(play_chunk(self._world, team.by_role, chunk, settings, self.run_seed, team))
            told(0, len(chunk.seeds))
        return trees


class ServedRollouts(Rollouts):
    """Plays here with answers of a server, which loads each version of the adapters."""

    def __init__(self, world: TextWorld[Any], server: RolloutServer, folder: Path, run_seed: int, chunk: int) -> None:
        """`folder` is where adapters are written for the server, which must see the same path."""
        super().__init__(run_seed, chunk)
        self._world = world
        self._server = server
        self._folder = folder
        self._team: Team | None = None
        self._served: dict[str, ServedPolicy] = {}
        self._version = -1

    def take(self, team: Team, version: int) -> None:
        """The server loads the adapters if it has an older version."""
        if not self._served:
            self.clear()
            self._team = team
            self._served = {role: ServedPolicy(self._server, policy, role) for role, policy in team.by_role.items()}
        if version != self._version:
            for served in self._served.values():
                served.push(self._folder, version)
            self._version = version

    def _play(self, chunks: Sequence[Chunk], settings: TreeSettings, told: Told) -> list[Tree]:
        assert self._team is not None, "weights are taken before anything is played"
        trees: list[Tree] = []
        for chunk in chunks:
            tree = play_chunk(self._world, self._served, chunk, settings, self.run_seed, self._team)
            told(sum(len(sample.tokens) for group in tree.groups for sample in group.samples), len(chunk.seeds))
            trees.append(tree)
        return trees

    def close(self) -> None:
        """The server keeps the adapters that it has: it may be asked again."""

    def clear(self) -> None:
        """Removes adapters that a killed run has left; nothing else that may be in the folder."""
        for left in self._folder.glob("*-*-*"):
            if SERVED.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)

    def check(self, tree: Tree) -> dict[str, float]:
        """Compares a few answers of each role."""
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
