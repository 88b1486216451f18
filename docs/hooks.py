"""What the documentation site needs besides the pages: the README as its front page, the table of all settings, and the
files of the project to which pages link. `mkdocs build` calls it (mkdocs.yml).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SOURCE = "source"
"""Where files from outside of docs/ lie on the site."""
LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)\s]*)?(?: [^)]*)?\))")
_brought: dict[str, Path] = {}
"""By place on the site: the files that are no pages of docs/."""


def on_config(config: Any) -> Any:
    """The decisions come into the navigation by themselves."""
    decisions = [f"decisions/{path.name}" for path in sorted((DOCS / "decisions").glob("*.md"))]
    config["nav"] = [*config["nav"], {"Decisions": decisions}]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Brings the front page, the settings, and whatever is linked to outside of docs/."""
    from trainer.settings.description import settings_table

    _brought.clear()
    _brought["index.md"] = ROOT / "README.md"
    waiting = [ROOT / "README.md", *DOCS.rglob("*.md")]
    while waiting:
        page = waiting.pop()
        for target in _targets(page):
            place = _place(target)
            if target.is_file() and not target.is_relative_to(DOCS) and place not in _brought:
                _brought[place] = target
                if target.suffix == ".md":
                    waiting.append(target)
    for place, path in _brought.items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    files.append(File.generated(config, "settings.md", content=settings_table()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links lead to where files lie on the site; what leads nowhere stays, and the strict build complains."""
    place = page.file.src_uri
    real = _brought.get(place, DOCS / place)

    def moved(match: re.Match[str]) -> str:
        target = (real.parent / match[2]).resolve()
        if not target.is_file():
            return match[0]
        return match[1] + os.path.relpath(_place(target), Path(place).parent).replace(os.sep, "/") + match[3]

    return LINK.sub(moved, markdown)


def _targets(page: Path) -> list[Path]:
    return [(page.parent / link[1]).resolve() for link in LINK.findall(page.read_text(encoding="utf-8"))]


def _place(path: Path) -> str:
    """Where a file of the project lies on the site."""
    if path == ROOT / "README.md":
        return "index.md"
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    return f"{SOURCE}/{path.relative_to(ROOT).as_posix()}"
