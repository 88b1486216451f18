"""What may be set, in words: a table of all keys, made from the definitions that check them; so none is missing."""

from __future__ import annotations

import ast
import enum
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from core.config_paths import ConfigPath
from core.game.reward_event import REWARD_EVENTS
from core.game.rewards import RewardWeights
from trainer.settings.models import Settings

_TITLE: Final = """# The keys of config.json

Paths are relative to the config's folder, and `~` is the home folder. A key that is left out has its default; one that
is misspelt is an error that names the nearest one. Keys of sections are written with a dot: `learner.epochs` is
`{"learner": {"epochs": 4}}`. API keys never stand in a config: they come from the environment.
"""
_WORDS: Final = {bool: "true or false", int: "integer", float: "number", str: "text", Path: "path"}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One key of a config in words."""

    key: str
    """Dotted; an element of a list is `[]`."""
    values: str
    """What it may be."""
    default: str
    """As JSON; empty for a key that has none."""
    meaning: str


def setting_rows(section: Any = Settings, prefix: str = "") -> Iterator[SettingRow]:
    """All keys in order, those of sections after the section's own."""
    meanings = _attribute_docstrings(section)
    for name, (annotation, default) in _fields_of(section).items():
        key = f"{prefix}{name}"
        if annotation is RewardWeights:
            for event in RewardWeights():
                kind = REWARD_EVENTS.resolve(event)
                yield SettingRow(
                    f"{key}.{event}", "number, -10 to 10", f"{kind.weight}", _first_paragraph(kind.__doc__)
                )
            continue
        inner = _section_of(annotation)
        yield SettingRow(key, _values(annotation), "" if inner else _as_json(default), meanings.get(name, ""))
        if inner is not None:
            is_list = get_origin(_plain(annotation)) is tuple
            yield from setting_rows(inner, f"{key}{'[]' if is_list else ''}.")


def settings_table() -> str:
    """Markdown: one row a key."""
    lines = [_TITLE, "| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for row in setting_rows():
        cells = (f"`{row.key}`", row.values, f"`{row.default}`" if row.default else "", row.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _fields_of(section: Any) -> dict[str, tuple[Any, Any]]:
    """By name annotation and default of the fields of a model or a dataclass."""
    if issubclass(section, BaseModel):
        hints = get_type_hints(section, include_extras=True)
        return {
            name: (hints[name], one.get_default(call_default_factory=True)) for name, one in _model(section).items()
        }
    hints = get_type_hints(section, include_extras=True)
    return {
        one.name: (hints[one.name], one.default_factory() if one.default_factory is not MISSING else one.default)
        for one in fields(section)
    }


def _model(section: type[BaseModel]) -> Mapping[str, Any]:
    return section.model_fields


def _attribute_docstrings(section: type) -> dict[str, str]:
    """The texts below the fields of a class, in one line each."""
    body = ast.parse(textwrap.dedent(inspect.getsource(section))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found


def _first_paragraph(docstring: str | None) -> str:
    return " ".join((docstring or "").partition("\n\n")[0].split())


def _plain(annotation: Any) -> Any:
    """Without what constrains it and without the None of an optional one."""
    if get_origin(annotation) in (Union, UnionType):
        return _plain(next(one for one in get_args(annotation) if one is not NoneType))
    return _plain(get_args(annotation)[0]) if hasattr(annotation, "__metadata__") else annotation


def _section_of(annotation: Any) -> Any:
    """The section that a key holds, alone or in a list; None where it holds a value."""
    plain = _plain(annotation)
    if get_origin(plain) is tuple:
        plain = _plain(get_args(plain)[0])
    is_section = isinstance(plain, type) and (issubclass(plain, BaseModel) or is_dataclass(plain))
    return plain if is_section else None


def _values(annotation: Any) -> str:
    """What a key may be, in words."""
    if get_origin(annotation) in (Union, UnionType):
        return ", or ".join("null" if one is NoneType else _values(one) for one in get_args(annotation))
    if hasattr(annotation, "__metadata__"):
        inner, *limits = get_args(annotation)
        return _values(inner) + (_range(limits) if annotation is not ConfigPath else "")
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_values(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(f"`{one.value}`" for one in annotation)
    if _section_of(annotation) is not None:
        return "section"
    return _WORDS.get(annotation, "object")


def _range(limits: list[Any]) -> str:
    said = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    found = [
        f"{words} {getattr(one, name):,}"
        for limit in limits
        for one in getattr(limit, "metadata", [limit])
        for name, words in said.items()
        if getattr(one, name, None) is not None
    ]
    return f", {' and '.join(found)}" if found else ""


def _as_json(default: Any) -> str:
    if default is MISSING or default is PydanticUndefined:
        return ""
    if isinstance(default, Path):
        default = default.name if default.suffix != ".gbc" else "fernvale"
    return json.dumps(default, default=lambda value: dict(value) if isinstance(value, Mapping) else str(value))
