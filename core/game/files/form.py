"""The data files of a game: read whole, checked whole, and refused in one line.

Every file has a form, a pydantic model that knows each key it may hold, so a misspelt key is an error and never a fact
that goes unnoticed. A form is only what lies in the file; the rest of the program sees the frozen objects that are
made from it.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from core import exceptions

SEEN_LENGTH: Final = 60
"""Characters of a wrong value that an error shows."""
SEE_ALSO: Final = "docs/games.md says what a game's folder holds"


class Form(BaseModel):
    """What one object of a data file may hold: nothing but its fields, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


FileForm = TypeVar("FileForm", bound=Form)


def read_data_file(file: Traversable, form: type[FileForm]) -> FileForm:
    """The content of a JSON file in its form.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, no JSON or of another form: one line with the
    file, the place in it and the value seen there.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise exceptions.EnvironmentError(f"cannot read {file}: {error.strerror or error}. {SEE_ALSO}") from error
    try:
        return form.model_validate_json(content)
    except ValidationError as error:
        raise exceptions.EnvironmentError(f"{file}: {_complaint(error, form)}. {SEE_ALSO}") from error


def broken(file: Traversable | str, place: str, value: object, why: str) -> exceptions.EnvironmentError:
    """The error for a value that has the right type and makes no sense: a name that nothing has, say."""
    return exceptions.EnvironmentError(f"{file}: {place} is {_shown(value)}: {why}. {SEE_ALSO}")


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """Which of the known names may be meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names[:12]) or 'none'}"


def _complaint(error: ValidationError, form: type[Form]) -> str:
    """The first of the errors in words; how many more there are."""
    details = error.errors(include_url=False)
    first = details[0]
    more = f" ({len(details) - 1} more errors follow)" if len(details) > 1 else ""
    place = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "json_invalid":
            return first["msg"]
        case "missing":
            return f"{place} is missing{more}"
        case "extra_forbidden":
            *object_place, key = first["loc"]
            hint = nearest_hint(str(key), _keys_at(form, object_place))
            return f"{place} is an unknown key; {hint.removesuffix('?')}{more}"
        case _:
            return f"{place} is {_shown(first['input'])}: {first['msg']}{more}"


def _keys_at(form: Any, place: Iterable[int | str]) -> list[str]:
    """The keys that the object at a place of a file may have."""
    for part in place:
        form = _inside(form, part)
    return [
        key for one in _members(form) if isinstance(one, type) and issubclass(one, Form) for key in one.model_fields
    ]


def _inside(form: Any, part: int | str) -> Any:
    """The form of what lies at one key or index of a form; of a union by its tag, the form itself."""
    for one in _members(form):
        if isinstance(one, type) and issubclass(one, Form):
            if part in one.model_fields:
                return one.model_fields[str(part)].annotation
            if "type" in one.model_fields and part in get_args(one.model_fields["type"].annotation):
                return one
        elif get_origin(one) in (dict, tuple, list):
            return get_args(one)[1 if get_origin(one) is dict else 0]
    return form


def _members(form: Any) -> tuple[Any, ...]:
    """The alternatives of a union; the form alone where it is none."""
    if get_origin(form) is Annotated:
        return _members(get_args(form)[0])
    return get_args(form) if get_origin(form) in (Union, types.UnionType) else (form,)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SEEN_LENGTH else f"{shown[:SEEN_LENGTH]}..."
