"""Packages that only an extra of this project brings, and the one line that is said where one of them is missing.

The base install (`pip install -e . -c constraints.txt`) has none of them, so a module imports them where they are used,
inside `needs_extra`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from core.exceptions import ConfigurationError

EXTRAS: Final = {
    "data": ("datasets", "minari", "pyarrow"),
    "docs": ("material", "mkdocstrings"),
    "llm": ("accelerate", "anthropic", "openai", "peft"),
    "mutants": ("cosmic_ray",),
    "parquet": ("pyarrow",),
    "plots": ("matplotlib", "tensorboard"),
    "ray": ("ray",),
    "trl": ("datasets", "trl"),
    "vllm": ("vllm",),  # before verl, which brings it too: who lacks the server alone is told the smaller extra
    "verl": ("verl", "vllm"),
    "video": ("imageio_ffmpeg", "moviepy"),
}
"""By extra of pyproject.toml: the import names of what it brings."""


class MissingExtraError(ConfigurationError, ImportError):
    """A package is not installed that an extra of this project brings; the message names the extra."""


@contextmanager
def needs_extra(what: str) -> Generator[None]:
    """Imports inside may lack a package of an extra: MissingExtraError says then that `what` needs it.

    Other import errors pass through.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        advice = how_to_install(error)
        if advice is None:
            raise
        raise MissingExtraError(f"{what}: {advice}") from error


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """The package that is missing and the extra that brings it, in words; None where no extra does."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return (
                f"the package {package!r} is not installed, it comes with the extra {extra!r}: "
                f"pip install 'crystal-hybrid[{extra}]', in a checkout pip install -e '.[{extra}]' -c constraints.txt"
            )
    return None
