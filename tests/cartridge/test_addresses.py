"""Every variable that the cartridge writes is where the address list says, and shows what Crystal's would show."""

from __future__ import annotations

from pathlib import Path

import pytest

from cartridge.tools.addresses import Variable, check_overlaps, read_variables
from tests.cartridge.address_table import REPOSITORY, ROWS, SHOWN_ELSEWHERE, names_in_code, variables_read
from tests.cartridge.console import LAYOUT
from tests.cartridge.moments import moments

MARKED = sorted(variable.name for variable in read_variables() if not variable.name.startswith("f"))
"""Without the bytes that only Fernvale has, whose names begin with f."""


@pytest.mark.parametrize("name", MARKED)
def test_the_variable_shows_its_meaning(name: str) -> None:
    assert name in ROWS, f"{name} is marked in symbols.json and has no row in address_rows.py"
    moment, check = ROWS[name]
    seen = moments()[moment]
    assert check(seen), f"{name} at the moment {moment!r} is {seen.bytes(name)[:16].hex(' ')}"


def test_no_row_is_left_over() -> None:
    assert set(ROWS) == set(MARKED)


@pytest.mark.parametrize("name", sorted(variables_read()))
def test_what_is_read_has_a_row(name: str) -> None:
    assert name in ROWS, f"{variables_read()[name]} reads {name}, which Fernvale does not mark in symbols.json"


@pytest.mark.parametrize(("name", "shown"), SHOWN_ELSEWHERE.items())
def test_what_fernvale_lacks_is_shown_by_rows_of_ram(name: str, shown: str) -> None:
    assert name in LAYOUT.symbols and name not in ROWS
    assert f'"{name}"' in (REPOSITORY / shown).read_text(encoding="utf-8")


def test_a_reader_is_found(tmp_path: Path) -> None:
    (tmp_path / "reader.py").write_text('"""Not wMoney."""\nVALUE = layout.index("wRTC")\n', encoding="utf-8")
    assert names_in_code(tmp_path) == {"wRTC": f"{tmp_path.name}/reader.py"}


def test_nothing_overlaps() -> None:
    check_overlaps(read_variables())


def test_an_overlap_is_found() -> None:
    crossing = [Variable("first", 1, 0xD000, 4, ""), Variable("second", 1, 0xD002, 4, "")]
    with pytest.raises(ValueError, match=r"first .* overlaps second"):
        check_overlaps(crossing)


def test_the_stack_is_kept_free() -> None:
    with pytest.raises(ValueError, match="the stack"):
        check_overlaps([Variable("intruder", 0, 0xC0FF, 2, "")])
