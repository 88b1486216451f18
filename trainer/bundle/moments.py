"""Moments of games by the rules from which others go on: save states at milestones, and how long the rules took."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError
from core.vocabulary import GameMode
from core.whole_files import written_aside

SEGMENT_MILESTONES: Final = 2
"""A segment leads from a moment to so many more milestones, or to the end of the game."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A milestone was just reached, and the player is free to walk."""

    start: StartPoint
    rules_steps: int
    """What the rules took from here through the segment."""

    @property
    def milestones(self) -> int:
        """How many are reached."""
        return len(self.start.reached)


class MomentRecorder:
    """Gathers the moments of one game. Call `look` before every press and `end` after the last."""

    def __init__(self) -> None:
        self._starts: list[tuple[StartPoint, int]] = []
        self._reached_at: list[int] = []
        """The step at which each milestone was reached."""

    def look(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        """Keeps a moment where one is."""
        self._note(env)
        last = self._starts[-1][0].reached if self._starts else None
        if env.milestones != last and env.state.mode is GameMode.FREE:
            self._starts.append((StartPoint(env.save_state(), env.milestones), env.episode_steps))

    def end(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        """The game is over."""
        self._note(env)

    def _note(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        self._reached_at += [env.episode_steps] * (len(env.milestones) - len(self._reached_at))

    def moments(self) -> tuple[Moment, ...]:
        """Those whose segment was played to its end."""
        found = []
        for start, step in self._starts:
            place = min(len(start.reached) + SEGMENT_MILESTONES, len(self._reached_at)) - 1
            if place >= len(start.reached):
                found.append(Moment(start, max(1, self._reached_at[place] - step)))
        return tuple(found)


def write_moments(path: Path, moments: Sequence[Moment]) -> None:
    """Writes a file that is whole or not there."""
    told = [{"reached": one.start.reached, "rules_steps": one.rules_steps} for one in moments]
    states = {f"state_{place}": np.frombuffer(one.start.state, np.uint8) for place, one in enumerate(moments)}
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, told=np.array(json.dumps(told)), **states)


def read_moments(path: Path) -> tuple[Moment, ...]:
    """Reads what `write_moments` wrote. Raises CheckpointError for anything else; nothing is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            told = json.loads(str(file["told"]))
            return tuple(
                Moment(StartPoint(file[f"state_{place}"].tobytes(), tuple(one["reached"])), int(one["rules_steps"]))
                for place, one in enumerate(told)
            )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the moments at {path} cannot be read ({error}): delete the file") from error
