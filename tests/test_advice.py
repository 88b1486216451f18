"""A model's advice is optional: whatever a manager does, the rules take the step, and it is counted and said once."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.llm.cache import AnswerCache
from core.hybrid_agent import AgentMode, HybridAgent
from core.protocols import Choice
from core.vocabulary import Button, Decision, Source
from tests.utils import create_test_trainer
from tests.walls import LastOption, WallSeeker, agent_for, run
from trainer.llm_manager import BaseLLMManager

LOCKED = sqlite3.OperationalError("database is locked")


@dataclass
class Presser(BaseLLMManager):
    """A custom manager that does what it is told: raises, or answers."""

    answer: Any

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, str):
            return self.parse_action(self.answer), {"confidence": 0.8}
        return self.answer


class Chooser(LastOption):
    """A manager of options that does what it is told."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]


class Unwell(LastOption):
    """Its properties fail, too."""

    @property
    def available(self) -> bool:  # type: ignore[override]
        raise RuntimeError("the address book is lost")

    def begin_episode(self) -> int:
        raise KeyError("episode")

    def close(self) -> None:
        raise OSError("the door sticks")


def steps_of(agent: HybridAgent, caplog: pytest.LogCaptureFixture, steps: int = 30) -> tuple[list[Decision], list[str]]:
    with caplog.at_level(logging.WARNING):
        played = run(agent, steps)
    return played, [message for message in caplog.messages if "no sensible answer" in message]


@pytest.mark.parametrize(
    ("manager", "kind", "words"),
    [
        (Presser("I would go UP, I think."), "DecisionValidationError", "names no button"),
        (Presser(LOCKED), "OperationalError", "database is locked"),
        (Presser((9, {"confidence": 0.5})), "DecisionValidationError", "action 9"),
        (Presser(("A", {"confidence": 0.5})), "DecisionValidationError", "action 'A'"),
        (Presser((True, {"confidence": 0.5})), "DecisionValidationError", "action True"),
        (Presser(None), "TypeError", "unpack"),
        (Presser((4, None)), "AttributeError", "get"),
        (Chooser(LOCKED), "OperationalError", "database is locked"),
        (Chooser(UnicodeEncodeError("ascii", "x", 0, 1, "no quotes")), "UnicodeEncodeError", "no quotes"),
        (Chooser(Choice(99, 0.5)), "DecisionValidationError", "option 99"),
        (Chooser(Choice(-1, 0.5)), "DecisionValidationError", "option -1"),
        (Chooser("the first one"), "AttributeError", "checked"),
    ],
)
def test_the_rules_take_the_step_and_it_is_counted_and_said_once(
    manager: Any, kind: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    agent = agent_for(AgentMode.LLM_ONLY, manager, lanes=2)
    played, said = steps_of(agent, caplog)
    assert {decision.source for decision in played} == {Source.RULES}
    assert agent.advice_failures[kind] > 1 and agent.statistics()["advice_failures"] == agent.advice_failures
    assert len(said) == 1 and kind in said[0] and words in said[0]


def test_a_manager_whose_properties_fail_is_not_available(caplog: pytest.LogCaptureFixture) -> None:
    agent = agent_for(AgentMode.LLM_ONLY, Unwell())
    played, said = steps_of(agent, caplog)
    assert {decision.source for decision in played} == {Source.RULES} and not agent.llm_available
    assert set(agent.advice_failures) == {"KeyError", "RuntimeError"} and len(said) == 2
    agent.close()
    assert agent.advice_failures["OSError"] == 1


def test_a_prompt_that_cannot_be_written_costs_the_question_only(caplog: pytest.LogCaptureFixture) -> None:
    def speechless(state: object) -> str:
        raise ZeroDivisionError("no words")

    agent = HybridAgent(LastOption(), agent_for(AgentMode.LLM_ONLY).adaptive_strategy, describe=speechless)
    agent.attach_lanes([WallSeeker()])  # type: ignore[list-item]
    agent.mode = AgentMode.LLM_ONLY
    played, said = steps_of(agent, caplog)
    assert {decision.source for decision in played} == {Source.RULES}
    assert set(agent.advice_failures) == {"ZeroDivisionError"} and len(said) == 1


@pytest.mark.parametrize("confidence", [None, float("nan"), -1, 85, "high", True])
def test_a_senseless_confidence_does_not_cost_the_button(confidence: object, caplog: pytest.LogCaptureFixture) -> None:
    agent = agent_for(AgentMode.LLM_ONLY, Presser((int(Button.UP), {"confidence": confidence})))
    with caplog.at_level(logging.WARNING):
        played = run(agent, 3)
    assert [(one.action, one.source) for one in played] == [(Button.UP, Source.LLM)] * 3
    assert agent.advice_failures == {"confidence": 3} and sum("nothing is known" in m for m in caplog.messages) == 1


def test_numbers_of_other_types_are_taken_for_what_they_mean() -> None:
    played = run(agent_for(AgentMode.LLM_ONLY, Presser((np.int64(4), {"confidence": np.float32(0.5)}))), 1)
    assert (played[0].action, played[0].source) == (4, Source.LLM)
    checked = Choice(np.int64(1), float("nan"), "\ud800", 85.0, -5, float("inf")).checked(4)  # type: ignore[arg-type]
    assert checked == Choice(1, 0.25, "?", 85, 0, 0.0)


def test_a_frozen_twin_and_a_resumed_agent_count_on(caplog: pytest.LogCaptureFixture) -> None:
    agent = agent_for(AgentMode.LLM_ONLY, Presser(LOCKED))
    run(agent, 5)
    twin = agent.for_evaluation([WallSeeker()])  # type: ignore[list-item]
    run(twin, 5)
    assert agent.advice_failures == twin.advice_failures == {"OperationalError": 10}
    caplog.clear()
    again = agent_for(AgentMode.LLM_ONLY, Presser(LOCKED))
    again.load_state_dict(agent.state_dict())
    _, said = steps_of(again, caplog, 5)
    assert again.advice_failures == {"OperationalError": 15} and len(said) == 1, "a resumed run says it again"


class Prose(BaseLLMManager):
    """A custom manager whose model answers in sentences."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return self.parse_action("I would go UP, I think."), {"source": "prose", "confidence": 0.9}


def test_a_training_goes_on_with_a_manager_that_answers_in_prose(tmp_path: Path) -> None:
    trainer = create_test_trainer(episodes=2, temp_dir=tmp_path, llm_manager="tests.test_advice:Prose", lanes=1)
    summary = trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    assert summary["total_episodes"] == 2 and summary["source_shares"]["llm"] == 0
    assert summary["advice_failures"]["DecisionValidationError"] > 0


def test_a_training_goes_on_while_another_program_holds_the_answer_cache(tmp_path: Path) -> None:
    with closing(AnswerCache(tmp_path / "llm_answers.db")) as cache:
        cache.find("model", "prompt", ["north", "south"])
    with closing(sqlite3.connect(tmp_path / "llm_answers.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        trainer = create_test_trainer(episodes=1, temp_dir=tmp_path, llm_model="pocket", agent_mode="llm_only", lanes=1)
        summary = trainer.train(**trainer.settings.train_arguments())
        trainer.close()
    assert summary["language_model"]["calls"] > 0, "the model is asked all the same"
    assert summary["language_model"]["failures"] == {"cache": 1} and summary["advice_failures"] == {}
