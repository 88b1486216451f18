"""From a JSON file or JSON-able values to a checked pydantic model, with every mistake in one line.

The hint of a misspelt key comes from the models themselves: from the whole model, the section at the place of the
mistake is found by walking the annotations of its fields, at any depth. So a new section needs no entry anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from core.exceptions import ConfigurationError
from core.nearest import nearest

LONGEST_VALUE_SHOWN = 60
MOST_BYTES = 4 * 2**20
"""A config file is not read further than that."""
MOST_NESTING = 32
MOST_DIGITS = 18
"""Of an integer; what is longer does not fit the 64 bits of a database."""
_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")

Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """A part of a config: frozen, without unknown keys, and nothing is turned into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read_object(path: Path) -> dict[str, Any]:
    """The object in a config file. Raises ConfigurationError that begins with the path: what is wrong, the remedy."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"config file {path} does not exist; `crystal-agent init` writes one, or name another"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"config file {path} cannot be read: {error}") from error
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"config file {path} has more than {MOST_BYTES} bytes; it is no config: name another")
    try:
        text = content.decode("utf-8-sig")  # editors of Windows put a byte-order mark before it
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"config file {path} is not in UTF-8 ({error}); save it as UTF-8") from error
    try:
        data = json.loads(
            text, object_pairs_hook=_object_without_twins, parse_int=_parsed_integer, parse_constant=_no_constant
        )
        _check_form(data)
    except RecursionError as error:
        raise ConfigurationError(f"{path} is nested in more than {MOST_NESTING} levels; a config has a few") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; JSON has no comments and "
            "no comma after the last entry"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} holds a JSON {type(data).__name__}; a config is an object: {{...}}")
    return cast("dict[str, Any]", data)


def parsed(model: type[Model], data: Mapping[str, Any], renamed: Mapping[str, str] = MappingProxyType({})) -> Model:
    """The model of JSON-able values. Raises ConfigurationError in one line: what is wrong, what was seen, the remedy.

    `renamed` gives old names of keys and their new ones; a config that still has an old one is told so.
    """
    _check_form(data)
    try:
        return model.model_validate_json(json.dumps(dict(data)))
    except ValidationError as error:
        raise ConfigurationError(explained(error, model, renamed)) from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"a value cannot be written as JSON: {error}") from error


def explained(error: ValidationError, model: type[BaseModel], renamed: Mapping[str, str] = MappingProxyType({})) -> str:
    """The first complaint as one line; misspelt keys come first, since they often cause the others."""
    complaints = sorted(error.errors(include_url=False), key=lambda complaint: complaint["type"] not in _UNKNOWN_KEY)
    first = complaints[0]
    place = first["loc"]
    name = _shortened(dotted(place))
    if first["type"] in _UNKNOWN_KEY:
        new = renamed.get(str(place[-1]))
        if new is not None:
            return f"key {name!r} is called {new!r} now; rename it, its value may stay"
        key = str(place[-1])
        homes = sections_with(model, key)
        if homes:
            return f"unknown key {name!r}; {key!r} belongs {' or '.join(homes)}"
        return f"unknown key {name!r}; {nearest(key, known_keys(model, place[:-1]))}"
    if first["type"] == "missing":
        return f"key {name!r} is missing; add it"
    cause = first.get("ctx", {}).get("error") if first["type"] == "value_error" else None
    if isinstance(cause, ConfigurationError):
        return str(cause)
    seen = _shortened(json.dumps(first.get("input"), default=str))
    message = str(cause) if cause else first["msg"][0].lower() + first["msg"][1:]
    return f"{name!r} is {seen}: {message.replace('input should be', 'it should be')}"


def dotted(place: Sequence[int | str]) -> str:
    """('curriculum', 'stages', 0, 'min_episodes') -> 'curriculum.stages[0].min_episodes'."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE_SHOWN else text[:LONGEST_VALUE_SHOWN] + "..."


def known_keys(model: type, place: Sequence[int | str]) -> list[str]:
    """Keys of the section at `place` within a model; none where that place is no section."""
    section: Any = model
    for part in place:
        section = _step(section, part)
    return list(_fields_of(section))


def sections_with(annotation: Any, key: str, section: str = "at the top") -> list[str]:
    """Where in a model a key has its place, in words: at the top, or into which sections."""
    found: list[str] = []
    for name, inner in _fields_of(annotation).items():
        if name == key:
            found.append(section)
        else:
            place = name if section == "at the top" else f"{section.removeprefix('into ')}.{name}"
            found += sections_with(inner, key, f"into {place}")
    return found


def _step(annotation: Any, part: int | str) -> Any:
    """The annotation of an element or of a field."""
    for choice in _choices(annotation):
        origin, arguments = get_origin(choice), get_args(choice)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return arguments[1]
        if isinstance(part, int) and arguments:
            return arguments[0] if len(arguments) == 1 or arguments[-1] is Ellipsis else arguments[part]
        fields_of_it = _fields_of(choice)
        if part in fields_of_it:
            return fields_of_it[str(part)]
    return None


def _choices(annotation: Any) -> list[Any]:
    """What an annotation may stand for, without `Annotated` and the None of an optional one."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _choices(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [choice for one in get_args(annotation) for choice in _choices(one)]
    return [annotation]


def _fields_of(annotation: Any) -> dict[str, Any]:
    """Names and annotations of the fields of a model or a dataclass, or of an optional one."""
    for choice in _choices(annotation):
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            return {name: field.annotation for name, field in choice.model_fields.items()}
        if isinstance(choice, type) and is_dataclass(choice):
            hints = get_type_hints(choice)
            return {field.name: hints[field.name] for field in fields(choice)}
    return {}


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(other == key for other, _ in pairs) > 1)
        raise ConfigurationError(f"key {twice!r} is there twice; keep one of them")
    return found


def _parsed_integer(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise ConfigurationError(
            f"the integer {_shortened(text)} has {len(text)} digits; at most {MOST_DIGITS} are possible: give a "
            "smaller one"
        )
    return int(text)


def _check_form(data: object) -> None:
    """Raises ConfigurationError for what JSON can hold and no setting can be: deep nesting, half characters, NULs,
    numbers that are infinite or too long. Not by recursion, so that no nesting is too deep for it."""
    waiting: list[tuple[tuple[int | str, ...], object]] = [((), data)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > MOST_NESTING:
            raise ConfigurationError(
                f"{_shortened(dotted(place))!r} is nested in more than {MOST_NESTING} levels; a config has a few"
            )
        if isinstance(value, Mapping):
            for key, inner in cast("Mapping[object, object]", value).items():
                _check_text((*place, str(key)), str(key))
                waiting.append(((*place, str(key)), inner))
        elif isinstance(value, list | tuple):
            waiting += [((*place, at), inner) for at, inner in enumerate(cast("Sequence[object]", value))]
        elif isinstance(value, str):
            _check_text(place, value)
        elif isinstance(value, int | float) and not abs(value) < 10**MOST_DIGITS:
            # 1e400 is read as infinite, and is the same mistake
            raise ConfigurationError(
                f"{_shortened(dotted(place))!r} is a number of more than {MOST_DIGITS} digits, or none at all; give a "
                "smaller one"
            )


def _check_text(place: Sequence[int | str], text: str) -> None:
    if text.isascii() and "\0" not in text:
        return
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ConfigurationError(
            f"{_shortened(ascii(dotted(place)))} holds a NUL or half a character (\\u0000, \\ud800 to \\udfff); take "
            "it out"
        )


def _no_constant(name: str) -> float:
    raise ConfigurationError(f"{name} is no number that can be used here; give a finite one")
