"""Addresses of servers, as people write them into configs and on command lines: checked at one place."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.exceptions import ConfigurationError


def checked_address(said: str, url: str) -> str:
    """An http address without a slash at its end. `said` names the setting, for the message.

    Raises ConfigurationError for an address without a host, with a port that is none, with blanks in it, or with a
    user's name or password: the text of a setting ends up in logs, records and checkpoints.
    """
    authority = url.partition("://")[2].partition("/")[0]
    if "@" in authority:
        raise ConfigurationError(
            f"the address in {said.split(' ')[0]} holds a user name or password; take it out and put the key into the "
            "environment"
        )
    if not url.isprintable() or " " in url:
        raise ConfigurationError(f"{said}: {url!r} holds blanks or signs that cannot be seen; take them out")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{said}: {url!r} is no address: {error}; write http://host:port with a port from 1 to 65535"
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{said}: {url!r} is no http address with a host")
    if port == 0:
        raise ConfigurationError(f"{said}: {url!r} has port 0; write a port from 1 to 65535")
    return url.rstrip("/")
