"""Games in which corrected values choose on the way, and what was decided in them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.options.residual import OptionResidual
from agents.heads.options.traits import TRAITS, option_traits
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError
from core.game.state import GameState
from core.rules.planning.supplies import stock_of_lives
from core.vocabulary import GameMode, Option
from core.whole_files import written_aside
from trainer.bundle.taught_game import TaughtGame

STARTERS: Final = 3
MONEY: Final = 3000
"""So much of it counts as 1."""
SITUATION: Final = ("best level", "levels of the lead below it", "wounds", "stock of potions", "money", "party")


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedGame:
    """One game, and its choices on the way among several options; those arrays have a leading axis of choices."""

    starter: int
    """From 0."""
    steps: int
    reached: bool
    """The final milestone; else the game ended at its horizon."""
    at: NDArray[np.int64]
    """The step of each choice."""
    milestones: NDArray[np.int64]
    """How many were reached by then."""
    situations: NDArray[np.float64]
    """(choices, `SITUATION`): how the party stood."""
    contrasts: NDArray[np.float64]
    """(choices, traits): of what was chosen, less those of what the rules like best."""
    gaps: NDArray[np.float64]
    """The rules' value of what they like best, less that of what was chosen; 0 where that is the same."""


_NAMES: Final = tuple(one.name for one in fields(CorrectedGame))


def play_corrected(
    env: EnhancedPyBoyPokemonCrystalEnv, residual: OptionResidual | None, seed: int, number: int, most_steps: int
) -> CorrectedGame:
    """One new game, carried out by the rules; `number` seeds the rule player and says which starter is taken. Without a
    residual the rules choose, and no choice is told."""
    at, milestones = list[int](), list[int]()
    situations, contrasts, gaps = list[list[float]](), list[NDArray[np.float64]](), list[float]()

    def choose(taught: TaughtGame, options: Sequence[Option]) -> int:
        assert residual is not None, "else the rules choose for themselves"
        state = taught.state
        taken = residual.choose(state, options)
        if state.mode is GameMode.FREE and state.party:
            traits = option_traits(state, options)
            at.append(env.episode_steps)
            milestones.append(len(env.milestones))
            situations.append(_situation(state))
            contrasts.append(traits[taken] - traits[0])
            gaps.append(options[0].value - options[taken].value)
        return taken

    taught = TaughtGame(env, number, 1 + number % STARTERS, None if residual is None else choose)
    taught.player.lists_more = residual is not None
    taught.begin(seed)
    reached = False
    while not reached and env.episode_steps < most_steps:
        reached = taught.press(taught.look().wanted.action).terminated
    return CorrectedGame(
        number % STARTERS,
        env.episode_steps,
        reached,
        np.array(at, dtype=np.int64),
        np.array(milestones, dtype=np.int64),
        np.array(situations, dtype=np.float64).reshape(-1, len(SITUATION)),
        np.array(contrasts, dtype=np.float64).reshape(-1, len(TRAITS)),
        np.array(gaps, dtype=np.float64),
    )


def _situation(state: GameState) -> list[float]:
    lead = state.party[0]
    best = max(one.level for one in state.party)
    stock, money = min(4.0, stock_of_lives(state)), state.money / MONEY
    return [best, best - lead.level, 1 - lead.hp_fraction, stock, money, len(state.party)]


def write_game(path: Path, game: CorrectedGame) -> None:
    """Writes a file that is whole or not there."""
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: np.asarray(getattr(game, name)) for name in _NAMES})


def read_game(path: Path) -> CorrectedGame:
    """Reads what `write_game` wrote. Raises CheckpointError for anything else; nothing is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in _NAMES}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the game at {path} cannot be read ({error}): delete the file") from error
    starter, steps, reached = int(found.pop("starter")), int(found.pop("steps")), bool(found.pop("reached"))
    return CorrectedGame(starter, steps, reached, **found)
