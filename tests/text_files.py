"""The text files of the project: what a person writes or reads, wherever it lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    *("agents", "benchmarks", "cartridge", "core", "core_srl", "docs", "examples", "pettingllms", "tests", "trainer"),
    ".ci",
)
SUFFIXES = frozenset({".md", ".py", ".c", ".h", ".s", ".toml", ".yml", ".yaml", ".txt", ".sh", ".gitignore"})
NAMES = frozenset({"run", "LICENSE", ".gitignore", ".clang-format"})


def _is_text(path: Path) -> bool:
    return path.is_file() and (path.suffix in SUFFIXES or path.name in NAMES)


def text_files() -> Iterator[Path]:
    """Every text file of the project, in order; not what runs, tools and virtual environments leave beside them."""
    yield from (path for path in sorted(ROOT.iterdir()) if _is_text(path))
    for folder in FOLDERS:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if _is_text(path))
