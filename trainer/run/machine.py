"""What this machine lets us use: cores and memory, also inside a container that has less than its host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import psutil

CGROUP: Final = Path("/sys/fs/cgroup")
MEMINFO: Final = Path("/proc/meminfo")


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Cores that this process may run on, at least 1: by its affinity and by the container's CPU limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota_us, period_us = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    if quota_us == "max":
        return cores
    return max(1, min(cores, int(quota_us) // int(period_us)))


def load_average() -> float:
    """Processes that wanted a core in the last minute; Windows does not count them itself, and says 0 at first."""
    return psutil.getloadavg()[0]


def available_memory_bytes(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """Memory that may still be taken, by the system and by the container's limit; None where nothing tells."""
    found: list[int] = []
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:  # another system than Linux
        lines = []
        found.append(psutil.virtual_memory().available)
    found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = (cgroup / "memory.current").read_text(encoding="ascii").strip()
    except OSError:
        limit, used = "max", "0"
    if limit != "max":
        found.append(max(0, int(limit) - int(used)))
    return min(found, default=None)
