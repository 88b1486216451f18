"""The numbers of the update where they are easily wrong: dropout, equal rewards, empty answers, ends of turn."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.llm.huggingface import HuggingFaceModel
from agents.text.text_policy import Sample, Sampling, TextPolicy, load_policy
from core.exceptions import ConfigurationError, TrainingError
from tests.tiny_models import make_model, numbers_and_reading
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.grpo.advantages import Scaling, group_advantages
from trainer.grpo.learner import GRPOLearner, GRPOSettings, Scored

PROMPTS = ["one", "a longer prompt than that", "Go on?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"), "qwen3")


@pytest.fixture
def policy(folder: Path) -> TextPolicy:
    return TextPolicy(AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))


def drawn(policy: TextPolicy, count: int = 6, seed: int = 0) -> list[Sample]:
    prompts = [PROMPTS[number % len(PROMPTS)] for number in range(count)]
    return policy.sample(prompts, Sampling(1.2, 8), torch.Generator().manual_seed(seed))


def weights_of(policy: TextPolicy) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in policy.model.named_parameters()}


def test_a_model_with_dropout_is_at_no_distance_from_itself(tmp_path: Path) -> None:
    policy = load_policy(str(make_model(tmp_path, "gpt2")))
    assert policy.model.config.resid_pdrop == 0.1, "this model drops out while it trains"
    reference = TextPolicy(copy.deepcopy(policy.model), policy.tokenizer)
    reference.model.train()
    learner = GRPOLearner(policy, GRPOSettings(learning_rate=0.0, kl_coefficient=1.0), 0, reference)
    scored = [Scored(sample, (-1.0) ** number) for number, sample in enumerate(drawn(policy))]
    for _ in range(2):  # the second time after a step, which leaves the model in the mode of learning
        metrics = learner.update(scored)
        assert metrics is not None and metrics.approx_kl < 1e-9 and metrics.clip_fraction == 0.0
        balance = sum(item.advantage * len(item.sample.tokens) for item in scored)
        tokens = sum(len(item.sample.tokens) for item in scored)
        assert metrics.loss == pytest.approx(-balance / tokens, abs=1e-5), "no distance from the reference either"


@pytest.mark.parametrize("scaling", Scaling)
@pytest.mark.parametrize("candidates", range(1, 9))
def test_equal_rewards_move_nothing(policy: TextPolicy, scaling: Scaling, candidates: int) -> None:
    before = weights_of(policy)
    learner = GRPOLearner(policy, GRPOSettings(), seed=0)
    for reward in (0.1, 1 / 3, 0.7, -2.3, 1e6 + 0.1):
        groups = [np.full(candidates, reward)]
        (row,) = group_advantages(groups, scaling)
        assert row.tolist() == [0.0] * candidates
        assert learner.update([Scored(sample, float(row[0])) for sample in drawn(policy, candidates)]) is None
    assert all(torch.equal(before[name], value) for name, value in weights_of(policy).items())


def test_a_group_of_equals_beside_a_telling_one_stays_at_zero() -> None:
    for scaling in Scaling:
        rows = group_advantages([np.full(3, 0.1), np.array([0.0, 1.0, 0.0]), np.full(6, 0.7)], scaling)
        assert not rows[0].any() and rows[1].any() and not rows[2].any()


@pytest.mark.parametrize("minibatch", [1, 2, 128])
def test_empty_answers_teach_nothing_and_spoil_nothing(policy: TextPolicy, minibatch: int) -> None:
    samples = drawn(policy)
    empty = replace(samples[0], text="", tokens=(), log_probabilities=())
    learner = GRPOLearner(policy, GRPOSettings(minibatch_samples=minibatch), seed=0)
    before = weights_of(policy)
    assert learner.update([Scored(empty, 1.0), Scored(empty, -1.0)]) is None
    assert all(torch.equal(before[name], value) for name, value in weights_of(policy).items())
    metrics = learner.update([Scored(empty, 1.0), Scored(samples[1], -1.0), Scored(empty, -1.0)])
    assert metrics is not None and metrics.samples == 1 and math.isfinite(metrics.loss + metrics.gradient_norm)


@pytest.mark.parametrize("log", [float("nan"), -9999.0, float("-inf"), 5.0])
def test_faulty_log_probabilities_are_not_blamed_on_the_learning_rate(policy: TextPolicy, log: float) -> None:
    sample = drawn(policy)[0]
    faulty = replace(sample, log_probabilities=(log, *sample.log_probabilities[1:]))
    before = weights_of(policy)
    for bad in (faulty, replace(sample, log_probabilities=())):
        with pytest.raises(TrainingError, match="sampler of the answers is at fault"):
            GRPOLearner(policy, GRPOSettings(), seed=0).update([Scored(bad, 1.0)])
    assert all(torch.equal(before[name], value) for name, value in weights_of(policy).items())


# -- tokens with a meaning --------------------------------------------------------------------------------------


def test_an_answer_ends_at_any_of_the_models_ends(policy: TextPolicy) -> None:
    (long,) = policy.sample(["one"], Sampling(1.2, 12), torch.Generator().manual_seed(3))
    assert len(long.tokens) == 12, "chosen so that it does not end by itself"
    other = long.tokens[4]
    policy.model.generation_config.eos_token_id = [policy.tokenizer.eos_token_id, other]
    again = TextPolicy(policy.model, policy.tokenizer)
    (short,) = again.sample(["one"], Sampling(1.2, 12), torch.Generator().manual_seed(3))
    assert short.tokens == long.tokens[: long.tokens.index(other) + 1]


@pytest.mark.parametrize("wanted", ["list", "number"])
def test_the_end_of_a_turn_is_the_one_of_the_chat_template(folder: Path, tmp_path: Path, wanted: str) -> None:
    """As with Gemma and Llama 3, whose tokenizers name the end of a text and whose turns end otherwise."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    turn_end = tokenizer.eos_token_id
    text_end = tokenizer.convert_tokens_to_ids("<|start|>")
    tokenizer.eos_token = "<|start|>"
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.generation_config.eos_token_id = [text_end, turn_end] if wanted == "list" else turn_end
    policy = TextPolicy(model, tokenizer)
    assert policy.answer_tokens("yes")[-1] == turn_end
    tokenizer.save_pretrained(tmp_path)
    model.save_pretrained(tmp_path)
    scorer = HuggingFaceModel(str(tmp_path))
    assert {option[-1] for option in scorer.tokenize("Where to?", ["north", "south"]).options} == {turn_end}


def test_a_model_without_an_end_is_refused_in_one_line(policy: TextPolicy) -> None:
    policy.tokenizer.eos_token = None
    policy.model.generation_config.eos_token_id = None
    with pytest.raises(ConfigurationError, match="generation_config"):
        TextPolicy(policy.model, policy.tokenizer)


def test_a_missing_padding_token_changes_no_answer(policy: TextPolicy) -> None:
    before = drawn(policy)
    policy.tokenizer.pad_token = None
    without = TextPolicy(policy.model, policy.tokenizer)
    assert drawn(without) == before
    with torch.no_grad():
        logs, _, mask = without.token_log_probabilities(before)
    for row, sample in enumerate(before):
        length = len(sample.tokens)
        assert int(mask[row].sum()) == length
        assert logs[row, :length].tolist() == pytest.approx(sample.log_probabilities, abs=1e-4)


def test_a_missing_or_broken_chat_template_is_one_clear_line(tmp_path: Path) -> None:
    without = make_model(tmp_path / "without", chat_template=False)
    run = settings_of({"world": "math", "model": str(without), "specialisation": "shared"})
    with pytest.raises(ConfigurationError, match=r"without' has no chat template.*instruct") as caught:
        ATGRPOTrainer(run, tmp_path / "run").train(1)
    assert "\n" not in str(caught.value) and not (tmp_path / "run" / "base").exists()
    broken = make_model(tmp_path / "broken")
    (broken / "chat_template.jinja").write_text("{{ raise_exception('only assistants may speak') }}")
    with pytest.raises(ConfigurationError, match="only assistants may speak"):
        load_policy(str(broken)).encode("one")


@pytest.mark.parametrize(
    ("temperature", "tokens", "named"),
    [
        (-1.0, 8, "temperature"),
        (float("nan"), 8, "temperature"),
        (float("inf"), 8, "temperature"),
        (1.0, 0, "max_new_tokens"),
        (1.0, -3, "max_new_tokens"),
    ],
)
def test_senseless_sampling_is_refused(temperature: float, tokens: int, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{named} is"):
        Sampling(temperature, tokens)


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "mistral"])
def test_a_prompt_that_candidates_share_is_read_once_with_the_same_numbers_and_gradients(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(str(make_model(tmp_path, architecture)))
    policy.model.eval()
    samples = drawn(policy, 12)
    numbers_and_reading(policy, samples)  # a model whose memory cannot be copied has said so
    shared, gradients, few = numbers_and_reading(policy, samples)
    monkeypatch.setattr("agents.text.text_policy.REPEATS_THAT_PAY", 1000)
    single, single_gradients, many = numbers_and_reading(policy, samples)
    assert torch.allclose(shared, single, atol=1e-5)
    assert gradients.keys() == single_gradients.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, single_gradients[name], atol=1e-4), name
    drawn_logs = [sum(sample.log_probabilities) for sample in samples]
    assert shared.sum(1).tolist() == pytest.approx(drawn_logs, abs=1e-3)
    assert few < 0.7 * many if architecture != "mistral" else few == many, "a window is read as before"


def test_a_prompt_that_candidates_share_is_put_into_tokens_once(
    policy: TextPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens_of, encoded = policy.encode, []

    def counted(prompt: str) -> tuple[int, ...]:
        encoded.append(prompt)
        return tokens_of(prompt)

    monkeypatch.setattr(policy, "encode", counted)
    samples = drawn(policy, 12)
    assert encoded == PROMPTS
    assert [sample.prompt_tokens for sample in samples] == 4 * [tokens_of(prompt) for prompt in PROMPTS]


def test_a_minibatch_holds_the_answers_to_a_prompt_together(policy: TextPolicy) -> None:
    learner = GRPOLearner(policy, GRPOSettings(), 0)
    order = learner._order([sample.prompt_tokens for sample in drawn(policy, 12)])
    assert sorted(order) == list(range(12))
    assert [row % 3 for row in order] == sorted((row % 3 for row in order), key=[row % 3 for row in order].index)
