"""Free text from hosted models: for the shared managers only. The agent itself never reads free text.

Errors are the SDKs' own (`openai.APIError`, `anthropic.APIError`), as documented, without the key, and `ModelFailure`
for a reply that holds no answer. Tokens that a server does not count are taken for 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx2

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.wire.http_guard import ANTHROPIC_URL, OPENAI_URL, guarded_client
from agents.llm.wire.keys import ANTHROPIC_KEY, NO_KEY, OPENAI_KEY, Key, key_for, without_key
from core.exceptions import ConfigurationError
from core.extras import needs_extra
from core.protocols import token_count

TIMEOUT_S = 600.0
"""A long text may take minutes; the limit of the SDKs."""
MOST_ANSWER_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Written:
    """A text and its cost."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    latency_s: float
    confidence: float | None = None
    """Geometric mean of the tokens' probabilities, 0 to 1; None when the model does not report them."""


class Writer(Protocol):
    """A model that answers a prompt with free text."""

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written: ...


class OpenAIWriter:
    """OpenAI's chat completions, or those of a compatible server (vLLM) at `url`."""

    def __init__(self, model: str, api_key: str | None = None, url: str | None = None) -> None:
        """Raises ConfigurationError without a key for OpenAI itself; other servers may need none."""
        with needs_extra(f"the model {model!r} cannot be asked"):
            import openai

        self._model = model
        self._key = _key(api_key, OPENAI_KEY, url)
        if self._key is None and url is None:
            raise ConfigurationError(f"there is no key for OpenAI: set {OPENAI_KEY} or give api_key")
        text = self._key.text if self._key else NO_KEY
        self._client = openai.OpenAI(api_key=text, base_url=url or OPENAI_URL, http_client=_client(text, url))

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        begun_s = time.perf_counter()
        with _no_key_in_errors(self._key):
            reply = self._client.chat.completions.create(
                model=self._model,
                messages=[{"role": "user", "content": prompt}],
                temperature=temperature,
                max_completion_tokens=max_new_tokens,
            )
        usage = reply.usage
        if not reply.choices:
            raise ModelFailure(FailureKind.EMPTY, f"{self._model} sent no answer")
        return Written(
            without_key(reply.choices[0].message.content or "", self._key),
            token_count(usage.prompt_tokens if usage else 0) or 0,
            token_count(usage.completion_tokens if usage else 0) or 0,
            time.perf_counter() - begun_s,
        )


class AnthropicWriter:
    """Anthropic's messages, or those of a server that imitates them at `url`; they take no temperature."""

    def __init__(self, model: str, api_key: str | None = None, url: str | None = None) -> None:
        """Raises ConfigurationError without a key for Anthropic itself; other servers may need none."""
        with needs_extra(f"the model {model!r} cannot be asked"):
            import anthropic

        self._model = model
        self._key = _key(api_key, ANTHROPIC_KEY, url)
        if self._key is None and url is None:
            raise ConfigurationError(f"there is no key for Anthropic: set {ANTHROPIC_KEY} or give api_key")
        text = self._key.text if self._key else NO_KEY
        self._client = anthropic.Anthropic(api_key=text, base_url=url or ANTHROPIC_URL, http_client=_client(text, url))

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        begun_s = time.perf_counter()
        with _no_key_in_errors(self._key):
            reply = self._client.messages.create(
                model=self._model, max_tokens=max_new_tokens, messages=[{"role": "user", "content": prompt}]
            )
        written = "".join(block.text for block in reply.content or () if block.type == "text")
        usage = reply.usage
        return Written(
            without_key(written, self._key),
            token_count(usage.input_tokens if usage else 0) or 0,
            token_count(usage.output_tokens if usage else 0) or 0,
            time.perf_counter() - begun_s,
        )


def _key(given: str | None, vendor_variable: str, url: str | None) -> Key | None:
    return Key(given, "api_key") if given is not None else key_for(vendor_variable, own_address=url is not None)


def _client(key_text: str, url: str | None) -> httpx2.Client:
    return guarded_client(TIMEOUT_S, MOST_ANSWER_BYTES, only_key=key_text if url is not None else None)


@contextmanager
def _no_key_in_errors(key: Key | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.args = tuple(without_key(arg, key) if isinstance(arg, str) else arg for arg in error.args)
        vars(error).update(
            {name: without_key(text, key) for name, text in vars(error).items() if isinstance(text, str)}
        )
        raise error from None  # its causes quote what was sent and received
