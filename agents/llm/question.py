"""The form of every back-end's question; `answer.py` reads what comes back."""

from __future__ import annotations

from collections.abc import Sequence

from core.prompts.frame import plain_text


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


def question_text(prompt: str, options: Sequence[str]) -> str:
    """The prompt, followed by the list of options."""
    listed = "\n".join(f"- {plain_text(option)}" for option in options)
    return f"{prompt}\n\nOptions:\n{listed}\n\nAnswer with one option, word for word."


def numbered_question_text(prompt: str, options: Sequence[str]) -> str:
    """The same with numbers from 1, one of which is the answer."""
    listed = "\n".join(f"{number}. {plain_text(option)}" for number, option in enumerate(options, start=1))
    return f"{prompt}\n\nOptions:\n{listed}\n\nAnswer with the number of one option."
