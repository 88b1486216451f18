"""Shared managers and the documented learner: real weights of small models, and the vendors' SDKs over real HTTP."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import openai
import pytest
import torch

from agents.text.known_models import create_openai_manager, create_qwen3_manager
from agents.text.shared_llm_manager import LLMBackend, LLMConfig, SharedLLMManager, UpdateStrategy
from core.exceptions import ConfigurationError
from tests.tiny_models import make_model
from trainer.multi_model.option_learner import discounted_returns, episode_advantages, step_advantages
from trainer.multi_model.rl import (
    CompetenceFactor,
    CompetenceType,
    CooperationFactor,
    CooperationType,
    RLAlgorithm,
    RLConfig,
    RLTrainer,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


def test_nodes_share_one_model_and_are_counted(folder: Path) -> None:
    manager = create_qwen3_manager(str(folder), "cpu")
    manager.register_node("scout", {"role": "You look ahead.", "max_new_tokens": 4})
    manager.register_node("smith", {"max_new_tokens": 3})
    assert manager.get_global_stats()["model_loaded"] is False
    answer = manager.generate_for_node("scout", "Where to?")
    manager.generate_for_node("smith", "What now?", temperature=0.0)
    assert isinstance(answer.text, str) and answer.confidence is not None and 0 < answer.confidence <= 1
    assert answer.metadata["completion_tokens"] <= 4
    stats = manager.get_global_stats()
    assert (stats["total_nodes"], stats["total_generations"]) == (2, 2)
    assert stats["generations_by_node"] == {"scout": 1, "smith": 1}
    with pytest.raises(ConfigurationError, match="no node 'nobody'"):
        manager.generate_for_node("nobody", "Hello?")
    with pytest.raises(ConfigurationError, match="already"):
        manager.register_node("scout")


def moved(manager: SharedLLMManager, rate: float = 0.5, scale: float = 0.01) -> tuple[dict[str, Any], set[str]]:
    before = {name: p.detach().clone() for name, p in manager.parameters().items()}
    gradients = {name: torch.full_like(p, scale / (index + 1)) for index, (name, p) in enumerate(before.items())}
    done = manager.update_shared_parameters(gradients, rate)
    after = manager.parameters()
    return done, {name for name in before if not torch.equal(before[name], after[name])}


def test_gradients_move_a_local_models_weights(folder: Path) -> None:
    manager = SharedLLMManager(LLMConfig(model_name=str(folder), device="cpu", enable_lora=True))
    names = list(manager.parameters())
    assert names and all(".lora_" in name for name in names)
    before = copy.deepcopy(manager.parameters()[names[0]].detach())
    gradient = torch.full_like(before, 1e-4)
    done = manager.update_shared_parameters({names[0]: gradient.tolist()}, 0.5)
    assert done["updated"] is True and done["parameters"] == 1 and done["update_count"] == 1
    assert done["gradient_norm"] == pytest.approx(float(gradient.norm()))
    assert torch.allclose(manager.parameters()[names[0]], before - 0.5 * gradient)
    huge = manager.update_shared_parameters({names[0]: torch.full_like(before, 100.0)}, 0.5)
    assert huge["learning_rate"] == pytest.approx(0.5 / huge["gradient_norm"])  # clipped to norm 1
    assert manager.get_global_stats()["trainable_parameters"] > 0


def test_strategies_of_updates(folder: Path) -> None:
    def manager(strategy: UpdateStrategy) -> SharedLLMManager:
        return SharedLLMManager(LLMConfig(model_name=str(folder), device="cpu", update_strategy=strategy))

    selective = manager(UpdateStrategy.SELECTIVE)
    done, names = moved(selective)
    assert len(names) == done["parameters"] == (len(selective.parameters()) + 1) // 2
    done, names = moved(manager(UpdateStrategy.INCREMENTAL))
    assert done["learning_rate"] <= 0.05 and names
    frozen = manager(UpdateStrategy.FROZEN)
    done = frozen.update_shared_parameters({"anything": [1.0]}, 1.0)
    assert done["updated"] is False and "FROZEN" in done["reason"] and frozen.parameters() == {}


def test_gradients_that_do_not_fit_move_nothing(folder: Path) -> None:
    manager = SharedLLMManager(LLMConfig(model_name=str(folder), device="cpu", enable_lora=True))
    name = next(iter(manager.parameters()))
    kept = manager.parameters()[name].detach().clone()
    for gradients, complaint in (
        ({"nothing": [1.0]}, "no parameter 'nothing'"),
        ({name: [1.0]}, "has shape"),
        ({name: torch.full_like(kept, float("nan"))}, "not finite"),
    ):
        with pytest.raises(ConfigurationError, match=complaint):
            manager.update_shared_parameters(gradients, 1.0)
    assert torch.equal(manager.parameters()[name], kept)


def test_an_update_counts_when_a_weight_has_changed(folder: Path) -> None:
    """A fraction of an alpha scales the adapter, too; nothing is rounded to 0."""
    manager = SharedLLMManager(LLMConfig(model_name=str(folder), device="cpu", enable_lora=True, lora_alpha=0.4))
    manager.register_node("scout", {"max_new_tokens": 3, "temperature": 0})
    name = next(name for name in manager.parameters() if "lora_B" in name)
    before = manager.generate_for_node("scout", "Where to?").confidence
    gradient = torch.ones_like(manager.parameters()[name])
    for rate, count in ((0.0, 0), (1e-300, 0), (30.0, 1)):
        done = manager.update_shared_parameters({name: gradient}, rate)
        assert (done["updated"], done["update_count"], bool(done["reason"])) == (bool(count), count, not count)
    assert manager.generate_for_node("scout", "Where to?").confidence != before
    kept = manager.parameters()[name].detach().clone()
    for rate in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ConfigurationError, match="learning_rate is"):
            manager.update_shared_parameters({name: gradient}, rate)
    assert torch.equal(manager.parameters()[name], kept) and manager.update_count == 1


def test_what_a_hosted_model_does_not_take_is_refused_in_words(folder: Path) -> None:
    for backend in (LLMBackend.OPENAI_API, LLMBackend.ANTHROPIC, LLMBackend.VLLM):
        for changes in ({"device": "cuda"}, {"max_length": 100}, {"enable_lora": True}):
            with pytest.raises(ConfigurationError, match=f"{next(iter(changes))} is .* hosted"):
                LLMConfig(backend, "theirs", **changes)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"temperature is 0\.2, and theirs is hosted"):
        LLMConfig(LLMBackend.ANTHROPIC, "theirs", temperature=0.2)
    assert LLMConfig(LLMBackend.OPENAI_API, "theirs", temperature=0.2).temperature == 0.2
    claude = SharedLLMManager(LLMConfig(LLMBackend.ANTHROPIC, "theirs", api_key="none"))
    claude.register_node("scout", {"temperature": 0.2})
    with pytest.raises(ConfigurationError, match="takes no temperature"):
        claude.generate_for_node("scout", "Where to?")
    for wrong in (-0.1, 1e-30, float("nan"), 1e9):
        with pytest.raises(ConfigurationError, match="temperature is"):
            LLMConfig(temperature=wrong)
    with pytest.raises(ConfigurationError, match="lora_alpha"):
        LLMConfig(lora_alpha=0.0)
    local = SharedLLMManager(LLMConfig(model_name=str(folder), device="cpu", max_length=5))
    local.register_node("scout")
    with pytest.raises(ConfigurationError, match="max_length 5"):
        local.generate_for_node("scout", "Where to, and why, and how far is it?")


class _Chat(BaseHTTPRequestHandler):
    temperatures: ClassVar[list[float]] = []

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.temperatures.append(request["temperature"])
        status, message = (500, None) if "fail" in request["messages"][0]["content"] else (200, "North. Answer: go")
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": request["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": message}}
                ],
                "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
            }
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Chat)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def test_a_hosted_model_answers_and_says_plainly_that_its_weights_cannot_move(address: str) -> None:
    manager = SharedLLMManager(LLMConfig(LLMBackend.VLLM, "tiny", api_base=address))
    manager.register_node("scout", {"temperature": 0.25})
    answer = manager.generate_for_node("scout", "Where to?")
    assert _Chat.temperatures[-1] == 0.25
    assert answer.text == "North. Answer: go" and answer.reasoning == "North." and answer.confidence is None
    assert manager.get_global_stats()["total_tokens"] == 12
    done = manager.update_shared_parameters({"weights": [1.0]}, 0.1)
    assert done["updated"] is False and "cannot be moved" in done["reason"]
    assert manager.get_global_stats()["update_count"] == 0 and manager.parameters() == {}
    with pytest.raises(openai.APIError):
        manager.generate_for_node("scout", "fail, please")


def test_documented_errors_of_managers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unsupported LLM backend"):
        LLMConfig(backend="carrier pigeon")  # type: ignore[arg-type]
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    hosted = create_openai_manager("gpt-4o")
    hosted.register_node("scout")
    with pytest.raises(RuntimeError, match=r"Model loading failed.*OPENAI_API_KEY"):
        hosted.generate_for_node("scout", "Where to?")
    local = create_qwen3_manager(str(tmp_path))
    local.register_node("scout")
    with pytest.raises(RuntimeError, match="Model loading failed"):
        local.generate_for_node("scout", "Where to?")


# -- the documented learner ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [RLAlgorithm.PPO, RLAlgorithm.GRPO])
def test_a_learner_comes_to_prefer_what_is_rewarded(folder: Path, algorithm: RLAlgorithm) -> None:
    config = RLConfig(algorithm=algorithm, learning_rate=0.02, ppo_epochs=3, entropy_coef=0.0)
    trainer = RLTrainer(config, folder, lora_rank=4)
    options = ["Go to the healer", "Talk to the elder"]
    first = trainer.probabilities("You are hurt.", options)[0]
    wanted = 0 if first < 0.5 else 1  # an option that it prefers less now
    for _ in range(6):
        for _ in range(8):
            trainer.reward(float(trainer.act("You are hurt.", options) == wanted))
            trainer.end_episode()
        trainer.update()
    now = trainer.probabilities("You are hurt.", options)[wanted]
    assert now > min(0.9, 2 * min(first, 1 - first))


def test_returns_and_advantages() -> None:
    assert discounted_returns([1.0, 0.0, 4.0], 0.5).tolist() == [2.0, 2.0, 4.0]
    by_step = step_advantages([discounted_returns([1.0, 0.0], 1.0), discounted_returns([3.0, 2.0], 1.0)])
    assert by_step[0].tolist() == pytest.approx((-by_step[1]).tolist())
    assert all(row.sum() == 0 for row in step_advantages([discounted_returns([1.0, 1.0], 0.9)] * 3))
    one, other = episode_advantages([[1.0, 1.0], [0.0]])
    assert one.tolist() == pytest.approx([1.0, 1.0], abs=1e-6) and other.tolist() == pytest.approx([-1.0], abs=1e-6)


def test_a_shared_reward_needs_what_the_team_earned(folder: Path) -> None:
    def reward(factor: CooperationFactor, *given: object, **named: object) -> float:
        trainer = RLTrainer(RLConfig(cooperation_factor=factor), folder, lora_rank=4)
        trainer.act("You are hurt.", ["Go to the healer", "Talk to the elder"])
        trainer.reward(1.0, *given, **named)  # type: ignore[arg-type]
        (learned_from,) = trainer._learner._running.rewards
        return learned_from

    alone, half = CooperationFactor(), CooperationFactor(CooperationType.SHARED_REWARDS)
    four = CooperationFactor(CooperationType.TEAM_BASED, cooperation_strength=0.5, team_size=4)
    assert reward(alone) == 1.0 and reward(half, 3.0) == 2.0
    assert reward(four, team_rewards=[1.0, 3.0, 3.0, 5.0]) == 2.0
    with pytest.raises(ConfigurationError, match=r"the team 50% of a reward.*needs team_mean=; team_mean None"):
        reward(half)
    for given in ({}, {"team_mean": 3.0}, {"team_rewards": [1.0, 3.0]}):
        with pytest.raises(ConfigurationError, match="team_rewards= of all 4 members"):
            reward(four, **given)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"team_size": 4}, "team_size is 4, but the cooperation_type 'none'"),
        ({"cooperation_strength": 0.8}, "cooperation_strength is 0.8, but"),
        ({"cooperation_type": CooperationType.TEAM_BASED, "shared_reward_ratio": 0.9}, "shared_reward_ratio is 0.9"),
        ({"cooperation_type": CooperationType.TEAM_BASED, "team_size": 0}, "team_size is 0"),
    ],
)
def test_a_setting_of_cooperation_that_would_do_nothing_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        CooperationFactor(**settings)


def test_factors_and_refusals() -> None:
    team = CooperationFactor(CooperationType.TEAM_BASED, cooperation_strength=0.25)
    assert team.shaped(1.0, 5.0) == pytest.approx(2.0)
    assert CooperationFactor().shaped(1.0, 5.0) == 1.0
    slow = CompetenceFactor(CompetenceType.ADAPTIVE, adaptation_speed=0.5)
    assert slow.moved(0.5, 1.0) == pytest.approx(0.75) and slow.rate(0.75) == pytest.approx(0.25)
    with pytest.raises(ConfigurationError, match="discrete"):
        RLConfig(algorithm=RLAlgorithm.SAC)
    with pytest.raises(ConfigurationError, match="gamma"):
        RLConfig(gamma=1.5)
