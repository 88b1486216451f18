"""The client of one model server: JSON over HTTP, with this project's errors.

The standard library is enough here: a few long requests on loopback or a local network, each in its own thread.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agents.llm.address import checked_address
from core.exceptions import ConfigurationError, LLMConnectionError, QueueFullError

Json = dict[str, Any]
BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Base address in the form of `provider/model@url` and OpenAI's SDK."""
        return f"http://{self.host}:{self.port}/v1"

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
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            status, text = response.status, response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise LLMConnectionError(
                f"the model server at {self.host}:{self.port} did not answer {method} {path} within {timeout_s:g} s: "
                f"{error!r}"
            ) from error
        finally:
            connection.close()
        if status in BUSY:
            raise QueueFullError(f"the model server at {self.host}:{self.port} is busy ({status}): {text[:300]}")
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
