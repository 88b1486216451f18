"""How a language model chooses: answers accepted, latency, and agreement with the rules and with the best branch.

    python -m benchmarks.recorded_questions questions.jsonl --count 200
    python -m benchmarks.llm_scoring questions.jsonl answers.jsonl --model pocket
    python -m benchmarks.llm_scoring questions.jsonl answers.jsonl --model huggingface/models/smollm2 --scoring numbered
    python -m benchmarks.llm_scoring questions.jsonl answers.jsonl --model llamacpp/smollm2@http://127.0.0.1:8077/v1
    python -m benchmarks.llm_scoring questions.jsonl answers.jsonl --table

Each answer is written at once, and what was answered in time is not asked again, so a run that was stopped goes on. The
table has a row for each model, way of comparing options (`language_model.local.scoring`) and form of prompts. Agreement
stands beside what guessing gives, with 95 % Wilson intervals, and beside the rules themselves. `best` counts the
questions whose branches differ, and takes any of the best options. A time-out says how loaded the machine is, not
whether an answer would be accepted; it stands in a column of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.llm.checked_model import CheckedModel
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.question import neutral_order
from agents.llm.registry import load_text_model
from agents.llm.settings import DTYPES, PROMPT_FORMS, SCORINGS, LocalModelSettings
from benchmarks.recorded_questions import RecordedQuestion, read_questions
from core.prompts.frame import PromptForm
from trainer.evaluation.intervals import wilson_interval

NO_ANSWER_IN_TIME = (FailureKind.TIME_OUT.value, FailureKind.CONNECTION.value)
SERVED = "its form"
"""Stands for the scoring of a server's model, which fills in a form or names an option."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question."""

    model: str
    scoring: str
    prompts: str
    number: int
    """Of the question, from 0."""
    choice: int | None
    """Place of the option, the rules' best first; None where nothing was accepted."""
    failure: str
    """The kind, empty with a choice."""
    seconds: float
    cpu_s: float
    """Processor time of this process: nothing of a server's."""

    @property
    def way(self) -> tuple[str, str, str]:
        """A row of the table."""
        return self.model, self.scoring, self.prompts


def ask(
    name: str,
    local: LocalModelSettings,
    prompts: PromptForm | None,
    questions: Sequence[RecordedQuestion],
    file: Path,
    timeout_s: float,
) -> None:
    """Put the questions that the file has no answer to, options in alphabetical order as in a run; `prompts` None takes
    those that the model wants."""
    model = load_text_model(name, timeout_s=timeout_s, local=local)
    assert model is not None, "a model is named"
    form = prompts or PromptForm(getattr(model, "prompt_form", PromptForm.INSTRUCTED))
    checked = CheckedModel(model)
    way = (name, getattr(model, "scoring", SERVED), form.value)
    done = {one.number for one in read_answers(file) if one.way == way and one.failure not in NO_ANSWER_IN_TIME}
    for number, question in enumerate(questions):
        if number in done:
            continue
        order = neutral_order(question.options)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        choice, failure = None, ""
        try:
            asked = [question.options[place] for place in order]
            choice = order[checked.choose(question.prompts[form.value], asked).index]
        except ModelFailure as error:
            failure = error.kind.value
            print(f"question {number}: {failure}: {error}", flush=True)
        took_s, took_cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        answer = Answer(*way, number, choice, failure, round(took_s, 3), round(took_cpu_s, 3))
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(answer)) + "\n")


def read_answers(file: Path) -> list[Answer]:
    """The last answer to each question in the file; nothing where there is none."""
    if not file.exists():
        return []
    rows = [Answer(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    return list({(*row.way, row.number): row for row in rows}.values())


def table(questions: Sequence[RecordedQuestion], answers: Iterable[Answer]) -> list[str]:
    """Lines of Markdown."""
    rules = [Answer("the rules", "-", "-", number, 0, "", 0.0, 0.0) for number in range(len(questions))]
    ways: dict[tuple[str, str, str], list[Answer]] = {}
    for answer in (*rules, *answers):
        ways.setdefault(answer.way, []).append(answer)
    lines = [
        "| model | options compared | prompts | accepted | in time | median s | as the rules | by chance "
        "| as a best branch | by chance | words chosen |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (model, scoring, prompts), found in sorted(ways.items()):
        in_time = [one for one in found if one.failure not in NO_ANSWER_IN_TIME]
        chosen = [(questions[one.number], one.choice) for one in in_time if one.choice is not None]
        if not chosen:
            continue
        told = [(question, choice) for question, choice in chosen if len(question.best()) < len(question.options)]
        as_rules = _share(sum(choice == 0 for _, choice in chosen), len(chosen))
        best = _share(sum(choice in question.best() for question, choice in told), len(told))
        words = statistics.fmean(len(question.options[choice].split()) for question, choice in chosen)
        guessed = statistics.fmean(1 / len(question.options) for question, _ in chosen)
        guessed_best = statistics.fmean(len(question.best()) / len(question.options) for question, _ in told)
        median_s = statistics.median(one.seconds for one in in_time)
        lines.append(
            f"| `{model}` | {scoring} | {prompts} | {len(chosen)} of {len(in_time)} | {len(in_time)} of {len(found)} "
            f"| {median_s:.2f} | {as_rules} | {guessed:.1%} | {best} | {guessed_best:.1%} | {words:.1f} |"
        )
    return lines


def _share(hits: int, trials: int) -> str:
    if not trials:
        return "-"
    low, high = wilson_interval(hits, trials)
    return f"{hits / trials:.1%} ({low:.1%} to {high:.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="a file of benchmarks.recorded_questions")
    parser.add_argument("answers", type=Path, help="where answers are kept, one a line")
    parser.add_argument("--model", help="as llm_model of a config")
    parser.add_argument("--scoring", choices=SCORINGS, default="auto")
    parser.add_argument("--dtype", choices=DTYPES, default="auto")
    parser.add_argument("--prompts", choices=PROMPT_FORMS, default="auto")
    parser.add_argument("--most", type=int, help="no more than so many questions")
    parser.add_argument("--timeout-s", type=float, default=600.0)
    parser.add_argument("--table", action="store_true", help="print what is in the file of answers")
    arguments = parser.parse_args()
    questions = read_questions(arguments.questions)
    if arguments.table:
        print("\n".join(table(questions, read_answers(arguments.answers))))
        return
    if arguments.model is None:
        parser.error("name a --model, or ask for the --table")
    form = None if arguments.prompts == "auto" else PromptForm(arguments.prompts)
    local = LocalModelSettings(scoring=arguments.scoring, dtype=arguments.dtype)
    ask(arguments.model, local, form, questions[: arguments.most], arguments.answers, arguments.timeout_s)


if __name__ == "__main__":
    main()
