"""One row of what `crystal-agent doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Result of a check."""

    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One row: the thing checked, the value seen, and what to do if it is not good."""

    name: str
    verdict: Verdict
    seen: str
    remedy: str = ""
