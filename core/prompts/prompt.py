"""A prompt with the screen beside its words: text for everybody, and more for who can see."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

DARK = np.zeros((0, 0), dtype=np.uint8)


class SeenPrompt(str):
    """A prompt and the screen. Two are equal when both the words and the screens are."""

    screen: NDArray[np.uint8]
    """Brightness, (height, width)."""

    def __new__(cls, text: str, screen: NDArray[np.uint8] = DARK) -> SeenPrompt:
        made = super().__new__(cls, text)
        made.screen = screen
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeenPrompt) and identity(self) == identity(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(identity(self))


def identity(prompt: str) -> str:
    """Words that are equal for equal prompts: those of the prompt, and a digest of its screen."""
    if not isinstance(prompt, SeenPrompt):
        return prompt
    return f"{prompt[:]}\nScreen {hashlib.sha256(prompt.screen.tobytes()).hexdigest()}"
