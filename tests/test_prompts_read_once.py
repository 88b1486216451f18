"""What prompts share is read once, with the same numbers and gradients; and what lower precision changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agents.text import text_policy
from agents.text.team import Specialisation, build_team
from agents.text.text_policy import Sample, Sampling, TextPolicy, load_policy
from tests.tiny_models import make_model, numbers_and_reading
from trainer.grpo.learner import GRPOLearner, GRPOSettings, Scored

TASK = "Another player will walk. Call a tool that helps: answer with one tool's name and with nothing else."
PROMPTS = [f"{TASK} {rest}" for rest in ("one", "a longer prompt than that", "Go on?", "Go on? No.")]


def drawn(policy: TextPolicy, repeats: int) -> list[Sample]:
    return policy.sample(repeats * PROMPTS, Sampling(1.2, 8), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "mistral"])
def test_what_all_prompts_begin_with_is_read_once_with_the_same_numbers_and_gradients(
    architecture: str, repeats: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(str(make_model(tmp_path, architecture)))
    samples = drawn(policy, repeats)
    numbers_and_reading(policy, samples)  # a model whose memory cannot be copied has said so
    shared, gradients, few = numbers_and_reading(policy, samples)
    monkeypatch.setattr(text_policy, "BEGINNING_THAT_PAYS", 1000)
    single, single_gradients, many = numbers_and_reading(policy, samples)
    assert torch.allclose(shared, single, atol=1e-5)
    assert gradients.keys() == single_gradients.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, single_gradients[name], atol=1e-4), name
    assert shared.sum(1).tolist() == pytest.approx([sum(one.log_probabilities) for one in samples], abs=1e-3)
    assert [one.tokens for one in drawn(policy, repeats)] == [one.tokens for one in samples]
    assert few < 0.6 * many if architecture != "mistral" else few == many, "a window is read as before"


@pytest.mark.parametrize(
    ("prompts", "length"),
    [
        ([(1, 2, 3, 4), (1, 2, 3, 5), (1, 2, 3)], 2),
        ([(1, 2, 3, 4), (1, 2, 3, 5, 6)], 3),
        ([(1, 2, 3, 4), (1, 9, 3, 5)], 0),
        ([(1, 2, 3, 4)], 0),
    ],
)
def test_a_token_of_each_prompt_is_left_and_a_short_beginning_is_not_worth_it(
    prompts: list[tuple[int, ...]], length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_policy, "BEGINNING_THAT_PAYS", 2)
    assert text_policy._shared_beginning(prompts) == length


@pytest.mark.parametrize("specialisation", [Specialisation.SHARED, Specialisation.LORA])
def test_a_team_in_bfloat16_learns_in_float32(specialisation: Specialisation, tmp_path: Path) -> None:
    folder = str(make_model(tmp_path))
    exact = load_policy(folder)
    samples = drawn(exact, 3)
    team = build_team(load_policy(folder), ("mover",), specialisation, dtype=torch.bfloat16)
    policy = team.by_role["mover"]
    learning = policy.trainable_parameters()
    assert {weight.dtype for weight in learning} == {torch.float32}
    mine = {id(weight) for weight in learning}
    base = {weight.dtype for weight in policy.model.parameters() if id(weight) not in mine}
    assert base == ({torch.bfloat16} if specialisation is Specialisation.LORA else set()), "it never moves"
    (rough, _, mask), (logs, _, _) = policy.token_log_probabilities(samples), exact.token_log_probabilities(samples)
    apart = ((rough - logs) * mask).detach().abs()
    assert rough.dtype is torch.float32 and 0.0 < float(apart.sum() / mask.sum()) < 0.1
    before = [weight.detach().clone() for weight in learning]
    learner = GRPOLearner(policy, GRPOSettings(learning_rate=1e-5), 0)
    metrics = learner.update([Scored(one, (-1.0) ** place) for place, one in enumerate(drawn(policy, 3))])
    assert metrics is not None and metrics.gradient_norm > 0.0 and metrics.approx_kl < 0.05
    assert any(not torch.equal(was, weight) for was, weight in zip(before, learning, strict=True))
