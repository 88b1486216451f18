"""The tool that breaks the code (`tests/mutants.py`) works, and breaks that once stayed unseen are noticed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import _meaning, files_with_tests, mutant_at, places_in, with_text

ROOT = Path(__file__).resolve().parent.parent
BREAKS = {
    "the sign in believed_share": (
        "core/agent/arbitration.py",
        "float(teacher_evidence + _log_odds(teacher_confidence)",
        "float(teacher_evidence - _log_odds(teacher_confidence)",
    ),
    "left and right ledges": (
        "core/game/terrain.py",
        "_HOPS = (\n    (Button.RIGHT,),\n    (Button.LEFT,),",
        "_HOPS = (\n    (Button.LEFT,),\n    (Button.RIGHT,),",
    ),
    "up and down in lists of one line": (
        "core/env/masks.py",
        "if menu.rows > 1 or menu.kind is MenuKind.LIST:\n        buttons.update(UP_DOWN)",
        "if menu.rows > 1:\n        buttons.update(UP_DOWN)",
    ),
    "the edge guard of exploration": ("core/game/rewards.py", "if x >= width or y >= height:", "if False:"),
    "the least error of a progress": (
        "core/agent/option_statistics.py",
        "LEAST_PROGRESS_ERROR = 0.05",
        "LEAST_PROGRESS_ERROR = 0.0",
    ),
    "unsure healers": ("core/rules/planning/needs.py", "UNSURE_ACTIONS = 60", "UNSURE_ACTIONS = 0"),
    "the forgetting of the calibration": (
        "core/agent/calibration.py",
        "counts[0] = counts[0] * forgetting + good\n        counts[1] = counts[1] * forgetting + 1.0",
        "counts[0] = counts[0] + good\n        counts[1] = counts[1] + 1.0",
    ),
    "what the story is worth": ("core/rules/values.py", "story: float = 0.8", "story: float = 0.7"),
}
"""Each breaks one line, and was missed once."""


def exit_code(file: str, old: str, new: str) -> int:
    command = [sys.executable, "-m", "tests.mutants", file, "--text", old, new]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=280).returncode


def test_a_break_is_noticed_and_a_change_of_words_is_not() -> None:
    before = (ROOT / "core/rules/values.py").read_bytes()
    assert exit_code(*BREAKS["what the story is worth"]) == 0
    assert exit_code("core/rules/values.py", "Between a lost duel and a won one.", "Between two duels.") == 1
    assert (ROOT / "core/rules/values.py").read_bytes() == before


@pytest.mark.nightly
@pytest.mark.parametrize("name", BREAKS)
def test_a_break_that_was_missed_once_is_noticed(name: str) -> None:
    assert exit_code(*BREAKS[name]) == 0


@pytest.mark.parametrize("name", BREAKS)
def test_the_breaks_still_have_their_line(name: str) -> None:
    ast.parse(with_text(*BREAKS[name]).source)


def test_every_file_in_the_table_is_there_with_its_tests() -> None:
    for file, tests in files_with_tests().items():
        assert (ROOT / file).is_file(), file
        assert tests and all((ROOT / test).is_file() for test in tests), file


def test_annotations_are_no_part_of_what_a_program_does() -> None:
    assert _meaning("def f(x: int | None = 1) -> int | str:\n    y: int = x\n    return y") == _meaning(
        "def f(x: int = 1) -> str:\n    y: str = x\n    return y"
    )
    assert _meaning("x = 1") != _meaning("x = 2")


def test_mutants_are_other_programs() -> None:
    """Needs Cosmic Ray (the extra `mutants`), which is not installed everywhere."""
    pytest.importorskip("cosmic_ray")
    mutants = [mutant for mutant in map(mutant_at, places_in("core/ranges.py")) if mutant is not None]
    source = (ROOT / "core/ranges.py").read_text(encoding="utf-8")
    assert len({mutant.source for mutant in mutants}) > 10
    assert all(_meaning(mutant.source) != _meaning(source) for mutant in mutants)
