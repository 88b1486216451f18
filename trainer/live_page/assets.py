"""The files of the pages, and how they are put together: `@@name@@` in one stands for the text of that name."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_PLACE: Final = re.compile(r"@@([\w.]+)@@")


def asset(name: str) -> str:
    """A file of the pages as it lies in the package."""
    return files("trainer.live_page").joinpath("static", name).read_text(encoding="utf-8")


def chart_library() -> str:
    """The script of plotly.js, as the installed package has it."""
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


def filled(name: str, **parts: str) -> str:
    """A file of the pages with its places filled: from `parts`, else from the file of that name. What is filled in is
    taken as it is, so that no data can name a place."""

    def text_of(place: re.Match[str]) -> str:
        return parts[place[1]] if place[1] in parts else asset(place[1]).removesuffix("\n")

    return _PLACE.sub(text_of, asset(name))
