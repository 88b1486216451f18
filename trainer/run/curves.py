"""The curves of an ordinary training: JSON lines beside its checkpoints, and TensorBoard where it is installed.

A line is one thing that happened: `kind` is `episode`, `update` or `evaluation`, `run` the run's name, and the rest are
its numbers. Lines are appended; of two about the same thing (an episode that a resume played again) the later counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from core.extras import needs_extra

FILE_NAME: Final = "curves.jsonl"
TENSORBOARD: Final = "tensorboard"
"""Folder beside it."""


class Curves:
    """Appends to the files of one run. Use as a context manager; nothing is written before the first number."""

    def __init__(self, save_dir: Path, run: str, *, with_tensorboard: bool) -> None:
        """`with_tensorboard` needs the extra `plots`: MissingExtraError without it."""
        self._file = save_dir / FILE_NAME
        self._run = run
        self._opened: IO[str] | None = None
        self._scalars: Any = None
        if with_tensorboard:
            with needs_extra("curves in TensorBoard"):
                from torch.utils.tensorboard.writer import SummaryWriter
            self._scalars = SummaryWriter(str(save_dir / TENSORBOARD / run))

    def add(self, kind: str, number: int, values: Mapping[str, Any], **labels: str) -> None:
        """One line; `number` is the episode or update that it is about, `labels` are words such as the mode."""
        if self._opened is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._opened = self._file.open("a", encoding="utf-8", buffering=1)
        place = "update" if kind == "update" else "episode"
        row = {"kind": kind, "run": self._run, "at_s": round(time.time(), 3), place: number, **labels, **values}
        self._opened.write(json.dumps(row) + "\n")
        if self._scalars is not None:
            prefix = "/".join((kind, *labels.values()))
            for name, value in values.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    self._scalars.add_scalar(f"{prefix}/{name}", value, number)

    def add_evaluation(self, episode: int, mode: str, numbers: Mapping[str, Any]) -> None:
        """What an evaluation of a mode came to, after so many finished episodes; with a `label` where tables call it
        otherwise than by its mode."""
        label = numbers.get("label", mode)
        self.add("evaluation", episode, numbers_of(numbers) | ({"label": label} if label != mode else {}), mode=mode)

    def close(self) -> None:
        """Everything is written."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if self._scalars is not None:
            self._scalars.close()
            self._scalars = None

    def __enter__(self) -> Curves:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def numbers_of(values: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers among some values."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    }
