"""One request and its response, within one time and one size.

HTTP libraries limit the time of each read. A server that sends a byte a second as headers, as one endless line, as
`100 Continue` or around the chunks of a body holds them for ever. So the limit is kept where bytes come from: every
connect, handshake, read and write of an exchange gets what is left of its time, and every byte counts, whatever it is
part of. Looking up a host's name is the operating system's, with limits of its own.
"""

from __future__ import annotations

import socket
import ssl
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpcore2
import httpx2

from agents.llm.failures import FailureKind, ModelFailure

LONGEST_CONNECT_S = 5.0
"""For each address of a host, so that one which does not answer leaves time for the next."""
BYTES_OF_A_WRITE = 4096
"""The library gives each write its whole time again for every part that fits into the socket's buffer."""


class Exchange(float):
    """What an exchange may take. httpcore hands its time limits down untouched, so they are this object.

    Its value as a number is the limit that was set, in seconds.
    """

    ends_at: float
    """`time.monotonic()`."""
    most_bytes: int
    bytes_left: int

    @classmethod
    def begin(cls, timeout_s: float, most_bytes: int) -> Exchange:
        """Start the clock."""
        exchange = cls(timeout_s)
        exchange.ends_at = time.monotonic() + timeout_s
        exchange.most_bytes = exchange.bytes_left = most_bytes
        return exchange

    @classmethod
    def of(cls, timeout: float | None) -> Exchange:
        """The exchange that a time limit of httpcore is."""
        assert isinstance(timeout, cls), "a request went around GuardedTransport"
        return timeout

    def left_s(self) -> float:
        """Seconds that are left; raises `httpcore2.ReadTimeout` when there are none."""
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise httpcore2.ReadTimeout(f"the answer did not end within {self:g} s")
        return left_s

    def count(self, received: int) -> None:
        """Count bytes; raises ModelFailure when there are too many."""
        self.bytes_left -= received
        if self.bytes_left < 0:
            message = f"the server's answer is longer than {self.most_bytes} bytes; given up"
            raise ModelFailure(FailureKind.TOO_LARGE, message)


class GuardedStream(httpcore2.NetworkStream):
    """A connection whose reads and writes keep to the exchange that they belong to."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        exchange = Exchange.of(timeout)
        received = self._inner.read(max_bytes, exchange.left_s())
        exchange.count(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), BYTES_OF_A_WRITE):
            self._inner.write(buffer[begin : begin + BYTES_OF_A_WRITE], Exchange.of(timeout).left_s())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return GuardedStream(self._inner.start_tls(ssl_context, server_hostname, Exchange.of(timeout).left_s()))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects within the exchange's time, however many addresses a host has."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        exchange = Exchange.of(timeout)
        failure: Exception | None = None
        for address in _addresses(host, port):
            left_s = min(exchange.left_s(), LONGEST_CONNECT_S)
            try:
                return GuardedStream(self._inner.connect_tcp(address, port, left_s, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError(f"{host} has no address")


class GuardedTransport(httpx2.BaseTransport):
    """The network of an HTTP client: each request is an `Exchange`.

    With `proxies` the environment's HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY hold.
    """

    def __init__(self, timeout_s: float, most_bytes: int, *, proxies: bool) -> None:
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes
        found = urllib.request.getproxies() if proxies else {}
        self._proxies = {scheme: found[scheme] for scheme in ("http", "https", "all") if found.get(scheme)}
        self._pools = {proxy: _pool(proxy) for proxy in {None, *self._proxies.values()}}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = Exchange.begin(self._timeout_s, self._most_bytes)
        assert isinstance(request.stream, httpx2.SyncByteStream)
        url = request.url
        inner = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": {"connect": exchange, "read": exchange, "write": exchange}},
        )
        with _errors_of_httpx():
            response = self._pools[self._proxy_for(url)].handle_request(inner)
        assert isinstance(response.stream, Iterable)
        body = _Body(response.stream)
        return httpx2.Response(response.status, headers=response.headers, stream=body, extensions=response.extensions)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _proxy_for(self, url: httpx2.URL) -> str | None:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        return None if urllib.request.proxy_bypass(url.netloc.decode()) else proxy


class _Body(httpx2.SyncByteStream):
    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of_httpx():
            yield from self._inner

    def close(self) -> None:
        if (close := getattr(self._inner, "close", None)) is not None:
            close()


def _pool(proxy: str | None) -> httpcore2.ConnectionPool:
    through = httpx2.Proxy(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
    return httpcore2.ConnectionPool(
        ssl_context=_tls_context(),
        proxy=httpcore2.Proxy(str(through.url), through.raw_auth, through.headers.raw) if through else None,
        max_connections=None,
        max_keepalive_connections=20,
        keepalive_expiry=5.0,
        network_backend=GuardedBackend(),
    )


@cache
def _tls_context() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{host}: {error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """httpcore's errors as httpx's, which have the same names and which SDKs know."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error
