"""What can go wrong when a language model is asked, as values.

Back-ends turn every error of their library into one `ModelFailure` with a `FailureKind`. A table here says what to do
about a kind (ask again, pause, stop asking), so no back-end decides that itself.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from core.exceptions import LLMConnectionError


class FailureKind(StrEnum):
    """Why there is no answer."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    TIME_OUT = "time_out"
    CONNECTION = "connection"
    EMPTY = "empty"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_OPTION = "unknown_option"
    REFUSAL = "refusal"
    REJECTED = "rejected"
    """The server refused this request: the prompt is too long, a parameter is not supported."""
    WRONG_KEY = "wrong_key"
    NO_CREDIT = "no_credit"
    UNKNOWN_MODEL = "unknown_model"
    BROKEN = "broken"
    """The code of the model, its provider or its chat template failed with an error of its own."""
    CACHE = "cache"
    """The cache of answers could not be read or written; the model is asked all the same."""
    BUDGET = "budget"
    """The config's limit on calls, tokens or money is reached; nothing was sent."""
    LATE = "late"
    """The answer did not come within the caller's patience; it is kept for the next time."""
    AWAY = "away"
    """Not asked, because the model is known to be away."""


class Remedy(Enum):
    """What to do about a failure."""

    ASK_AGAIN = "the same question may well be answered a moment later; a row of such failures is an outage"
    NEXT_QUESTION = "this question has no answer, the next one may; a row of such failures is an outage"
    STAY_AWAY = "no question will be answered until somebody changes something"


_REMEDIES: dict[FailureKind, Remedy] = {
    FailureKind.RATE_LIMIT: Remedy.ASK_AGAIN,
    FailureKind.SERVER_ERROR: Remedy.ASK_AGAIN,
    FailureKind.TIME_OUT: Remedy.ASK_AGAIN,
    FailureKind.CONNECTION: Remedy.ASK_AGAIN,
    FailureKind.EMPTY: Remedy.ASK_AGAIN,
    FailureKind.MALFORMED: Remedy.ASK_AGAIN,
    FailureKind.UNKNOWN_OPTION: Remedy.ASK_AGAIN,
    FailureKind.BROKEN: Remedy.ASK_AGAIN,
    FailureKind.TOO_LARGE: Remedy.NEXT_QUESTION,
    FailureKind.REFUSAL: Remedy.NEXT_QUESTION,
    FailureKind.REJECTED: Remedy.NEXT_QUESTION,
    FailureKind.BUDGET: Remedy.NEXT_QUESTION,
    FailureKind.CACHE: Remedy.NEXT_QUESTION,
    FailureKind.LATE: Remedy.NEXT_QUESTION,
    FailureKind.AWAY: Remedy.NEXT_QUESTION,
    FailureKind.WRONG_KEY: Remedy.STAY_AWAY,
    FailureKind.NO_CREDIT: Remedy.STAY_AWAY,
    FailureKind.UNKNOWN_MODEL: Remedy.STAY_AWAY,
}


class ModelFailure(LLMConnectionError):
    """A question that was not answered, with its kind."""

    def __init__(self, kind: FailureKind, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s
        """How long the server asks to wait, if it says so."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.latency_s = 0.0
        """Its cost: an unusable answer is paid for too."""

    @property
    def remedy(self) -> Remedy:
        return _REMEDIES[self.kind]
