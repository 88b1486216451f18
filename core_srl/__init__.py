"""The documented names of Core SRL: re-exports only; the code is in `core.arenas`, `agents` and `trainer`."""

from core.arenas.coop_compete import CooperativeCompetitiveEnv
from core.arenas.coordination_game import CoopCompeteEnv
from core.arenas.maze import Action, MazeConfig, MazeEnv
from core.arenas.settings import EnvironmentConfig, EnvironmentType
from core.arenas.social import SocialInteractionEnv
from core.arenas.staged import MultiAgentStagedEnv
from core.arenas.team_battle import TeamBattleEnv
from core.arenas.training_environment import (
    MultiModelTrainingEnvironment,
    create_maze_training_env,
    create_multi_model_coop_compete_env,
    create_multi_model_staged_env,
    create_multi_model_team_battle,
    create_social_training_env,
)
from trainer.coop_compete.benchmark import run_benchmark
from trainer.coop_compete.policies import OurMethodPolicy, SimplePG
from trainer.monitoring.graph_visualizer import GraphVisualizer, create_graph_visualizer
from trainer.monitoring.monitor import UnifiedMonitor, create_unified_monitor
from trainer.monitoring.settings import MonitoringConfig
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
from trainer.serving.lora import LoRAConfig, LoRAManager, create_lora_manager
from trainer.serving.lora_scheduler import DistributedLoRAScheduler, create_distributed_lora_scheduler
from trainer.serving.scheduler import (
    UnifiedScheduler,
    create_competitive_scheduler,
    create_cooperative_scheduler,
    create_unified_scheduler,
)

__all__ = [
    "Action",
    "CoopCompeteEnv",
    "CooperativeCompetitiveEnv",
    "DistributedLoRAScheduler",
    "EnvironmentConfig",
    "EnvironmentType",
    "GraphVisualizer",
    "LoRAConfig",
    "LoRAManager",
    "MazeConfig",
    "MazeEnv",
    "ModelState",
    "MonitoringConfig",
    "MultiAgentStagedEnv",
    "MultiModelConfig",
    "MultiModelTrainer",
    "MultiModelTrainingEnvironment",
    "OurMethodPolicy",
    "SimplePG",
    "SocialInteractionEnv",
    "TeamBattleEnv",
    "TrainingCheckpoint",
    "TrainingMode",
    "UnifiedMonitor",
    "UnifiedScheduler",
    "WeightUpdateStrategy",
    "create_competitive_multimodel_trainer",
    "create_competitive_scheduler",
    "create_cooperative_multimodel_trainer",
    "create_cooperative_scheduler",
    "create_distributed_lora_scheduler",
    "create_graph_visualizer",
    "create_lora_manager",
    "create_maze_training_env",
    "create_multi_model_coop_compete_env",
    "create_multi_model_staged_env",
    "create_multi_model_team_battle",
    "create_multimodel_trainer",
    "create_social_training_env",
    "create_unified_monitor",
    "create_unified_scheduler",
    "list_available_checkpoints",
    "load_checkpoint_metadata",
    "quick_start_multimodel_training",
    "run_benchmark",
]
