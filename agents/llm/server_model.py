"""The base of back-ends with a server: one question is one request, whose cost is known even when it fails.

A vendor's file only says how a request looks, what its reply holds and what its SDK's errors mean.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.http_guard import cause_in_guard, key_for, without_key
from agents.llm.model_name import ModelName
from agents.llm.question import check_options
from core.exceptions import ConfigurationError
from core.protocols import Choice

Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """The tokens that the vendor charges for."""

    prompt: int = 0
    completion: int = 0


class ServerModel(ABC, Generic[Reply]):
    """A `TextModel` behind an address."""

    def __init__(self, name: ModelName, key_variable: str | None) -> None:
        """Raises ConfigurationError when the key of a vendor's own address is not in the environment."""
        self._name = name
        self._key = key_for(key_variable, own_address=name.url is not None)
        if self._key is None and name.url is None:
            raise ConfigurationError(
                f"llm_model {str(name)!r} needs a key: set {key_variable} in the environment, not in the config"
            )

    @property
    def name(self) -> str:
        return str(self._name)

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        """Ask the server once; raises `ModelFailure` (an `LLMConnectionError`) when there is no usable answer."""
        check_options(options)
        started = time.perf_counter()
        reply = self._send(prompt, options)
        used = self._tokens_used(reply)
        try:
            choice = self._choice(reply, options)
        except ModelFailure as failure:  # an unusable answer is charged too
            failure.prompt_tokens, failure.completion_tokens = used.prompt, used.completion
            failure.latency_s = time.perf_counter() - started
            raise
        latency_s = time.perf_counter() - started
        return replace(choice, prompt_tokens=used.prompt, completion_tokens=used.completion, latency_s=latency_s)

    # --- what a vendor's file says ---

    @abstractmethod
    def _send(self, prompt: str, options: Sequence[str]) -> Reply:
        """One request and its checked reply; any error of the SDK becomes a `ModelFailure`."""

    @abstractmethod
    def _tokens_used(self, reply: Reply) -> TokensUsed: ...

    @abstractmethod
    def _choice(self, reply: Reply, options: Sequence[str]) -> Choice:
        """The option in the reply; a `ModelFailure` when there is none."""

    # --- failures that every SDK has ---

    def _timed_out(self) -> ModelFailure:
        return ModelFailure(FailureKind.TIME_OUT, f"{self.name} did not answer in time")

    def _not_reached(self, error: BaseException) -> ModelFailure:
        """The failure for an SDK's connection error: the guard's own, if that was the cause."""
        message = without_key(str(error.__cause__ or error), self._key)
        return cause_in_guard(error) or ModelFailure(
            FailureKind.CONNECTION, f"{self.name} cannot be reached: {message[:200]}"
        )

    def _malformed(self, wanted: str) -> ModelFailure:
        return ModelFailure(FailureKind.MALFORMED, f"{self.name} sent something that is no {wanted}")
