"""What a language model wants to remember of one episode, in its own words.

A note comes with an answer. The latest ones stand in the next prompts as quotations, so they are data like any other
text that is not ours: the model reads them, and they can pass for no section, option or instruction.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from core.prompts.frame import plain_text, quoted

NOTES_KEPT: Final = 8
LONGEST_NOTE: Final = 160
"""Characters."""


class Notebook:
    """The notes of one lane's episode, oldest first; the oldest makes room for the newest."""

    def __init__(self) -> None:
        self._notes: deque[str] = deque(maxlen=NOTES_KEPT)

    def reset(self) -> None:
        """A new episode: an empty notebook."""
        self._notes.clear()

    def write(self, note: str) -> bool:
        """Adds a note; nothing where it is empty or stands there already. Whether it was added."""
        line = plain_text(note, LONGEST_NOTE)
        if not line or line in self._notes:
            return False
        self._notes.append(line)
        return True

    def section(self) -> str:
        """The part of a prompt; empty without notes."""
        lines = [quoted(note, LONGEST_NOTE) for note in self._notes]
        return "Your notebook, in your own words:\n" + "\n".join(lines) if lines else ""
