"""Settings: what a monitor records, where, and when it raises an alarm."""

from __future__ import annotations

from dataclasses import dataclass

from core.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class MonitoringConfig:
    """Settings of a `UnifiedMonitor`; the first eight have the documented names and defaults."""

    enable_file_logging: bool = True
    enable_console_logging: bool = True
    """Log a line at most every ten seconds, and every alarm."""
    log_file_path: str = "./logs/metrics.json"
    """JSON lines are appended there; its folder is made when missing."""
    metrics_sampling_interval: float = 1.0
    """Seconds between two samples of this process's memory and processor time."""
    history_window_size: int = 1000
    """How many of the latest values of each metric the statistics cover."""
    engagement_rate_threshold: float = 0.1
    """Alarm when `cooperation_ratio` falls below it."""
    error_rate_threshold: float = 0.05
    """Alarm when `error_rate` rises above it."""
    response_time_threshold: float = 2.0
    """Alarm when `response_time` (seconds) rises above it."""
    tensorboard_dir: str | None = None
    """Folder for TensorBoard's scalars; None writes none. Needs the extra `plots`."""
    prometheus_port: int | None = None
    """Port of `http://127.0.0.1:<port>/metrics`; 0 takes a free one, None serves nothing."""

    def __post_init__(self) -> None:
        if not self.metrics_sampling_interval > 0:
            raise ConfigurationError(
                f"metrics_sampling_interval is {self.metrics_sampling_interval}; it must be above 0"
            )
        if self.history_window_size < 1:
            raise ConfigurationError(f"history_window_size is {self.history_window_size}; it must be at least 1")
        if self.prometheus_port is not None and not 0 <= self.prometheus_port <= 65535:
            raise ConfigurationError(f"prometheus_port is {self.prometheus_port}; a port is between 0 and 65535")
