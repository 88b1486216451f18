"""The server back-ends with the vendors' real SDKs, over real HTTP, against a server that misbehaves on order."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from agents.llm.failures import FailureKind, ModelFailure, Remedy
from agents.llm.registry import load_text_model
from core.exceptions import ConfigurationError, LLMConnectionError
from core.protocols import TextModel
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer

OPTIONS = ["Go to the healer", "Talk to the elder", 'Say "no"\nand leave {now}']
PROVIDERS = [
    "openai/gpt-5-mini",
    "openai/gpt-4",
    "vllm/tiny",
    "ollama/llama3.2",
    "transformers/tiny",
    "anthropic/claude-haiku-4-5",
]
KEY = "sk-this-must-stay-secret"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def model_at(server: ModelServer, provider: str, timeout_s: float = 2.0) -> TextModel:
    url = server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url
    model = load_text_model(f"{provider}@{url}", timeout_s=timeout_s)
    assert model is not None
    return model


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_back_end_takes_one_of_the_listed_options(server: ModelServer, provider: str) -> None:
    options = OPTIONS[:2] if provider.startswith("transformers") else OPTIONS
    choice = model_at(server, provider).choose("You stand in the town.", options)
    assert choice.index == len(options) - 1
    assert 0 < choice.confidence <= 1
    assert choice.prompt_tokens == 120 and choice.completion_tokens == 12
    assert choice.latency_s > 0 and not choice.cached
    sent = str(server.seen[0].body["messages"])
    assert "You stand in the town." in sent and "Talk to the elder" in sent


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("vllm/some", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("llamacpp/some", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("ollama/some", {"reasoning_effort": "none"}),
        ("transformers/some", {}),
    ],
)
def test_a_thinking_model_answers_at_once_or_gets_room(
    server: ModelServer, provider: str, told: dict[str, object]
) -> None:
    options = OPTIONS[:2]
    assert model_at(server, provider).choose("Where to?", options).index == 1
    thinker = load_text_model(f"{provider}@{server.url}", thinking_tokens=3000)
    assert thinker is not None and thinker.choose("Where to?", options).index == 1
    quick, thoughtful = (request.body for request in server.seen)
    switches = ("chat_template_kwargs", "reasoning_effort")
    assert {key: quick[key] for key in switches if key in quick} == told
    assert not any(key in thoughtful for key in switches)
    assert thoughtful["max_tokens"] == quick["max_tokens"] + 3000


@pytest.mark.parametrize("provider", ["openai/gpt-5-mini", "openai/gpt-4", "anthropic/claude-haiku-4-5"])
def test_forms_carry_reason_and_confidence(server: ModelServer, provider: str) -> None:
    choice = model_at(server, provider).choose("Where to?", OPTIONS)
    assert choice.reason == "it is the way on" and choice.confidence == pytest.approx(0.8)


FAILURES = [
    (Fault.RATE_LIMIT, FailureKind.RATE_LIMIT),
    (Fault.SERVER_ERROR, FailureKind.SERVER_ERROR),
    (Fault.OVERLOADED, FailureKind.SERVER_ERROR),
    (Fault.CUT, FailureKind.CONNECTION),
    (Fault.HANG, FailureKind.TIME_OUT),
    (Fault.DRIP, FailureKind.TIME_OUT),
    (Fault.NO_JSON, FailureKind.MALFORMED),
    (Fault.WRONG_SHAPE, FailureKind.MALFORMED),
    (Fault.EMPTY_BODY, FailureKind.MALFORMED),
    (Fault.EMPTY_ANSWER, FailureKind.EMPTY),
    (Fault.HALF_ANSWER, FailureKind.MALFORMED),
    (Fault.HUGE, FailureKind.TOO_LARGE),
    (Fault.ENDLESS_ANSWER, FailureKind.TOO_LARGE),
    (Fault.COMPRESSED, FailureKind.MALFORMED),
    (Fault.REFUSAL, FailureKind.REFUSAL),
    (Fault.UNKNOWN_OPTION, FailureKind.UNKNOWN_OPTION),
    (Fault.WRONG_KEY, FailureKind.WRONG_KEY),
    (Fault.NO_CREDIT, FailureKind.NO_CREDIT),
    (Fault.UNKNOWN_MODEL, FailureKind.UNKNOWN_MODEL),
    (Fault.TOO_LONG_PROMPT, FailureKind.REJECTED),
    (Fault.REDIRECT, FailureKind.REJECTED),
]


@pytest.mark.parametrize("provider", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
@pytest.mark.parametrize(("fault", "kind"), FAILURES, ids=[fault.name.lower() for fault, _ in FAILURES])
def test_every_fault_becomes_a_failure_of_its_kind(
    server: ModelServer, provider: str, fault: Fault, kind: FailureKind
) -> None:
    server.script.append(Step(fault, retry_after="7"))
    model = model_at(server, provider, timeout_s=0.5)
    started = time.monotonic()
    with pytest.raises(LLMConnectionError) as caught:
        model.choose("Where to?", OPTIONS)
    assert isinstance(caught.value, ModelFailure) and caught.value.kind is kind
    assert time.monotonic() - started < 2.0
    assert len(server.seen) == 1, "the SDK's own retries must be off, or failures go uncounted"
    if kind is FailureKind.RATE_LIMIT:
        assert caught.value.retry_after_s == 7.0
    assert model.choose("Where to?", OPTIONS).index == 2, "the next question is answered as if nothing had been"


@pytest.mark.parametrize(
    "provider", ["openai/gpt-5-mini", "openai/gpt-4", "vllm/tiny", "transformers/tiny", "anthropic/claude"]
)
def test_prose_is_never_searched_for_an_option(server: ModelServer, provider: str) -> None:
    server.script.append(Step(Fault.PROSE))
    with pytest.raises(ModelFailure) as caught:
        model_at(server, provider).choose("Where to?", ["A", "Talk to the elder"])
    assert caught.value.remedy is Remedy.ASK_AGAIN


def test_a_useless_answer_is_paid_for_too(server: ModelServer) -> None:
    server.script.append(Step(Fault.UNKNOWN_OPTION))
    with pytest.raises(ModelFailure) as caught:
        model_at(server, "openai/gpt-5-mini").choose("Where to?", OPTIONS)
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (120, 12)


@pytest.mark.parametrize("provider", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
def test_the_key_is_sent_to_the_server_and_appears_nowhere_else(
    server: ModelServer, provider: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CRYSTAL_LLM_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-vendor")
    server.script.append(Step(Fault.WRONG_KEY))
    model = model_at(server, provider)
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelFailure) as caught:
        model.choose("Where to?", OPTIONS)
    headers = str(server.seen[0].headers)
    assert KEY in headers
    assert "sk-vendor" not in headers, "a vendor's key goes to the vendor only"
    told = f"{caught.value}{model!r}{vars(caught.value)}{model.name}" + caplog.text
    assert KEY not in told and "<key>" in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "variable"), [("openai/gpt-5-mini", "OPENAI_API_KEY"), ("claude-x", "ANTHROPIC_API_KEY")]
)
def test_a_missing_key_is_named_before_the_run(provider: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError, match=variable):
        load_text_model(provider)


def test_no_server_at_all_is_a_connection_failure() -> None:
    with ModelServer() as server:
        model = model_at(server, "vllm/tiny")
    with pytest.raises(ModelFailure) as caught:
        model.choose("Where to?", OPTIONS)
    assert caught.value.kind is FailureKind.CONNECTION


def test_bad_options_are_our_own_fault_and_are_not_sent(server: ModelServer) -> None:
    model = model_at(server, "openai/gpt-5-mini")
    for options in ([], ["a", "a"], ["a", " "]):
        with pytest.raises(ValueError, match="option"):
            model.choose("Where to?", options)
    assert server.seen == []
