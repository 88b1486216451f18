"""The commands that the documents show: lines of shell blocks, and commands in the text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENTS: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "cartridge/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("agents/*/*/README.md")),
]
SHELL_BLOCK: Final = re.compile(r"^```(?:bash|sh|shell)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
PROGRAMS: Final = ("crystal-agent ", "python -m ", "python run_training.py", "tensorboard ", "datasette ", "mkdocs ")
INDENTED: Final = re.compile(r"^ {4}(\S.*)$", flags=re.MULTILINE)
IN_THE_TEXT: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def shown_commands() -> dict[str, list[str]]:
    """Each command as it is shown, on one line and without its comment, with the documents that show it."""
    found: dict[str, list[str]] = {}
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        lines = [line for block in SHELL_BLOCK.findall(text) for line in _lines(block)]
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        indented = [line.rstrip() for block in INDENTED.findall(prose) for line in _lines(block)]
        spans = indented + [" ".join(span.split()) for span in IN_THE_TEXT.findall(prose)]
        lines += [span for span in spans if span.startswith(PROGRAMS)]
        for line in dict.fromkeys(lines):
            found.setdefault(line, []).append(document.relative_to(ROOT).as_posix())
    return found


def _lines(block: str) -> list[str]:
    """A line that ends with a backslash, or within quotes, goes on in the next one."""
    whole, pending = [], ""
    for line in block.replace("\\\n", " ").splitlines():
        pending = f"{pending}\n{line}" if pending else re.sub(r"(^|\s)#\s.*$", "", line).strip()
        if pending.count('"') % 2 == 0:
            whole += [re.sub(r" {2,}", " ", pending)] if pending else []
            pending = ""
    return whole
