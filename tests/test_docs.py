"""The documents: paths and links lead somewhere, decisions fit a page, and the glossary has the words of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import at_grpo_report
from benchmarks.at_grpo import Cell
from tests.text_files import ROOT, text_files

DOCUMENTS = [path for path in text_files() if path.suffix == ".md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
GLOSSARY = ROOT / "docs" / "glossary.md"
ROOMS = ("core", "agents", "trainer")
PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|md|json|toml|txt))`")
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
MADE_BY_A_RUN = ("benchmarks/results/", "runs/", "logs/", "model_", "lora_weights/")
"""A path that begins like this is what a run writes."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def missing_paths(path: Path) -> list[str]:
    """Paths in backticks that lead nowhere, seen from the repository or from the document's own folder."""
    return [
        found
        for found in PATH.findall(prose(path))
        if not found.startswith(MADE_BY_A_RUN)
        and not any((folder / found).exists() for folder in (ROOT, path.parent, *path.parents[:-1]))
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_paths_and_links_lead_somewhere(document: Path) -> None:
    assert not missing_paths(document)
    links = [link for link in LINK.findall(prose(document)) if not link.startswith(("http://", "https://"))]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing, f"{name(document)} links to what is not there"


def test_a_path_that_is_gone_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("See `core/game/terrain.py` and `core/game/doors.py`.\n", encoding="utf-8")
    assert missing_paths(document) == ["core/game/doors.py"]


@pytest.mark.parametrize("decision", DECISIONS, ids=name)
def test_a_decision_fits_a_page(decision: Path) -> None:
    lines = decision.read_text(encoding="utf-8").splitlines()
    assert re.match(r"# \d{3} \w", lines[0]), "the heading is the number and the decision in a few words"
    assert lines[0].startswith(f"# {decision.name[:3]} ")
    assert len(lines) <= 60


def glossary_rows() -> list[list[str]]:
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_glossary_is_short_and_speaks_of_the_code() -> None:
    rows = glossary_rows()
    assert 15 <= len(rows) <= 25, "a word more than 25 is a word too many to learn"
    assert len({row[0] for row in rows}) == len(rows)
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    for word, code, field, meaning in rows:
        assert field and meaning, f"{word}: say the field's nearest term and what it means here"
        assert code.strip("`") in words, f"{word}: {code} is not in the code"


@pytest.mark.parametrize("word", ["frontier", "compass", "standing order", "turning point", "errand", "the guide"])
def test_a_word_that_was_given_up_is_gone(word: str) -> None:
    """The changelog may tell what a word was called before."""
    texts = {name(path): path.read_text(encoding="utf-8").lower() for path in DOCUMENTS if path.name != "CHANGELOG.md"}
    found = [path for path, text in texts.items() if word in text]
    assert not found


def test_the_table_of_at_grpo_is_what_was_measured() -> None:
    cells = [Cell(**row) for row in json.loads((ROOT / "docs" / "data" / "at_grpo.json").read_text(encoding="utf-8"))]
    assert at_grpo_report.table(cells) in (ROOT / "docs" / "at_grpo.md").read_text(encoding="utf-8")
