"""Free text from hosted models: for the shared managers only. The agent itself never reads free text.

Errors are the SDKs' own (`openai.APIError`, `anthropic.APIError`), as documented.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Protocol

from core.exceptions import ConfigurationError
from core.extras import needs_extra


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

        key = api_key or (os.environ.get("OPENAI_API_KEY") if url is None else None)
        if key is None and url is None:
            raise ConfigurationError("there is no key for OpenAI: set OPENAI_API_KEY or give api_key")
        self._model = model
        self._client = openai.OpenAI(api_key=key or "none-needed", base_url=url)

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        begun_s = time.perf_counter()
        reply = self._client.chat.completions.create(
            model=self._model,
            messages=[{"role": "user", "content": prompt}],
            temperature=temperature,
            max_completion_tokens=max_new_tokens,
        )
        usage = reply.usage
        return Written(
            reply.choices[0].message.content or "",
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
            time.perf_counter() - begun_s,
        )


class AnthropicWriter:
    """Anthropic's messages; they take no temperature."""

    def __init__(self, model: str, api_key: str | None = None, url: str | None = None) -> None:
        """Raises ConfigurationError without a key."""
        with needs_extra(f"the model {model!r} cannot be asked"):
            import anthropic

        key = api_key or os.environ.get("ANTHROPIC_API_KEY")
        if key is None:
            raise ConfigurationError("there is no key for Anthropic: set ANTHROPIC_API_KEY or give api_key")
        self._model = model
        self._client = anthropic.Anthropic(api_key=key, base_url=url)

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        begun_s = time.perf_counter()
        reply = self._client.messages.create(
            model=self._model, max_tokens=max_new_tokens, messages=[{"role": "user", "content": prompt}]
        )
        text = "".join(block.text for block in reply.content if block.type == "text")
        return Written(text, reply.usage.input_tokens, reply.usage.output_tokens, time.perf_counter() - begun_s)
