"""How a lane came to where it is: enough to play its episode again in another process.

A game is deterministic, so the save state in which an episode began, its seed and its actions are a lossless and very
small checkpoint (one byte a step). The main process keeps it; a worker that replaces a dead one inherits it with the
fork, plays it and compares RAM with what was last seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StartPoint:
    """Where an episode begins, if not at the env's own start."""

    state: bytes = field(repr=False)
    """A save state of the console."""
    reached: tuple[str, ...] = ()
    """Milestones that the game had reached before: they count as reached, and pay nothing."""

    @property
    def reset_options(self) -> dict[str, object]:
        """For the env's `reset` and `restart`."""
        return {"start_state": self.state, "reached": self.reached}


@dataclass(slots=True)
class LaneHistory:
    """One lane's episode so far."""

    seed: int
    start: StartPoint | None
    actions: bytearray = field(default_factory=bytearray)
    ram: bytes = b""
    """The RAM snapshot after the last action, filled in when it is needed for a comparison."""
