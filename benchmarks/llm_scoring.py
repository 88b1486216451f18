"""Which way of comparing options agrees best with the rules: plain, corrected or numbered (`language_model.local`).

    python -m benchmarks.llm_scoring models/smollm2 --questions 100

Plays games by the rules, collects different questions as a run would ask them, and puts each to the model in every way.
Agreement with the rules' choice stands beside what guessing gives, with 95 % Wilson intervals, and beside the length of
what was chosen: who likes short options for themselves chooses shorter ones than the rules do.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.question import neutral_order
from agents.llm.settings import SCORINGS, LocalModelSettings
from trainer.evaluation.intervals import wilson_interval
from trainer.model_exam.questions import GameQuestion, questions_of_play
from trainer.settings import load_settings

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Result:
    """One way, over all questions."""

    scoring: str
    agreed: int
    words: float
    """Mean number of words in the chosen options."""
    cpu_s: float
    """Processor time of a question."""


def collected(wanted: int, context_length: int) -> list[GameQuestion]:
    """Different questions from as many games as it takes, evenly over each."""
    settings = load_settings(REPOSITORY / "config.json")
    found: dict[tuple[str, ...], GameQuestion] = {}
    seed = 0
    while len(found) < wanted and seed < wanted:
        for question in questions_of_play(settings, max(10, wanted // 4), context_length, seed).asked:
            found.setdefault(question.options, question)
        seed += 1
    return list(found.values())[:wanted]


def asked(model: HuggingFaceModel, scoring: str, questions: Sequence[GameQuestion]) -> Result:
    """All questions, options in alphabetical order as in a run."""
    agreed, words, began_s = 0, [], time.process_time()
    for question in questions:
        order = neutral_order(question.options)
        choice = order[model.choose(question.prompt, [question.options[place] for place in order]).index]
        agreed += choice == 0
        words.append(len(question.options[choice].split()))
    return Result(scoring, agreed, statistics.fmean(words), (time.process_time() - began_s) / len(questions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a Transformers folder or a hub name")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--context", type=int, default=1024, help="tokens of a prompt")
    arguments = parser.parse_args()
    questions = collected(arguments.questions, arguments.context)
    guessing = statistics.fmean(1 / len(question.options) for question in questions)
    rules = statistics.fmean(len(question.options[0].split()) for question in questions)
    print(f"{len(questions)} questions; guessing agrees in {guessing:.1%}; the rules choose {rules:.1f} words")
    local = LocalModelSettings()
    for scoring in SCORINGS:
        model = HuggingFaceModel(arguments.model, settings=replace(local, scoring=scoring))
        result = asked(model, scoring, questions)
        low, high = wilson_interval(result.agreed, len(questions))
        share = result.agreed / len(questions)
        print(
            f"{scoring:10} agrees in {share:.1%} ({low:.1%} to {high:.1%}), chooses {result.words:.1f} words, "
            f"{result.cpu_s:.2f} CPU s a question",
            flush=True,
        )


if __name__ == "__main__":
    main()
