"""An HTTP server of JSON that bounds everything a client decides, and answers every mistake in JSON.

- **Size and time**: a body has a length, and at most `HttpLimits.body_bytes`; a request arrives whole within
  `HttpLimits.request_s`, however slowly its bytes drip; so many connections and no more. What is left of a refused
  request is never read as the next one: the connection ends.
- **Who may ask**: without a key, only programs of this machine under a name of this machine, so that a web page cannot
  reach the server by a name of its own (DNS rebinding); a page of another origin is refused in any case, and so is a
  body that is not declared as JSON, which is all that a page can send without being asked. With a key, whoever has it.
"""

from __future__ import annotations

import hmac
import io
import json
import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from core.exceptions import ConfigurationError

log = logging.getLogger(__name__)
Json = dict[str, Any]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_LINE_BYTES = 16 << 10
LINGER_S, LINGER_BYTES = 1.0, 64 << 20
"""A connection that ends with bytes unread would lose its answer, too; so these are read and dropped."""


class Refusal(Exception):
    """A request that is not done, as the client is told."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        """`headers` with underscores for hyphens."""
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def body(self) -> Json:
        """As OpenAI's API and vLLM have it."""
        kind = HTTPStatus(self.status).phrase.title().replace(" ", "").replace("-", "") + "Error"
        return {"error": {"message": str(self), "type": kind, "code": self.status}}


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one client may take."""

    connections: int = 256
    """Open at the same time; one more is answered 503."""
    body_bytes: int = 1 << 20
    request_s: float = 30.0
    """From the opening of the connection, or the last answer on it, to the last byte of the request."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may ask."""

    key: str | None = field(default=None, repr=False)
    """What `Authorization: Bearer` must say; None asks for no key and lets in this machine only."""
    open_paths: frozenset[str] = frozenset()
    """Paths for which no key is needed."""

    def __post_init__(self) -> None:
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and self.key.strip()):
            raise ConfigurationError("the key holds characters that no HTTP header may have; take ASCII letters")

    def check(self, method: str, path: str, headers: Message) -> None:
        """Raise Refusal for a request that may not come in."""
        host = str(headers.get("Host", ""))
        if self.key is None and _name(host) not in LOOPBACK:
            raise Refusal(403, f"Host is {host!r}: without a key this server answers to {', '.join(sorted(LOOPBACK))}")
        origin = headers.get("Origin")
        if origin is not None and urlsplit(str(origin)).netloc != host:
            raise Refusal(403, f"Origin is {str(origin)!r}: web pages of other origins may not ask this server")
        if self.key is not None and path not in self.open_paths:
            said = str(headers.get("Authorization", "")).encode("utf-8", "replace")
            if not hmac.compare_digest(said, f"Bearer {self.key}".encode()):
                raise Refusal(401, "send the server's key as Authorization: Bearer ...", WWW_Authenticate="Bearer")
        if method == "POST" and headers.get_content_type() != "application/json":
            raise Refusal(415, f"Content-Type is {headers.get('Content-Type')!r}: it must be application/json")


class JsonServer(ThreadingHTTPServer):
    """A thread for each connection, up to `limits.connections`. Derive from it and define `answer`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], admission: Admission | None = None, limits: HttpLimits | None = None
    ) -> None:
        self.limits = limits or HttpLimits()
        self.admission = admission or Admission()
        self._free = threading.BoundedSemaphore(self.limits.connections)
        super().__init__(address, _Handler)

    def answer(self, method: str, path: str, body: bytes) -> Json:
        """The answer of status 200. Raises Refusal for any other. Called on the connection's thread."""
        raise NotImplementedError

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self._turn_away(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._free.release()
            self._turn_away(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a connection broke", exc_info=True)

    def _turn_away(self, request: socket.socket) -> None:
        body = json.dumps(Refusal(503, f"{self.limits.connections} connections are open already").body).encode()
        head = f"HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        try:
            request.setblocking(False)
            request.send(f"{head}Retry-After: 1\r\nConnection: close\r\n\r\n".encode() + body)
            request.recv(MOST_LINE_BYTES)
        except OSError:
            log.debug("nobody waited for the refusal")
        self.shutdown_request(request)


class _Arrival(io.RawIOBase):
    """The bytes of a connection, until the deadline of the request under way."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = 0.0
        self.has_begun = False

    def begin(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self.has_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer)
        self.has_begun = self.has_begun or count > 0
        return count


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: JsonServer  # pyright: ignore[reportIncompatibleVariableOverride]  # its only maker

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._arrival = _Arrival(self.connection)
        self.rfile = io.BufferedReader(self._arrival)

    def handle_one_request(self) -> None:
        """Read and answer one request. Sets `close_connection` unless all of it was read."""
        self.command, self.requestline, self.request_version = "", "", self.protocol_version
        self._is_read = False
        try:
            if self._read_head():
                self._send(200, self._answer(self._body()), {})
        except Refusal as refusal:
            self._refuse(refusal)
        except OSError:
            log.debug("a connection broke", exc_info=True)
            self.close_connection = True

    def _answer(self, body: bytes) -> Json:
        try:
            return self.server.answer(self.command, self.path.partition("?")[0], body)
        except Refusal:
            raise
        except Exception as error:
            log.exception("a request failed")
            raise Refusal(500, "the server failed at this request; its log says why") from error

    def _read_head(self) -> bool:
        """Request line and headers; False where the client is gone or was answered already."""
        self._arrival.begin(self.server.limits.request_s)
        try:
            self.raw_requestline = self.rfile.readline(MOST_LINE_BYTES + 1)
            if len(self.raw_requestline) > MOST_LINE_BYTES:
                raise Refusal(414, f"the request line has more than {MOST_LINE_BYTES} bytes")
            if not self.raw_requestline:
                self.close_connection = True
                return False
            if not self.parse_request():
                return False
        except TimeoutError as error:
            if not self._arrival.has_begun:  # nobody asks anything on this connection any more
                self.close_connection = True
                return False
            raise self._late() from error
        self.server.admission.check(self.command, self.path.partition("?")[0], self.headers)
        return True

    def _body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length") or []
        if "Transfer-Encoding" in self.headers:
            raise Refusal(411, "send the body whole, with its Content-Length; Transfer-Encoding is not taken")
        if not lengths and self.command == "POST":
            raise Refusal(411, "Content-Length is missing")
        said = lengths[0].strip() if lengths else "0"
        if len(lengths) > 1 or not (said.isascii() and said.isdecimal()):
            raise Refusal(400, f"Content-Length is {', '.join(lengths)[:80]!r}: it must be one number of bytes")
        most = self.server.limits.body_bytes
        if len(said.lstrip("0")) > len(str(most)) or int(said) > most:
            raise Refusal(413, f"the body has {said[:30]} bytes, at most {most} are taken")
        if self.headers.get("Expect", "").lower() == "100-continue" and int(said):
            self.send_response_only(100)
            self.end_headers()
        try:
            body = self.rfile.read(int(said))
        except TimeoutError as error:
            raise self._late() from error
        if len(body) < int(said):
            raise Refusal(400, f"the body ended after {len(body)} of its {said} bytes")
        self._is_read = True
        return body

    def _late(self) -> Refusal:
        return Refusal(408, f"the request was not there after {self.server.limits.request_s:g} s")

    def _refuse(self, refusal: Refusal) -> None:
        self.close_connection = self.close_connection or not self._is_read
        self.request_version = self.protocol_version  # the parser takes what it cannot read for HTTP/0.9
        try:
            self._send(refusal.status, refusal.body, refusal.headers)
            if self.close_connection:
                self._linger()
        except OSError:
            log.debug("nobody waited for the refusal")
            self.close_connection = True

    def _linger(self) -> None:
        self.connection.shutdown(socket.SHUT_WR)
        self._arrival.begin(LINGER_S)
        left = LINGER_BYTES
        while left > 0 and (part := self._arrival.read(1 << 16)):
            left -= len(part)

    def _send(self, status: int, body: Json, headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.connection.settimeout(self.server.limits.request_s)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """How the standard library refuses what it cannot parse."""
        self.close_connection = True
        self._refuse(Refusal(int(code), explain or message or HTTPStatus(code).phrase))

    def handle_expect_100(self) -> bool:
        """The body is asked for when it is known that it will be taken."""
        return True

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


def _name(host: str) -> str:
    """The name in a Host header, without its port; "" where it has none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
