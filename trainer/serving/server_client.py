"""The client of one model server: JSON over HTTP, with this project's errors.

A few long requests on loopback or a local network, each in its own thread and with a connection of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from agents.llm.wire.address import checked_address
from agents.llm.wire.http_guard import guarded_client
from agents.llm.wire.keys import key_for, without_key
from core.exceptions import ConfigurationError, LLMConnectionError, QueueFullError

Json = dict[str, Any]
BUSY = (429, 503)
MOST_ANSWER_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Base address in the form of `provider/model@url` and OpenAI's SDK."""
        host = f"[{self.host}]" if ":" in self.host else self.host  # an IPv6 address
        return f"http://{host}:{self.port}/v1"

    @classmethod
    def of(cls, url: str) -> ServerAddress:
        """The address of a running server, from its URL with or without `/v1`."""
        parts = urlsplit(checked_address("server", url))
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise ConfigurationError(f"the address {url!r} is not of the form http://host:port")
        return cls(parts.hostname, parts.port)

    def get(self, path: str, timeout_s: float) -> Json:
        """The JSON at that path."""
        return self._exchange("GET", path, None, timeout_s)

    def post(self, path: str, body: Json, timeout_s: float) -> Json:
        """The JSON that answers `body`.

        Raises:
            QueueFullError: the server is too busy and refused.
            ConfigurationError: the server says that the request is wrong.
            LLMConnectionError: no answer, not in time, or not in JSON.
        """
        return self._exchange("POST", path, body, timeout_s)

    def _exchange(self, method: str, path: str, body: Json | None, timeout_s: float) -> Json:
        where = f"{self.host}:{self.port}"
        try:
            key = key_for(None, own_address=True)
            headers = {"Authorization": f"Bearer {key.text}"} if key else {}
            with guarded_client(timeout_s, MOST_ANSWER_BYTES, proxies=False) as client:
                address = f"{self.url.removesuffix('/v1')}{path}"
                response = client.request(method, address, json=body, headers=headers)
            status, text = response.status_code, without_key(response.text, key)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise LLMConnectionError(
                f"the model server at {where} did not answer {method} {path} within {timeout_s:g} s: {error!r}"
            ) from error
        if status in BUSY:
            raise QueueFullError(f"the model server at {where} is busy ({status}): {text[:300]}")
        if 400 <= status < 500:
            raise ConfigurationError(f"the model server refused {method} {path} ({status}): {text[:600]}")
        if status != 200:
            raise LLMConnectionError(f"the model server failed at {method} {path} ({status}): {text[:600]}")
        if not text.strip().startswith("{"):
            return {"message": text}  # vLLM answers some requests with plain text or nothing
        try:
            return json.loads(text)
        except ValueError as error:
            raise LLMConnectionError(
                f"the model server's answer to {method} {path} is no JSON: {text[:300]}"
            ) from error
