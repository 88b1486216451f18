"""Runs the page's server in this process, until a signal or the end of whoever started it."""

from __future__ import annotations

import sys
import threading

import uvicorn

from trainer.live_page.server import LOOPBACK, ServedRun, page_app


def serve(run: ServedRun, host: str, port: int, *, ends_with_input: bool = False) -> None:
    """Serves until the process is stopped; with `ends_with_input` also until standard input ends."""
    hosts = LOOPBACK if host in ("127.0.0.1", "::1", "localhost") else ("*",)
    server = uvicorn.Server(uvicorn.Config(page_app(run, hosts), host=host, port=port, log_level="warning"))
    if ends_with_input:

        def wait_for_end() -> None:
            sys.stdin.buffer.read()
            server.should_exit = True

        threading.Thread(target=wait_for_end, daemon=True).start()
    server.run()
