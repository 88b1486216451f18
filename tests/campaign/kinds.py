"""The kinds of faults that a campaign tries: the one list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.campaign import clients, configs, files, kills, programs, servers, signals

Trial = Callable[[int, Path], list[str]]
"""Of a seed and an empty folder: what was not as promised; nothing where the promise held."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    promise: str
    """What holds in spite of the fault, in few words."""
    trial: Trial


KINDS: Final = (
    Kind("kills", "killed at any moment: every episode is there once, and a resume goes on", kills.trial),
    Kind("signals", "Ctrl-C or SIGTERM at any moment: one line, 130 or 143, no process left", signals.trial),
    Kind("files", "a damaged file: one line or no matter, and nothing of the user's is changed", files.trial),
    Kind("servers", "a hostile model server: an answer or a failure in time, and no key is shown", servers.trial),
    Kind("clients", "a hostile client of the adapter server: an error in JSON, and others are served", clients.trial),
    Kind("programs", "a hostile program: it gets out of nothing, takes no more than its limits", programs.trial),
    Kind("configs", "a mutated config: taken, or refused in one line with nothing on disk", configs.trial),
)
