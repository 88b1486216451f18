"""Programming problems read from files in the formats of the public sets.

One JSON object a line (or one JSON list). The format is recognised by its fields:

| set | fields read |
|---|---|
| APPS | `question`, `input_output` (JSON: `inputs`, `outputs`, perhaps `fn_name`), `solutions` (JSON) |
| LiveCodeBench | `question_content`, `public_test_cases`, `private_test_cases`, `metadata` (`func_name`) |
| MBPP | `text` or `prompt`, `code`, `test_list`, `test_setup_code` or `test_imports` |
| HumanEval | `prompt`, `entry_point`, `test`, `canonical_solution` |

No file is downloaded, and nothing of a file is executed when it is read.
"""

from __future__ import annotations

import ast
import base64
import binascii
import io
import json
import pickle
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from core.exceptions import ConfigurationError

Row = dict[str, Any]
MOST_UNPACKED_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class InputTest:
    """The program reads `given` and must print `expected`; spaces at the ends of lines do not count."""

    given: str
    expected: str


@dataclass(frozen=True, slots=True)
class CallTest:
    """A function, called with arguments (a JSON list), must return `expected` (JSON)."""

    arguments: str
    expected: str


@dataclass(frozen=True, slots=True)
class AssertTest:
    """Python that must run without an error after the program: for tests that are not plain comparisons."""

    source: str


Test = InputTest | CallTest | AssertTest


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """One problem of a public set."""

    name: str
    statement: str
    starter: str
    """Code that the answer must begin with or contain; empty where any program will do."""
    function: str
    """What `CallTest`s call: a function, or a method of a class `Solution`; empty for programs that read and print."""
    tests: tuple[Test, ...]
    solution: str
    """A reference solution; empty where the set has none."""


def read_code_problems(path: str | Path) -> tuple[CodeProblem, ...]:
    """All problems of a file. Raises `ConfigurationError` with the number of the problem and what is wrong with it."""
    problems: list[CodeProblem] = []
    for number, row in enumerate(read_rows(path), start=1):
        try:
            problems.append(_problem_of(row, f"{Path(path).stem}-{number}"))
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise ConfigurationError(
                f"{path}, problem {number}: {type(error).__name__} {error}; its fields are {', '.join(sorted(row))}, "
                "and core/worlds/code_problems.py says which formats are read"
            ) from error
    return tuple(problems)


def read_rows(path: str | Path) -> list[Row]:
    """The objects of a JSONL or JSON file. Raises `ConfigurationError` when there are none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in text.splitlines() if x]
    except OSError as error:
        raise ConfigurationError(f"cannot read the problems {str(path)!r}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is neither JSON lines nor a JSON list: {error}") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(f"{path} holds no problems: one JSON object a line is expected")
    return rows


def _problem_of(row: Row, name: str) -> CodeProblem:
    if "input_output" in row:
        return _from_apps(row, name)
    if "question_content" in row:
        return _from_livecodebench(row, name)
    if "test_list" in row:
        return _from_mbpp(row, name)
    if "entry_point" in row:
        return _from_human_eval(row)
    raise ValueError("is of no format that is known")


def _from_apps(row: Row, name: str) -> CodeProblem:
    cases = _json(row["input_output"])
    function = cases.get("fn_name", "")
    pairs = zip(cases["inputs"], cases["outputs"], strict=True)
    tests: list[Test] = []
    for given, expected in pairs:
        if function:
            # The set wraps some results in a list of one; a function's own result is the first.
            tests.append(CallTest(json.dumps(given), json.dumps(_unwrapped(expected))))
        else:
            tests.append(InputTest(_lines(given), _lines(expected)))
    solutions: list[str] = _json(row["solutions"]) if row.get("solutions") else []
    label = str(row.get("problem_id", row.get("id", name)))
    starter = row.get("starter_code") or ""
    return CodeProblem(label, row["question"], starter, function, tuple(tests), solutions[0] if solutions else "")


def _unwrapped(expected: object) -> object:
    """What a list of one holds; anything else as it is."""
    if isinstance(expected, list):
        items = cast(list[object], expected)
        return items[0] if len(items) == 1 else items
    return expected


def _from_livecodebench(row: Row, name: str) -> CodeProblem:
    function = (_json(row.get("metadata") or "{}")).get("func_name", "")
    cases = [*_json(row["public_test_cases"]), *_packed_cases(row.get("private_test_cases") or "[]")]
    tests: list[Test] = []
    for case in cases:
        if case["testtype"] == "functional":
            arguments = [json.loads(line) for line in case["input"].splitlines() if line.strip()]
            tests.append(CallTest(json.dumps(arguments), json.dumps(json.loads(case["output"]))))
        else:
            tests.append(InputTest(case["input"], case["output"]))
    label = str(row.get("question_id", name))
    return CodeProblem(label, row["question_content"], row.get("starter_code") or "", function, tuple(tests), "")


def _from_mbpp(row: Row, name: str) -> CodeProblem:
    setup = row.get("test_setup_code") or "\n".join(row.get("test_imports") or ())
    tests, function = _tests_of("\n".join(row["test_list"]), None, setup)
    statement = f"{row.get('text') or row['prompt']}\nYour code should pass: {row['test_list'][0]}"
    return CodeProblem(str(row.get("task_id", name)), statement, "", function, tests, row.get("code") or "")


def _from_human_eval(row: Row) -> CodeProblem:
    tests, function = _tests_of(row["test"], row["entry_point"], "")
    if any(isinstance(test, AssertTest) for test in tests):
        tests = (AssertTest(f"{row['test']}\ncheck({row['entry_point']})"),)
    solution = row["prompt"] + row["canonical_solution"] if row.get("canonical_solution") else ""
    return CodeProblem(str(row["task_id"]), row["prompt"], row["prompt"], function, tests, solution)


def _tests_of(source: str, function: str | None, setup: str) -> tuple[tuple[Test, ...], str]:
    """Comparisons with literals as calls, which are judged outside the program; all else as code that must run.

    In a HumanEval test the function is called `candidate`.
    """
    asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    calls = [_call_of(node.test) for node in asserts]
    names = {call[0] for call in calls if call is not None}
    if calls and None not in calls and len(names) == 1:
        tests = tuple(CallTest(arguments, expected) for _, arguments, expected in filter(None, calls))
        return tests, function or next(iter(names))
    return tuple(AssertTest(f"{setup}\n{ast.unparse(node)}".strip()) for node in asserts), function or ""


def _call_of(node: ast.expr) -> tuple[str, str, str] | None:
    """Function, arguments and expected result of `f(literals) == literal`, where JSON can carry them."""
    match node:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id=name), args=args, keywords=[]), ops=[ast.Eq()], comparators=[b]
        ):
            try:
                arguments, expected = [ast.literal_eval(arg) for arg in args], ast.literal_eval(b)
                if json.loads(json.dumps(arguments)) == arguments and _survives_json(expected):
                    return name, json.dumps(arguments), json.dumps(expected)
            except (TypeError, ValueError):
                return None  # not a literal, or one that JSON does not know
        case _:
            pass
    return None


def _survives_json(value: object) -> bool:
    """Whether `==` means the same after JSON: tuples become lists on both sides; floats need the set's tolerance."""
    if isinstance(value, list | tuple):
        return all(_survives_json(item) for item in cast(Sequence[object], value))
    if isinstance(value, dict):
        pairs = cast(dict[object, object], value).items()
        return all(isinstance(key, str) and _survives_json(item) for key, item in pairs)
    return value is None or isinstance(value, bool | int | str)


class _TextUnpickler(pickle.Unpickler):
    """Unpickles plain texts and refuses everything that could run code."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise ValueError(f"the packed tests name {module_name}.{global_name}: only text is unpacked")


def _packed_cases(packed: str) -> list[Row]:
    """LiveCodeBench's hidden tests: JSON, or JSON pickled as a text, deflated, in base 64."""
    if packed.lstrip().startswith("["):
        return _json(packed)
    try:
        deflated = zlib.decompressobj()
        content = deflated.decompress(base64.b64decode(packed, validate=True), MOST_UNPACKED_BYTES)
        if deflated.unconsumed_tail:
            raise ValueError(f"the packed tests are larger than {MOST_UNPACKED_BYTES} bytes")
        return _json(_TextUnpickler(io.BytesIO(content)).load())
    except (binascii.Error, zlib.error, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"the packed tests are damaged: {error}") from error


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _lines(value: str | Iterable[Any]) -> str:
    """Some rows hold a text, some a list of lines."""
    return value if isinstance(value, str) else "\n".join(map(str, value))
