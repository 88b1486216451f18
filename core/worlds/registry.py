"""Text worlds by name, as settings ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.exceptions import ConfigurationError
from core.registry import Registry, is_path, must_derive_from
from core.worlds.base import TextWorld


def _fault(thing: object) -> str:
    fault = must_derive_from(TextWorld)(thing)
    return fault or ("" if isinstance(getattr(thing, "name", None), str) else "it has no name")


TEXT_WORLDS: Registry[type[TextWorld[Any]]] = Registry("text world", fault=_fault, room="core.worlds.builtin")


def make_world(name: str, options: Mapping[str, object]) -> TextWorld[Any]:
    """The world of a registered name or of `package.module:Name`.

    Raises `ConfigurationError` that names the nearest world, or the wrong option.
    """
    make: Any = TEXT_WORLDS.resolve(name, "world")
    try:
        return make(**options)
    except TypeError as error:
        raise ConfigurationError(f"world_options of {name}: {error}") from error


def refuse_saved_code(name: str, where: object) -> None:
    """Raises ConfigurationError for a world of one's own that a saved file names: files do not run code."""
    if is_path(name):
        raise ConfigurationError(
            f"{where} was trained in {name!r}, a world of your own. Code is run only where you name it: give the "
            "configuration that has this world"
        )
