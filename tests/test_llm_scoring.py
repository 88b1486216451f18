"""The benchmark of choices: nothing is asked twice, time-outs are asked again, the table counts what it says."""

from __future__ import annotations

from pathlib import Path

from agents.llm.failures import FailureKind
from agents.llm.settings import LocalModelSettings
from benchmarks.llm_scoring import ask, read_answers, table
from benchmarks.recorded_questions import RecordedQuestion
from core.prompts.frame import PromptForm
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer

PROMPTS = {form.value: f"a prompt, {form}" for form in PromptForm}
QUESTIONS = [
    RecordedQuestion(PROMPTS, ("a", "b"), (1.0, 0.0)),
    RecordedQuestion(PROMPTS, ("c", "a", "d", "b"), (0.0, 1.0, 1.02, 0.0)),
    RecordedQuestion(PROMPTS, ("b", "a"), (1.0, 1.0)),
]
"""The server takes the last in alphabetical order: b, d and b, so as the rules once, and a best branch in 1 of 2."""


def test_answers_are_kept_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    with ModelServer() as server:
        name = f"llamacpp/some@{server.url}"
        server.script.append(Step(Fault.HANG))
        ask(name, LocalModelSettings(), PromptForm.SHORT, QUESTIONS, file, timeout_s=0.5)
        assert [one.choice for one in read_answers(file)] == [None, 2, 0]
        assert read_answers(file)[0].failure == FailureKind.TIME_OUT
        ask(name, LocalModelSettings(), PromptForm.SHORT, QUESTIONS, file, timeout_s=5.0)
        assert len(server.seen) == 4, "only what did not come in time is asked again"
    assert [one.choice for one in read_answers(file)] == [1, 2, 0]
    row, rules = table(QUESTIONS, read_answers(file))[2:]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[:5] == [f"`{name}`", "its form", "short", "3 of 3", "3 of 3"]
    assert cells[6].startswith("33.3% (") and cells[7] == "41.7%"
    assert cells[8].startswith("50.0% (") and cells[9] == "50.0%" and cells[10] == "1.0"
    assert "100.0% (43.9% to 100.0%)" in rules


def test_every_option_near_the_best_is_a_best_one() -> None:
    assert QUESTIONS[1].best() == [1, 2] and QUESTIONS[2].best() == [0, 1]
