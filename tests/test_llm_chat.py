"""The task is the system message where there is one, and the answer's form is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.question import AskedForm, chat_of, question_text, untold
from agents.llm.registry import load_text_model
from agents.llm.settings import LanguageModelSettings
from core.exceptions import ConfigurationError
from core.prompts.brief import Brief
from core.prompts.frame import TASK, PromptForm
from tests.llm_servers.faults import Step
from tests.llm_servers.server import ModelServer
from tests.tiny_models import CHAT_TEMPLATE, make_model

OPTIONS = ["Go to the healer", "Talk to the elder"]
PROMPT = f"{TASK}\nNext: reach Gatehouse.\nNow: you can walk"
SITUATION = "Next: reach Gatehouse.\nNow: you can walk\n\nOptions:\n- Go to the healer\n- Talk to the elder\n\n"
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"


@pytest.mark.parametrize(
    ("provider", "asked"),
    [
        ("llamacpp/some", AskedForm.FORM),
        ("vllm/some", AskedForm.OPTION),
        ("openai/gpt-4", AskedForm.TOOL),
        ("anthropic/claude-haiku-4-5", AskedForm.TOOL),
    ],
)
def test_servers_get_the_task_as_system_message(provider: str, asked: AskedForm) -> None:
    with ModelServer() as server:
        url = server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url
        model = load_text_model(f"{provider}@{url}")
        assert model is not None and model.choose(PROMPT, OPTIONS).index == 1
        assert model.choose("Where to?", OPTIONS).index == 1
        told, plain = (request.body for request in server.seen)
    system = told["system"] if "system" in told else told["messages"][0]["content"]
    assert system == f"{TASK}\n{asked.value}"
    assert told["messages"][-1]["content"] == SITUATION + asked.value
    assert "system" not in plain and [said["role"] for said in plain["messages"]] == ["user"]


def test_a_server_whose_template_has_no_system_message_gets_one_text() -> None:
    refusal = json.dumps(
        {"error": {"code": 500, "message": "Jinja: System role not supported", "type": "server_error"}}
    )
    with ModelServer() as server:
        server.script.append(Step(told=(500, refusal)))
        model = load_text_model(f"llamacpp/gemma@{server.url}")
        assert model is not None
        assert [model.choose(PROMPT, OPTIONS).index for _ in range(2)] == [1, 1]
        roles = [[said["role"] for said in request.body["messages"]] for request in server.seen]
        last = server.seen[-1].body["messages"][0]["content"]
    assert roles == [["system", "user"], ["user"], ["user"]], "it is remembered"
    assert last == f"{TASK}\n{AskedForm.FORM.value}\n{SITUATION}{AskedForm.FORM.value}"


@pytest.mark.parametrize(("before", "takes_system"), [("", True), (NO_SYSTEM, False)])
def test_local_templates_are_asked_what_they_take(tmp_path: Path, before: str, takes_system: bool) -> None:
    folder = make_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text(before + CHAT_TEMPLATE, encoding="utf-8")
    model = HuggingFaceModel(str(folder))
    text = model._tokenizer.decode(model.tokenize(PROMPT, OPTIONS).prompt)  # pyright: ignore[reportPrivateUsage]
    assert ("<|start|>system" in text) == takes_system
    assert text.index("Your task") < text.index("Next: reach") and text.count("Your task") == 1


def test_a_question_without_a_situation_has_the_same_task() -> None:
    assert untold(PROMPT).startswith(TASK) and not untold("Where to?").startswith(TASK)
    assert chat_of("Where to?", OPTIONS).system == ""
    numbered = question_text("Where to?", OPTIONS, AskedForm.NUMBER)
    assert "\n1. Go to the healer\n2. Talk" in numbered and numbered.endswith("the number of one option.")


def test_the_form_of_prompts_is_the_models_or_the_settings() -> None:
    class Small:
        name, prompt_form = "small", PromptForm.SHORT

        def choose(self, prompt: str, options: object) -> object:
            raise NotImplementedError

    auto, forced = LanguageModelSettings(), LanguageModelSettings(prompts="instructed")
    assert auto.brief(Small()) == Brief(PromptForm.SHORT)  # pyright: ignore[reportArgumentType]
    assert forced.brief(Small()) == Brief(PromptForm.INSTRUCTED)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigurationError, match=r"language_model\.prompts is 'shrot'; did you mean 'short'"):
        LanguageModelSettings(prompts="shrot")


@pytest.mark.parametrize(
    ("provider", "bound"), [("llamacpp/some", 160), ("ollama/some", 160), ("openai/gpt-5-mini", None)]
)
def test_texts_are_bounded_where_the_server_holds_a_model_to_it(provider: str, bound: int | None) -> None:
    with ModelServer() as server:
        model = load_text_model(f"{provider}@{server.url}")
        assert model is not None and model.choose("Where to?", OPTIONS).index == 1
        form = server.seen[0].body["response_format"]["json_schema"]["schema"]["properties"]
    assert form["reason"].get("maxLength") == bound
