"""The handbook's tables are what the data say, its pictures are there and its example runs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from cartridge.tools import handbook
from cartridge.tools.milestones import read_milestones
from cartridge.tools.source import REPOSITORY

TEXT = handbook.README.read_text(encoding="utf-8")


def test_the_tables_are_up_to_date() -> None:
    assert handbook.readme_with_tables(TEXT) == TEXT, "run python -m cartridge.tools.handbook"
    page = handbook.ADDRESSES.read_text(encoding="utf-8")
    assert handbook.addresses_page() == page, "run python -m cartridge.tools.handbook"


def test_an_old_table_is_found() -> None:
    stale = TEXT.replace("`lamp_lit`", "`lamp`")
    assert stale != TEXT
    assert handbook.readme_with_tables(stale).count("`lamp_lit`") >= 1


def test_a_table_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError, match="moons"):
        handbook.readme_with_tables("<!-- table: moons -->\n<!-- end of table -->\n")


def test_every_milestone_is_there() -> None:
    rows = [line for line in TEXT.splitlines() if re.match(r"\| \d+ \| `", line)]
    assert len(rows) == len(read_milestones())


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (handbook.README.parent / target).exists(), f"{target} is missing"


def test_the_example_runs() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "success" in done.stdout
