"""The documented names of Core SRL: re-exports only; the code is in `core.arenas`, `agents` and `trainer`."""

from core.arenas.settings import EnvironmentConfig, EnvironmentType
from core.arenas.training_environment import MultiModelTrainingEnvironment, create_multi_model_coop_compete_env
from trainer.multi_model.checkpoints import TrainingCheckpoint, list_available_checkpoints, load_checkpoint_metadata
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.factories import (
    create_competitive_multimodel_trainer,
    create_cooperative_multimodel_trainer,
    create_multimodel_trainer,
    quick_start_multimodel_training,
)
from trainer.multi_model.model_state import ModelState
from trainer.multi_model.trainer import MultiModelTrainer

__all__ = [
    "EnvironmentConfig",
    "EnvironmentType",
    "ModelState",
    "MultiModelConfig",
    "MultiModelTrainer",
    "MultiModelTrainingEnvironment",
    "TrainingCheckpoint",
    "TrainingMode",
    "WeightUpdateStrategy",
    "create_competitive_multimodel_trainer",
    "create_cooperative_multimodel_trainer",
    "create_multi_model_coop_compete_env",
    "create_multimodel_trainer",
    "list_available_checkpoints",
    "load_checkpoint_metadata",
    "quick_start_multimodel_training",
]
