"""Names of language models: what is accepted, what is refused, and that refusals help."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agents.llm.model_name import ModelName, parse_model_name
from agents.llm.registry import load_text_model
from core.exceptions import ConfigurationError, LLMConnectionError


@pytest.mark.parametrize(
    ("text", "provider", "model", "url"),
    [
        ("none", "none", "", None),
        ("pocket", "pocket", "", None),
        ("gpt-4", "openai", "gpt-4", None),
        ("o3-mini", "openai", "o3-mini", None),
        ("claude-3-5-sonnet-20241022", "anthropic", "claude-3-5-sonnet-20241022", None),
        ("openai/gpt-4o", "openai", "gpt-4o", None),
        ("openai/my/model@http://10.0.0.7:9000/v1/", "openai", "my/model", "http://10.0.0.7:9000/v1"),
        ("huggingface/Qwen/Qwen3-0.6B", "huggingface", "Qwen/Qwen3-0.6B", None),
        ("huggingface//models/mine", "huggingface", "/models/mine", None),
        ("vllm/Qwen/Qwen3-8B", "vllm", "Qwen/Qwen3-8B", "http://localhost:8000/v1"),
        ("ollama/llama3.2:3b@https://box:11434/v1", "ollama", "llama3.2:3b", "https://box:11434/v1"),
    ],
)
def test_names(text: str, provider: str, model: str, url: str | None) -> None:
    assert parse_model_name(text) == ModelName(provider, model, url)


@pytest.mark.parametrize(
    ("text", "helpful"),
    [
        ("opnai/gpt-4", "openai"),
        ("something", "provider/model"),
        ("", "provider/model"),
        ("openai/", "openai/<model>"),
        ("pocket/large", "'pocket' alone"),
        ("none@http://localhost:1/v1", "runs in this process"),
        ("huggingface/a@http://localhost:1/v1", "runs in this process"),
        ("openai/a@http://", "no http address"),
        ("openai/a@http://user:secret@host/v1", "environment"),
    ],
)
def test_bad_names_say_what_would_be_right(text: str, helpful: str) -> None:
    with pytest.raises(ConfigurationError, match=helpful) as caught:
        parse_model_name(text)
    assert "secret" not in str(caught.value)


def test_no_model_is_a_model_of_none() -> None:
    assert load_text_model("none") is None


def test_weights_that_are_not_there_are_named() -> None:
    with pytest.raises(LLMConnectionError, match="/no/such/folder"):
        load_text_model("huggingface//no/such/folder")


def test_naming_one_vendor_imports_no_other() -> None:
    code = (
        "import sys, agents.llm.registry as r, agents.llm.chooser\n"
        "r.load_text_model('none'); assert not {'openai','anthropic','transformers','torch'} & set(sys.modules)\n"
        "r.load_text_model('vllm/x'); assert 'openai' in sys.modules\n"
        "assert not {'anthropic','transformers','torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
