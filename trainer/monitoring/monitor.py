"""The monitor: takes numbers and interactions during training and passes them on.

    monitor = create_unified_monitor(MonitoringConfig(log_file_path="./logs/training.json"))
    monitor.start()

A started monitor registers itself in the process, and a trainer with `enable_monitoring` sends its numbers to
`started_monitors()`; no other connection is needed.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from core.arenas.base import Interaction, Stance
from core.extras import needs_extra
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.monitoring.process_sampler import ProcessSampler
from trainer.monitoring.prometheus import Gauges, MetricsServer, exposition
from trainer.monitoring.records import InteractionRecord, MetricRecord
from trainer.monitoring.settings import MonitoringConfig

log = logging.getLogger(__name__)
CONSOLE_INTERVAL_S = 10.0
_started: list[UnifiedMonitor] = []


def started_monitors() -> tuple[UnifiedMonitor, ...]:
    """The running monitors of this process."""
    return tuple(_started)


class UnifiedMonitor:
    """See the module. Its methods may be called from any thread."""

    def __init__(self, config: MonitoringConfig | None = None) -> None:
        self.config = config or MonitoringConfig()
        self._lock = threading.Lock()
        self._history: dict[tuple[str, str | None], deque[float]] = {}
        self._counts: Counter[tuple[str, str | None]] = Counter()
        self._latest: Gauges = {}
        self._process: dict[str, float] = {}
        self._stances: Counter[Stance] = Counter()
        self._alarms: dict[str, int] = {}
        """How often each threshold was crossed."""
        self._alarmed: set[tuple[str, str | None]] = set()
        self._file: IO[str] | None = None
        self._scalars: Any = None
        self._server: MetricsServer | None = None
        self._sampler: ProcessSampler | None = None
        self._started_at: float | None = None
        self._said_at = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        return self._started_at is not None

    @property
    def prometheus_url(self) -> str | None:
        """Address for the scraper, while running with a port."""
        return None if self._server is None else f"http://127.0.0.1:{self._server.port}/metrics"

    def start(self) -> None:
        """Open the outputs that the settings name. Does nothing when running."""
        if self.is_running:
            return
        if self.config.enable_file_logging:
            path = Path(self.config.log_file_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            if _ends_in_the_middle(path):
                self._write("")
        if self.config.tensorboard_dir is not None:
            self._scalars = _scalar_writer(self.config.tensorboard_dir)
        if self.config.prometheus_port is not None:
            self._server = MetricsServer(self.config.prometheus_port, self.prometheus_text)
        self._sampler = ProcessSampler(self.config.metrics_sampling_interval, self._take_sample)
        self._started_at = time.monotonic()
        _started.append(self)

    def stop(self) -> None:
        """Write everything out and close. The statistics stay. Does nothing when not running."""
        if not self.is_running:
            return
        _started.remove(self)
        self._started_at = None
        for worker in (self._sampler, self._server):  # their threads take the lock, so they end before it is held
            if worker is not None:
                worker.close()
        with self._lock:
            for output in (self._scalars, self._file):
                if output is not None:
                    output.close()
            self._sampler = self._server = self._scalars = self._file = None

    def update_metrics(self, values: Mapping[str, float], *, episode: int, model_id: str | None = None) -> None:
        """Take the numbers of an episode, for a model or the whole run. Ignored while the monitor does not run."""
        if not self.is_running:
            return
        record = MetricRecord(time.time(), episode, model_id, {name: float(value) for name, value in values.items()})
        with self._lock:
            for name, value in record.values.items():
                key = name, model_id
                self._latest[key] = value
                self._counts[key] += 1
                self._history.setdefault(key, deque(maxlen=self.config.history_window_size)).append(value)
                self._check(name, model_id, value)
            self._write(record.line())
            if self._scalars is not None:
                for name, value in record.values.items():
                    self._scalars.add_scalar(f"{name}/{model_id}" if model_id else name, value, episode)
        self._say(record)

    def record_episode(self, result: Mapping[str, Any]) -> None:
        """Take the result of an episode of the multi-model trainer.

        By model its reward, shaped reward and gradient norm, and of a language model `error_rate` (share of its
        questions that it left unanswered, 0 to 1) and `response_time` (mean seconds for an answer); for the run both of
        all language models together, `total_reward`, `cooperation_ratio`, `episode_seconds` and `steps_per_second`; and
        the interactions.
        """
        episode, seconds, answers = result["episode"], result["episode_time"], result.get("answers", {})
        for model_id, reward in result["rewards"].items():
            values = {"reward": reward, "shaped_reward": result["shaped_rewards"][model_id]}
            values |= result["model_losses"].get(model_id, {})
            if model_id in answers:
                values |= answer_rates([answers[model_id]])
            self.update_metrics(values, episode=episode, model_id=model_id)
        run = {
            "total_reward": result["total_reward"],
            "cooperation_ratio": result["cooperation_ratio"],
            "episode_seconds": seconds,
        }
        if answers:
            run |= answer_rates(answers.values())
        if seconds > 0:
            run["steps_per_second"] = result["steps"] / seconds
        self.update_metrics(run, episode=episode)
        if result["interactions"]:
            self.record_interaction_counts(result["interactions"], episode=episode)

    def record_interactions(self, interactions: Iterable[Interaction], *, episode: int) -> None:
        """Take an episode's interactions (source, target, stance) and count them; all at once or in parts."""
        self.record_interaction_counts(
            Counter((one.source, one.target, one.stance) for one in interactions), episode=episode
        )

    def record_interaction_counts(self, counts: Mapping[tuple[str, str, Stance], int], *, episode: int) -> None:
        """Take interactions that are counted already: by source, target and stance."""
        if not self.is_running:
            return
        with self._lock:
            for (_, _, stance), count in counts.items():
                self._stances[stance] += count
            self._write(InteractionRecord(time.time(), episode, counts).line())

    def prometheus_text(self) -> str:
        """The latest numbers in Prometheus's text format."""
        with self._lock:
            gauges = {**self._latest, **{(name, None): value for name, value in self._process.items()}}
            for stance in Stance:
                gauges[f"interactions_{stance.value}", None] = self._stances[stance]
        return exposition(gauges)

    def get_comprehensive_stats(self) -> dict[str, Any]:
        """The monitor's state and all statistics.

        `is_running`, `uptime_s`; `metrics` and, by model, `models`: for each metric `last`, `mean`, `min`, `max` over
        the latest `history_window_size` values and `count` of all; `interactions`: count by stance; `process`:
        `memory_mb`, `cpu_share`; `alarms`: how often each threshold was crossed.
        """
        with self._lock:
            metrics: dict[str, Any] = {}
            models: dict[str, dict[str, Any]] = {}
            for (name, model), values in self._history.items():
                target = metrics if model is None else models.setdefault(model, {})
                target[name] = {
                    "last": values[-1],
                    "mean": sum(values) / len(values),
                    "min": min(values),
                    "max": max(values),
                    "count": self._counts[name, model],
                }
            return {
                "is_running": self.is_running,
                "uptime_s": time.monotonic() - self._started_at if self._started_at is not None else 0.0,
                "metrics": metrics,
                "models": models,
                "interactions": {stance.value: self._stances[stance] for stance in Stance},
                "process": dict(self._process),
                "alarms": dict(self._alarms),
            }

    def export_report(self, path: str | Path) -> Path:
        """Write the statistics as JSON, whole or not at all; returns the path."""
        target = Path(path)
        write_text_atomically(target, json.dumps(self.get_comprehensive_stats(), indent=2) + "\n")
        return target

    def _check(self, name: str, model_id: str | None, value: float) -> None:
        """Raise an alarm when a threshold is crossed; the next one only after the value was back to normal."""
        config = self.config
        limits = {
            "cooperation_ratio": (value < config.engagement_rate_threshold, config.engagement_rate_threshold),
            "error_rate": (value > config.error_rate_threshold, config.error_rate_threshold),
            "response_time": (value > config.response_time_threshold, config.response_time_threshold),
        }
        if name not in limits:
            return
        crossed, limit = limits[name]
        if not crossed:
            self._alarmed.discard((name, model_id))
        elif (name, model_id) not in self._alarmed:
            self._alarmed.add((name, model_id))
            self._alarms[name] = self._alarms.get(name, 0) + 1
            if config.enable_console_logging:
                log.warning("%s of %s is %.3g; the threshold is %.3g", name, model_id or "the run", value, limit)

    def _write(self, line: str) -> None:
        if self._file is not None:
            self._file.write(line + "\n")
            self._file.flush()

    def _say(self, record: MetricRecord) -> None:
        now = time.monotonic()
        if self.config.enable_console_logging and now - self._said_at > CONSOLE_INTERVAL_S:
            self._said_at = now
            numbers = ", ".join(f"{name} {value:.3g}" for name, value in record.values.items())
            log.info("episode %d, %s: %s", record.episode, record.model or "all models", numbers)

    def _take_sample(self, sample: dict[str, float]) -> None:
        with self._lock:
            self._process = sample


def answer_rates(answers: Collection[Mapping[str, float]]) -> dict[str, float]:
    """`error_rate` and `response_time` of models that were asked, as `record_episode` says."""
    asked = sum(one["asked"] for one in answers)
    return {
        "error_rate": sum(one["unanswered"] for one in answers) / asked,
        "response_time": sum(one["seconds"] for one in answers) / asked,
    }


def _ends_in_the_middle(path: Path) -> bool:
    """Whether a kill left a half-written last line."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _scalar_writer(folder: str) -> Any:
    with needs_extra("tensorboard_dir is set"):
        from torch.utils.tensorboard import SummaryWriter
    return SummaryWriter(folder)


def create_unified_monitor(config: MonitoringConfig | None = None) -> UnifiedMonitor:
    """A monitor, not started yet; with the default settings where none are given."""
    return UnifiedMonitor(config)
