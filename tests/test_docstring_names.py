"""Every name that a docstring, a comment or a document points to is there: files, modules, classes, attributes.

Names are looked up in the source, without an import, so that no heavy library is loaded for it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

THIS = Path(__file__).resolve()
ROOT = THIS.parent.parent
PRODUCT = ("core", "agents", "trainer", "core_srl", "pettingllms", "run_training.py")
ALSO_KNOWN = ("benchmarks", "cartridge", "docs", "examples", "tests")
ROOMS = "core|agents|trainer|core_srl|pettingllms|cartridge|benchmarks|tests|docs|examples"
FOLDER_PATH = re.compile(rf"(?<![\w/.-])((?:{ROOMS})/[\w./-]*\w)")
FILE_NAME = re.compile(r"`(\w+\.(?:py|md))`")
DOTTED = re.compile(r"`((?:core|agents|trainer|core_srl|pettingllms)(?:\.\w+)+)(?:\([^`]*\))?`")
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\([^`]*\))?`")
PATTERN = re.compile(r"_N+$")
"""Names of folders with a number in them, such as `checkpoint_NNNNNN`."""
ELSEWHERE = frozenset({"verifiers", "Categorical", "float16", "followed_i"})
"""Names of libraries that the project does not import, and a symbol of a formula."""


class Prose(NamedTuple):
    """A docstring or a comment."""

    path: Path
    line: int
    text: str


def product_files() -> Iterator[Path]:
    for name in PRODUCT:
        yield from sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir() else [ROOT / name]


def prose_of(path: Path) -> Iterator[Prose]:
    """The docstrings (those of attributes included) and the comments of a file."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Prose(path, node.lineno, node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Prose(path, token.start[0], token.string)


def faults_of(prose: Prose) -> Iterator[str]:
    """What this text names and the project lacks."""
    yield from (f"the path {path}" for path in missing_paths(prose.text))
    for name in FILE_NAME.findall(prose.text):
        if not (prose.path.parent / name).exists() and name not in file_names():
            yield f"the file {name}"
    for dotted in DOTTED.findall(prose.text):
        if not resolves(tuple(dotted.split("."))):
            yield f"the name {dotted}"
    for name in NAME.findall(prose.text):
        if not PATTERN.search(name) and not known_words().issuperset(name.split(".")):
            yield f"the name {name}"


def missing_paths(text: str) -> Iterator[str]:
    """Paths of this project in a text that lead to no file and no folder; a module may lack its `.py`."""
    for path in FOLDER_PATH.findall(text):
        if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists():
            yield path


@cache
def file_names() -> frozenset[str]:
    """The names of the project's files, and those of files that it writes (strings such as "program.py")."""
    folders = (ROOT / name for name in (*PRODUCT, *ALSO_KNOWN))
    there = {path.name for folder in folders if folder.is_dir() for path in folder.rglob("*.*")}
    return frozenset(there | {text for path in product_files() for text in strings_of(path)})


@cache
def known_words() -> frozenset[str]:
    """Every identifier in the project's code, its own and those of libraries, and every word of its strings."""
    words = set(ELSEWHERE)
    others = (path for name in ALSO_KNOWN for path in (ROOT / name).rglob("*.py") if path != THIS)
    for path in (*product_files(), *others):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.NAME:
                words.add(token.string)
    for path in product_files():
        words.update(word for text in strings_of(path) for word in re.findall(r"\w+", text))
    return frozenset(words)


def strings_of(path: Path) -> Iterator[str]:
    """The strings in a file's code, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield node.value


def resolves(parts: tuple[str, ...]) -> bool:
    """Whether `core.room.module.Class.attribute` leads to something, by the source alone."""
    for length in range(len(parts), 0, -1):
        module = module_path(parts[:length])
        if module is not None and attribute_exists(module, parts[length:]):
            return True
    return False


def module_path(parts: tuple[str, ...]) -> Path | None:
    place = ROOT.joinpath(*parts)
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((candidate for candidate in candidates if candidate.exists()), None)


def attribute_exists(module: Path, names: tuple[str, ...]) -> bool:
    return not names or in_body(ast.parse(module.read_text(encoding="utf-8")).body, names)


def in_body(body: list[ast.stmt], names: tuple[str, ...]) -> bool:
    wanted, rest = names[0], names[1:]
    for node in body:
        match node:
            case ast.ClassDef(name=name) if name == wanted:
                return not rest or in_body([*node.body, *assignments_to_self(node)], rest)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name == wanted:
                return not rest
            case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == wanted for t in targets):
                return not rest
            case ast.AnnAssign(target=ast.Name(id=name)) if name == wanted:
                return not rest
            case ast.ImportFrom(module=str(source), names=aliases):
                for alias in aliases:
                    if (alias.asname or alias.name) == wanted:
                        return resolves((*source.split("."), alias.name, *rest))
            case ast.If(body=inner) | ast.Try(body=inner) if in_body(inner, names):
                return True
            case _:
                pass
    return False


def assignments_to_self(node: ast.ClassDef) -> list[ast.stmt]:
    """`self.name = ...` in the methods of a class, as assignments to `name`."""
    found: list[ast.stmt] = []
    for part in ast.walk(node):
        targets = (
            part.targets if isinstance(part, ast.Assign) else [part.target] if isinstance(part, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                found.append(ast.Assign(targets=[ast.Name(id=target.attr)], value=ast.Constant(value=None)))
    return found


def test_what_docstrings_and_comments_name_is_there() -> None:
    faults = [
        f"{prose.path.relative_to(ROOT)}:{prose.line} names {fault}, which is not there"
        for path in product_files()
        for prose in prose_of(path)
        for fault in faults_of(prose)
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_the_paths_that_documents_name_are_there() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    faults = [
        f"{document.relative_to(ROOT)}:{line} names the path {path}, which is not there"
        for document in documents
        for line, text in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1)
        for path in missing_paths(text)
    ]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize(
    "gone",
    [
        "see `core/env/gone.py`",
        "see core/gone/",
        "see `gone_for_good.py`",
        "see `core.env.pyboy_env.Gone`",
        "see `core.env.pyboy_env.EnhancedPyBoyPokemonCrystalEnv.gone`",
        "`GoneForGood` does it",
        "`gone_for_good(state)` does it",
        "`GameState.gone_for_good` has it",
    ],
)
def test_a_name_that_is_gone_is_found(gone: str) -> None:
    assert list(faults_of(Prose(ROOT / "core" / "env" / "pyboy_env.py", 1, gone)))


@pytest.mark.parametrize(
    "there",
    [
        "see `core/env/pyboy_env.py` and docs/",
        "see `masks.py`",
        "see `core.env.pyboy_env.EnhancedPyBoyPokemonCrystalEnv.rom`",
        "`core.hybrid_agent.HybridAgent` is re-exported",
        "`MaskablePPO` comes from a library, `start_state` is a key",
    ],
)
def test_a_name_that_is_there_is_let_through(there: str) -> None:
    assert not list(faults_of(Prose(ROOT / "core" / "env" / "pyboy_env.py", 1, there)))
