"""The documented names of Core SRL: re-exports only; the code is in `core.arenas`, `agents` and `trainer`."""

from agents.text.known_models import (
    create_claude_manager,
    create_llama3_manager,
    create_openai_manager,
    create_qwen3_manager,
    create_qwen_coder_manager,
    create_qwen_math_manager,
    create_shared_llm_manager,
    get_available_models,
)
from agents.text.shared_llm_manager import LLMBackend, LLMConfig, LLMResponse, SharedLLMManager, UpdateStrategy
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
from trainer.multi_model.cartridge import CartridgeEnvironment, create_cartridge_training_env
from trainer.multi_model.checkpoints import TrainingCheckpoint, list_available_checkpoints, load_checkpoint_metadata
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.factories import (
    create_competitive_multimodel_trainer,
    create_cooperative_multimodel_trainer,
    create_multimodel_trainer,
    get_version_info,
    quick_start_multimodel_training,
)
from trainer.multi_model.model_state import ModelState
from trainer.multi_model.rl import (
    CompetenceFactor,
    CompetenceType,
    CooperationFactor,
    CooperationType,
    RLAlgorithm,
    RLConfig,
    RLTrainer,
)
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
    "CartridgeEnvironment",
    "CompetenceFactor",
    "CompetenceType",
    "CoopCompeteEnv",
    "CooperationFactor",
    "CooperationType",
    "CooperativeCompetitiveEnv",
    "DistributedLoRAScheduler",
    "EnvironmentConfig",
    "EnvironmentType",
    "GraphVisualizer",
    "LLMBackend",
    "LLMConfig",
    "LLMResponse",
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
    "RLAlgorithm",
    "RLConfig",
    "RLTrainer",
    "SharedLLMManager",
    "SimplePG",
    "SocialInteractionEnv",
    "TeamBattleEnv",
    "TrainingCheckpoint",
    "TrainingMode",
    "UnifiedMonitor",
    "UnifiedScheduler",
    "UpdateStrategy",
    "WeightUpdateStrategy",
    "create_cartridge_training_env",
    "create_claude_manager",
    "create_competitive_multimodel_trainer",
    "create_competitive_scheduler",
    "create_cooperative_multimodel_trainer",
    "create_cooperative_scheduler",
    "create_distributed_lora_scheduler",
    "create_graph_visualizer",
    "create_llama3_manager",
    "create_lora_manager",
    "create_maze_training_env",
    "create_multi_model_coop_compete_env",
    "create_multi_model_staged_env",
    "create_multi_model_team_battle",
    "create_multimodel_trainer",
    "create_openai_manager",
    "create_qwen3_manager",
    "create_qwen_coder_manager",
    "create_qwen_math_manager",
    "create_shared_llm_manager",
    "create_social_training_env",
    "create_unified_monitor",
    "create_unified_scheduler",
    "get_available_models",
    "get_version_info",
    "list_available_checkpoints",
    "load_checkpoint_metadata",
    "quick_start_multimodel_training",
    "run_benchmark",
]
