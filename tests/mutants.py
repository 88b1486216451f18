"""Which tests would notice? Breaks one line of the code at a time, and runs the tests beside it.

    python -m tests.mutants --count 100 --seed 3
    python -m tests.mutants --count 40 core/env/masks.py
    python -m tests.mutants core/rules/values.py --text "story: float = 0.8" "story: float = 0.7"

The changes (mutants) are those of Cosmic Ray: another number, another comparison, another operator, `not`, `break`. A
sample of them is drawn; the tests of each file stand in pyproject.toml, `[tool.crystal-hybrid.mutants]`. A mutant lives
if all of them pass. Nothing on disk is changed: each mutant is loaded in the place of its file in a forked process, so
processes that the tests start by themselves run the real code.

Exits with 1 if a mutant lived. Not each one is a hole: some mean the same, some change only a default of taste.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: children should not fight for cores

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
WARM: Final = ("torch", "numpy", "gymnasium", "pydantic", "stable_baselines3", "sb3_contrib", "pyboy", "hypothesis")
"""Libraries of others that each child would import again."""
QUIET_OPERATORS: Final = ("RemoveDecorator", "ExceptionReplacer", "AddNot_", "VariableInserter", "VariableReplacer")
"""Operators of Cosmic Ray that are left out: what they make does not run, or says little."""
LIVED: Final = 0


@dataclass(frozen=True)
class Place:
    """Where something can be changed, and by which operator of Cosmic Ray."""

    file: str
    operator: str
    occurrence: int
    """Of the operator, in the file."""
    line: int


@dataclass(frozen=True)
class Mutant:
    """One file with one change."""

    file: str
    source: str
    line: int
    """Of the change."""
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before}  ->  {self.after}"


def files_with_tests() -> dict[str, list[str]]:
    """What pyproject.toml says: each file, and the tests beside it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["crystal-hybrid"]["mutants"]


def places_in(file: str) -> list[Place]:
    """Every place of a file that Cosmic Ray can change, and how."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast((ROOT / file).read_text(encoding="utf-8"))))
    places: list[Place] = []
    for name in operator_names():
        if any(quiet in name for quiet in QUIET_OPERATORS):
            continue
        operator = get_operator(name)()
        positions = [position for node in nodes for position in operator.mutation_positions(node)]
        places += [Place(file, name, number, position[0][0]) for number, position in enumerate(positions)]
    return places


def mutant_at(place: Place) -> Mutant | None:
    """The mutant of a place; None where it is the same program, or none."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = (ROOT / place.file).read_text(encoding="utf-8")
    mutated = mutate_code(source, get_operator(place.operator)(), place.occurrence)
    try:
        if mutated is None or _meaning(mutated) == _meaning(source):
            return None
    except SyntaxError:
        return None
    return Mutant(place.file, mutated, place.line, *_changed_line(source, mutated))


def with_text(file: str, old: str, new: str) -> Mutant:
    """A mutant of one's own: `old`, which stands there once, becomes `new`."""
    source = (ROOT / file).read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise ValueError(f"{file} has {source.count(old)} times {old!r}; name a text that stands there once")
    return Mutant(file, source.replace(old, new), source[: source.index(old)].count("\n") + 1, old, new)


def outcome(mutant: Mutant | None, tests: Sequence[str], limit_s: float) -> int:
    """pytest's exit code with that mutant loaded (None: the real code); 124 where it took longer than `limit_s`."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            if mutant is not None:
                sys.meta_path.insert(0, _InPlaceOf(mutant))
            os.chdir(ROOT)
            code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
        finally:
            os._exit(code)
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 124


class _InPlaceOf(importlib.abc.MetaPathFinder):
    """Finds the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._loader = _MutantLoader(self._name, str(ROOT / mutant.file), mutant.source)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _MutantLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


def _meaning(source: str) -> str:
    """The program without its annotations, which change nothing at run time."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, None if name == "returns" or isinstance(node, ast.arg) else ast.Constant(0))
    return ast.dump(tree)


def _changed_line(before: str, after: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    old = " ".join(line[2:].strip() for line in lines if line.startswith("- "))
    new = " ".join(line[2:].strip() for line in lines if line.startswith("+ "))
    return old, new


def main(arguments: list[str] | None = None) -> int:
    """Draws, runs and prints; the exit code."""
    parser = argparse.ArgumentParser(description="Break one line at a time, and see which tests notice.")
    parser.add_argument("files", nargs="*", help="files to break (default: all of pyproject.toml)")
    parser.add_argument("--count", type=int, default=50, help="mutants in all")
    parser.add_argument("--seed", type=int, default=0, help="draws the sample")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after that time")
    parser.add_argument("--text", nargs=2, metavar=("OLD", "NEW"), help="break one file in this way instead")
    chosen = parser.parse_args(arguments)
    tests = files_with_tests()
    files = chosen.files or sorted(tests)
    if unknown := [file for file in files if file not in tests]:
        parser.error(f"{unknown[0]} has no tests in pyproject.toml, [tool.crystal-hybrid.mutants]: add a line there")
    if chosen.text is not None:
        if len(files) != 1:
            parser.error("--text breaks one file: name it")
        mutant = with_text(files[0], *chosen.text)
        lived = outcome(mutant, tests[files[0]], 600.0) == LIVED
        print(f"{'lived ' if lived else 'noticed'} {mutant}")
        return 1 if lived else 0
    return try_sample(chosen, files, tests)


def try_sample(chosen: argparse.Namespace, files: Sequence[str], tests: Mapping[str, Sequence[str]]) -> int:
    """Draws mutants of these files, and prints which lived and how many of each file were noticed; the exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in WARM:
            importlib.import_module(name)
    limits_s: dict[str, float] = {}
    for file in files:
        begun_s = time.monotonic()
        if (code := outcome(None, tests[file], 600.0)) != LIVED:
            print(f"{file}: its tests do not pass as it is (pytest says {code}); mend them first")
            return 2
        limits_s[file] = 30.0 + 5 * (time.monotonic() - begun_s)
    places = [place for file in files for place in places_in(file)]
    random.Random(chosen.seed).shuffle(places)
    sample = list(islice(filter(None, map(mutant_at, places)), chosen.count))
    end_s = time.monotonic() + 60 * chosen.minutes
    counts = dict.fromkeys(files, (0, 0))
    for mutant in sorted(sample, key=lambda one: (one.file, one.line)):
        if time.monotonic() > end_s:
            break
        lived = outcome(mutant, tests[mutant.file], limits_s[mutant.file]) == LIVED
        tried, noticed = counts[mutant.file]
        counts[mutant.file] = (tried + 1, noticed + (not lived))
        if lived:
            print(f"lived  {mutant}", flush=True)
    for file, (tried, noticed) in counts.items():
        print(f"{file}: {noticed} of {tried} noticed")
    tried, noticed = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"in all {noticed} of {tried} noticed, of about {len(places)} possible")
    return 0 if noticed == tried else 1


if __name__ == "__main__":
    sys.exit(main())
