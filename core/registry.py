"""What can be plugged in, by name: one `Registry` for each kind of thing (`docs/extending.md` lists the kinds).

A config names a thing by its registered name, or by `package.module:Name`, which imports that module: **it runs the
code that is named, with the rights of whoever starts the program**. So names come from a config or a command line of
the user's own and from nowhere else: nothing that a checkpoint holds is ever resolved as such a path.

Registered names come from three places:

- a built-in thing is a file in the kind's room. It is imported when it is asked for, not when names are listed;
- an installed package adds its own by an entry point in the group `crystal_hybrid.<kind>`;
- a program calls `registry.register(name)(thing)`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from core.exceptions import ConfigurationError
from core.nearest import nearest

Thing = TypeVar("Thing")
Given = TypeVar("Given")


class Registry(Generic[Thing]):
    """Things of one kind by name."""

    def __init__(
        self,
        kind: str,
        *,
        fault: Callable[[object], str],
        room: str | None = None,
        one_a_file: bool = True,
    ) -> None:
        """
        Args:
            kind: in words, as messages have it: "text world". The entry-point group is `crystal_hybrid.text_world`.
            fault: what is wrong with a thing, "" if nothing: `must_derive_from(Base)` or one's own check.
            room: the package whose modules hold the built-in things; each module registers what it holds.
            one_a_file: each module of the room holds the one thing that has the module's name, so that names can be
                listed without an import. False imports the whole room when it is first asked, in order of its names.
        """
        self.kind = kind
        self.group = "crystal_hybrid." + kind.replace(" ", "_").replace("-", "_")
        self._fault = fault
        self._room = room
        self._one_a_file = one_a_file
        self._things: dict[str, Thing] = {}
        self._is_room_imported = False

    def register(self, name: str) -> Callable[[Given], Given]:
        """A decorator that enters a thing under a name. Raises ConfigurationError where the name is another's."""

        def enter(thing: Given) -> Given:
            known = self._things.get(name)
            if known is not None and _origin(known) != _origin(thing):
                raise ConfigurationError(
                    f"two {self.kind}s are called {name!r}: {_origin(known)} and {_origin(thing)}; rename one"
                )
            self._things[name] = self._checked(name, thing)
            return thing

        return enter

    def names(self) -> list[str]:
        """All registered names in order of the alphabet; paths (`package.module:Name`) have none."""
        return sorted({*self.built_in_names(), *self._things, *self._entry_points()})

    def built_in_names(self) -> list[str]:
        """Names of what lies in the kind's room; where the room is imported whole, in the order of registration."""
        if self._one_a_file:
            return self._modules()
        self._import_room()
        return [name for name, thing in self._things.items() if _module_of(thing).startswith(f"{self._room}.")]

    def resolve(self, wanted: str, setting: str = "") -> Thing:
        """The thing of a registered name or of `package.module:Name`.

        `setting` is the key of a config that says `wanted`, for the message. Raises ConfigurationError in one line for
        a name that nobody has, a path that cannot be imported, and a thing that is not of this kind.
        """
        said = f"{setting} is {wanted!r}: " if setting else f"{wanted!r}: "
        if is_path(wanted):
            return self._checked(wanted, _imported(wanted, said, self.kind), said)
        entry = self._entry_points().get(wanted)
        is_built_in = wanted in self.built_in_names()
        if entry is not None and is_built_in:
            raise ConfigurationError(
                f"{said}a {self.kind} of that name is built in, and {entry.value} of an installed package claims it too"
            )
        if wanted in self._things:
            return self._things[wanted]
        if is_built_in:
            importlib.import_module(f"{self._room}.{wanted}")
        elif entry is not None:
            self._things[wanted] = self._checked(wanted, _imported(entry.value, said, self.kind), said)
        else:
            raise ConfigurationError(
                f"{said}no {self.kind} has that name; {nearest(wanted, self.names())}; "
                "one of your own is named as package.module:Name"
            )
        if wanted not in self._things:
            raise ConfigurationError(f"{said}{self._room}.{wanted} registers no {self.kind} of that name; mend it")
        return self._things[wanted]

    def is_registered(self, wanted: str) -> bool:
        """False for a path and for a name that nobody has."""
        return wanted in self.names()

    def _checked(self, name: str, thing: object, said: str = "") -> Thing:
        fault = self._fault(thing)
        if fault:
            raise ConfigurationError(f"{said or f'{name!r}: '}{fault}, and so it is no {self.kind}")
        return thing  # type: ignore[return-value]  # the check has just said so

    def _modules(self) -> list[str]:
        if self._room is None:
            return []
        return [module.name for module in pkgutil.iter_modules(importlib.import_module(self._room).__path__)]

    def _import_room(self) -> None:
        if not self._is_room_imported:
            for module in self._modules():
                importlib.import_module(f"{self._room}.{module}")
            self._is_room_imported = True

    def _entry_points(self) -> Mapping[str, importlib.metadata.EntryPoint]:
        return _entry_points_of(self.group, tuple(sys.path))


@lru_cache(maxsize=64)
def _entry_points_of(group: str, where: tuple[str, ...]) -> Mapping[str, importlib.metadata.EntryPoint]:
    """Kept, since it reads the folders of all installed packages; `where` is the path that they are looked for on."""
    del where
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=group)}


def is_path(wanted: str) -> bool:
    """Whether a name in a config is `package.module:Name`, so that to resolve it runs code."""
    return ":" in wanted


def import_from(folder: Path) -> None:
    """Lets `package.module:Name` name files of that folder too, from now on and after everything that is installed.

    The folder of a config calls this where that config names such a path, and nothing else does: a folder in which
    somebody happens to stand is no place to take code from.
    """
    path = str(folder.resolve())
    if path not in sys.path:
        sys.path.append(path)
        importlib.invalidate_caches()


def must_derive_from(base: type) -> Callable[[object], str]:
    """A check for `Registry`: the thing is a class derived from `base` that leaves nothing abstract."""

    def fault(thing: object) -> str:
        if not isinstance(thing, type) or not issubclass(thing, base):
            return f"it is {_origin(thing)}, which does not derive from {base.__module__}.{base.__qualname__}"
        missing = sorted(getattr(thing, "__abstractmethods__", ()))
        return f"{thing.__qualname__} does not define {', '.join(missing)}" if missing else ""

    return fault


def must_be(kind: type) -> Callable[[object], str]:
    """A check for `Registry`: the thing is an object of that class."""

    def fault(thing: object) -> str:
        if isinstance(thing, kind):
            return ""
        return f"it is {_origin(thing)}, which is no {kind.__module__}.{kind.__qualname__}"

    return fault


def _imported(path: str, said: str, kind: str) -> object:
    module_name, _, name = path.partition(":")
    if not module_name or not all(part.isidentifier() for part in (*module_name.split("."), *name.split("."))):
        raise ConfigurationError(f"{said}write your own {kind} as package.module:Name, or a name without a colon")
    try:
        thing: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise ConfigurationError(f"{said}{module_name} imports {error.name!r}, which is not installed") from error
        raise ConfigurationError(
            f"{said}there is no module {module_name!r}; put {module_name.replace('.', '/')}.py beside the config, or "
            "install the package that holds it"
        ) from error
    except Exception as error:
        raise ConfigurationError(f"{said}{module_name} cannot be imported: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(thing, part):
            known = [word for word in dir(thing) if not word.startswith("_")]
            where = getattr(sys.modules[module_name], "__file__", module_name)
            raise ConfigurationError(f"{said}{where} has no {part!r}; {nearest(part, known)}")
        thing = getattr(thing, part)
    return thing


def _module_of(thing: object) -> str:
    return str(getattr(thing, "__module__", ""))


def _origin(thing: object) -> str:
    name = getattr(thing, "__qualname__", None)
    return f"{_module_of(thing)}:{name}" if name else repr(thing)
