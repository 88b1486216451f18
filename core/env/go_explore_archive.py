"""The Go-Explore archive: save states on disk, filed by progress and by where the player stood.

In a game of ten thousand steps, chance rarely leads to the same interesting moment twice. So workers file a state when
they stand in a cell (milestones reached, map, square of 8 x 8 steps) that has none yet, and a training begins some
episodes in a state drawn from the archive, more often in one with more progress. This is the archive of Go-Explore
(Ecoffet et al. 2021, Nature 590). Evaluations never draw: only `VectorEnv.reset_lane(start=...)` and
`reset(options=...)` begin elsewhere, and an evaluation passes neither.

One file a cell, written to a temporary name and renamed, so any number of processes may share a folder without locks.
When two file the same cell at once, the later one stays. The folder is bound to one ROM and holds at most `max_states`
files.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np

from core import exceptions
from core.env.emulator.console import EMULATOR
from core.env.lanes.lane_history import StartPoint
from core.game.state import GameState
from core.vocabulary import GameMode
from core.whole_files import written_aside

CELL_STEPS: Final = 8
SUFFIX: Final = ".go_explore"
MAGIC: Final = b"crystal-hybrid go_explore 1\n"
LOOK_AGAIN_EVERY: Final = 256
"""New cells after which a process reads the folder again for what others have filed."""
COMPRESSION_LEVEL: Final = 1
LONGEST_NAME: Final = 64
MOST_BYTES: Final = 2**24
"""Of a state and of its header; PyBoy's states have 0.2 MB."""


class ArchiveCell(NamedTuple):
    """The key under which a state is filed."""

    reached: int
    """Number of milestones reached."""
    map_group: int
    map_number: int
    square_x: int
    square_y: int

    @classmethod
    def of(cls, state: GameState, reached: int) -> ArchiveCell:
        """The cell of a state in a game that has reached `reached` milestones."""
        (group, number), x, y = state.position
        return cls(reached, group, number, x // CELL_STEPS, y // CELL_STEPS)

    @property
    def file_name(self) -> str:
        """Numbers of fixed width, so that names sort by progress."""
        return (
            f"{self.reached:03}-{self.map_group:03}-{self.map_number:03}-{self.square_x:02}-{self.square_y:02}{SUFFIX}"
        )

    @classmethod
    def from_file_name(cls, name: str) -> ArchiveCell | None:
        """The cell of a file, or None for a file that is not from an archive."""
        parts = name.removesuffix(SUFFIX).split("-")
        if len(name) > LONGEST_NAME or len(parts) != 5 or not all(part.isdecimal() for part in parts):
            return None
        cell = cls(*map(int, parts))
        return cell if cell.file_name == name else None


class GoExploreArchive:
    """A folder of states of one game. Each process that takes part has its own object."""

    def __init__(self, folder: str | Path, rom_sha1: str, max_states: int = 1000) -> None:
        """Open the archive of a ROM and this emulator, in its own folder below `folder`; nothing is written yet.

        A state takes about 20 kB. Raises `ConfigurationError` for `max_states` below 1.
        """
        if max_states < 1:
            raise exceptions.ConfigurationError(f"max_states is {max_states}; it must be at least 1")
        self.folder = Path(folder) / f"{rom_sha1[:16]}-{EMULATOR}"
        self.max_states = max_states
        self._known: set[ArchiveCell] = set()
        self._since_look = LOOK_AGAIN_EVERY
        self._draws: Counter[ArchiveCell] = Counter()

    def cells(self) -> list[ArchiveCell]:
        """What is filed now, the least progress first."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        return [cell for name in names if (cell := ArchiveCell.from_file_name(name)) is not None]

    def wants(self, state: GameState, reached: int) -> ArchiveCell | None:
        """The cell to file this state under; None when the cell is known or the player is not free."""
        if state.mode is not GameMode.FREE:
            return None
        cell = ArchiveCell.of(state, reached)
        if cell in self._known:
            return None
        self._since_look += 1
        if self._since_look > LOOK_AGAIN_EVERY:
            self._since_look = 0
            self._known.update(self.cells())
        return None if cell in self._known else cell

    def add(self, cell: ArchiveCell, start: StartPoint) -> None:
        """File a state; if there are too many, drop one from the most crowded level of progress.

        Raises `core.exceptions.EnvironmentError` when the folder cannot be written.
        """
        header = json.dumps({"reached": start.reached}).encode() + b"\n"
        path = self.folder / cell.file_name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with written_aside(path) as aside:
                aside.write_bytes(MAGIC + header + zlib.compress(start.state, COMPRESSION_LEVEL))
        except OSError as error:
            raise exceptions.EnvironmentError(
                f"cannot write the Go-Explore archive {str(self.folder)!r}: {error.strerror or error}. Free some "
                "space, or name another folder"
            ) from error
        self._known.add(cell)
        self._make_room()

    def draw(self, dice: np.random.Generator, after: str | None = None) -> StartPoint | None:
        """A state to begin an episode in; None while the archive has none.

        The level of progress is drawn first: the farthest with probability 1/2, the next with 1/4, and so on; then, on
        that level, a cell that was drawn least often. With `after`, only states that reached that milestone count.
        """
        cells = self.cells()
        while cells:
            levels = sorted({cell.reached for cell in cells}, reverse=True)
            level = levels[min(len(levels), int(dice.geometric(0.5))) - 1]
            candidates = [cell for cell in cells if cell.reached == level]
            fewest = min(self._draws[cell] for cell in candidates)
            candidates = [cell for cell in candidates if self._draws[cell] == fewest]
            cell = candidates[int(dice.integers(len(candidates)))]
            start = self._read(cell)
            if start is not None and (after is None or after in start.reached):
                self._draws[cell] += 1
                return start
            cells.remove(cell)
        return None

    def draws(self) -> dict[str, int]:
        """How often each state was drawn by this object, by file name; for a checkpoint."""
        return {cell.file_name: count for cell, count in self._draws.items()}

    def restore_draws(self, draws: Mapping[str, int]) -> None:
        """Restore the counts that `draws` gave; names that are not of an archive are ignored."""
        cells = ((ArchiveCell.from_file_name(name), count) for name, count in draws.items())
        self._draws = Counter({cell: int(count) for cell, count in cells if cell is not None})

    def _read(self, cell: ArchiveCell) -> StartPoint | None:
        """A filed state; None when another process has dropped it since.

        Raises `core.exceptions.EnvironmentError` for a file that no archive has written.
        """
        path = self.folder / cell.file_name
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise exceptions.EnvironmentError(f"{path} cannot be read ({error.strerror}): remove it") from error
        try:
            if not content.startswith(MAGIC):
                raise ValueError("it begins otherwise")
            header, packed = content[len(MAGIC) :].split(b"\n", 1)
            reached = json.loads(header)["reached"]
            names = cast("list[object]", reached) if isinstance(reached, list) else [None]
            if set(map(type, names)) - {str}:
                raise ValueError("'reached' is no list of names")
            unpacker = zlib.decompressobj()
            state = unpacker.decompress(packed, MOST_BYTES)
            if not unpacker.eof:
                raise ValueError("it is cut, or too large")
            return StartPoint(state, tuple(map(str, names)))
        except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
            raise exceptions.EnvironmentError(
                f"{path} is no state of the Go-Explore archive ({error}): remove it"
            ) from error

    def _make_room(self) -> None:
        cells = self.cells()
        while len(cells) > self.max_states:
            crowd = Counter(cell.reached for cell in cells)
            largest = max(crowd.values())
            level = min(level for level, count in crowd.items() if count == largest)
            # cells on a level are worth the same; which one goes must not depend on the process that asks
            dropped = next(cell for cell in cells if cell.reached == level)
            with contextlib.suppress(FileNotFoundError):
                (self.folder / dropped.file_name).unlink()
            cells.remove(dropped)


class CarriedStates(GoExploreArchive):
    """What stands for the archive in a process that has no such folder: it keeps states for whoever files them."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.carried: list[tuple[ArchiveCell, StartPoint]] = []
        """States of cells that are not known, in the order in which they were met."""

    def know(self, cells: Iterable[ArchiveCell]) -> None:
        """These cells, and no others, have a state already."""
        self._known = set(cells)

    def take(self) -> list[tuple[ArchiveCell, StartPoint]]:
        """The states that are carried; they are not carried any more."""
        carried, self.carried = self.carried, []
        return carried

    def cells(self) -> list[ArchiveCell]:
        """What is known, the least progress first."""
        return sorted(self._known)

    def add(self, cell: ArchiveCell, start: StartPoint) -> None:
        """Carries a state."""
        self._known.add(cell)
        self.carried.append((cell, start))


@dataclass(frozen=True, slots=True)
class GoExploreSchedule:
    """The share of episodes that begin in the archive; it moves linearly from `first_share` to `last_share`."""

    first_share: float = 0.0
    last_share: float = 0.5
    episodes: int = 200
    """Episodes after which the share is `last_share`."""

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for shares outside 0 to 1 or no episodes."""
        for name in ("first_share", "last_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise exceptions.ConfigurationError(f"{name} is {getattr(self, name)}; it must be from 0 to 1")
        if self.episodes < 1:
            raise exceptions.ConfigurationError(f"episodes is {self.episodes}; it must be at least 1")

    def share(self, episode: int) -> float:
        """The share for an episode, counted from 0."""
        return self.first_share + (self.last_share - self.first_share) * min(1.0, episode / self.episodes)
