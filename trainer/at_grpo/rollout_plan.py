"""The plan of a fleet that plays rollouts: each worker holds the team's models and a world of its own.

A worker of this machine is forked, so it begins with the driver's models and shares what never moves with it (the base
that adapters stand on). To another machine the base, the settings and the files that the world reads travel once, when
the worker begins. Weights that learn come with each iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from agents.text.team import Team
from agents.text.text_policy import load_policy
from core.worlds.base import TextWorld
from core.worlds.registry import TEXT_WORLDS
from trainer.at_grpo.algorithm import Tree, TreeSettings
from trainer.at_grpo.chunks import Chunk
from trainer.at_grpo.rollouts import play_chunk
from trainer.at_grpo.settings import ATGRPOSettings

BASE, FILES = "base", "files"


class RolloutBench:
    """What a worker plays chunks with (`trainer.fleet.plan.Furnishings`)."""

    def __init__(self, settings: ATGRPOSettings, team: Team) -> None:
        self.team = team
        self._world: TextWorld[Any] = settings.make_world()
        self._run_seed = settings.seed

    def play(self, chunk: Chunk, settings: TreeSettings, told: Callable[[int], object]) -> Tree:
        """The trees of a chunk; `told` is told after each token to how many answers it went."""
        for policy in self.team.policies.values():
            policy.told = told
        return play_chunk(self._world, self.team.by_role, chunk, settings, self._run_seed, self.team)

    def close(self) -> None:
        """Lets the world go, where it holds something."""
        close: Callable[[], object] | None = getattr(self._world, "close", None)
        if close is not None:
            close()


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """Of one run (`trainer.fleet.plan.FleetPlan`)."""

    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers", "peft", "numpy", "pyboy")

    settings: ATGRPOSettings
    workers: int
    team: Team
    base: Path
    """The folder of the model that the run started from."""

    def name_of(self, worker: int) -> str:
        """A worker as the log calls it."""
        return f"rollout worker {worker}"

    def furnish(self, worker: int) -> RolloutBench:
        """One thread a worker: there are as many workers as cores, and the same sums come out wherever one plays."""
        torch.set_num_threads(1)
        return RolloutBench(self.settings, self.team)

    def pack(self) -> RolloutParcel:
        """Reads the base, and the files that the world's options name."""
        base = {path.name: path.read_bytes() for path in sorted(self.base.iterdir()) if path.is_file()}
        options = self.settings.world_options
        files = {name: Path(str(options[name])) for name in _file_options(self.settings) if options.get(name)}
        contents = {name: (path.name, path.read_bytes()) for name, path in files.items()}
        return RolloutParcel(self.settings, self.workers, base, contents)


@dataclass(frozen=True, slots=True)
class RolloutParcel:
    """A plan with the contents of its files (`trainer.fleet.plan.Parcel`)."""

    settings: ATGRPOSettings
    workers: int
    base: Mapping[str, bytes]
    """By name of file."""
    files: Mapping[str, tuple[str, bytes]]
    """By option of the world: name and contents."""

    def unpack(self, folder: Path) -> RolloutPlan:
        """Writes the files and reads the models, on the processor: a worker has a core, and no accelerator."""
        settings, base_folder = self.settings, folder / BASE
        base_folder.mkdir()
        for name, content in self.base.items():
            (base_folder / name).write_bytes(content)
        paths: dict[str, str] = {}
        for option, (name, content) in self.files.items():
            place = folder / FILES / option
            place.mkdir(parents=True)
            (place / name).write_bytes(content)
            paths[option] = str(place / name)
        moved = settings.model_copy(update={"world_options": {**settings.world_options, **paths}})
        torch.set_num_threads(1)
        base = load_policy(str(base_folder))
        base.model.to("cpu")  # type: ignore[arg-type]  # the stub of Transformers' `to` wants no device
        team = moved.team_of(base, moved.make_world().roles)
        return RolloutPlan(moved, self.workers, team, base_folder)


def _file_options(settings: ATGRPOSettings) -> tuple[str, ...]:
    return TEXT_WORLDS.resolve(settings.world, "world").file_options
