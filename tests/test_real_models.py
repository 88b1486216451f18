"""Real pretrained models: their answers are accepted, and their scores are what a direct computation gives."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.registry import load_text_model
from agents.llm.settings import LocalModelSettings
from tests.real_models import converted, llama_server
from tests.utils import generate_test_config
from trainer.model_exam.exam import examine
from trainer.model_exam.questions import GameQuestion, questions_of_play
from trainer.settings import load_settings

pytestmark = pytest.mark.nightly
GOLDEN = Path(__file__).parent / "golden"
RECORDED = 80
OPTIONS = ("Go to Gatehouse", "Train in the grass of Fern Path up to level 6", "Rest at the healer in Rest House")
GOOD_SHARE = 0.98


@pytest.fixture(scope="module")
def cache(request: pytest.FixtureRequest) -> Path:
    return request.config.cache.mkdir("real_models")


@pytest.fixture(scope="module")
def address(cache: Path) -> Iterator[str]:
    with llama_server("smollm2", cache) as address:
        yield address


def questions(tmp_path: Path) -> list[GameQuestion]:
    """All golden prompts, and questions of games."""
    golden = [path.read_text(encoding="utf-8").rstrip("\n") for path in sorted(GOLDEN.glob("*_prompt_*.txt"))]
    settings = load_settings(generate_test_config(tmp_path))
    found: dict[tuple[str, ...], GameQuestion] = {}
    for game in range(20):
        for one in questions_of_play(settings, RECORDED // 4, 1024, game).asked:
            found.setdefault(one.options, one)
        if len(found) >= RECORDED:
            break
    return [*(GameQuestion(prompt, OPTIONS) for prompt in golden), *list(found.values())[:RECORDED]]


@pytest.mark.timeout(7200)
def test_answers_over_llama_cpp_are_accepted(address: str, tmp_path: Path) -> None:
    model = load_text_model(f"llamacpp/smollm2@{address}", timeout_s=600.0)
    assert model is not None
    exam = examine(model, questions(tmp_path), logging.getLogger(__name__).info)
    assert len(exam.outcomes) >= RECORDED
    assert exam.accepted_share >= GOOD_SHARE, (exam.failures, exam.first_failure)
    assert all(answer.reason for answer in exam.answers), "a real model says why"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["smollm2", "gemma"])
def test_scores_of_options_are_those_of_a_direct_computation(name: str, cache: Path) -> None:
    model = HuggingFaceModel(str(converted(name, cache)), settings=LocalModelSettings(device="cpu"))
    assert model.shares_prompt
    prompt = (GOLDEN / "instructed_prompt_after_a_while.txt").read_text(encoding="utf-8")
    for _ in range(2):  # cold, and with the prompt's memory
        choice = model.choose(prompt, OPTIONS)
        asked = model.tokenize(prompt, OPTIONS)
        direct: list[float] = []
        for option in asked.options:
            tokens = torch.tensor([[*asked.prompt, *option]])
            with torch.inference_mode():
                logits = model.model(input_ids=tokens, use_cache=False).logits[0].float()
            chances = torch.log_softmax(logits[len(asked.prompt) - 1 : -1], dim=-1)
            direct.append(float(chances.gather(1, torch.tensor(option)[:, None]).sum()))
        shares = torch.softmax(torch.tensor(direct), dim=0)
        assert choice.index == int(shares.argmax())
        assert choice.confidence == pytest.approx(float(shares.max()), abs=1e-3)
