"""Examples of decisions: what a model reads, what it may choose, and what the rules chose there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agents.llm.question import neutral_order


@dataclass(frozen=True, slots=True)
class Example:
    """One decision."""

    prompt: str
    options: tuple[str, ...]
    """In the neutral order in which a model sees them, not in the rules' order."""
    chosen: int
    situation: str
    """"overworld", "battle", "dialog" or "menu": for scores by situation."""


def example_of(prompt: str, options_best_first: Sequence[str], situation: str) -> Example:
    """The example with the first option as its label."""
    order = neutral_order(options_best_first)
    return Example(prompt, tuple(options_best_first[index] for index in order), order.index(0), situation)


def without_twins(examples: Iterable[Example]) -> list[Example]:
    """Each question once, with its most frequent answer (the first of equals)."""
    votes: dict[tuple[str, tuple[str, ...]], np.ndarray] = {}
    kept: dict[tuple[str, tuple[str, ...]], Example] = {}
    for example in examples:
        question = (example.prompt, example.options)
        votes.setdefault(question, np.zeros(len(example.options), dtype=np.int64))[example.chosen] += 1
        kept.setdefault(question, example)
    return [Example(e.prompt, e.options, int(votes[question].argmax()), e.situation) for question, e in kept.items()]


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """One JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(example)) + "\n" for example in examples)


def read_examples(path: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Example(row["prompt"], tuple(row["options"]), row["chosen"], row["situation"]) for row in rows]


def fingerprint(examples: Sequence[Example]) -> str:
    """A fingerprint of the data, to compare two trainings."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(asdict(example), sort_keys=True).encode())
    return digest.hexdigest()[:16]
