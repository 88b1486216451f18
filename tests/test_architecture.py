"""The house rules that a machine can check: one direction of imports, no circles, vendor fences, short files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"core": 0, "agents": 1, "trainer": 2, "pettingllms": 3, "core_srl": 3, "run_training": 3}
"""A module may import its own floor and the floors below."""
DOORS = ("pettingllms", "core_srl")
"""Packages of documented import names: re-exports only."""
FENCES = {
    "pyboy": {"core.env.emulator.console", "cartridge.play"},
    "stable_baselines3": {"agents"},
    "sb3_contrib": {"agents"},
    "transformers": {"agents"},
    "openai": {"agents"},
    "anthropic": {"agents"},
    "vllm": {"agents"},
}
"""A vendor library is imported only by modules of this name, or of a package of this name."""


def product_files() -> list[Path]:
    return [
        path for floor in ("core", "agents", "trainer", *DOORS) for path in sorted((ROOT / floor).rglob("*.py"))
    ] + [ROOT / "run_training.py"]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Absolute names of what a file imports; relative imports do not occur in this project."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in product_files()
        for name in imports_of(path)
        if (floor := FLOORS.get(name.split(".")[0])) is not None and floor > FLOORS[module_name(path).split(".")[0]]
    ]
    assert not wrong, "imports that go upward:\n" + "\n".join(wrong)


def test_nothing_in_the_product_imports_tests_benchmarks_or_torch_in_core() -> None:
    wrong = []
    for path in product_files():
        for name in imports_of(path):
            top = name.split(".")[0]
            if top in {"tests", "benchmarks"} or (top == "torch" and module_name(path).startswith("core")):
                wrong.append(f"{module_name(path)} imports {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("vendor", FENCES)
def test_vendor_fence(vendor: str) -> None:
    inside = tuple(FENCES[vendor])
    wrong = [
        module_name(path)
        for path in product_files()
        if any(name.split(".")[0] == vendor for name in imports_of(path))
        and not any(module_name(path) == door or module_name(path).startswith(door + ".") for door in inside)
    ]
    assert not wrong, f"{vendor} may be imported only by {', '.join(inside)}; found in {', '.join(wrong)}"


def test_there_are_no_circles() -> None:
    """Depth-first search over all imports, those inside functions included."""
    modules = {module_name(path): path for path in product_files()}
    graph = {
        module: {name for name in imports_of(path) if name in modules and name != module}
        for module, path in modules.items()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, "circle: " + " -> ".join((*trail[trail.index(module) :], module))
        if module in done:
            return
        for name in sorted(graph[module]):
            visit(name, (*trail, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


@pytest.mark.parametrize("door", DOORS)
def test_doors_hold_no_definitions(door: str) -> None:
    """A door is a docstring, imports and `__all__`."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / door).rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if not isinstance(node, allowed)
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "__all__")
    ]
    assert not wrong, "definitions in a door:\n" + "\n".join(wrong)


def test_packages_resolve_inside_the_repository() -> None:
    """`agents` is also the package of another project on PyPI; ours must be the one that imports."""
    import agents
    import core
    import trainer

    for package in (core, agents, trainer):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(ROOT)


def test_files_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in product_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert not long, "look for the noun inside that wants a room of its own:\n" + "\n".join(long)
