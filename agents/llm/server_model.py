"""The base of back-ends with a server: one question is one request, whose cost is known even when it fails.

A vendor's file only says how a request looks, what its reply holds and what its SDK's errors mean.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.model_name import ModelName
from agents.llm.question import check_options
from agents.llm.wire.http_guard import cause_in_guard, failure_of, guarded_client
from agents.llm.wire.keys import NO_KEY, key_for, without_key
from core.exceptions import ConfigurationError
from core.protocols import Choice

Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """The tokens that the vendor charges for."""

    prompt: int = 0
    completion: int = 0


class ServerModel(ABC, Generic[Reply]):
    """A `TextModel` behind an address."""

    reply_form: type[Reply]
    """The part of a reply that is read."""
    reply_name: str
    """What a reply is called, for errors."""

    def __init__(self, name: ModelName, key_variable: str | None, timeout_s: float) -> None:
        """Raises ConfigurationError for a key that is missing or cannot be sent, and for a strange address."""
        self._name = name
        self._key = key_for(key_variable, own_address=name.url is not None)
        if self._key is None and name.url is None:
            raise ConfigurationError(
                f"llm_model {str(name)!r} needs a key: set {key_variable} in the environment, not in the config"
            )
        try:
            httpx2.URL(name.url or "")
        except httpx2.InvalidURL as error:
            raise ConfigurationError(f"llm_model {str(name)!r} has no address that HTTP knows: {error}") from error
        self._key_text = self._key.text if self._key else NO_KEY
        self._http = guarded_client(timeout_s, only_key=self._key_text if name.url is not None else None)

    @property
    def name(self) -> str:
        return str(self._name)

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        """Ask the server once; raises `ModelFailure` (an `LLMConnectionError`) when there is no usable answer."""
        check_options(options)
        started = time.perf_counter()
        used = TokensUsed()
        try:
            reply = self._read(self._send(prompt, options))
            used = self._tokens_used(reply)
            choice = self._choice(reply, options)
        except ModelFailure as failure:  # an unusable answer is charged too
            shown = ModelFailure(
                failure.kind, without_key(str(failure), self._key), retry_after_s=failure.retry_after_s
            )
            shown.prompt_tokens, shown.completion_tokens = used.prompt, used.completion
            shown.latency_s = time.perf_counter() - started
            raise shown from None  # its causes quote what was sent and received
        return replace(
            choice,
            reason=without_key(choice.reason, self._key),
            note=without_key(choice.note, self._key),
            prompt_tokens=used.prompt,
            completion_tokens=used.completion,
            latency_s=time.perf_counter() - started,
        )

    def _read(self, response: httpx2.Response) -> Reply:
        """The reply in a response; a `ModelFailure` when it is an error, whatever its status, or has another form."""
        if (failure := failure_of(response)) is not None:
            raise failure
        try:
            return self.reply_form.model_validate_json(response.content)
        except ValidationError as error:
            message = f"{self.name} sent something that is no {self.reply_name}"
            raise ModelFailure(FailureKind.MALFORMED, message) from error

    # --- what a vendor's file says ---

    @abstractmethod
    def _send(self, prompt: str, options: Sequence[str]) -> httpx2.Response:
        """One request and its response, read to the end; what keeps an SDK from one becomes a `ModelFailure`."""

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
        return cause_in_guard(error) or ModelFailure(
            FailureKind.CONNECTION, f"{self.name} cannot be reached: {str(error.__cause__ or error)[:200]}"
        )
