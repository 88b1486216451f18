"""LoRA adapters of one base model in this process: made, saved, loaded, and compared by their rewards.

Low-rank adaptation (Hu et al. 2021) by PEFT. All adapters share the base weights in memory; a `TextPolicy` per adapter
selects its own before each use, so each can be trained and sampled independently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file

from agents.text.text_policy import TextPolicy
from core.exceptions import CheckpointError, CheckpointNotFoundError, ConfigurationError
from trainer.serving.adapter_engine import ADAPTER_FILES

REWARD_MEMORY = 0.9
"""Weight of the old estimate when a reward is reported."""


def default_target_modules() -> list[str]:
    """The documented projections."""
    return ["q_proj", "v_proj", "k_proj", "o_proj"]


@dataclass(frozen=True, slots=True)
class LoRAConfig:
    """One adapter: its size, and where its model is served."""

    lora_id: int
    rank: int = 16
    alpha: float = 32.0
    """The adapter's output is scaled by alpha / rank."""
    dropout: float = 0.1
    target_modules: list[str] = field(default_factory=default_target_modules)
    """Names of the layers that are adapted."""
    gpu_id: int = 0
    """GPU of its server; the CPU where the machine has none."""
    port: int = 8001
    weights_path: str | None = None
    """Folder of saved weights to begin with; a new adapter does not change the model at first."""

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1 or not self.target_modules:
            raise ConfigurationError(
                f"LoRA {self.lora_id}: rank {self.rank} (from 1), alpha {self.alpha} (above 0), dropout {self.dropout} "
                f"(0 to below 1) and target_modules {self.target_modules} (at least one)"
            )

    @property
    def name(self) -> str:
        """The adapter's name in a model and at a server."""
        return f"adapter-{self.lora_id}"


class LoRAManager:
    """Adapters by id. `attach` puts them on a base model; before that they are only configurations."""

    def __init__(self, configs: Mapping[int, LoRAConfig]) -> None:
        if not configs:
            raise ConfigurationError("a LoRA manager needs at least one configuration")
        wrong = [key for key, config in configs.items() if key != config.lora_id]
        if wrong:
            raise ConfigurationError(f"the configurations {wrong} stand under another number than their lora_id")
        self.configs = dict(configs)
        self.policies: dict[int, TextPolicy] = {}
        """Policies by id, from `attach` on."""
        self.rewards: dict[int, float] = {}
        """Running mean of each adapter's reported rewards."""
        self._model: Any = None

    def attach(self, base: TextPolicy) -> dict[int, TextPolicy]:
        """Put all adapters on a base model, which freezes its own weights; returns a policy for each.

        Raises `ConfigurationError` when the model has none of the target modules.
        """
        if self._model is not None:
            raise ConfigurationError("these adapters stand on a model already")
        for config in self.configs.values():
            shape = LoraConfig(
                r=config.rank,
                lora_alpha=config.alpha,  # type: ignore[arg-type]  # PEFT divides it, fractions are fine
                lora_dropout=config.dropout,
                target_modules=list(config.target_modules),
                task_type="CAUSAL_LM",
            )
            try:
                if self._model is None:
                    self._model = get_peft_model(base.model, shape, adapter_name=config.name)
                else:
                    self._model.add_adapter(config.name, shape)
            except ValueError as error:
                raise ConfigurationError(f"LoRA {config.lora_id} does not fit the model: {error}") from error
            self.policies[config.lora_id] = TextPolicy(self._model, base.tokenizer, config.name)
            if config.weights_path is not None:
                self.load(config.lora_id, Path(config.weights_path))
        return self.policies

    def save(self, lora_id: int, folder: Path) -> Path:
        """Write an adapter as an ordinary PEFT folder (safetensors), for servers and for `load`; returns the folder."""
        name = self._attached(lora_id).name
        self._model.save_pretrained(folder.parent, selected_adapters=[name])
        written = folder.parent / name
        if written != folder:
            folder.mkdir(parents=True, exist_ok=True)
            for file in written.iterdir():
                file.replace(folder / file.name)
            written.rmdir()
        return folder

    def load(self, lora_id: int, folder: Path) -> None:
        """Load saved weights into an adapter; `CheckpointError` when they are missing or do not fit."""
        from peft import set_peft_model_state_dict

        name = self._attached(lora_id).name
        path = folder / ADAPTER_FILES[1]
        if not path.is_file():
            raise CheckpointNotFoundError(f"Checkpoint not found: {folder} has no {ADAPTER_FILES[1]}")
        try:
            outcome = set_peft_model_state_dict(self._model, load_file(path), adapter_name=name)
        except RuntimeError as error:
            raise CheckpointError(f"{path} does not fit LoRA {lora_id}: {error}") from error
        if outcome.unexpected_keys:
            raise CheckpointError(f"{path} does not fit LoRA {lora_id}: it has {outcome.unexpected_keys[:3]}")

    def report(self, lora_id: int, reward: float) -> None:
        """Report an adapter's reward."""
        self._config(lora_id)
        old = self.rewards.get(lora_id, reward)
        self.rewards[lora_id] = REWARD_MEMORY * old + (1 - REWARD_MEMORY) * reward

    def best(self) -> int:
        """Id of the adapter with the highest running mean; the first one before any report."""
        if not self.rewards:
            return next(iter(self.configs))
        return max(self.rewards, key=lambda lora_id: self.rewards[lora_id])

    def get_status(self) -> dict[int, dict[str, Any]]:
        """By id: `rank`, `alpha`, `parameters` (trained numbers; 0 before `attach`) and `reward` (None before the
        first)."""
        return {
            lora_id: {
                "rank": config.rank,
                "alpha": config.alpha,
                "parameters": sum(parameter.numel() for parameter in self.policies[lora_id].trainable_parameters())
                if lora_id in self.policies
                else 0,
                "reward": self.rewards.get(lora_id),
            }
            for lora_id, config in self.configs.items()
        }

    def _config(self, lora_id: int) -> LoRAConfig:
        if lora_id not in self.configs:
            raise ConfigurationError(f"there is no LoRA {lora_id}; there are {sorted(self.configs)}")
        return self.configs[lora_id]

    def _attached(self, lora_id: int) -> LoRAConfig:
        config = self._config(lora_id)
        if lora_id not in self.policies and self._model is None:
            raise ConfigurationError("these adapters stand on no model yet: call attach(base) first")
        return config


def create_lora_manager(configs: Mapping[int, LoRAConfig]) -> LoRAManager:
    """Adapters by id; see `LoRAManager`."""
    return LoRAManager(configs)
