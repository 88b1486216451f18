"""Keys are checked at the start, go where they belong, and appear in no log, record, cache, export or error."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import anthropic
import openai
import pytest

from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import ModelFailure
from agents.llm.faults import FaultSettings
from agents.llm.model_name import parse_model_name
from agents.llm.registry import load_text_model
from agents.llm.wire.keys import Key, check_no_key, key_for
from agents.llm.writers import AnthropicWriter, OpenAIWriter
from agents.text.rollout_server import RolloutServer
from agents.text.shared_llm_manager import LLMBackend, LLMConfig
from agents.text.text_policy import Sampling
from core.exceptions import ConfigurationError, LLMConnectionError
from core.protocols import Choice, TextModel
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.model_sources import model_sources

SECRET = "sk-proj-Zq7/Ws+0d-Xc9_Rv3Tb6Yn"
OPTIONS = ["Go to the healer", "Talk to the elder"]
PROVIDERS = ["openai/gpt-5-mini", "vllm/tiny", "transformers/tiny", "anthropic/claude-haiku-4-5"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("CRYSTAL_LLM_API_KEY", f" {SECRET}\n")
    with ModelServer() as running:
        yield running


def address(server: ModelServer, provider: str) -> str:
    return server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url


def model_at(server: ModelServer, provider: str) -> TextModel:
    model = load_text_model(f"{provider}@{address(server, provider)}", timeout_s=5.0)
    assert model is not None
    return model


def shows_key(text: str) -> bool:
    """Whether nine characters in a row of the key can be read."""
    pieces = {SECRET[at : at + 9].lower() for at in range(len(SECRET) - 8)}
    return any(piece in text.lower() for piece in pieces)


FORMS = {
    "as it is": SECRET,
    "upper-cased": SECRET.upper(),
    "in its header": f"Authorization: Bearer {SECRET}\r\n",
    "as bytes": repr(f"Bearer {SECRET}\n".encode()),
    "cut": SECRET[:-5],
    "wrapped": f"{SECRET[:14]}\n  {SECRET[14:]}",
    "percent-encoded": quote(SECRET, safe=""),
    "escaped": json.dumps({"key": SECRET}).replace("/", "\\/"),
    "in hex": SECRET.encode().hex(),
    "basic": base64.b64encode(f":{SECRET}".encode()).decode(),
    "basic with a user": base64.b64encode(f"me:{SECRET}".encode()).decode(),
    "bearer": base64.urlsafe_b64encode(f"Bearer {SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_key_is_blotted_out(form: str) -> None:
    shown = Key(SECRET, "TEST").blot_out(f"the key {FORMS[form]} is not known")
    assert shown.startswith("the key ") and shown.endswith(" is not known") and "<key>" in shown
    left = shown.removeprefix("the key ").removesuffix(" is not known")
    assert max(map(len, re.split("<key>", left))) <= 24 and not shows_key(left)
    for encoded in (SECRET.encode().hex(), *(base64.b64encode(bytes(n) + SECRET.encode()).decode() for n in range(3))):
        assert encoded[8:24] not in left


def test_texts_without_the_key_stay_as_they_are() -> None:
    key = Key(SECRET, "TEST")
    for text in ("", "sk-", "Go to the healer", "sk-proj", "Straße İ\0", SECRET[::-1]):
        assert key.blot_out(text) == text
    assert Key("abc", "TEST").blot_out("xABCx") == "x<key>x"
    assert repr(key) == "<key>" and SECRET not in f"{key}"


@pytest.mark.parametrize("text", ["“sk-quoted”", "sk two", "sk-a\nsk-b", "sk-\x00", "sk-\u200b", "sk-é"])
@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("OPENAI_API_KEY", "gpt-5-mini"),
        ("ANTHROPIC_API_KEY", "claude-haiku-4-5"),
        ("CRYSTAL_LLM_API_KEY", "vllm/tiny"),
        ("CRYSTAL_LLM_API_KEY", "openai/tiny@http://127.0.0.1:1/v1"),
    ],
)
def test_a_key_that_cannot_be_sent_is_refused_at_the_start(
    variable: str, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, variable: text})  # \x00 does not fit into the real one
    with pytest.raises(ConfigurationError, match=f"the key in {variable} has .* at place") as caught:
        load_text_model(name)
    assert text not in str(caught.value) and "sk-" not in str(caught.value)


def test_blanks_around_a_key_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "\t sk-1 \r\n")
    key = key_for("OPENAI_API_KEY", own_address=False)
    assert key is not None and key.text == "sk-1"
    monkeypatch.setenv("OPENAI_API_KEY", " \n")
    assert key_for("OPENAI_API_KEY", own_address=False) is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_at_an_address_gets_its_key_and_nothing_of_the_vendors(
    server: ModelServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "sk-vendor")
        monkeypatch.setenv(f"ANTHROPIC_{name}", "sk-vendor")
    for vendor in ("OPENAI", "ANTHROPIC"):
        monkeypatch.setenv(f"{vendor}_CUSTOM_HEADERS", "Authorization: Bearer sk-vendor\nX-Team: sk-vendor")
    assert isinstance(model_at(server, provider).choose("Where to?", OPTIONS), Choice)
    writers = {"openai": OpenAIWriter, "anthropic": AnthropicWriter}
    if (writer := writers.get(provider.split("/")[0])) is not None:
        server.script.append(Step(told=(400, "{}")))
        with pytest.raises((openai.APIError, anthropic.APIError)):
            writer("tiny", url=address(server, provider)).write("Hello", 1.0, 9)
    assert len(server.seen) == (1 if writer is None else 2)
    for seen in server.seen:
        assert seen.headers["authorization"] == f"Bearer {SECRET}" and "sk-vendor" not in str(seen.headers)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_a_key_echoed_in_an_error_is_not_told(
    server: ModelServer, provider: str, status: int, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    body = json.dumps({"error": {"code": "{key}", "message": "x" * 280 + " you sent {key}"}})
    server.always = Step(told=(status, body))
    faults = FaultSettings(tries=1)
    chooser = OptionChooser(
        model_at(server, provider),
        AnswerCache(tmp_path / "answers.db"),
        OptionChooserSettings(workers=0, faults=faults),
    )
    with caplog.at_level(logging.DEBUG):
        failures = [chooser.ask(f"q{number}", OPTIONS) for number in range(4)]
    chooser.close()
    assert all(isinstance(failure, ModelFailure) for failure in failures)
    told = "".join(f"{failure}{failure!r}{vars(failure)}" for failure in failures) + caplog.text
    assert "<key>" in told and not shows_key(told)


@pytest.mark.parametrize("provider", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
def test_a_key_echoed_in_an_answer_is_not_kept(server: ModelServer, provider: str, tmp_path: Path) -> None:
    reason = "x" * 330 + " I was called with {key}, so: {key}"  # the second is cut
    filled = {"reason": reason, "choice": OPTIONS[0], "confidence_percent": 80}
    if provider.startswith("openai"):
        message = {"role": "assistant", "content": json.dumps(filled)}
        body: dict[str, object] = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    else:
        body = {"content": [{"type": "tool_use", "name": "decide", "input": filled}], "stop_reason": "tool_use"}
    server.always = Step(told=(200, json.dumps(body)))
    path = tmp_path / "answers.db"
    chooser = OptionChooser(model_at(server, provider), AnswerCache(path), OptionChooserSettings(workers=0))
    answers = [chooser.ask("q", OPTIONS) for _ in range(2)]
    chooser.close()
    assert [answer.cached for answer in answers if isinstance(answer, Choice)] == [False, True]
    assert not shows_key(str(answers)) and "<key>" in str(answers)
    for kept in tmp_path.iterdir():
        assert not shows_key(kept.read_bytes().decode("latin-1"))


@pytest.mark.parametrize(
    ("fault", "key"), [(Fault.UNKNOWN_OPTION, "House"), (Fault.REFUSAL, "rather"), (Fault.PROSE, "Question")]
)
def test_useless_answers_are_quoted_without_the_key(
    server: ModelServer, fault: Fault, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYSTAL_LLM_API_KEY", key)
    server.script.append(Step(fault))
    with pytest.raises(ModelFailure) as caught:
        model_at(server, "openai/gpt-5-mini").choose("Where to?", OPTIONS)
    assert "<key>" in str(caught.value) and key.lower() not in str(caught.value).lower()


def test_writers_tell_no_key(server: ModelServer) -> None:
    server.always = Step(told=(400, json.dumps({"error": {"message": "you sent {key}"}})))
    for writer, errors in ((OpenAIWriter, openai.APIError), (AnthropicWriter, anthropic.APIError)):
        with pytest.raises(errors) as caught:
            writer("tiny", url=server.url).write("Hello", 1.0, 9)
        assert "you sent <key>" in str(caught.value)
        assert not shows_key(f"{caught.value!r}{vars(caught.value)['message']}")
    assert SECRET not in repr(LLMConfig(LLMBackend.OPENAI_API, api_key=SECRET))
    with pytest.raises(ConfigurationError, match="the key in api_key has"):
        OpenAIWriter("tiny", api_key="“x”")


def test_rollouts_tell_no_key(server: ModelServer) -> None:
    server.always = Step(told=(400, "you sent {key}"))
    rollouts = RolloutServer(server.url)
    with pytest.raises(LLMConnectionError, match="answered 400: you sent <key>") as caught:
        rollouts.complete("tool", [[1]], 1, Sampling(), 0)
    assert not shows_key(str(caught.value))


ADDRESSES = [
    "http://host/v1?api_key=hunter2",
    "http://host/v1#hunter2",
    "HTTPS://host/v1?token=hunter2",
    "http://me:hunter2@host/v1",
    "http://hunter2@host/v1",
    "http://host/sk-hunter2hunter2hunter2/v1",
    f"http://host/{SECRET.lower()}",
    "http://host:hunter2?key=hunter2",
    "http://[hunter2?key=hunter2",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_keys_in_addresses_are_refused_and_not_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_LLM_API_KEY", SECRET.lower())
    refusals = (
        lambda: parse_model_name(f"vllm/tiny@{url}"),
        lambda: parse_model_name(f"tiny@{url}"),
        lambda: RolloutServer(url),
        lambda: LLMConfig(LLMBackend.VLLM, api_base=url),
        lambda: model_sources(
            MultiModelConfig(num_models=1, model_types=["qwen3"], model_names={"qwen3": f"vllm/tiny@{url}"})
        ),
    )
    for refused in refusals:
        with pytest.raises(ConfigurationError, match=r"take it out.*environment") as caught:
            refused()
        assert "hunter2" not in str(caught.value) and not shows_key(str(caught.value))


def test_harmless_names_are_not_taken_for_keys() -> None:
    for name in ("http://host:8000/v1", "vllm/Qwen/Qwen3-8B@http://key-server/v1", "ask-me-anything-about-it-please"):
        check_no_key(name, "llm_model")
