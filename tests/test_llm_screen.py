"""`show_screen`: one small picture a question, for models that see."""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agents.llm.cache import AnswerCache
from agents.llm.checked_model import PICTURE_TOKENS, CheckedModel
from agents.llm.chooser import OptionChooser
from agents.llm.registry import load_text_model
from agents.llm.settings import LanguageModelSettings
from core.exceptions import ConfigurationError
from core.prompts.prompt import SeenPrompt, identity
from core.protocols import Choice
from tests.llm_servers.faults import Step
from tests.llm_servers.server import ModelServer
from tests.utils import create_test_trainer
from trainer.llm_manager import LLMManager

OPTIONS = ["Go to the healer", "Talk to the elder"]
SCREEN = np.arange(72 * 80, dtype=np.uint32).reshape(72, 80).astype(np.uint8)


def picture_in(request: dict[str, Any]) -> Image.Image:
    """The one PNG of a request of either vendor, decoded."""
    parts = request["messages"][-1]["content"]
    (seen,) = [part for part in parts if part["type"] != "text"]
    text = seen["source"]["data"] if seen["type"] == "image" else seen["image_url"]["url"].partition("base64,")[2]
    return Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"])


@pytest.mark.parametrize(
    "provider", ["openai/gpt-5-mini", "vllm/some", "ollama/some", "llamacpp/some", "anthropic/claude-haiku-4-5"]
)
def test_each_vendor_gets_the_picture_in_its_form(provider: str) -> None:
    with ModelServer() as server:
        url = server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url
        model = load_text_model(f"{provider}@{url}")
        assert model is not None and model.choose(SeenPrompt("Where to?", SCREEN), OPTIONS).index == 1
        seen = server.seen[0].body
    shown = np.array(picture_in(seen).convert("L"))
    assert np.abs(shown.astype(int) - SCREEN).max() <= 1
    assert "Where to?" in str(seen["messages"]) and len(json.dumps(seen)) < 12_000


def test_another_screen_is_another_question(tmp_path: Path) -> None:
    one, same, other = SeenPrompt("p", SCREEN), SeenPrompt("p", SCREEN.copy()), SeenPrompt("p", SCREEN + 1)
    assert one == same != other and one != "p" and len({one, same, other, "p"}) == 3
    assert pickle.loads(pickle.dumps(one)) == one and identity("p") == "p"
    with ModelServer() as server:
        model = load_text_model(f"llamacpp/some@{server.url}")
        assert model is not None
        chooser = OptionChooser(model, AnswerCache(tmp_path / "answers.db"))
        answers = [chooser.ask(prompt, OPTIONS) for prompt in (one, same, other)]
        chooser.close()
        assert [answer.cached for answer in answers if isinstance(answer, Choice)] == [False, True, False]
        assert len(server.seen) == 2


def test_a_picture_counts_where_the_server_counts_nothing() -> None:
    def forget(answer: dict[str, Any]) -> None:
        answer["usage"] = {"prompt_tokens": -1, "completion_tokens": 5}

    with ModelServer() as server:
        server.script.extend([Step(change=forget), Step(change=forget)])
        model = load_text_model(f"llamacpp/some@{server.url}")
        assert model is not None
        checked = CheckedModel(model)
        told, seen = (checked.choose(prompt, OPTIONS).prompt_tokens for prompt in ("p", SeenPrompt("p", SCREEN)))
    assert seen == told + PICTURE_TOKENS


def test_a_run_shows_its_screen(tmp_path: Path) -> None:
    with ModelServer() as server:
        trainer = create_test_trainer(
            temp_dir=tmp_path,
            llm_model=f"llamacpp/some@{server.url}",
            agent_mode="llm_only",
            language_model={"show_screen": True, "cache_path": None},
            observation_type="multi_modal",
            lanes=1,
            workers=1,
            eval_episodes=0,
            max_steps_per_episode=60,
        )
        trainer.train(total_episodes=1)
        trainer.close()
        pictures = [picture_in(request.body) for request in server.seen]
    assert pictures and all(picture.size == (80, 72) for picture in pictures)
    assert any(len(set(picture.convert("L").getdata())) > 2 for picture in pictures), "the game is on it"


def test_who_cannot_see_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"show_screen is true, and pocket#\w+ reads words only"):
        LLMManager("pocket", settings=LanguageModelSettings(cache_path=None, show_screen=True))
    with pytest.raises(ConfigurationError, match="observation_type 'state' draws no screen"):
        create_test_trainer(
            temp_dir=tmp_path,
            llm_model="llamacpp/some@http://127.0.0.1:1/v1",
            language_model={"show_screen": True},
        )
