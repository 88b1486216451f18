"""The documented shortcuts to a multi-model training."""

from __future__ import annotations

from typing import Any

from trainer.checkpoints.checkpoint import PROGRAM, program_version
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.trainer import MultiModelTrainer


def create_multimodel_trainer(
    num_models: int = 4, training_mode: TrainingMode = TrainingMode.MIXED, **settings: Any
) -> MultiModelTrainer:
    """A trainer with the default settings; `settings` are further fields of `MultiModelConfig`."""
    return MultiModelTrainer(MultiModelConfig(num_models=num_models, training_mode=training_mode, **settings))


def create_cooperative_multimodel_trainer(num_models: int = 4, **settings: Any) -> MultiModelTrainer:
    """Models of one type that share rewards and gradients."""
    return MultiModelTrainer(
        MultiModelConfig(
            **{
                "num_models": num_models,
                "model_types": ["qwen3"],
                "training_mode": TrainingMode.COOPERATIVE,
                "weight_update_strategy": WeightUpdateStrategy.SYNCHRONIZED,
                **settings,
            }
        )
    )


def create_competitive_multimodel_trainer(num_models: int = 4, **settings: Any) -> MultiModelTrainer:
    """Models of all types that compete; only the better half learns."""
    return MultiModelTrainer(
        MultiModelConfig(
            **{
                "num_models": num_models,
                "training_mode": TrainingMode.COMPETITIVE,
                "weight_update_strategy": WeightUpdateStrategy.SELECTIVE,
                **settings,
            }
        )
    )


async def quick_start_multimodel_training(
    num_models: int = 4, max_episodes: int = 100, **settings: Any
) -> dict[str, Any]:
    """Trains with the default settings and shuts down.

    Returns `training_results` (as `MultiModelTrainer.train`), `model_performance` and `status` "completed". Errors are
    raised, not hidden in the result.
    """
    trainer = MultiModelTrainer(MultiModelConfig(num_models=num_models, max_episodes=max_episodes, **settings))
    try:
        results = await trainer.train()
    finally:
        await trainer.shutdown()
    return {
        "training_results": results,
        "model_performance": trainer.get_model_performance_summary(),
        "status": "completed",
    }


def get_version_info() -> dict[str, str]:
    """`version` of this program, and what it is: `name`, `focus`."""
    return {"version": program_version(), "name": PROGRAM, "focus": "several language-model agents trained together"}
