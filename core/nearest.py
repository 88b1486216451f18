"""The one hint for a word that is not known: the nearest known one, or the list of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LEAST_LIKENESS = 0.5
"""From 0 (nothing in common) to 1 (equal), as `difflib` measures it; below this a hint would mislead."""


def nearest(word: str, known: Iterable[str]) -> str:
    """ "did you mean 'lanes'?", or "known are ..." where nothing comes near; to be put behind what is wrong."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=LEAST_LIKENESS)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(words)) or 'none'}"
