"""Where a run's workers are: the values of the key `cluster`."""

from __future__ import annotations

import re
from typing import Final

from core.exceptions import ConfigurationError
from core.extras import needs_extra

_ADDRESS: Final = re.compile(r"ray://[^\s/:]+:\d{1,5}")
_WORDS: Final = ("local", "auto")


def check_cluster(cluster: str | None) -> None:
    """Raises ConfigurationError for what is no cluster: null is this machine, without any."""
    if cluster is not None and cluster not in _WORDS and not _ADDRESS.fullmatch(cluster):
        raise ConfigurationError(
            f'cluster is {cluster!r}: it is null (worker processes of this machine), "local" (a Ray cluster that is '
            'started here), "auto" (the Ray cluster of this machine) or "ray://head:10001" (one elsewhere)'
        )


def require_engine(cluster: str | None) -> None:
    """Raises `core.extras.MissingExtraError` where the workers are to be elsewhere, and Ray is not installed."""
    if cluster is not None:
        with needs_extra(f"cluster is {cluster!r}"):
            import ray  # type: ignore[import-not-found]  # noqa: F401
