"""What both server back-ends share of HTTP: a client that bounds size and time, and status codes as failures.

A vendor's SDK limits the time of each read, so a server that sends one byte a second can hold a question forever; and
it reads an answer of any size. The guard sets one deadline and one size for the whole answer. Redirects are not
followed, so a key never goes to an address that the config does not name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

import httpx2

from agents.llm.failures import FailureKind, ModelFailure

MAX_ANSWER_BYTES = 1_000_000
"""A filled-in form is a few hundred bytes; a megabyte is some other page."""
KEY_FOR_OTHER_ADDRESSES = "CRYSTAL_LLM_API_KEY"
"""Environment variable with the key for servers at an `@url`; a vendor's key goes to that vendor's address only."""


class GuardedStream(httpx2.SyncByteStream):
    """The body of a response, which ends in a `ModelFailure` past `max_bytes` or past the deadline."""

    def __init__(self, body: httpx2.SyncByteStream, deadline: float, max_bytes: int) -> None:
        self._body = body
        self._deadline = deadline
        self._max_bytes = max_bytes

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for part in self._body:
            seen += len(part)
            if seen > self._max_bytes:
                raise ModelFailure(
                    FailureKind.TOO_LARGE, f"the server's answer is longer than {self._max_bytes} bytes; given up"
                )
            if time.monotonic() > self._deadline:
                raise ModelFailure(FailureKind.TIME_OUT, "the server's answer did not end in time")
            yield part

    def close(self) -> None:
        self._body.close()


def guarded_client(timeout_s: float, max_bytes: int = MAX_ANSWER_BYTES) -> httpx2.Client:
    """An HTTP client for an SDK: `timeout_s` bounds connecting, each read, and the answer as a whole."""

    def note_deadline(request: httpx2.Request) -> None:
        request.extensions = {**request.extensions, "deadline": time.monotonic() + timeout_s}

    def guard(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            # A few compressed kilobytes can unpack to gigabytes; the request asks for plain bytes.
            raise ModelFailure(FailureKind.MALFORMED, "the server compressed its answer although asked not to")
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = GuardedStream(response.stream, response.request.extensions["deadline"], max_bytes)

    return httpx2.Client(
        timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        event_hooks={"request": [note_deadline], "response": [guard]},
    )


def key_for(vendor_variable: str | None, *, own_address: bool) -> str | None:
    """The key from the environment, or None when it is not set.

    `own_address` is true when the config names an `@url`: then only `CRYSTAL_LLM_API_KEY` is used.
    """
    variable = KEY_FOR_OTHER_ADDRESSES if own_address or vendor_variable is None else vendor_variable
    return os.environ.get(variable) or None


def without_key(message: str, key: str | None) -> str:
    """The message without the key: servers may quote it, and messages are logged and kept."""
    return message.replace(key, "<key>") if key else message


def failure_of_status(status: int, headers: Mapping[str, str], message: str, code: str | None = None) -> ModelFailure:
    """An HTTP error status as a failure. `code` is the vendor's own name for the cause, if it gives one."""
    if status in (401, 403):
        kind = FailureKind.WRONG_KEY
    elif status == 402 or code in ("insufficient_quota", "billing_error"):
        kind = FailureKind.NO_CREDIT
    elif status == 404:
        kind = FailureKind.UNKNOWN_MODEL
    elif status == 429:
        kind = FailureKind.RATE_LIMIT
    elif status == 408:
        kind = FailureKind.TIME_OUT
    elif status >= 500 or status == 409:
        kind = FailureKind.SERVER_ERROR
    else:
        kind = FailureKind.REJECTED
    return ModelFailure(kind, f"HTTP {status}: {message[:300]}", retry_after_s=retry_after_s(headers))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After`, a number or a date (RFC 9110)."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            return max(0.0, float(text) * scale)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            continue
    return None


def cause_in_guard(error: BaseException) -> ModelFailure | None:
    """The guard's own failure, if an SDK has wrapped it into a connection error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModelFailure):
            return cause
        cause = cause.__cause__
    return None
