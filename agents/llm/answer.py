"""The one reader of models' answers: an answer is one of the listed options, word for word, or it is no answer.

Free text is never searched for an option. But what models put around one is taken off (a think block, a code fence, the
dash of the list), and the form may be given as the option alone. Nothing beside the choice ever costs it: a reason or a
confidence that means nothing counts as not given, and so do the tokens and log-probabilities of a server's reply.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.llm.failures import FailureKind, ModelFailure
from core.prompts.frame import plain_text
from core.prompts.notebook import LONGEST_NOTE
from core.prompts.sections import REFLECTION
from core.protocols import Choice, probability_of
from core.worlds.chat_answer import after_thought

MAX_REASON_CHARACTERS = 400
LONGEST_WRITTEN = 160
"""Characters of a reason or note where the server can bound them."""
UNKNOWN_TOKEN = -1000.0
"""Log-probabilities below it stand for "not reported": OpenAI and vLLM send -9999."""
ROUNDING = 1e-3
"""So far above 0 a log-probability may be by rounding."""
NOTE_ASKED = "what to remember for later, in a few words, or empty"
"""What the form's text has in the place of a note."""
_NOTE_DESCRIBED = "What to remember for later, in a few words; empty for nothing."
_NOTES_ASKED = tuple(asked.casefold() for asked in (NOTE_ASKED, _NOTE_DESCRIBED, REFLECTION))
_FENCE = re.compile(r"```[\w-]*\n?(.*?)\n?```", re.DOTALL)


def answer_schema(options: Sequence[str], *, notes: bool = False, bounded: bool = False) -> dict[str, object]:
    """JSON schema of the form. All that it permits is taken as it is meant. The reason comes first, so that the model
    reasons before it chooses; with `notes` there is room for a note before it. `bounded` says how long texts may be,
    for servers that hold a model to it: small models do not come to an end by themselves. Others refuse a schema that
    says so.
    """
    limit = {"maxLength": LONGEST_WRITTEN} if bounded else {}
    note = {"note": {"type": "string", "description": _NOTE_DESCRIBED, **limit}}
    return {
        "type": "object",
        "properties": {
            **(note if notes else {}),
            "reason": {"type": "string", "description": "Why, in one short sentence.", **limit},
            "choice": {"type": "string", "enum": list(options)},
            "confidence_percent": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "description": "0 to 100: how sure you are of the choice.",
            },
        },
        "required": [*(note if notes else ()), "reason", "choice", "confidence_percent"],
        "additionalProperties": False,
    }


def choice_from_text(text: str, options: Sequence[str], *, confidence: float | None = None) -> Choice:
    """The option that a text gives, alone or in the form; `ModelFailure` says why there is none.

    `confidence` is the probability of the whole text, where that is known: it counts if the text is the option alone.
    """
    alone = text.strip()
    if alone in options:
        return _choice_of(alone, options, confidence)
    answer = alone if alone.startswith("{") else after_thought(alone)
    if fenced := _FENCE.fullmatch(answer):
        answer = fenced[1].strip()
    if not answer:
        raise ModelFailure(FailureKind.EMPTY, "the model's answer is empty")
    if answer[0] not in '{["':
        return _choice_of(answer, options)
    try:
        parsed = json.loads(answer, parse_int=float)  # a float holds any number of digits
    except (ValueError, RecursionError) as error:
        raise ModelFailure(
            FailureKind.MALFORMED,
            f"the model's answer begins like JSON and is none: {error}; it begins {answer[:80]!r}",
        ) from error
    return choice_from_form(parsed, options)


def choice_from_form(form: object, options: Sequence[str]) -> Choice:
    """The same for an answer that is parsed already (a tool's input): the filled-in form, or the option alone."""
    if isinstance(form, str):
        return _choice_of(form, options)
    choice = form.get("choice") if isinstance(form, Mapping) else None
    if not isinstance(form, Mapping) or not isinstance(choice, str):
        keys = form if isinstance(form, Mapping) else [type(form).__name__]
        raise ModelFailure(
            FailureKind.MALFORMED,
            f"the model's answer is no form with a choice in words: it has {str(list(keys))[:80]}",
        )
    reason, note = ("" if not isinstance(text, str) else text for text in (form.get("reason"), form.get("note")))
    taken = _choice_of(choice, options, _share_of(form.get("confidence_percent")), reason)
    return replace(taken, note=_note_of(note))


def _note_of(text: str) -> str:
    """One line; empty for words of the question itself: small models copy what the form says in the note's place."""
    note = plain_text(text, LONGEST_NOTE)
    words = note.casefold().strip(" .:\"'")
    return "" if any(words in asked for asked in _NOTES_ASKED) else note


def _choice_of(answer: str, options: Sequence[str], confidence: float | None = None, reason: str = "") -> Choice:
    index = _place_of(answer, options)
    if index is None:
        raise ModelFailure(
            FailureKind.UNKNOWN_OPTION, f"the model chose {answer[:80]!r}, which is none of the {len(options)} options"
        )
    known = probability_of(confidence)
    return Choice(index, 1 / len(options) if known is None else known, plain_text(reason, MAX_REASON_CHARACTERS))


def _place_of(answer: str, options: Sequence[str]) -> int | None:
    """Which option these words are: as it was given, or as `question_text` lists it."""
    if answer in options:
        return options.index(answer)
    listed = [plain_text(option) for option in options]
    for words in (answer.strip(), answer.strip().removeprefix("- ")):
        if listed.count(words) == 1:
            return listed.index(words)
    return None


def _share_of(percent: object) -> float | None:
    """`confidence_percent` as a share, None where it is no percentage. Some models write 85.0 or "85%" for 85."""
    if isinstance(percent, str):
        try:
            percent = float(percent.strip().removesuffix("%"))
        except ValueError:
            return None
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        return None
    return percent / 100


def tokens_in(usage: object, *keys: str) -> int:
    """The sum of these counts as they were reported, senseless ones too: `CheckedModel` knows what to do with them.

    What is missing or null counts as 0, and a count that is no number as -1, which is senseless.
    """
    total = 0
    for key in keys:
        count = usage.get(key) if isinstance(usage, Mapping) else None
        if count is None:
            continue
        if (
            isinstance(count, bool)
            or not isinstance(count, int | float)
            or (isinstance(count, float) and not count.is_integer())
        ):
            return -1
        total += int(count)
    return total


def log_probability_of(value: object) -> float | None:
    """`value` as the log-probability of a token that was drawn; None where it is none, or stands for "not known"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not UNKNOWN_TOKEN < value <= ROUNDING:
        return None
    return float(value)


def probability_of_tokens(log_probabilities: Sequence[object]) -> float | None:
    """Probability of a text from the log-probabilities of its tokens; None where any of them is not known."""
    known = [log for log in map(log_probability_of, log_probabilities) if log is not None]
    if not known or len(known) < len(log_probabilities):
        return None
    return math.exp(min(0.0, sum(known)))
