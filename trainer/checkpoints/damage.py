"""A checkpoint's state is data of unknown origin: what a part raises when it takes it is said as CheckpointError."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from core.exceptions import CheckpointError, CrystalHybridError

_RAISED_BY_WRONG_DATA: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
_KINDS: Final[Mapping[type, str]] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}


@contextmanager
def damage_is_said(what: str) -> Generator[None]:
    """Turns what wrong data makes the parts raise into a CheckpointError that begins with `what`; our own errors pass
    as they are."""
    try:
        yield
    except CrystalHybridError:
        raise
    except _RAISED_BY_WRONG_DATA as error:
        said = f"there is no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        raise CheckpointError(f"{what} is damaged, its state does not fit: {' '.join(said.split())[:300]}") from error


def check_kinds(given: Any, own: Any, place: str = "state") -> None:
    """Raises CheckpointError where a value of `given` is of another kind than its fellow in `own`, a state that the
    parts themselves gave. Keys that only one of them has, and None, say nothing."""
    if given is None or own is None:
        return
    if _kind(given) != _kind(own):
        raise CheckpointError(f"{place} is {_kind(given)}, where {_kind(own)} is kept: the checkpoint is damaged")
    if isinstance(own, dict):
        for key in own.keys() & given.keys():
            check_kinds(given[key], own[key], f"{place}.{key}")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
