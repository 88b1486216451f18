"""What both server back-ends share of HTTP: a client that bounds size and time, and responses as failures.

A vendor's SDK limits the time of each read only, and reads an answer of any size; `agents/llm/wire/exchange.py` limits
the whole. Redirects are not followed, so a key never goes to an address that the config does not name.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx2

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.wire.exchange import GuardedTransport
from agents.llm.wire.server_error import ServerError, error_in
from core.prompts.frame import plain_text

OPENAI_URL, ANTHROPIC_URL = "https://api.openai.com/v1", "https://api.anthropic.com"
MAX_ANSWER_BYTES = 1_000_000
"""A filled-in form is a few hundred bytes; a megabyte is some other page."""
MOST_QUOTED = 300
"""Characters of a server's words that are passed on."""
EARLIEST_EPOCH_S = 1e9
"""A larger number is a time (since 1970), no pause: some servers send that in `Retry-After`."""
_TALKATIVE = ("httpcore2", "httpx2", "openai", "anthropic")
"""Libraries that log headers, keys of servers that echo them included, where a program logs everything."""
_SENT_ALONG = frozenset(
    {
        *("host", "connection", "user-agent", "accept", "accept-encoding", "content-type", "content-length"),
        *("authorization", "anthropic-version"),
    }
)
"""Headers that a server at an `@url` gets. SDKs add more from the environment, meant for their vendor."""
_NOTES_OF_SDKS = "x-stainless-"
"""Headers that begin so are the SDKs' own: without them they do not know their requests again."""


def guarded_client(
    timeout_s: float,
    most_bytes: int = MAX_ANSWER_BYTES,
    *,
    only_key: str | None = None,
    proxies: bool = True,
) -> httpx2.Client:
    """An HTTP client, also for an SDK.

    Args:
        timeout_s: limit of an exchange, from connecting to the last byte.
        most_bytes: limit of all bytes of a response, its headers included.
        only_key: for a server that is not the SDK's vendor: it gets this key and nothing of the vendor's environment.
        proxies: use the environment's proxies.
    """
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel(logging.WARNING)

    def send_only_key(request: httpx2.Request) -> None:
        for name in request.headers.keys() - _SENT_ALONG:
            if not name.startswith(_NOTES_OF_SDKS):
                del request.headers[name]
        request.headers["authorization"] = f"Bearer {only_key}"

    def refuse_compressed(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            # A few compressed kilobytes can unpack to gigabytes; the request asks for plain bytes.
            raise ModelFailure(FailureKind.MALFORMED, "the server compressed its answer although asked not to")

    return httpx2.Client(
        transport=GuardedTransport(timeout_s, most_bytes, proxies=proxies),
        timeout=timeout_s,
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        event_hooks={"request": [send_only_key] if only_key else [], "response": [refuse_compressed]},
    )


def failure_of(response: httpx2.Response) -> ModelFailure | None:
    """The failure that a response tells of; None when it is no error.

    Some servers send an error with status 200, because they begin to answer before they know.
    """
    error = error_in(response.content)
    if response.is_success and error is None:
        return None
    error = error or ServerError("", _other_words(response))
    code = f" ({plain_text(error.code, MOST_QUOTED)})" if error.code else ""
    words = plain_text(error.words, MOST_QUOTED) or "the server gives no reason"
    return ModelFailure(
        error.kind(response.status_code),
        f"HTTP {response.status_code}{code}: {words}",
        retry_after_s=retry_after_s(response.headers),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After`, a number or a date (RFC 9110).

    Not bounded here: who waits says how long at most.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            asked_s = float(text) * scale
        except ValueError:
            try:
                asked_s = parsedate_to_datetime(text).timestamp()
            except (ValueError, OverflowError):
                continue
        if math.isnan(asked_s):
            continue
        return max(0.0, asked_s - time.time() if asked_s > EARLIEST_EPOCH_S else asked_s)
    return None


def cause_in_guard(error: BaseException) -> ModelFailure | None:
    """The guard's own failure, if an SDK has wrapped it into a connection error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModelFailure):
            return cause
        cause = cause.__cause__
    return None


def _other_words(response: httpx2.Response) -> str:
    if response.is_redirect:
        to = response.headers.get("location", "")
        return f"it sends us on to {to!r}; redirects are not followed, so name the right address after the @"
    return response.content[:2000].decode("utf-8", "replace")
