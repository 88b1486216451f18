"""The walk of a question: cache, budget, tries, patience, outages and returns, over real HTTP."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.llm import chooser as chooser_module
from agents.llm.budget import Budget, BudgetLimits
from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import FaultSettings
from agents.llm.meter import Price
from agents.llm.registry import load_text_model
from core.exceptions import ConfigurationError
from core.protocols import Choice
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer

OPTIONS = ["Go to the healer", "Talk to the elder"]
HASTY = FaultSettings(tries=3, first_pause_s=0.01, longest_pause_s=0.2, away_s=0.3, longest_away_s=1.0)
MakeChooser = Callable[..., OptionChooser]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def make_chooser(server: ModelServer, tmp_path: Path) -> Iterator[MakeChooser]:
    made: list[OptionChooser] = []

    def make(
        *, timeout_s: float = 5.0, cache: str = "answers.db", notebook: bool = False, **settings: object
    ) -> OptionChooser:
        model = load_text_model(f"openai/gpt-5-mini@{server.url}", timeout_s=timeout_s, notebook=notebook)
        assert model is not None
        hasty = {"faults": HASTY, "patience_s": 3.0, "workers": 2}
        chosen = OptionChooserSettings(**{**hasty, **settings})  # type: ignore[arg-type]
        made.append(OptionChooser(model, AnswerCache(tmp_path / cache), chosen))
        return made[-1]

    yield make
    for chooser in made:
        chooser.close()


def kind_of(result: Choice | ModelFailure) -> FailureKind | None:
    return result.kind if isinstance(result, ModelFailure) else None


def test_the_same_question_is_asked_once_also_by_the_next_run(server: ModelServer, make_chooser: MakeChooser) -> None:
    first = make_chooser()
    answers = [first.ask("Where to?", OPTIONS) for _ in range(3)]
    second = make_chooser()
    answers.append(second.ask("Where to?", OPTIONS))
    assert all(isinstance(answer, Choice) and answer.index == 1 for answer in answers)
    assert [answer.cached for answer in answers if isinstance(answer, Choice)] == [False, True, True, True]
    assert len(server.seen) == 1
    assert first.reading().cache_hit_rate == pytest.approx(2 / 3) and second.reading().calls == 0


def test_who_keeps_a_notebook_gets_no_answer_that_was_given_without_a_note(
    server: ModelServer, make_chooser: MakeChooser
) -> None:
    for notebook, seen in ((False, 1), (True, 2), (True, 2), (False, 2)):
        make_chooser(notebook=notebook).ask("Where to?", OPTIONS)
        assert len(server.seen) == seen


def test_another_prompt_or_other_options_are_another_question(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser()
    for prompt, options in [("a", ["x", "yz"]), ("a", ["xy", "z"]), ("ax", ["yz"]), ("a", ["yz", "x"])]:
        assert kind_of(chooser.ask(prompt, options)) is None
    assert len(server.seen) == 4


def test_a_short_rate_limit_is_waited_out(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser()
    server.script.extend([Step(Fault.RATE_LIMIT, retry_after="0.15"), Step(Fault.SERVER_ERROR)])
    started = time.monotonic()
    assert isinstance(chooser.ask("Where to?", OPTIONS), Choice)
    assert time.monotonic() - started >= 0.15
    reading = chooser.reading()
    assert reading.failures == {"rate_limit": 1, "server_error": 1} and reading.calls == 1
    assert chooser.usable


def test_a_long_rate_limit_sends_the_model_away_for_that_time(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser()
    server.script.append(Step(Fault.RATE_LIMIT, retry_after="0.6"))
    started = time.monotonic()
    assert kind_of(chooser.ask("Where to?", OPTIONS)) is FailureKind.RATE_LIMIT
    assert time.monotonic() - started < 0.4
    assert kind_of(chooser.ask("And now?", OPTIONS)) is FailureKind.AWAY
    assert len(server.seen) == 1
    time.sleep(0.65)
    assert isinstance(chooser.ask("And now?", OPTIONS), Choice)


def test_a_server_that_dies_and_returns_is_left_and_taken_back_and_each_is_said_once(
    server: ModelServer, make_chooser: MakeChooser, caplog: pytest.LogCaptureFixture
) -> None:
    chooser = make_chooser()
    assert isinstance(chooser.ask("q0", OPTIONS), Choice)
    server.stop()
    with caplog.at_level(logging.WARNING):
        kinds = [kind_of(chooser.ask(f"q{n}", OPTIONS)) for n in range(1, 20)]
        assert kinds[0] is FailureKind.CONNECTION and set(kinds[1:]) == {FailureKind.AWAY}
        time.sleep(0.35)
        assert kind_of(chooser.ask("still dead?", OPTIONS)) is FailureKind.CONNECTION
        server.start()
        deadline = time.monotonic() + 5
        while kind_of(chooser.ask("back?", OPTIONS)) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert isinstance(chooser.ask("q21", OPTIONS), Choice)
    said = [record.getMessage() for record in caplog.records if "language model" in record.getMessage()]
    assert len(said) == 2 and "is away" in said[0] and "answers again" in said[1]


@pytest.mark.parametrize("fault", [Fault.WRONG_KEY, Fault.NO_CREDIT, Fault.UNKNOWN_MODEL])
def test_what_only_a_person_can_mend_is_asked_once(
    server: ModelServer, make_chooser: MakeChooser, fault: Fault
) -> None:
    chooser = make_chooser()
    server.always = Step(fault)
    for number in range(5):
        assert kind_of(chooser.ask(f"q{number}", OPTIONS)) is not None
    time.sleep(0.4)
    assert kind_of(chooser.ask("later", OPTIONS)) is FailureKind.AWAY
    assert len(server.seen) == 1 and not chooser.usable


def test_a_refusal_ends_that_question_only(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser()
    server.script.append(Step(Fault.REFUSAL))
    assert kind_of(chooser.ask("q1", OPTIONS)) is FailureKind.REFUSAL
    assert isinstance(chooser.ask("q2", OPTIONS), Choice) and chooser.usable


def test_a_row_of_useless_answers_is_an_outage_and_all_are_paid_for(
    server: ModelServer, make_chooser: MakeChooser
) -> None:
    chooser = make_chooser(price=Price(input_usd=1.0, output_usd=10.0))
    server.script.extend([Step(Fault.UNKNOWN_OPTION)] * 3)
    assert kind_of(chooser.ask("q", OPTIONS)) is FailureKind.UNKNOWN_OPTION
    assert not chooser.usable
    reading = chooser.reading()
    assert (reading.prompt_tokens, reading.completion_tokens) == (360, 36)
    assert reading.cost_usd == pytest.approx((360 * 1.0 + 36 * 10.0) / 1e6)


def test_nobody_waits_longer_than_configured_and_a_late_answer_is_not_lost(
    server: ModelServer, make_chooser: MakeChooser
) -> None:
    chooser = make_chooser(patience_s=0.1)
    server.delay_s = 0.5
    started = time.monotonic()
    assert kind_of(chooser.ask("slow", OPTIONS)) is FailureKind.LATE
    first_s = time.monotonic() - started
    for _ in range(10):
        assert kind_of(chooser.ask("slow", OPTIONS)) is FailureKind.LATE
    all_s = time.monotonic() - started
    assert 0.1 <= first_s < 0.2 and all_s - first_s < 0.1, "while one answer is late, nobody waits again"
    time.sleep(0.6)
    answer = chooser.ask("slow", OPTIONS)
    assert isinstance(answer, Choice) and answer.cached and len(server.seen) == 1


def test_a_server_that_is_mostly_late_is_waited_for_once_and_again_when_it_has_become_faster(
    server: ModelServer, make_chooser: MakeChooser
) -> None:
    chooser = make_chooser(patience_s=0.5, workers=1)
    server.delay_s = 0.8
    waited_s = 0.0
    for number in range(3):
        question, asked_s = f"slow {number}", time.monotonic()
        assert kind_of(chooser.ask(question, OPTIONS)) is FailureKind.LATE
        waited_s += time.monotonic() - asked_s
        assert chooser.answers_later(question, OPTIONS) and not chooser.answers_later("never asked", OPTIONS)
        while chooser.reading().calls <= number:  # none is late any more when the next one is asked
            time.sleep(0.01)
        assert isinstance(chooser.ask(question, OPTIONS), Choice), "it was not waited for, and is there now"
    assert 0.5 <= waited_s < 1.0, "for the first one only"
    server.delay_s = 0.0
    for number in range(3):
        chooser.ask(f"fast {number}", OPTIONS)
        while chooser.reading().calls <= 3 + number:
            time.sleep(0.01)
    server.delay_s = 0.1
    assert isinstance(chooser.ask("waited for", OPTIONS), Choice)


def test_by_default_the_first_question_and_a_model_alone_are_waited_for(
    server: ModelServer, make_chooser: MakeChooser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chooser_module, "DEFAULT_PATIENCE_S", 0.01)
    monkeypatch.setattr(chooser_module, "LONG_PAUSE_S", 0.1)
    chooser = make_chooser(patience_s=None)
    server.delay_s = 0.3
    assert isinstance(chooser.ask("first", OPTIONS), Choice), "the server may load its model"
    assert kind_of(chooser.ask("second", OPTIONS)) is FailureKind.LATE
    assert isinstance(chooser.ask("third", OPTIONS, waits=True), Choice)
    reading = chooser.reading()
    assert (reading.asks, reading.answers) == (3, 2)
    assert "play waits for the language model" in caplog.text, "a pause is said while it lasts"
    hasty = make_chooser(patience_s=0.0, cache="hasty.db")
    assert kind_of(hasty.ask("first", OPTIONS, waits=True)) is FailureKind.LATE, "a set patience holds everywhere"


def test_whoever_waits_does_so_with_all_threads_busy_too(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser(patience_s=None, workers=1)
    assert isinstance(chooser.ask("warm", OPTIONS), Choice)
    server.delay_s = 0.1
    with ThreadPoolExecutor(12) as crowd:
        answers = list(crowd.map(lambda number: chooser.ask(f"q{number}", OPTIONS, waits=True), range(12)))
    assert all(isinstance(answer, Choice) for answer in answers)


def test_a_crowd_of_questions_does_not_pile_up(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser(patience_s=0.0, workers=1)
    server.delay_s = 0.2
    for number in range(50):
        assert kind_of(chooser.ask(f"q{number}", OPTIONS)) is FailureKind.LATE
    time.sleep(0.3)
    assert len(server.seen) <= 6


def test_a_hanging_server_does_not_hold_the_end_of_the_program(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser(patience_s=0.05, timeout_s=20.0)
    server.always = Step(Fault.HANG)
    chooser.ask("q", OPTIONS)
    started = time.monotonic()
    chooser.close()
    assert time.monotonic() - started < 0.5
    assert all(t.daemon for t in threading.enumerate() if t.name.startswith("language-model"))


def test_an_error_of_ours_is_not_swallowed_by_the_threads(make_chooser: MakeChooser) -> None:
    with pytest.raises(ValueError, match="listed twice"):
        make_chooser().ask("q", ["a", "a"])


def test_budgets_hold_per_run_and_per_episode(
    server: ModelServer, make_chooser: MakeChooser, caplog: pytest.LogCaptureFixture
) -> None:
    limits = BudgetLimits(calls_per_run=5, tokens_per_episode=264)  # an answer of the server's is 132 tokens
    chooser = make_chooser(budget=limits)
    asked = iter(range(100))

    def results(episode: int, count: int) -> list[FailureKind | None]:
        return [kind_of(chooser.ask(f"q{next(asked)}", OPTIONS, episode)) for _ in range(count)]

    first, second, third, fourth = (chooser.begin_episode() for _ in range(4))
    with caplog.at_level(logging.WARNING):
        assert results(first, 4) == [None, None, FailureKind.BUDGET, FailureKind.BUDGET]
        assert results(second, 1) == [None], "another episode has a budget of its own"
        assert results(third, 3) == [None, None, FailureKind.BUDGET]
        assert not chooser.usable and results(fourth, 1) == [FailureKind.BUDGET], "the run's five calls are spent"
    assert len(server.seen) == 5
    assert isinstance(chooser.ask("q0", OPTIONS), Choice), "what is known costs nothing"
    assert sum("budget" in record.getMessage() for record in caplog.records) == 1

    resumed = make_chooser(budget=limits, cache="other.db")
    resumed.load_state_dict(chooser.state_dict())  # type: ignore[arg-type]
    assert kind_of(resumed.ask("new", OPTIONS)) is FailureKind.BUDGET, "a resumed run does not start from zero"
    assert resumed.reading().calls == 5


def test_a_limit_in_dollars_needs_a_price() -> None:
    with pytest.raises(ConfigurationError, match="price"):
        Budget(BudgetLimits(usd_per_run=1.0), "openai/gpt-5-mini")
    budget = Budget(BudgetLimits(usd_per_run=1.0), "openai/gpt-5-mini", Price(1.0, 1.0))
    budget.charge(tokens=10, usd=1.0)
    assert budget.exceeded() == "1.0 dollars per run"


def test_a_slow_server_is_told_of_once_with_the_setting_to_change(
    server: ModelServer, make_chooser: MakeChooser, caplog: pytest.LogCaptureFixture
) -> None:
    server.delay_s = 0.05
    chooser = make_chooser(patience_s=0.0, workers=4)
    for number in range(14):
        chooser.ask(f"q{number}", OPTIONS)
        time.sleep(0.03)
    (said,) = [record.message for record in caplog.records if "is slow" in record.message]
    assert "10 of 1" in said and "within patience_s (0 s)" in said and "the rules decided instead" in said
    wanted_s = re.search(r"Set language_model\.patience_s to ([\d.]+)", said)
    assert wanted_s is not None and float(wanted_s[1]) >= 0.05, said


def test_a_few_late_answers_are_no_news(
    server: ModelServer, make_chooser: MakeChooser, caplog: pytest.LogCaptureFixture
) -> None:
    chooser = make_chooser(patience_s=2.0)
    for number in range(20):
        chooser.ask(f"q{number}", OPTIONS)
    assert not [record for record in caplog.records if "is slow" in record.message]


def test_latencies_are_reported(server: ModelServer, make_chooser: MakeChooser) -> None:
    chooser = make_chooser()
    server.delay_s = 0.05
    for number in range(5):
        chooser.ask(f"q{number}", OPTIONS)
    reading = chooser.reading()
    assert 0.05 <= reading.latency_p50_s <= reading.latency_p95_s <= reading.latency_p99_s < 1.0
