"""The server: real sockets, real threads, scripted faults, and a memory of what it was asked."""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.llm_servers.faults import STATUS, Fault, Step
from tests.llm_servers.wire import AnthropicWire, Json, OpenAIWire

WIRES = {"/v1/chat/completions": OpenAIWire, "/v1/messages": AnthropicWire}


@dataclass(frozen=True, slots=True)
class SeenRequest:
    path: str
    headers: dict[str, str]
    client: tuple[str, int]
    body: Json = field(repr=False)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    owner: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no fault of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class ModelServer:
    """Chooses the last option of every question, unless the script says that something goes wrong."""

    def __init__(self) -> None:
        self.script: deque[Step] = deque()
        self.always: Step | None = None
        """What happens when the script is empty."""
        self.seen: list[SeenRequest] = []
        self.delay_s = 0.0
        self.note: str | None = None
        """What forms give as note, where they have room for one."""
        self.reason: str | None = None
        """What forms give as reason; `{key}` and `{KEY}` are the key that was sent, in its letters and in capitals."""
        self.stopping = threading.Event()
        self._port = 0
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base address for OpenAI's SDK; Anthropic's takes it without the /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Listen; after a `stop`, on the same port as before."""
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.owner = self
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def next_step(self) -> Step:
        if self.script:
            return self.script.popleft()
        return self.always or Step()


def _with_key(text: str, key: str) -> str:
    return text.replace("{key}", key).replace("{KEY}", key.upper())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        owner = self.server.owner
        if owner.stopping.is_set():
            self.close_connection = True
            return
        request: Json = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.seen.append(SeenRequest(self.path, headers, self.client_address, request))
        time.sleep(owner.delay_s)
        step = owner.next_step()
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if step.told is not None:
            status, text = step.told
            self._send(status, _with_key(text, key).encode(), step.retry_after)
            return
        wire = WIRES[self.path]
        options = wire.options(request)
        choice = "Sell the house" if step.fault is Fault.UNKNOWN_OPTION else options[-1]
        if step.fault in STATUS:
            body = json.dumps(wire.error(step.fault, f"no luck with the key {key}")).encode()
            self._send(STATUS[step.fault], body, step.retry_after)
            return
        reason = None if owner.reason is None else _with_key(owner.reason, key)
        room = '"note": {' in json.dumps([request.get("tools"), request.get("response_format")])
        answer = wire.answer(request, choice, step.fault, reason, owner.note if room else None)
        if step.change is not None:
            step.change(answer)
        body = json.dumps(answer).encode()
        self._send_answer(step, body if step.spoil is None else step.spoil(body))

    def _send_answer(self, step: Step, body: bytes) -> None:
        match step.fault:
            case Fault.HANG:
                self.server.owner.stopping.wait(30)
            case Fault.CUT:
                self._send(200, body, promised=len(body) * 2)
            case Fault.DRIP:
                self._begin(200, len(body))
                for byte in body:
                    if self.server.owner.stopping.wait(0.1):
                        break
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
            case Fault.NO_JSON:
                self._send(200, b"<html>It works!</html>", kind="text/html")
            case Fault.WRONG_SHAPE:
                self._send(200, b'{"choices": "many", "content": 7}')
            case Fault.EMPTY_BODY:
                self._send(200, b"")
            case Fault.HUGE:
                self._send(200, b'{"id": "' + b"x" * 3_000_000 + b'"}')
            case Fault.COMPRESSED:
                self._send(200, gzip.compress(body), encoding="gzip")
            case Fault.REDIRECT:
                self.send_response(307)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case _:
                self._send(200, body)

    def _begin(self, status: int, length: int, *, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(
        self,
        status: int,
        body: bytes,
        retry_after: str | None = None,
        *,
        promised: int | None = None,
        kind: str = "application/json",
        encoding: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(promised or len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        if encoding is not None:
            self.send_header("Content-Encoding", encoding)
        if promised is not None:
            self.close_connection = True
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client may have given up, as it should
            self.wfile.write(body)
