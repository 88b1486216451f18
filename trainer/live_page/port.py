"""Whether a server can listen somewhere: asked before a training begins."""

from __future__ import annotations

import socket

from core.exceptions import ConfigurationError


def check_port(host: str, port: int) -> None:
    """Raises ConfigurationError where nothing can listen there."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"the live page cannot listen on {host}:{port}: {error.strerror or error}; choose another port"
        ) from error
