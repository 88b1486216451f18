"""What chat models put around an answer, taken off: thoughts, a code fence, a box, quotation marks, a full stop.

Nothing is searched for: what is left is the whole answer, and it is right or wrong as it stands.
"""

from __future__ import annotations

import re

_END_OF_THOUGHT = re.compile(r"</(?:think|thinking|reasoning|thought)>|\[/THINK\]", re.IGNORECASE)
_FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?```|```(.*?)```", re.DOTALL)
_MARKS = "`*\"'"
"""What stands around a quoted or a stressed word."""


def after_thought(text: str) -> str:
    """The text behind the last thought that was ended, without the space around it."""
    return _END_OF_THOUGHT.split(text)[-1].strip()


def unfenced(text: str) -> str:
    """The text without thoughts; where it has exactly one code fence, what is inside of that."""
    text = after_thought(text)
    fences = _FENCE.findall(text)
    return (fences[0][0] or fences[0][1]).strip() if len(fences) == 1 else text


def bare_answer(text: str) -> str:
    """A short answer without anything around it: thoughts, fence, `\\boxed{}`, quotation marks, the final full stop."""
    answer = unfenced(text)
    answer = boxed(answer) or answer
    return answer.strip().strip(_MARKS).removesuffix(".").strip(_MARKS).strip()


def boxed(text: str) -> str | None:
    """The content of the last `\\boxed{...}`, inner braces included; None when there is none."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    begin = start + len("\\boxed{")
    depth = 1
    for index in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[begin:index]
    return None
