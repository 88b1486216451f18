"""What a server's error means: its code and words, and the kind of failure that they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from agents.llm.failures import FailureKind

_OF_STATUS = {
    401: FailureKind.WRONG_KEY,
    402: FailureKind.NO_CREDIT,
    403: FailureKind.WRONG_KEY,
    404: FailureKind.UNKNOWN_MODEL,
    408: FailureKind.TIME_OUT,
    409: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMIT,
}
"""Others: from 500 on a server error, below that the request is rejected."""
_OF_CODE = {
    "authentication_error": FailureKind.WRONG_KEY,
    "permission_error": FailureKind.WRONG_KEY,
    "invalid_api_key": FailureKind.WRONG_KEY,
    "not_found_error": FailureKind.UNKNOWN_MODEL,
    "model_not_found": FailureKind.UNKNOWN_MODEL,
    "rate_limit_error": FailureKind.RATE_LIMIT,
    "rate_limit_exceeded": FailureKind.RATE_LIMIT,
    "timeout_error": FailureKind.TIME_OUT,
    "invalid_request_error": FailureKind.REJECTED,
    "context_length_exceeded": FailureKind.REJECTED,
}
"""The vendors' own names, for errors without a status of their own. Others are server errors."""
_NO_CREDIT_CODES = ("insufficient_quota", "billing_error", "billing_not_active", "billing_hard_limit_reached")
_NO_CREDIT_WORDS = ("credit balance is too low", "insufficient balance", "insufficient credits")
"""Anthropic sends the first with status 400 as `invalid_request_error`."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as a server tells it."""

    code: str
    """The vendor's name of the cause or a number like an HTTP status; may be empty."""
    words: str

    def kind(self, status: int) -> FailureKind:
        """The kind of failure, with the HTTP status that it came with."""
        if self.code in _NO_CREDIT_CODES or any(words in self.words.lower() for words in _NO_CREDIT_WORDS):
            return FailureKind.NO_CREDIT
        if 200 <= status < 300:
            if not (self.code.isascii() and self.code.isdecimal() and len(self.code) == 3):
                return _OF_CODE.get(self.code, FailureKind.SERVER_ERROR)
            status = int(self.code)
        return _OF_STATUS.get(status) or (FailureKind.SERVER_ERROR if status >= 500 else FailureKind.REJECTED)


def error_in(body: bytes) -> ServerError | None:
    """The error in a response's body: OpenAI's and Anthropic's form, and those of servers that imitate them."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(reply, Mapping):
        return None
    error = reply.get("error")
    if not error and reply.get("object") == "error":
        error = reply
    if not error and isinstance(choices := reply.get("choices"), list) and choices and isinstance(choices[0], Mapping):
        error = choices[0].get("error")  # a router's word for an upstream server that failed in mid-answer
    if not error:
        return None
    if not isinstance(error, Mapping):
        return ServerError("", str(error))
    code = error.get("code") or error.get("type")
    words = error.get("message")
    return ServerError(
        str(code) if isinstance(code, str | int) and code is not True else "",
        words if isinstance(words, str) and words else json.dumps(error),
    )
