"""Configs at the bounds of what is read, and the one line that says what is wrong, word by word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, field_validator

from core.exceptions import ConfigurationError
from core.schema import MOST_BYTES, Section, dotted, known_keys, parsed, read_object, sections_with


class Inner(Section):
    depth: int = 1
    width: Annotated[float, Field(le=2.0)] = 0.5

    @field_validator("depth")
    @classmethod
    def _above_ground(cls, depth: int) -> int:
        if depth == -1:
            raise ValueError("dig deeper")
        if depth == -2:
            raise ConfigurationError("a depth of -2 is a joke")
        return depth


@dataclass(frozen=True)
class Plain:
    height: int = 1


class Outer(Section):
    name: str
    inner: Inner = Inner()
    many: tuple[Annotated[Inner, Field()], ...] = ()
    table: dict[str, Inner] = Field(default_factory=dict)
    pair: tuple[int, Inner] | None = None
    maybe: Annotated[Inner | None, Field()] = None
    plain: Plain = Plain()


def read(path: Path, text: str) -> dict[str, Any]:
    path.write_text(text, encoding="utf-8")
    return read_object(path)


def complaint(data: dict[str, Any], **renamed: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parsed(Outer, data, renamed)
    return str(caught.value)


def test_a_file_may_have_four_mebibytes_and_no_byte_more(tmp_path: Path) -> None:
    assert MOST_BYTES == 4_194_304
    assert read(tmp_path / "config.json", "{}".ljust(MOST_BYTES)) == {}
    with pytest.raises(ConfigurationError, match="has more than 4194304 bytes"):
        read(tmp_path / "config.json", "{}".ljust(MOST_BYTES + 1))


@pytest.mark.parametrize("text", ['{"a": 999999999999999999}', '{"a": -999999999999999999}', '{"a": 9e17}'])
def test_numbers_of_eighteen_digits_are_read(tmp_path: Path, text: str) -> None:
    assert abs(read(tmp_path / "config.json", text)["a"]) in (10**18 - 1, 9e17)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"a": 1000000000000000000}', "the integer 1000000000000000000 has 19 digits; at most 18 are possible"),
        ('{"a": {"b": [0, 1e18]}}', r"'a\.b\[1\]' is a number of more than 18 digits"),
        ('{"a": -1e400}', "'a' is a number of more than 18 digits, or none at all"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1, "b": 2, "b": 3}', "key 'b' is there twice"),
        ("[1]", "holds a JSON list; a config is an object"),
        ('{"a": 1,}', "is not JSON: .* at line 1, column "),
        ('{"a": "\\u0000"}', "'a' holds a NUL"),
        ('{"a": "\\ud800"}', "'a' holds a NUL or half a character"),
        ('{"a": "\\udfff"}', "'a' holds a NUL or half a character"),
        ('{"a\\u0000": 1}', "holds a NUL"),
        ('{"a": ' + "[" * 32 + "1" + "]" * 32 + "}", "is nested in more than 32 levels"),
    ],
)
def test_what_no_setting_can_be_is_refused_in_one_line(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(ConfigurationError, match=wrong) as caught:
        read(path, text)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_lies_just_within_is_read(tmp_path: Path) -> None:
    deepest = '{"a": ' + "[" * 31 + "1" + "]" * 31 + "}"
    assert read(tmp_path / "config.json", deepest)["a"]
    for text in ("\ud7ff", "\ue000", "é"):
        assert read(tmp_path / "config.json", f'{{"a": "{text}"}}') == {"a": text}
    assert read(tmp_path / "config.json", '\ufeff{"a": 1, "b": 2}') == {"a": 1, "b": 2}


def test_places_are_written_with_points_and_brackets() -> None:
    assert dotted(("curriculum", "stages", 0, "min_episodes")) == "curriculum.stages[0].min_episodes"
    assert dotted((3, "a")) == "[3].a"
    assert dotted(()) == ""


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        ((), ["name", "inner", "many", "table", "pair", "maybe", "plain"]),
        (("inner",), ["depth", "width"]),
        (("many", 4), ["depth", "width"]),
        (("table", "any"), ["depth", "width"]),
        (("pair", 1), ["depth", "width"]),
        (("pair", 0), []),
        (("maybe",), ["depth", "width"]),
        (("plain",), ["height"]),
        (("name",), []),
        (("nowhere", "at", "all"), []),
    ],
)
def test_the_keys_of_a_section_are_found_at_any_depth(place: tuple[int | str, ...], keys: list[str]) -> None:
    assert known_keys(Outer, place) == keys


def test_the_sections_that_a_key_belongs_into_are_named() -> None:
    assert sections_with(Outer, "depth") == ["into inner", "into maybe"]
    assert sections_with(Outer, "name") == ["at the top"]
    assert sections_with(Outer, "nothing") == []


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({}, "key 'name' is missing; add it"),
        ({"depth": 3}, "unknown key 'depth'; 'depth' belongs into inner or into maybe"),
        ({"name": "a", "inner": {"depth": "x"}}, "'inner.depth' is \"x\": it should be a valid integer"),
        ({"name": "a", "inner": {"depth": -1}}, "'inner.depth' is -1: dig deeper"),
        ({"name": "a", "inner": {"depth": -2}}, "a depth of -2 is a joke"),
        ({"name": "a", "many": [{}, {"width": 3.0}]}, "'many[1].width' is 3.0: it should be less than or equal to 2"),
    ],
)
def test_the_complaint_says_the_place_the_value_and_the_remedy(data: dict[str, Any], wrong: str) -> None:
    assert complaint(data) == wrong


def test_misspelt_keys_come_before_what_they_cause_and_name_the_nearest() -> None:
    assert complaint({"nme": "a"}).startswith("unknown key 'nme'; ")
    assert "'name'" in complaint({"nme": "a"})
    assert "'depth'" in complaint({"name": 1, "many": [{"dept": 1}]})
    assert complaint({"label": "a"}, label="name") == "key 'label' is called 'name' now; rename it, its value may stay"


def test_long_values_are_cut_after_sixty_characters() -> None:
    assert complaint({"name": "a", "inner": {"depth": "x" * 58}}).startswith(f"'inner.depth' is \"{'x' * 58}\": ")
    assert complaint({"name": "a", "inner": {"depth": "x" * 59}}).startswith(f"'inner.depth' is \"{'x' * 59}...: ")


def test_values_that_json_cannot_hold_are_refused_and_others_are_kept() -> None:
    assert parsed(Outer, {"name": "a", "many": [{"depth": 10**18 - 1}]}).many == (Inner(depth=10**18 - 1),)
    assert "is a number of more than 18 digits" in complaint({"name": "a", "inner": {"depth": -(10**18)}})
    assert complaint({"name": {1, 2}}).startswith("a value cannot be written as JSON: ")
