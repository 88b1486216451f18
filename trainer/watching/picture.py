"""The picture that people watch: the screen, enlarged, and under it who decided, what, why, and how the game stands."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.vocabulary import Button

Picture = NDArray[np.uint8]
"""Shape (height, width, 3); both even, as video formats want it."""
SCREEN_HEIGHT: Final = 144
SCREEN_WIDTH: Final = 160
CAPTION_LINES: Final = 5
"""The caption has always as many, so that pictures of one film are of one size."""
REASON_LINES: Final = 3
MOST_LETTERS: Final = 400
"""Of a text that are looked at: more than fit into the largest picture."""
_PAPER, _INK, _FAINT = (22, 24, 29), (236, 238, 242), (150, 156, 168)
_SOURCE_COLOURS: Final = {"policy": (110, 190, 255), "llm": (255, 190, 95), "rules": (130, 220, 150)}
_MARGIN: Final = 8


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands under the screen."""

    source: str = ""
    """Who decided; "" before the first decision."""
    action: int | None = None
    """0 to 8."""
    reasoning: str = ""
    option: str = ""
    """What is pursued."""
    confidence: float | None = None
    """0 to 1."""
    step: int = 0
    reward: float = 0.0
    """Of the game so far."""
    milestones: tuple[str, ...] = ()
    """Reached in this game, in order."""

    @property
    def decision_line(self) -> str:
        """Who decided, which button, and how sure that is."""
        if self.action is None:
            return "a new game"
        sure = "" if self.confidence is None else f", {self.confidence:.0%} sure"
        return f"{self.source or 'unstated'}: {Button(self.action).name}{sure}"

    @property
    def game_line(self) -> str:
        """How the game stands."""
        last = f", last {self.milestones[-1]}" if self.milestones else ""
        return f"step {self.step}, reward {self.reward:.2f}, {len(self.milestones)} milestones{last}"

    @property
    def reason_line(self) -> str:
        """Why, and towards what."""
        if self.option and self.option not in self.reasoning:
            return f"{self.reasoning} [{self.option}]" if self.reasoning else f"[{self.option}]"
        return self.reasoning


def picture_of(screen: Picture, caption: Caption, scale: int) -> Picture:
    """The screen, uint8 (144, 160, 3), `scale` times as large, with its caption below it."""
    enlarged = screen.repeat(scale, axis=0).repeat(scale, axis=1)
    return np.concatenate([enlarged, _caption_picture(caption, scale)])


def picture_size(scale: int) -> tuple[int, int]:
    """(width, height) of `picture_of` at that scale, in pixels."""
    return SCREEN_WIDTH * scale, SCREEN_HEIGHT * scale + _caption_height(scale)


@lru_cache(maxsize=4)
def _caption_picture(caption: Caption, scale: int) -> Picture:
    """Made once per decision: many frames share it."""
    width = SCREEN_WIDTH * scale
    image = Image.new("RGB", (width, _caption_height(scale)), _PAPER)
    draw, font = ImageDraw.Draw(image), _font(scale)
    reasons = _wrapped(caption.reason_line, font, width - 2 * _MARGIN)
    colour = _SOURCE_COLOURS.get(caption.source, _INK)
    lines = [(caption.decision_line, colour), *((line, _INK) for line in reasons)]
    lines += [("", _INK)] * (CAPTION_LINES - 1 - len(lines)) + [(caption.game_line, _FAINT)]
    for number, (line, ink) in enumerate(lines):
        shown = _shortened(_drawable(line), font, width - 2 * _MARGIN)
        draw.text((_MARGIN, _MARGIN + number * _line_height(scale)), shown, fill=ink, font=font)
    return np.asarray(image)


def _caption_height(scale: int) -> int:
    return 2 * _MARGIN + CAPTION_LINES * _line_height(scale)


def _line_height(scale: int) -> int:
    """Even, so that the whole picture is."""
    return 2 * (2 + 3 * _font_size(scale) // 5)


def _font_size(scale: int) -> int:
    return 7 + 3 * scale


@lru_cache(maxsize=8)
def _font(scale: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=_font_size(scale))
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels bring FreeType"
    return font


def _drawable(text: str) -> str:
    """Without what Pillow's own font lacks: letters lose their accents, other characters become question marks."""
    plain = unicodedata.normalize("NFKD", " ".join(text[:MOST_LETTERS].split()))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode("ascii")


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """At most `REASON_LINES` lines; the last one is too long where the text is."""
    lines = [""]
    for word in _drawable(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1] or len(lines) == REASON_LINES:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, or as much of it as fits and three dots."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
