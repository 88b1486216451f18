"""A server below HTTP: raw sockets that never end a response, each in another way."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum
from types import TracebackType
from typing import Self

_STATUS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _STATUS + b"Transfer-Encoding: chunked\r\n\r\n"


class Trick(Enum):
    """How a response never ends: what comes first, and what follows for ever."""

    DRIPPED_HEADERS = (_STATUS, b"X-More: yes\r\n")
    ENDLESS_HEADER_LINE = (_STATUS + b"X-Long: ", b"x")
    ENDLESS_STATUS_LINE = (b"HTTP/1.1 200 ", b"O")
    ENDLESS_CONTINUE = (b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    ENDLESS_CHUNK_EXTENSION = (_CHUNKED + b"5;why=", b"x")
    CHUNKS_OF_ONE_BYTE = (_CHUNKED, b'1;why="so"\r\n \r\n')
    ENDLESS_TRAILERS = (_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: yes\r\n")
    DRIPPED_BODY = (_STATUS + b"Content-Length: 500000\r\n\r\n", b" ")
    BODY_WITHOUT_LENGTH = (_STATUS + b"Connection: close\r\n\r\n", b" ")
    DRIPPED_HANDSHAKE = (b"\x16\x03\x03\x40\x00\x02", b"\x00")
    """For `https`: the beginning of a TLS record of 16 KiB."""
    SILENCE = (b"", b"")


class HostileServer:
    """Plays one trick on everybody, with `pause_s` between the parts; 0 is a flood."""

    def __init__(self, trick: Trick, pause_s: float) -> None:
        self.trick = trick
        self.connections = 0
        self.hung_up = 0
        """Connections that the client has closed, as it should."""
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            first, forever = self.trick.value
            try:
                connection.sendall(first)
                while not self._stopping.wait(self._pause_s):
                    connection.sendall(forever)
            except OSError:
                self.hung_up += 1
