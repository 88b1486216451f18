"""The form of every back-end's question, and the strict form of its answer.

An answer is one of the listed options, word for word. Free text is never searched for an answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.llm.failures import FailureKind, ModelFailure
from core.prompts.frame import plain_text
from core.protocols import Choice

MAX_REASON_CHARACTERS = 400


class ListedAnswer(BaseModel):
    """The form that a server fills in. The reason comes first, so the model reasons before it chooses."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str
    choice: str
    confidence_percent: int = Field(ge=0, le=100)


def check_options(options: Sequence[str]) -> None:
    """Check that there are options, none empty, none twice; `ValueError` otherwise: it is the caller's fault."""
    if not options or not all(option.strip() for option in options):
        raise ValueError(f"a question needs options that are not empty, got {list(options)!r}")
    if len(set(options)) != len(options):
        raise ValueError(f"an option is listed twice, so an answer would be ambiguous: {list(options)!r}")


def neutral_order(options: Sequence[str]) -> list[int]:
    """The options in alphabetical order, which says nothing about anyone's preference."""
    return sorted(range(len(options)), key=options.__getitem__)


def question_text(prompt: str, options: Sequence[str]) -> str:
    """The prompt, followed by the list of options."""
    listed = "\n".join(f"- {plain_text(option)}" for option in options)
    return f"{prompt}\n\nOptions:\n{listed}\n\nAnswer with one option, word for word."


def answer_schema(options: Sequence[str]) -> dict[str, object]:
    """JSON schema of `ListedAnswer` in which only a listed option can be chosen."""
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "description": "Why, in one short sentence."},
            "choice": {"type": "string", "enum": list(options)},
            "confidence_percent": {"type": "integer", "description": "0 to 100: how sure you are of the choice."},
        },
        "required": ["reason", "choice", "confidence_percent"],
        "additionalProperties": False,
    }


def choice_from_json(text: str, options: Sequence[str]) -> Choice:
    """A filled-in `ListedAnswer` as a `Choice`; `ModelFailure` says how it is wrong."""
    if not text.strip():
        raise ModelFailure(FailureKind.EMPTY, "the model's answer is empty")
    try:
        answer = ListedAnswer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ModelFailure(
            FailureKind.MALFORMED,
            f"the model's answer does not have the asked form: {where}: {first['msg']}; it begins {text[:80]!r}",
        ) from error
    reason = plain_text(answer.reason, MAX_REASON_CHARACTERS)
    return choice_of(answer.choice, options, confidence=answer.confidence_percent / 100, reason=reason)


def choice_from_object(answer: object, options: Sequence[str]) -> Choice:
    """The same for an answer that is parsed already (a tool's input)."""
    return choice_from_json(json.dumps(answer), options)


def choice_of(answer: str, options: Sequence[str], *, confidence: float, reason: str = "") -> Choice:
    """The option equal to `answer`, word for word; `ModelFailure` of kind `unknown_option` when there is none."""
    try:
        index = options.index(answer)
    except ValueError as error:
        raise ModelFailure(
            FailureKind.UNKNOWN_OPTION, f"the model chose {answer[:80]!r}, which is none of the {len(options)} options"
        ) from error
    return Choice(index=index, confidence=confidence, reason=reason)
