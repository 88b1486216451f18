"""The one reader of answers: what the schema permits is taken as meant, and nothing beside the choice ever costs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.answer import answer_schema, choice_from_form, choice_from_text, probability_of_tokens, tokens_in
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.question import question_text
from agents.llm.registry import load_text_model
from core.protocols import Choice, TextModel
from tests.llm_servers.faults import Step
from tests.llm_servers.server import ModelServer

OPTIONS = ["Go to the healer", "Talk to the elder", 'Say "no"\nand leave {now}', "[LEFT]", "L" * 300]
LAST = "Talk to the elder"


def form(**changes: Any) -> dict[str, Any]:
    return {"reason": "so", "choice": LAST, "confidence_percent": 85, **changes}


# -- texts ------------------------------------------------------------------------------------------------------


@given(
    choice=st.sampled_from(OPTIONS),
    reason=st.text(),
    percent=st.integers(0, 100) | st.integers(0, 100).map(float),
)
def test_all_that_the_schema_permits_is_taken_as_it_is_meant(choice: str, reason: str, percent: float) -> None:
    properties: Any = answer_schema(OPTIONS)["properties"]
    assert properties["choice"]["enum"] == OPTIONS
    assert (properties["confidence_percent"]["minimum"], properties["confidence_percent"]["maximum"]) == (0, 100)
    filled = {"reason": reason, "choice": choice, "confidence_percent": percent}
    for read in (choice_from_text(json.dumps(filled), OPTIONS), choice_from_form(filled, OPTIONS)):
        assert (read.index, read.confidence) == (OPTIONS.index(choice), percent / 100)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(form()),
        json.dumps(form(after="</think> I see")),
        json.dumps(form(extra=[1, {"deep": None}], confidence_percent=85.0)),
        json.dumps(form(confidence_percent="85%")),
        f"```json\n{json.dumps(form(), indent=2)}\n```",
        f"```\n{json.dumps(form())}```\n",
        f'<think>\nTalk? Or {{"choice": 1}}? Go to the healer?\n</think>\n\n{json.dumps(form())}',
        f"Hm, the healer.</think>```json\n{json.dumps(form())}\n```",
    ],
)
def test_what_stands_around_the_form_is_taken_off(text: str) -> None:
    assert choice_from_text(text, OPTIONS) == Choice(1, 0.85, text.count('"so"') * "so")


@pytest.mark.parametrize(
    "text",
    [LAST, f" {LAST}\n", f'"{LAST}"', f"- {LAST}", f"```\n{LAST}\n```", f"<think>the healer?</think>\n{LAST}"],
)
def test_the_option_alone_is_an_answer_too(text: str) -> None:
    assert choice_from_text(text, OPTIONS) == Choice(1, 1 / 5)


@pytest.mark.parametrize("number", range(len(OPTIONS)))
def test_an_option_is_known_by_the_words_in_which_it_was_listed(number: int) -> None:
    listed = question_text("Where to?", OPTIONS).partition("Options:\n")[2].partition("\n\n")[0].splitlines()[number]
    for words in (OPTIONS[number], listed, listed.removeprefix("- ")):
        assert choice_from_text(words, OPTIONS).index == number


@pytest.mark.parametrize(
    "percent", [None, -1, 101, 10**400, float("nan"), float("inf"), True, "very", [85], {"value": 85}]
)
def test_a_confidence_that_means_nothing_is_nothing_known(percent: object) -> None:
    for filled in (form(confidence_percent=percent), form(confidence_percent=percent, reason=None)):
        assert choice_from_form(filled, OPTIONS).confidence == 1 / 5
        assert choice_from_text(json.dumps(filled), OPTIONS).confidence == 1 / 5
    many_digits = json.dumps(form()).replace("85", "9" * 5000)
    assert choice_from_text(many_digits, OPTIONS).confidence == 1 / 5


@pytest.mark.parametrize("reason", [None, 7, ["a"], "a\nb\ud800\x00c", "x" * 10_000])
def test_a_reason_never_costs_the_choice_and_is_one_plain_line(reason: object) -> None:
    said = choice_from_form(form(reason=reason), OPTIONS).reason
    assert said in ("", "a bc") or (len(said) == 400 and said.endswith("…"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", FailureKind.EMPTY),
        ("<think>the healer</think>", FailureKind.EMPTY),
        ("```\n```", FailureKind.EMPTY),
        (json.dumps(form())[:-9], FailureKind.MALFORMED),
        ("{" * 100_000, FailureKind.MALFORMED),
        ("[" * 100_000, FailureKind.MALFORMED),
        (json.dumps([LAST]), FailureKind.MALFORMED),
        (json.dumps(form(choice=1)), FailureKind.MALFORMED),
        (json.dumps({"reason": LAST}), FailureKind.MALFORMED),
        (json.dumps(form(choice="Sell the house")), FailureKind.UNKNOWN_OPTION),
        (json.dumps(form(choice=LAST.upper())), FailureKind.UNKNOWN_OPTION),
        (f"I would say: {LAST}", FailureKind.UNKNOWN_OPTION),
        (f"<think>{LAST}", FailureKind.UNKNOWN_OPTION),
        (f"{LAST}. {OPTIONS[0]}.", FailureKind.UNKNOWN_OPTION),
    ],
)
def test_only_the_choice_itself_can_cost_the_answer(text: str, kind: FailureKind) -> None:
    with pytest.raises(ModelFailure) as caught:
        choice_from_text(text, OPTIONS)
    assert caught.value.kind is kind


# -- what stands beside -----------------------------------------------------------------------------------------


def test_a_probability_is_known_only_if_every_token_has_one() -> None:
    assert probability_of_tokens([-0.1, -0.2]) == pytest.approx(0.7408, abs=1e-4)
    assert probability_of_tokens([0.0]) == 1.0
    for bad in (None, float("nan"), -9999.0, float("-inf"), 5.0, "x", True):
        assert probability_of_tokens([-0.1, bad]) is None, bad
    assert probability_of_tokens([]) is None


def test_tokens_are_read_as_they_were_reported() -> None:
    usage = {"a": 12, "b": None, "c": 85.0, "d": -5, "e": 10**19, "f": "12", "g": 1.5}
    assert [tokens_in(usage, key) for key in "abcdefgz"] == [12, 0, 85, -5, 10**19, -1, -1, 0]
    assert tokens_in(usage, "a", "b", "c") == 97
    assert tokens_in(None, "a") == tokens_in("many", "a") == tokens_in([1], "a") == 0


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def model_at(server: ModelServer, provider: str) -> TextModel:
    url = server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url
    model = load_text_model(f"{provider}@{url}", timeout_s=5.0)
    assert model is not None
    return model


def set_to(value: object, *path: str | int) -> Any:
    """A change of a reply: `value` at `path`."""

    def change(reply: dict[str, Any]) -> None:
        place: Any = reply
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize("provider", ["openai/gpt-5-mini", "openai/gpt-4", "vllm/tiny", "anthropic/claude"])
@pytest.mark.parametrize("usage", [None, "many", [], {}, {"prompt_tokens": None, "completion_tokens": None}])
def test_a_usage_of_any_form_leaves_the_answer(server: ModelServer, provider: str, usage: object) -> None:
    server.script.append(Step(change=set_to(usage, "usage")))
    choice = model_at(server, provider).choose("Where to?", OPTIONS[:2])
    assert (choice.index, choice.prompt_tokens, choice.completion_tokens) == (1, 0, 0)


@pytest.mark.parametrize(
    ("provider", "value", "path"),
    [
        ("vllm/tiny", {"content": [{"logprob": None}]}, ("choices", 0, "logprobs")),
        ("vllm/tiny", {"content": [{"logprob": float("nan")}]}, ("choices", 0, "logprobs")),
        ("vllm/tiny", {"content": [{"logprob": -9999.0}]}, ("choices", 0, "logprobs")),
        ("vllm/tiny", {"content": "none"}, ("choices", 0, "logprobs")),
        ("vllm/tiny", ["?"], ("choices", 0, "logprobs")),
        ("vllm/tiny", {"stop": 1}, ("choices", 0, "finish_reason")),
        ("openai/gpt-5-mini", [{"type": "text", "text": LAST}], ("choices", 0, "message", "content")),
        ("openai/gpt-5-mini", LAST, ("choices", 0, "message", "content")),
        ("openai/gpt-4", form(), ("choices", 0, "message", "tool_calls", 0, "function", "arguments")),
        ("anthropic/claude", [{"type": "thinking"}, {"type": "text", "text": LAST}], ("content",)),
        ("anthropic/claude", {"choice": LAST}, ("content", 0, "input")),
    ],
)
def test_servers_that_answer_otherwise_are_understood(
    server: ModelServer, provider: str, value: object, path: tuple[str | int, ...]
) -> None:
    server.script.append(Step(change=set_to(value, *path)))
    choice = model_at(server, provider).choose("Where to?", OPTIONS[:2])
    known = path[-1] in ("finish_reason", "arguments")
    assert choice.index == 1 and (choice.confidence != 0.5) == known


def test_a_model_that_writes_what_it_should_call_is_understood(server: ModelServer) -> None:
    def written(reply: dict[str, Any]) -> None:
        reply["choices"][0]["message"].update(tool_calls=None, content=json.dumps(form()))

    server.script.append(Step(change=written))
    assert model_at(server, "openai/gpt-4").choose("Where to?", OPTIONS[:2]).confidence == 0.85
