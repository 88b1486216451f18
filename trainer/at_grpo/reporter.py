"""What a run shows: a progress bar or log lines, `metrics.jsonl`, TensorBoard, samples of the dialogue."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.at_grpo.algorithm import Group
from trainer.checkpoints.durable_files import write_text_atomically

log = logging.getLogger(__name__)
LOG_INTERVAL_S = 10.0
METRICS, DIALOGUE = "metrics.jsonl", "dialogue.jsonl"


@dataclass(frozen=True, slots=True)
class IterationRecord:
    """One iteration in numbers."""

    iteration: int
    solved: float
    """Share of the iteration's problems that the best candidates solved."""
    reward: dict[str, float]
    """Mean over the candidates, by role."""
    zero_variance: dict[str, float]
    """Share of a role's groups whose rewards are all equal: they teach nothing."""
    entropy: dict[str, float]
    """By policy, as are the next ones; a policy without anything to learn from is missing."""
    approx_kl: dict[str, float]
    clip_fraction: dict[str, float]
    gradient_norm: dict[str, float]
    disagreement: dict[str, float]
    """Nats per token between a rollout server's log-probabilities and ours, by role; empty without a server."""
    candidates: int
    """Answers sampled."""
    tokens: int
    """Of those answers."""
    rollout_seconds: float
    """Of `seconds`: until all answers were there."""
    seconds: float


class RunReporter:
    """Writes to the run's folder while it is entered."""

    def __init__(self, folder: Path, total: int, title: str) -> None:
        self._folder = folder
        self._total = total
        self._title = title
        self._success = "?"
        self._logged_at = 0.0
        self._bar: Progress | None = None
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console)
            self._task = self._bar.add_task(title, total=total)
        self._scalars: Any = None

    def __enter__(self) -> RunReporter:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        if self._scalars:
            self._scalars.close()

    def begin(self, finished: int) -> None:
        """Go on after that many iterations; lines of a killed run about later ones are dropped, as they come again."""
        for name in (METRICS, DIALOGUE):
            path = self._folder / name
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            kept = [line for line in lines if _iteration_of(line) <= finished]
            if len(kept) < len(lines):
                write_text_atomically(path, "".join(f"{line}\n" for line in kept))
        self._scalars = _scalar_writer(self._folder / "tensorboard", finished + 1)

    def say(self, message: str) -> None:
        """Log a separate line."""
        log.info("%s", message)

    def rollouts(self, iteration: int, played: int, of: int, tokens: int) -> None:
        """So many problems of an iteration are played, and so many tokens of answers were drawn for it."""
        line = f"{self._title}: iteration {iteration}, {played} of {of} problems played, {tokens} tokens"
        if self._bar:
            self._bar.update(self._task, description=line)
        elif time.monotonic() - self._logged_at > LOG_INTERVAL_S:
            self._logged_at = time.monotonic()
            log.info("%s", line)

    def iteration(self, record: IterationRecord) -> None:
        """Report a finished iteration."""
        self._append(METRICS, asdict(record))
        if self._scalars:
            for name, value in asdict(record).items():
                parts = value.items() if isinstance(value, dict) else [("", value)]
                for part, number in parts:
                    self._scalars.add_scalar(f"{name}/{part}" if part else name, number, record.iteration)
        line = f"{self._title}: solved {record.solved:.0%} in training, {self._success} of the evaluation"
        if self._bar:
            self._bar.update(self._task, completed=record.iteration, description=line)
        elif time.monotonic() - self._logged_at > LOG_INTERVAL_S or record.iteration == self._total:
            self._logged_at = time.monotonic()
            log.info("iteration %d of %d, %s", record.iteration, self._total, line)

    def evaluation(self, iteration: int, success: float) -> None:
        """Report an evaluation: problems played with the likeliest answers."""
        self._success = f"{success:.0%}"
        self._append(METRICS, {"iteration": iteration, "evaluation_success": success})
        if self._scalars:
            self._scalars.add_scalar("evaluation_success", success, iteration)
        log.info("iteration %d: evaluation success %.1f%%", iteration, 100 * success)

    def dialogue(self, iteration: int, groups: Sequence[Group]) -> None:
        """Write the prompts, answers and rewards of one problem."""
        for group in groups:
            answers = [
                {"text": sample.text, "reward": round(float(reward), 4), "feedback": feedback}
                for sample, reward, feedback in zip(group.samples, group.rewards, group.feedback, strict=True)
            ]
            entry = {"iteration": iteration, "seed": group.seed, "turn": group.turn, "role": group.role}
            self._append(DIALOGUE, {**entry, "prompt": group.prompt, "answers": answers, "best": group.best})

    def _append(self, name: str, value: dict[str, Any]) -> None:
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def _iteration_of(line: str) -> float:
    """The iteration of a line; infinite for a half-written line of a killed run."""
    try:
        return int(json.loads(line)["iteration"])
    except ValueError:
        return float("inf")


def _scalar_writer(folder: Path, first_step: int) -> Any:
    """TensorBoard's writer, or None if it is not installed (logged once; `metrics.jsonl` has the same numbers)."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        log.warning("no TensorBoard scalars are written: pip install 'crystal-hybrid[plots]'")
        return None
    return SummaryWriter(str(folder), purge_step=first_step)
