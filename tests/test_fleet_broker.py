"""One broker of the run asks its language model, record and archive for all workers, and nobody waits for another."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agents.llm import chooser as chooser_module
from agents.llm.settings import LanguageModelSettings
from core.agent.advice import Advisor
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.agent.teacher import PlainWriter
from core.history.analyzer import DecisionHistoryAnalyzer
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules import RulePlayer
from tests.game_states import rom_tables
from tests.llm_servers.server import ModelServer
from tests.utils import create_test_trainer
from trainer.fleet.questions import Advice, AskForEpisode, AskForOption, AskForPast, AskForStartPoint, DistantAdvisor
from trainer.fleet.run_broker import RunBroker
from trainer.llm_manager import BaseLLMManager, LLMManager

MODEL = "openai/gpt-5-mini"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")


def asked_of(broker: RunBroker, worker: int, asked: Any) -> tuple[threading.Event, list[Any]]:
    """Asks, and returns at once: what is set when the answer is in the list."""
    came, answers = threading.Event(), []

    def reply(value: Any) -> None:
        answers.append(value)
        came.set()

    broker.answer(worker, asked, reply)
    return came, answers


def advice(broker: RunBroker, worker: int, asked: AskForOption) -> Advice:
    came, answers = asked_of(broker, worker, asked)
    assert came.wait(30)
    return answers[0]


def test_a_slow_server_holds_up_the_worker_that_asked_and_no_other(tmp_path: Path) -> None:
    with ModelServer() as server, DecisionHistoryAnalyzer(tmp_path / "decisions.db") as record:
        manager = LLMManager(f"{MODEL}@{server.url}", settings=LanguageModelSettings(cache_path=None, patience_s=20.0))
        broker = RunBroker(Advisor(manager), record, 2)
        server.delay_s = 2.0
        waits = [asked_of(broker, worker, AskForOption(f"prompt {worker}", ("a", "b"), 0)) for worker in range(2)]
        for asked, answer in (
            (AskForEpisode(), 1),
            (AskForPast({"mode": "free"}, ("key", "other")), [{}, {}]),
            (AskForStartPoint(3), None),
        ):
            came, answers = asked_of(broker, 0, asked)
            assert came.is_set() and answers == [answer], "at once, while the model is waited for"
        while len(server.seen) < 2:
            assert not any(came.is_set() for came, _ in waits), "the second one is asked beside the first"
            time.sleep(0.01)
        assert all(came.wait(30) for came, _ in waits)
        assert [answers[0].choice.index for _, answers in waits] == [1, 1]
        assert broker.news().numbers_episodes and broker.news().available
        broker.close()
        manager.close()


def test_an_answer_is_new_to_every_worker_that_asks_in_the_segment_in_which_it_was(tmp_path: Path) -> None:
    """Who of them was first decides nothing: a model's calls count against a strategy."""
    with ModelServer() as server:
        manager = LLMManager(f"{MODEL}@{server.url}", settings=LanguageModelSettings(cache_path=None, patience_s=20.0))
        broker = RunBroker(Advisor(manager), None, 2)
        question = AskForOption("which way?", ("a", "b"), 0)

        def cached(worker: int) -> bool:
            choice = advice(broker, worker, question).choice
            assert isinstance(choice, Choice)
            return choice.cached

        broker.begin()
        assert [cached(0), cached(0), cached(1), cached(1)] == [False, True, False, True]
        broker.begin_again(1, 1)
        assert [cached(1), cached(0)] == [False, True], "a worker that was replaced asks as it did before"
        broker.begin()
        assert [cached(1), cached(0)] == [True, True]
        assert len(server.seen) == 1
        broker.close()
        manager.close()


class Counts(BaseLLMManager):
    """A manager of a user's own: it names buttons, and wants to be asked by the thread that made it."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.asked = 0

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        assert threading.get_ident() == self.thread and context
        self.asked += 1
        if self.asked == 2:
            raise RuntimeError("the second question is too hard")
        return 0, {"source": "counts", "confidence": 0.5}


def test_a_manager_of_ones_own_answers_all_workers_from_the_driver(tmp_path: Path) -> None:
    trainer = create_test_trainer(
        temp_dir=tmp_path,
        llm_manager="tests.test_fleet_broker:Counts",
        agent_mode="llm_only",
        lanes=2,
        workers=2,
        eval_episodes=0,
        max_steps_per_episode=16,
    )
    manager = trainer.llm_manager
    assert isinstance(manager, Counts)
    summary = trainer.train(total_episodes=2)
    assert manager.asked == 32, "by both workers, at every step"
    assert summary["advice_failures"] == {"RuntimeError": 1}
    assert summary["source_shares"]["llm"] > 0.6, "but for the failure, and presses that the mask forbids"
    trainer.close()


def test_a_run_with_a_server_counts_every_call_once(tmp_path: Path) -> None:
    with ModelServer() as server:
        trainer = create_test_trainer(
            temp_dir=tmp_path,
            llm_model=f"{MODEL}@{server.url}",
            agent_mode="llm_only",
            language_model={"patience_s": 30.0},
            lanes=2,
            workers=2,
            eval_episodes=2,
        )
        summary = trainer.train(total_episodes=2)
        trainer.close()
        assert summary["language_model"]["calls"] == len(server.seen) > 0
        assert summary["avg_llm_usage"] > 0 and summary["final_evaluation"]["llm_calls"] >= 0
        prompts = [str(request) for request in server.seen]
        assert len(set(prompts)) == len(prompts), "one cache for all workers"


def test_workers_play_on_while_a_slow_server_answers_and_its_answers_count_when_they_come(tmp_path: Path) -> None:
    with ModelServer() as server:
        server.delay_s = 0.1
        trainer = create_test_trainer(
            temp_dir=tmp_path,
            llm_model=f"{MODEL}@{server.url}",
            language_model={"patience_s": 0.02},
            lanes=4,
            workers=2,
            eval_episodes=0,
            max_steps_per_episode=400,
        )
        summary = trainer.train(total_episodes=8)
        trainer.close()
        model = summary["language_model"]
        assert model["failures"]["late"] > 0 and model["calls"] > 0
        assert model["latency_p50_s"] > 0.02, "none of them came in time"
        assert 0 < summary["source_shares"]["llm"] < summary["source_shares"]["rules"]


def test_nothing_is_kept_in_mind_for_prompts_where_nobody_is_ever_asked() -> None:
    player = RulePlayer(rom_tables().game)
    for model, wanted in (("none", PlainWriter), ("pocket", PromptWriter)):
        manager = LLMManager(model)
        news = RunBroker(Advisor(manager), None, 1).news()
        advisor = DistantAdvisor(lambda asked: 1, news)
        assert advisor.asks_nobody is (model == "none")
        agent = HybridAgent(advisor, AdaptiveStrategySystem())
        agent.attach_lanes([player])
        (lane,) = agent._lanes
        assert type(lane.teacher.writer) is wanted
        manager.close()


def test_workers_wait_for_a_slow_model_that_plays_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chooser_module, "DEFAULT_PATIENCE_S", 0.0)
    with ModelServer() as server:
        server.delay_s = 0.05
        trainer = create_test_trainer(
            temp_dir=tmp_path,
            llm_model=f"{MODEL}@{server.url}",
            agent_mode="llm_only",
            lanes=2,
            workers=2,
            eval_episodes=0,
            max_steps_per_episode=40,
        )
        told = trainer.train(total_episodes=2)["language_model"]
        trainer.close()
    assert told["answers"] == told["asks"] > 3 and not told["failures"]
