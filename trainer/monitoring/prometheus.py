"""The latest numbers in Prometheus's text format, and a tiny server for its scraper.

The format (version 0.0.4) is a line per number; writing it takes less code than using its client library.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "crystal_hybrid_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Gauges = dict[tuple[str, str | None], float]
"""Values by metric and model; None is the whole run."""


def exposition(gauges: Gauges) -> str:
    """All gauges as text; names get a prefix and lose what Prometheus does not allow."""
    lines: list[str] = []
    announced: set[str] = set()
    for (metric, model), value in sorted(gauges.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        name = PREFIX + re.sub(r"[^a-zA-Z0-9_]", "_", metric)
        if name not in announced:
            announced.add(name)
            lines.append(f"# TYPE {name} gauge")
        label = "" if model is None else '{model="' + _escaped(model) + '"}'
        lines.append(f"{name}{label} {_number(value)}")
    return "\n".join(lines) + "\n"


class MetricsServer:
    """Serves `GET /metrics` on loopback until it is closed.

    Args:
        port: 0 takes a free one.
        read: gives the text at each request.
    """

    def __init__(self, port: int, read: Callable[[], str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                """Log nothing: a scrape comes every few seconds."""

            def do_GET(self) -> None:
                found = self.path == "/metrics"
                body = read().encode() if found else b"the numbers are at /metrics\n"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="prometheus", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._server.server_address[1]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))
