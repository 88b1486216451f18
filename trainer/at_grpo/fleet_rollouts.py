"""Rollouts by the workers of a fleet: each asks for a chunk, plays it, and hands it in when it asks for the next one.

So a fast worker plays more chunks than a slow one, and who is lost costs the one chunk that it was playing: it goes to
whoever asks next. A chunk comes out the same wherever it is played.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from agents.text.team import Team
from core.exceptions import CrystalHybridError, TrainingError
from trainer.at_grpo.algorithm import Tree, TreeSettings
from trainer.at_grpo.chunks import Chunk
from trainer.at_grpo.rollout_plan import RolloutBench, RolloutPlan
from trainer.at_grpo.rollouts import Rollouts, Told
from trainer.at_grpo.settings import ATGRPOSettings
from trainer.fleet.engine import open_fleet
from trainer.fleet.workbench import Workbench

SILENCE_S: Final = 900.0
"""A worker says after each token that it lives; a long prompt of a large model is read in one go."""


@dataclass(frozen=True, slots=True)
class RolloutNews:
    """What is broadcast when weights have moved."""

    weights: Mapping[str, NDArray[Any]]
    """`Team.tensors`."""


@dataclass(frozen=True, slots=True)
class PlayedChunk:
    """What a worker hands in."""

    number: int
    tree: Tree | CrystalHybridError
    """Or why there is none: a world's error, or a model's, belongs to the run and not to the worker."""


@dataclass(frozen=True, slots=True)
class AskForChunk:
    """Answered with a `Chunk`, or None where no more is to be played."""

    played: PlayedChunk | None
    """The one before; None at first."""


@dataclass(frozen=True, slots=True)
class RolloutJob:
    """A worker's part of the rollouts: as many chunks as it gets (`trainer.fleet.workbench.Job`)."""

    settings: TreeSettings

    def play(self, bench: Workbench) -> int:
        """Plays them; how many there were."""
        mine = bench.furnishings
        assert isinstance(mine, RolloutBench), "its jobs are played by workers that hold language models"
        news: RolloutNews = bench.news
        mine.team.load_tensors({name: torch.from_numpy(array) for name, array in news.weights.items()})
        count, played = 0, None
        while (chunk := bench.ask(AskForChunk(played))) is not None:
            try:
                tree = mine.play(chunk, self.settings, lambda answers: bench.note(answers, 0))
            except CrystalHybridError as error:
                tree = error
            bench.note(0, len(chunk.seeds))
            count, played = count + 1, PlayedChunk(chunk.number, tree)
        return count


class Dealer:
    """Deals out the chunks of one play (`trainer.fleet.fleet.Broker`)."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._left = deque(chunks)
        self._given: dict[int, Chunk] = {}
        """By worker: what it is playing."""
        self.played: dict[int, Tree] = {}
        """By number of the chunk."""
        self.error: CrystalHybridError | None = None

    def answer(self, worker: int, asked: Any, reply: Callable[[Any], None]) -> None:
        """Takes what was played and gives the next chunk. After an error nobody gets another one."""
        assert isinstance(asked, AskForChunk), asked
        self._given.pop(worker, None)
        if asked.played is not None:
            if isinstance(asked.played.tree, CrystalHybridError):
                self.error = self.error or asked.played.tree
                self._left.clear()
            else:
                self.played[asked.played.number] = asked.played.tree
        if self._left:
            self._given[worker] = self._left.popleft()
        reply(self._given.get(worker))

    def begin_again(self, worker: int, deaths: int) -> None:
        """The worker was replaced: what it was playing is dealt out next."""
        del deaths
        lost = self._given.pop(worker, None)
        if lost is not None and self.error is None:
            self._left.appendleft(lost)


class FleetRollouts(Rollouts):
    """Plays on the workers of a fleet, which is its own."""

    def __init__(self, settings: ATGRPOSettings, team: Team, base: Path, workers: int, chunk: int) -> None:
        """Starts the workers; `base` is the folder of the model that the run started from."""
        super().__init__(settings.seed, chunk)
        plan = RolloutPlan(settings, workers, team, base)
        self._fleet = open_fleet(plan, settings.cluster, answer_timeout_s=SILENCE_S)
        self._version: int | None = None

    def take(self, team: Team, version: int) -> None:
        """Broadcasts the weights that learn, where they have moved."""
        if version != self._version:
            weights = {name: np.ascontiguousarray(tensor.cpu().numpy()) for name, tensor in team.tensors().items()}
            self._fleet.broadcast(RolloutNews(weights))
            self._version = version

    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers on their machines, in order."""
        return self._fleet.worker_processes()

    def close(self) -> None:
        """Lets the workers go."""
        self._fleet.close()

    def _play(self, chunks: Sequence[Chunk], settings: TreeSettings, told: Told) -> list[Tree]:
        dealer = Dealer(chunks)

        def goes_on(tokens: int, problems: int) -> bool:
            told(tokens, problems)
            return True

        self._fleet.play([RolloutJob(settings)] * self._fleet.plan.workers, dealer, goes_on)
        if dealer.error is not None:
            raise dealer.error
        missing = [chunk.number for chunk in chunks if chunk.number not in dealer.played]
        if missing:
            raise TrainingError(f"the workers are done and the chunks {missing} were not played")
        return [dealer.played[chunk.number] for chunk in chunks]
