"""The ways in which a server goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Fault(Enum):
    RATE_LIMIT = auto()
    SERVER_ERROR = auto()
    OVERLOADED = auto()
    CUT = auto()
    """The connection ends in the middle of the answer."""
    HANG = auto()
    """Nothing comes for a long time."""
    DRIP = auto()
    """The answer comes a byte at a time."""
    NO_JSON = auto()
    WRONG_SHAPE = auto()
    """Valid JSON of another form."""
    EMPTY_BODY = auto()
    EMPTY_ANSWER = auto()
    HALF_ANSWER = auto()
    """The form arrives, but cut off."""
    HUGE = auto()
    ENDLESS_ANSWER = auto()
    """The model talked until it ran out of tokens."""
    COMPRESSED = auto()
    REFUSAL = auto()
    UNKNOWN_OPTION = auto()
    PROSE = auto()
    """A sentence that mentions an option instead of being one."""
    WRONG_KEY = auto()
    NO_CREDIT = auto()
    UNKNOWN_MODEL = auto()
    TOO_LONG_PROMPT = auto()
    REDIRECT = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What the server does with one request: a fault, or nothing out of the ordinary."""

    fault: Fault | None = None
    retry_after: str | None = None
    """The header's text, for a rate limit."""
    told: tuple[int, str] | None = None
    """A status and a body that are sent just so."""
    change: Callable[[dict[str, Any]], None] | None = None
    """What else is done to the reply before it is sent."""
    spoil: Callable[[bytes], bytes] | None = None
    """What is done to its bytes."""


STATUS = {
    Fault.RATE_LIMIT: 429,
    Fault.SERVER_ERROR: 500,
    Fault.OVERLOADED: 529,
    Fault.WRONG_KEY: 401,
    Fault.NO_CREDIT: 429,
    Fault.UNKNOWN_MODEL: 404,
    Fault.TOO_LONG_PROMPT: 400,
}
"""Faults that are told by an HTTP status."""
