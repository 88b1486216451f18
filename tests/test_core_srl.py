"""The door `core_srl`: documented names, signatures, defaults and enum values, and the documented examples as written.

The examples run with a small local model in the place of every large one, and with two episodes in the place of
hundreds; nothing else of them is changed.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import types
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import core_srl
from core_srl import MultiModelConfig, MultiModelTrainer, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE

DEFAULTS = {
    "num_models": 4,
    "model_types": ["qwen3", "openai", "claude", "llama3"],
    "training_mode": TrainingMode.MIXED,
    "weight_update_strategy": WeightUpdateStrategy.ASYNCHRONOUS,
    "max_episodes": 1000,
    "episode_length": 32,
    "update_frequency": 10,
    "learning_rate": 3e-4,
    "cooperation_strength": 0.6,
    "competition_intensity": 0.4,
    "num_gpus": 4,
    "base_port": 8001,
    "batch_size": 32,
    "checkpoint_dir": "./checkpoints/multimodel",
    "save_interval": 100,
    "max_checkpoints": 10,
    "enable_verl": True,
    "enable_areal": True,
    "kv_cache_size": 10000,
    "enable_monitoring": True,
    "log_metrics_interval": 10,
}
ENUMS = {
    "TrainingMode": ["cooperative", "competitive", "mixed", "hierarchical"],
    "WeightUpdateStrategy": ["synchronized", "asynchronous", "federated", "selective"],
    "LLMBackend": ["huggingface", "openai_api", "anthropic", "vllm"],
}
PARAMETERS = {
    "create_qwen3_manager": ["model_name", "device"],
    "create_qwen_coder_manager": ["model_name", "device"],
    "create_qwen_math_manager": ["model_name", "device"],
    "create_openai_manager": ["model_name", "api_key"],
    "create_claude_manager": ["model_name", "api_key"],
    "create_llama3_manager": ["model_name", "device"],
    "create_multimodel_trainer": ["num_models", "training_mode"],
    "create_cooperative_multimodel_trainer": ["num_models"],
    "create_competitive_multimodel_trainer": ["num_models"],
    "quick_start_multimodel_training": ["num_models", "max_episodes"],
    "create_multi_model_coop_compete_env": ["num_models", "cooperation_level"],
    "create_multi_model_team_battle": [],
    "create_multi_model_staged_env": ["num_models", "warmup_episodes"],
    "create_maze_training_env": ["complexity"],
    "create_social_training_env": ["scenario", "num_models"],
    "create_unified_scheduler": ["base_port", "num_gpus"],
    "create_cooperative_scheduler": ["base_port", "num_gpus"],
    "create_competitive_scheduler": ["base_port", "num_gpus"],
    "create_lora_manager": ["configs"],
    "create_distributed_lora_scheduler": ["base_port", "num_gpus"],
    "create_unified_monitor": ["config"],
    "create_graph_visualizer": ["log_file"],
    "list_available_checkpoints": ["checkpoint_dir"],
    "load_checkpoint_metadata": ["checkpoint_id", "checkpoint_dir"],
    "get_available_models": [],
    "get_version_info": [],
    "run_benchmark": ["runs", "episodes", "coop_level", "difficulty"],
}


def test_every_exported_name_is_there_once() -> None:
    assert len(set(core_srl.__all__)) == len(core_srl.__all__)
    for name in core_srl.__all__:
        assert getattr(core_srl, name) is not None


@pytest.mark.parametrize("name", PARAMETERS)
def test_documented_parameters_are_taken_by_name(name: str) -> None:
    parameters = inspect.signature(getattr(core_srl, name)).parameters
    assert set(PARAMETERS[name]) <= set(parameters)
    required = [key for key, one in parameters.items() if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    assert set(required) <= set(PARAMETERS[name])


def test_documented_defaults_and_enum_values() -> None:
    config = MultiModelConfig()
    for key, value in DEFAULTS.items():
        assert getattr(config, key) == value, key
    assert set(config.model_names) == {"qwen3", "openai", "claude", "llama3"}
    assert MultiModelConfig().model_types is not config.model_types
    for name, values in ENUMS.items():
        kind = getattr(core_srl, name)
        assert issubclass(kind, Enum) and [member.value for member in kind] == values
    llm = core_srl.LLMConfig()
    assert (llm.device, llm.max_length, llm.temperature, llm.api_key, llm.enable_lora) == (
        "auto",
        32768,
        0.7,
        None,
        False,
    )
    rl = core_srl.RLConfig()
    assert (rl.algorithm.value, rl.learning_rate, rl.gamma, rl.batch_size) == ("ppo", 3e-4, 0.99, 32)
    lora = core_srl.LoRAConfig(lora_id=1)
    assert (lora.rank, lora.alpha, lora.dropout, lora.gpu_id, lora.port) == (16, 32.0, 0.1, 0, 8001)
    assert set(core_srl.get_available_models()) >= {"qwen3", "openai", "claude", "llama3"}
    assert core_srl.get_version_info()["version"]


EXAMPLES = {
    "basic": """
from core_srl import quick_start_multimodel_training

results = await quick_start_multimodel_training(num_models=4, max_episodes=2)
assert results["status"] == "completed"
""",
    "advanced, then checkpoints": """
from core_srl import MultiModelTrainer, MultiModelConfig, TrainingMode

config = MultiModelConfig(
    num_models=6,
    training_mode=TrainingMode.MIXED,
    max_episodes=2
)

trainer = MultiModelTrainer(config)
results = await trainer.train()
performance = trainer.get_model_performance_summary()

from core_srl import list_available_checkpoints, load_checkpoint_metadata

checkpoints = list_available_checkpoints()
metadata = load_checkpoint_metadata(checkpoints[0])

trainer = MultiModelTrainer(config)
trainer.load_checkpoint(checkpoints[0])
results = await trainer.train()
assert results["total_episodes"] == 2
""",
    "environment": """
from core_srl import create_multi_model_coop_compete_env, EnvironmentType

env = create_multi_model_coop_compete_env(
    num_models=8,
    cooperation_level=0.7
)
trainer = MultiModelTrainer(MultiModelConfig(num_models=8, max_episodes=2, episode_length=4))
trainer.environment = env

def custom_reward_fn(model_output, context):
    base_reward = len(model_output.split()) / 50.0
    quality_bonus = 0.5 if "good" in model_output.lower() else 0.0
    return base_reward + quality_bonus

trainer.environment.reward_function = custom_reward_fn
results = await trainer.train()
assert abs(results["training_metrics"]["total_rewards"][0] - 8 * 4 * 0.02) < 1e-6
""",
    "monitoring": """
from core_srl import create_unified_monitor, MonitoringConfig

monitor_config = MonitoringConfig(
    enable_file_logging=True,
    log_file_path="./logs/training.json"
)

monitor = create_unified_monitor(monitor_config)
monitor.start()

trainer = MultiModelTrainer(MultiModelConfig(num_models=2, max_episodes=2, episode_length=4))
trainer.config.enable_monitoring = True
trainer.config.log_metrics_interval = 2
results = await trainer.train()
status = trainer.get_training_status()
print(f"Progress: {status['progress']:.1%}")
performance = trainer.get_model_performance_summary()
for model_id, stats in performance.items():
    print(f"{model_id}: {stats['avg_reward']:.3f} avg reward")
monitor.stop()

import json
lines = [json.loads(line) for line in open("./logs/training.json")]
assert {line["kind"] for line in lines} == {"metrics", "interactions"}
assert {line.get("model") for line in lines} >= {None, "model_0_qwen3", "model_1_openai"}
from core_srl import create_graph_visualizer
assert create_graph_visualizer("./logs/training.json").save_html("graph.html").stat().st_size > 1000
""",
    "cooperative": """
from core_srl import create_cooperative_multimodel_trainer

trainer = create_cooperative_multimodel_trainer(num_models=4)
trainer.config.cooperation_strength = 0.8  # High cooperation
trainer.config.weight_update_strategy = WeightUpdateStrategy.SYNCHRONIZED
trainer.config.max_episodes = 2

results = await trainer.train()
""",
    "competitive": """
from core_srl import create_competitive_multimodel_trainer

trainer = create_competitive_multimodel_trainer(num_models=4)
trainer.config.competition_intensity = 0.7  # High competition
trainer.config.weight_update_strategy = WeightUpdateStrategy.SELECTIVE
trainer.config.max_episodes = 2

results = await trainer.train()
""",
    "settings": """
config = MultiModelConfig(
    num_models=6,
    model_types=["qwen3", "openai", "claude", "llama3"],
    model_names={
        "qwen3": "Qwen/Qwen2.5-14B-Instruct",
        "openai": "gpt-4o",
        "claude": "claude-3-5-sonnet-20241022",
        "llama3": "meta-llama/Llama-3.1-8B-Instruct"
    }
)
config.model_names = {
    "qwen_coder": "Qwen/Qwen2.5-Coder-14B-Instruct",
    "qwen_math": "Qwen/Qwen2.5-Math-14B-Instruct",
    "openai": "gpt-4o",
    "claude": "claude-3-5-sonnet-20241022"
}
config = MultiModelConfig(num_models=8, num_gpus=4, base_port=8001, batch_size=32)
config.enable_verl = True
config.enable_areal = True
config.kv_cache_size = 20000
config = MultiModelConfig(batch_size=16, kv_cache_size=5000, max_checkpoints=3, enable_areal=False)
config = MultiModelConfig(update_frequency=5, enable_verl=True, enable_areal=True, num_gpus=8, batch_size=64)
""",
    "environments": """
from core_srl import (
    create_maze_training_env, create_multi_model_staged_env, create_multi_model_team_battle, create_social_training_env
)

for env, models in (
    (create_multi_model_team_battle(), 8),
    (create_multi_model_staged_env(num_models=8, warmup_episodes=50), 8),
    (create_maze_training_env("simple"), 4),
    (create_social_training_env("trading", 6), 6),
):
    trainer = MultiModelTrainer(
        MultiModelConfig(num_models=models, max_episodes=1, episode_length=3, checkpoint_dir=f"./{env.env_type.value}")
    )
    trainer.environment = env
    results = await trainer.train()
    assert results["training_completed"], env.env_type
""",
    "adapters": """
from core_srl import create_distributed_lora_scheduler

lora_scheduler = create_distributed_lora_scheduler(
    base_port=8001,
    num_gpus=4
)

await lora_scheduler.start()
await lora_scheduler.stop()
""",
    "error recovery": """
import asyncio

trainer = MultiModelTrainer(MultiModelConfig(num_models=2, max_episodes=2, episode_length=4, episode_timeout_s=1e-9))
try:
    results = await trainer.train()
except RuntimeError as e:
    if "memory" in str(e).lower():
        trainer.config.batch_size //= 2
        results = await trainer.train()
    else:
        raise

except asyncio.TimeoutError:
    trainer.config.episode_timeout_s = None
    # Save checkpoint and continue
    await trainer._save_checkpoint(trainer.current_episode)
    results = await trainer.train()
assert results["total_episodes"] == 2
""",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_documented_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    names: dict[str, Any] = {
        "MultiModelConfig": MultiModelConfig,
        "MultiModelTrainer": MultiModelTrainer,
        "WeightUpdateStrategy": WeightUpdateStrategy,
    }
    code = compile(EXAMPLES[name], name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = types.FunctionType(code, names)()
    if inspect.isawaitable(running):
        asyncio.run(_finish(running))


async def _finish(running: Any) -> None:
    await running


def test_the_full_example_session_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")

    async def full_training_example() -> dict[str, Any]:
        config = MultiModelConfig(
            num_models=4,
            model_types=["qwen3", "openai"],
            training_mode=TrainingMode.MIXED,
            max_episodes=2,
            learning_rate=3e-4,
            checkpoint_dir="./training_checkpoints",
        )
        trainer = MultiModelTrainer(config)
        try:
            results = await trainer.train()
            print(f"Training completed in {results['training_time']:.2f}s")
            print(f"Total episodes: {results['total_episodes']}")
            performance = trainer.get_model_performance_summary()
            for _, stats in performance.items():
                print(f"  Avg Reward: {stats['avg_reward']:.3f}")
                print(f"  Win Rate: {stats['win_rate']:.3f}")
                print(f"  Updates: {stats['update_count']}")
            return results
        finally:
            await trainer.shutdown()

    results = asyncio.run(full_training_example())
    assert results["total_episodes"] == 2
    names = core_srl.list_available_checkpoints("./training_checkpoints")
    assert names[0].startswith("final_multimodel_ep_2_")
