"""Both heads in one file: weights as safetensors, and what they fit, so that no other program's weights are read."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from agents.heads.button_view import OPTION_PARTS, PLANES_SHAPE, SITUATION_PARTS
from agents.heads.networks import ButtonNetwork, OptionNetwork
from agents.heads.options.residual import RESIDUAL_FILE, OptionResidual, load_residual
from agents.heads.options.view import OPTION_FACTS
from core.agent.standings import Standings
from core.exceptions import CheckpointError
from core.vocabulary import GameMode, OptionKind
from core.whole_files import written_aside

FORMAT_VERSION: Final = 1
BUNDLED_FOLDER: Final = Path(__file__).parent / "bundled"
"""Where the policy lies that comes with the project."""
WEIGHTS_FILE: Final = "heads.safetensors"
STANDINGS_FILE: Final = "standings.json"
"""Beside them: who does better in which kind of situation, the rules or these heads."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The two networks."""

    button: ButtonNetwork
    option: OptionNetwork
    game: str = ""
    """The name of the game that they were trained in; "" when that is not known."""
    residual: OptionResidual | None = None
    """What was learned on top of the rules' values; a frozen agent chooses by it. None where nothing was."""

    @classmethod
    def fresh(cls, seed: int) -> Heads:
        """Random weights, the same for the same seed; torch's own random state is kept."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(ButtonNetwork(), OptionNetwork())

    @property
    def parameters(self) -> int:
        """Weights in all."""
        return sum(one.numel() for net in (self.button, self.option) for one in net.parameters())


def _fits() -> dict[str, Any]:
    """What the numbers of a view mean: another program may have other words, in another order."""
    return {
        "version": FORMAT_VERSION,
        "situation": SITUATION_PARTS,
        "option": OPTION_PARTS,
        "facts": OPTION_FACTS,
        "planes": list(PLANES_SHAPE),
        "kinds": [kind.value for kind in OptionKind],
        "modes": [mode.value for mode in GameMode],
    }


def save_heads(path: Path, heads: Heads) -> None:
    """Writes both, in half precision, in the place of what was there in one step."""
    tensors = {
        f"{name}.{key}": value.detach().half().contiguous()
        for name, net in (("button", heads.button), ("option", heads.option))
        for key, value in net.state_dict().items()
    }
    with written_aside(path) as aside:
        save_file(tensors, aside, metadata={"heads": json.dumps(_fits()), "game": heads.game, "record": "read"})


def load_heads(path: Path) -> Heads:
    """Reads what `save_heads` wrote, ready to play, with the residual that lies beside it.

    Raises CheckpointError for anything else; nothing is executed.
    """
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            meant = json.loads(told.get("heads", "null"))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"the heads at {path} cannot be read: {error}") from error
    if meant != json.loads(json.dumps(_fits())):
        raise CheckpointError(
            f"the heads at {path} were made by another version of the program, whose views have other numbers: make "
            "them again with `python -m trainer.bundle`"
        )
    heads = replace(Heads.fresh(0), game=told.get("game", ""))
    for name, net in (("button", heads.button), ("option", heads.option)):
        own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        try:
            net.load_state_dict(own)
        except RuntimeError as error:
            raise CheckpointError(f"the heads at {path} do not fit: {' '.join(str(error).split())}") from error
        if not all(bool(torch.isfinite(value).all()) for value in own.values()):
            raise CheckpointError(f"the heads at {path} are damaged: the {name} head holds numbers that are none")
        net.eval()
    if "record" not in told:  # its weights for what was always 0 are those with which it began
        heads.option.forget_untaught()
    return replace(heads, residual=load_residual(path.with_name(RESIDUAL_FILE)))


def load_standings(folder: Path) -> Standings:
    """Of the heads in a folder; empty where they were not judged. Raises CheckpointError for a file that is damaged."""
    path = folder / STANDINGS_FILE
    return read_standings(path) if path.is_file() else Standings()


def read_standings(path: Path) -> Standings:
    """Of a file. Raises CheckpointError for one that is damaged or missing."""
    standings = Standings()
    try:
        standings.load_state_dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CheckpointError(f"the standings at {path} cannot be read: {error}; delete the file") from error
    return standings


def load_bundled() -> Heads:
    """The heads that come with the project. Raises CheckpointError where they are missing."""
    path = BUNDLED_FOLDER / WEIGHTS_FILE
    if not path.is_file():
        raise CheckpointError(f"there is no bundled policy at {path}; make it with `python -m trainer.bundle`")
    return load_heads(path)
