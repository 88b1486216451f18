"""Tasks and answers of a scheduler, and its settings."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class TextTask:
    """One question to one model."""

    model_id: str
    prompt: str
    client: str = ""
    """Who asks: shares of the servers are counted by client. Empty means the model's id."""
    adapter: str | None = None
    """A LoRA adapter of that model; None asks the base model."""
    max_tokens: int = 64
    temperature: float = 0.7
    choices: tuple[str, ...] = ()
    """If given, the answer is one of them."""
    seed: int | None = None
    timeout_s: float = 60.0
    """Longest time to an answer; the queue, restarts of the server and second attempts count."""

    @property
    def asked_by(self) -> str:
        return self.client or self.model_id

    def body(self) -> dict[str, object]:
        """The task as a request for OpenAI's chat completions, with vLLM's structured outputs."""
        body: dict[str, object] = {
            "model": self.adapter or self.model_id,
            "messages": [{"role": "user", "content": self.prompt}],
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
        }
        if self.seed is not None:
            body["seed"] = self.seed
        if self.choices:
            body["structured_outputs"] = {"choice": list(self.choices)}
        return body


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """The answer to a task."""

    text: str
    task: TextTask
    waited_s: float
    """Seconds from submission to the attempt that succeeded."""
    served_s: float
    """Seconds that the server took."""
    attempts: int


class ServerState(StrEnum):
    """State of a model's server."""

    REGISTERED = "registered"
    """Not started yet."""
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    """Given up after too many failed starts in a row."""
    STOPPED = "stopped"


class Sharing(StrEnum):
    """How clients share the servers under load."""

    EQUAL = "equal"
    """Every client gets the same share (cooperative)."""
    BY_PERFORMANCE = "by_performance"
    """Clients are ranked by their reported rewards; the best gets three times as much as the worst (competitive)."""


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Settings of a scheduler."""

    max_queue: int = 256
    """Most waiting tasks of all clients."""
    max_queue_per_client: int = 64
    max_batch: int = 8
    """Most requests that a server answers together."""
    max_attempts: int = 3
    """Most attempts at a task whose server dies."""
    start_timeout_s: float = 180.0
    health_interval_s: float = 2.0
    health_timeout_s: float = 5.0
    unhealthy_after: int = 3
    """Failed health checks in a row before a restart; a server that has ended is restarted at once."""
    max_restarts: int = 5
    """Failed starts in a row after which a server is given up."""
    restart_backoff_s: float = 1.0
    """Wait before the second start in a row; doubled for each further one."""
    log_dir: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "crystal-hybrid-servers")
    """Folder for the servers' output, a file per model."""

    def __post_init__(self) -> None:
        for name in ("max_batch", "max_attempts", "unhealthy_after", "max_restarts"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("start_timeout_s", "health_interval_s", "health_timeout_s"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; it must be above 0")
