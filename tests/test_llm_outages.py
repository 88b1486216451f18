"""A permanent refusal is an outage: said once in the server's own words, then not asked for a while."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import REFUSED_IN_A_ROW, FaultSettings
from agents.llm.registry import load_text_model
from agents.llm.settings import LanguageModelSettings
from agents.llm.wire.http_guard import retry_after_s
from core.exceptions import ConfigurationError
from core.protocols import Choice, TextModel
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer

OPTIONS = ["Go to the healer", "Talk to the elder"]
OPENAI, ANTHROPIC = "openai/gpt-5-mini", "anthropic/claude-haiku-4-5"
PATIENT = FaultSettings(tries=2, first_pause_s=0.01, longest_pause_s=0.2, away_s=60.0, longest_away_s=600.0)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def model_at(server: ModelServer, provider: str = OPENAI) -> TextModel:
    url = server.url.removesuffix("/v1") if provider == ANTHROPIC else server.url
    model = load_text_model(f"{provider}@{url}", timeout_s=5.0)
    assert model is not None
    return model


def chooser_at(server: ModelServer, tmp_path: Path, faults: FaultSettings = PATIENT) -> OptionChooser:
    settings = OptionChooserSettings(workers=0, faults=faults)
    return OptionChooser(model_at(server), AnswerCache(tmp_path / "answers.db"), settings)


def error(message: str, **more: object) -> str:
    return json.dumps({"error": {"message": message, **more}})


REFUSALS = {
    "400": (Step(told=(400, error("this model takes no response_format"))), "takes no response_format"),
    "422": (Step(told=(422, '{"detail": "no such field"}')), "no such field"),
    "307": (Step(Fault.REDIRECT), "/elsewhere"),
    "plain text": (Step(told=(405, "Method\r\nnot allowed\x1b[2J")), "Method not allowed"),
    "finish_reason length": (Step(Fault.ENDLESS_ANSWER), "within the tokens"),
    "content filter": (Step(Fault.REFUSAL), "I would rather not"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_on_every_question_is_said_once_and_not_asked_on(
    server: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server.always, words = REFUSALS[name]
    chooser = chooser_at(server, tmp_path)
    with caplog.at_level(logging.WARNING):
        answers = [chooser.ask(f"q{number}", OPTIONS) for number in range(30)]
    assert all(isinstance(answer, ModelFailure) for answer in answers)
    assert len(server.seen) == REFUSED_IN_A_ROW and not chooser.usable
    (said,) = [record.getMessage() for record in caplog.records if "language model" in record.getMessage()]
    assert words in said and "is away" in said and "60 s" in said and said.isprintable()
    chooser.close()


def test_refusals_with_answers_between_are_no_outage(server: ModelServer, tmp_path: Path) -> None:
    chooser = chooser_at(server, tmp_path)
    for number in range(4):
        server.script.extend([Step(Fault.TOO_LONG_PROMPT)] * (REFUSED_IN_A_ROW - 1))
        for again in range(REFUSED_IN_A_ROW - 1):
            assert isinstance(chooser.ask(f"too long {number} {again}", OPTIONS), ModelFailure)
        assert isinstance(chooser.ask(f"q{number}", OPTIONS), Choice) and chooser.usable
    chooser.close()


def test_after_a_while_one_question_looks_again(
    server: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chooser = chooser_at(server, tmp_path, FaultSettings(tries=1, away_s=0.5, longest_away_s=10.0))
    server.script.extend([Step(Fault.TOO_LONG_PROMPT)] * (REFUSED_IN_A_ROW + 1))
    with caplog.at_level(logging.WARNING):
        for number in range(REFUSED_IN_A_ROW):
            chooser.ask(f"q{number}", OPTIONS)
        time.sleep(0.6)
        assert isinstance(chooser.ask("still?", OPTIONS), ModelFailure)
        time.sleep(0.6)
        away = chooser.ask("waits twice as long", OPTIONS)
        assert isinstance(away, ModelFailure) and away.kind is FailureKind.AWAY
        time.sleep(0.6)
        assert isinstance(chooser.ask("now?", OPTIONS), Choice)
    assert [word in record.getMessage() for record, word in zip(caplog.records, ("is away", "again"), strict=True)]
    chooser.close()


CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
KINDS = [
    (ANTHROPIC, 400, {"type": "error", "error": {"type": "invalid_request_error", "message": CREDIT}}, "no_credit"),
    (ANTHROPIC, 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "odd"}}, "rejected"),
    (ANTHROPIC, 200, {"type": "error", "error": {"type": "overloaded_error", "message": "odd"}}, "server_error"),
    (ANTHROPIC, 200, {"type": "error", "error": {"type": "authentication_error", "message": "odd"}}, "wrong_key"),
    (OPENAI, 429, {"error": {"code": "insufficient_quota", "message": "odd"}}, "no_credit"),
    (OPENAI, 402, {"error": {"code": 402, "message": "Insufficient credits"}}, "no_credit"),
    (OPENAI, 200, {"error": {"code": 429, "message": "odd"}}, "rate_limit"),
    (OPENAI, 200, {"error": {"code": "401", "message": "odd"}}, "wrong_key"),
    (OPENAI, 200, {"error": {"code": "model_not_found", "message": "odd"}}, "unknown_model"),
    (OPENAI, 200, {"error": {"code": None, "type": "invalid_request_error", "message": "odd"}}, "rejected"),
    (OPENAI, 200, {"error": "odd"}, "server_error"),
    (OPENAI, 200, {"object": "error", "message": "odd", "type": "BadRequestError", "code": 400}, "rejected"),
    (OPENAI, 200, {"choices": [{"error": {"code": 502, "message": "odd"}, "finish_reason": "error"}]}, "server_error"),
    (OPENAI, 200, {"error": {"code": 10**400, "message": "odd"}}, "server_error"),
    (OPENAI, 404, {"error": {"message": "odd", "param": ["x"] * 9000}}, "unknown_model"),
]


@pytest.mark.parametrize(("provider", "status", "body", "kind"), KINDS)
def test_an_error_keeps_its_kind_code_and_words(
    server: ModelServer, provider: str, status: int, body: dict[str, object], kind: str
) -> None:
    server.script.append(Step(told=(status, json.dumps(body))))
    with pytest.raises(ModelFailure) as caught:
        model_at(server, provider).choose("Where to?", OPTIONS)
    assert caught.value.kind.value == kind
    told = str(caught.value)
    words = json.dumps(body)
    assert f"HTTP {status}" in told and len(told) < 700
    assert any(word in told for word in ("odd", CREDIT, "Insufficient credits"))
    assert all(code in told for code in ("model_not_found", "insufficient_quota", "502", "429") if code in words)


@pytest.mark.parametrize("body", ["[" * 60_000, '{"error": ' + "9" * 5000 + "}", '{"error": {}}', "\x00", "null", "[]"])
def test_an_odd_body_is_a_failure_like_any_other(server: ModelServer, body: str) -> None:
    for status in (200, 500):
        server.script.append(Step(told=(status, body)))
        with pytest.raises(ModelFailure) as caught:
            model_at(server).choose("Where to?", OPTIONS)
        assert caught.value.kind is (FailureKind.MALFORMED if status == 200 else FailureKind.SERVER_ERROR)


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("1.5", 1.5), ("-3", 0.0), ("inf", math.inf), ("1e400", math.inf)]
)
def test_retry_after_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert retry_after_s({"retry-after": text}) == seconds


@pytest.mark.parametrize("written", [lambda at_s: str(int(at_s)), lambda at_s: formatdate(at_s, usegmt=True)])
def test_retry_after_may_be_a_time(written: Callable[[float], str]) -> None:
    asked_s = retry_after_s({"retry-after": written(time.time() + 1000)})
    assert asked_s is not None and 900 < asked_s <= 1000
    assert retry_after_s({"retry-after": written(time.time() - 1000)}) == 0.0


@pytest.mark.parametrize("text", ["", "nan", "soon", "Fri, 31 Dec 99999 23:59:59 GMT", "1 January", "\x00"])
def test_what_is_no_pause_is_not_one(text: str) -> None:
    assert retry_after_s({"retry-after": text}) is None
    assert retry_after_s({"retry-after-ms": text, "retry-after": "2"}) == 2.0


@pytest.mark.parametrize("text", ["inf", "1e400", "4000000000", "86400", "Fri, 31 Dec 2399 23:59:59 GMT"])
def test_a_server_cannot_send_the_model_away_for_longer_than_configured(
    server: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    chooser = chooser_at(server, tmp_path, FaultSettings(away_s=0.1, longest_away_s=0.5))
    server.script.append(Step(Fault.RATE_LIMIT, retry_after=text))
    with caplog.at_level(logging.WARNING):
        assert isinstance(chooser.ask("q", OPTIONS), ModelFailure)
    assert not chooser.usable and len(server.seen) == 1
    time.sleep(0.55)
    assert isinstance(chooser.ask("q", OPTIONS), Choice) and chooser.usable
    chooser.close()


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan, 1e9])
def test_no_time_is_longer_than_an_operating_system_can_wait(seconds: float) -> None:
    for name in ("first_pause_s", "longest_pause_s", "away_s", "longest_away_s"):
        with pytest.raises(ConfigurationError, match=name):
            FaultSettings(**{name: seconds})
    for name in ("timeout_s", "patience_s"):
        with pytest.raises(ConfigurationError, match=name):
            LanguageModelSettings(**{name: seconds})  # type: ignore[arg-type]
