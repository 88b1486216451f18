"""Mathematics problems read from files in the formats of the public sets, and the comparison of answers.

One JSON object a line (or one JSON list). The format is recognised by its fields:

| set | fields read |
|---|---|
| GSM8K | `question`, `answer` with the result behind `####` |
| MATH | `problem`, `solution` with the result in `\\boxed{}`, or an `answer` of its own |
| AIME | `problem` (or `Problem`, `question`), `answer` (or `Answer`) |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError
from core.worlds.chat_answer import boxed
from core.worlds.code_problems import read_rows

_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_NOISE = re.compile(r"\\left|\\right|\\!|\\,|\\;|\\ |\\%|\\\$|\^\{?\\circ\}?|[$%\s]|(?<=\d),(?=\d{3})")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox)\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class MathProblem:
    """One problem of a public set."""

    statement: str
    answer: str


def read_math_problems(path: str | Path) -> tuple[MathProblem, ...]:
    """All problems of a file. Raises `ConfigurationError` with the number of the problem and what is missing."""
    problems: list[MathProblem] = []
    for number, row in enumerate(read_rows(path), start=1):
        fields = {key.lower(): value for key, value in row.items()}
        statement = fields.get("problem") or fields.get("question")
        answer = _answer_of(fields)
        if not isinstance(statement, str) or not answer:
            raise ConfigurationError(
                f"{path}, problem {number} has no {'answer' if statement else 'question'}: its fields are "
                f"{', '.join(sorted(row))}, and core/worlds/math_problems.py says which formats are read"
            )
        problems.append(MathProblem(statement.strip(), answer))
    return tuple(problems)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are equal: as exact numbers if both are numbers, else as texts without layout."""
    one, other = normal_form(one), normal_form(other)
    first, second = _number(one), _number(other)
    return first == second if first is not None and second is not None else one == other


def normal_form(answer: str) -> str:
    """An answer without LaTeX's layout."""
    answer = _TEXT.sub(r"\1", boxed(answer) or answer)
    answer = _FRACTION.sub(r"(\1)/(\2)", answer)
    return _NOISE.sub("", answer).rstrip(".").lower()


def _answer_of(fields: dict[str, Any]) -> str:
    answer = fields.get("answer")
    if answer is not None and str(answer).strip():
        return str(answer).rpartition("####")[2].strip()
    return boxed(str(fields.get("solution") or "")) or ""


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text.replace("(", "").replace(")", ""))
    except (ValueError, ZeroDivisionError):
        return None
