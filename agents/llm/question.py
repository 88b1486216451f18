"""The form of every back-end's question; `answer.py` reads what comes back."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from agents.llm.answer import NOTE_ASKED
from core.env.emulator.picture import png_of
from core.prompts.examples import EXAMPLES, AnsweredSituation
from core.prompts.frame import TASK, plain_text
from core.prompts.prompt import SeenPrompt


class AskedForm(Enum):
    """In which form an answer is asked for, in words: a model that is bound to a form should know it."""

    OPTION = "Answer with one option, word for word."
    NUMBER = "Answer with the number of one option."
    UNLISTED = "What do you do next?"
    """The options are not listed: the model has examples, and each option is tried as its answer."""
    FORM = (
        'Answer with a JSON object: {"reason": "why, in one short sentence", "choice": "one option, word for word", '
        '"confidence_percent": how sure you are, 0 to 100}.'
    )
    FORM_WITH_NOTE = (
        f'Answer with a JSON object: {{"note": "{NOTE_ASKED}", '
        '"reason": "why, in one short sentence", "choice": "one option, word for word", '
        '"confidence_percent": how sure you are, 0 to 100}.'
    )
    TOOL_WITH_NOTE = (
        f"Answer by calling the tool: a note of {NOTE_ASKED}; a reason in one short sentence; and one option, word for "
        "word."
    )
    TOOL = "Answer by calling the tool: give a reason in one short sentence, and one option, word for word."


@dataclass(frozen=True, slots=True)
class Chat:
    """A question as a conversation's beginning."""

    system: str
    """What never changes; empty where the prompt does not begin with the task."""
    user: str
    png: bytes = b""
    """The screen; empty where none is shown."""
    examples: tuple[AnsweredSituation, ...] = ()
    """Questions that were answered before."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """For a chat template, and a chat API without a picture."""
        return [{"role": "system", "content": self.system}, *self._turns] if self.system else self._turns

    @property
    def merged(self) -> list[dict[str, str]]:
        """The same for models that know no system message: the task stands before the first question."""
        first, *others = self._turns
        return [first | {"content": f"{self.system}\n{first['content']}"}, *others] if self.system else self._turns

    @property
    def _turns(self) -> list[dict[str, str]]:
        turns: list[dict[str, str]] = []
        for example in self.examples:
            asked = question_text(example.situation, (), AskedForm.UNLISTED)
            turns += ({"role": "user", "content": asked}, {"role": "assistant", "content": example.answer})
        return [*turns, {"role": "user", "content": self.user}]

    @property
    def png_text(self) -> str:
        """The picture in base64, as both vendors want it."""
        return base64.b64encode(self.png).decode("ascii")

    @property
    def text(self) -> str:
        """All in one, for models that know no system message."""
        return f"{self.system}\n{self.user}" if self.system else self.user


def check_options(options: Sequence[str]) -> None:
    """Check that there are options, none empty, none twice; `ValueError` otherwise: it is the caller's fault."""
    if not options or not all(option.strip() for option in options):
        raise ValueError(f"a question needs options that are not empty, got {list(options)!r}")
    if len(set(options)) != len(options):
        raise ValueError(f"an option is listed twice, so an answer would be ambiguous: {list(options)!r}")


def neutral_order(options: Sequence[str]) -> list[int]:
    """The options in alphabetical order, which says nothing about anyone's preference."""
    return sorted(range(len(options)), key=options.__getitem__)


NOTHING_TOLD = "You play a game, and nothing is known of the situation."
"""Stands for a prompt where options are judged without one."""


def untold(prompt: str) -> str:
    """A prompt of the same kind that says nothing of the situation."""
    return f"{TASK}\n{NOTHING_TOLD}" if prompt.startswith(TASK) else NOTHING_TOLD


def question_text(prompt: str, options: Sequence[str], asked: AskedForm = AskedForm.OPTION) -> str:
    """The prompt, followed by the list of options and the form of the answer, all in one text."""
    if asked is AskedForm.UNLISTED:
        return f"{prompt}\n\n{asked.value}"
    numbers = asked is AskedForm.NUMBER
    marks = [f"{number}." if numbers else "-" for number in range(1, len(options) + 1)]
    listed = "\n".join(f"{mark} {plain_text(option)}" for mark, option in zip(marks, options, strict=True))
    return f"{prompt}\n\nOptions:\n{listed}\n\n{asked.value}"


def chat_of(prompt: str, options: Sequence[str], asked: AskedForm = AskedForm.OPTION) -> Chat:
    """The question as a chat: an instructed prompt's task, with the form of the answer, is the system message."""
    png = b""
    if isinstance(prompt, SeenPrompt):
        png = png_of(np.repeat(prompt.screen[:, :, None], 3, axis=2))
    if not prompt.startswith(TASK):
        return Chat("", question_text(prompt, options, asked), png)
    situation = prompt.removeprefix(TASK).lstrip("\n")
    if asked is AskedForm.UNLISTED:
        return Chat(TASK, question_text(situation, options, asked), png, EXAMPLES)
    return Chat(f"{TASK}\n{asked.value}", question_text(situation, options, asked), png)
