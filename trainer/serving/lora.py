"""LoRA adapters of one base model in this process: made, saved, loaded, and compared by their rewards.

Low-rank adaptation (Hu et al. 2021) by PEFT. All adapters share the base weights in memory; a `TextPolicy` per adapter
selects its own before each use, so each can be trained and sampled independently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from agents.llm.adapters import check_base, misfit, read_adapter
from agents.text.text_policy import TextPolicy
from core.exceptions import CheckpointError, ConfigurationError
from core.extras import needs_extra
from trainer.serving.placement import LAST_PORT
from trainer.serving.server_client import ServerAddress

PUBLISH_TIMEOUT_S = 120.0
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
    """Share of the adapter's input that is dropped while it learns (`LoRAManager.learning`); 0 to below 1."""
    target_modules: list[str] = field(default_factory=default_target_modules)
    """Names of the layers that are adapted."""
    gpu_id: int = 0
    """GPU on which `attach` puts the base, the same for all adapters of a base; the CPU where the machine has none."""
    port: int = 8001
    """Port of the server on this machine to which `LoRAManager.publish` sends the adapter."""
    weights_path: str | None = None
    """Folder of saved weights to begin with; a new adapter does not change the model at first."""

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1 or not self.target_modules:
            raise ConfigurationError(
                f"LoRA {self.lora_id}: rank {self.rank} (from 1), alpha {self.alpha} (above 0), dropout {self.dropout} "
                f"(0 to below 1) and target_modules {self.target_modules} (at least one)"
            )
        if self.gpu_id < 0 or not 1 <= self.port <= LAST_PORT:
            raise ConfigurationError(
                f"LoRA {self.lora_id}: gpu_id {self.gpu_id} (0 or more) and port {self.port} (1 to {LAST_PORT})"
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

        The base moves to the GPU of the configurations. Raises `ConfigurationError` when they differ in it, when the
        machine has other GPUs but not that one, or when the model has none of the target modules.
        """
        if self._model is not None:
            raise ConfigurationError("these adapters stand on a model already")
        with needs_extra("LoRA adapters cannot be made"):
            from peft import LoraConfig, get_peft_model
        base.model.to(self._device())  # type: ignore[arg-type]  # Transformers types it for one form of call only
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
            self._model.eval()  # dropout acts in `learning` only
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
        """Load saved weights into an adapter; `CheckpointError` when they are missing, do not fit this adapter, were
        scaled otherwise, or were made for another base."""
        with needs_extra("LoRA adapters cannot be loaded"):
            from peft import get_peft_model_state_dict, set_peft_model_state_dict

        config = self._attached(lora_id)
        saved = read_adapter(folder)
        check_base(saved, self._model.get_base_model().name_or_path)
        wanted = get_peft_model_state_dict(self._model, adapter_name=config.name, save_embedding_layers=False)
        fault = misfit(saved.tensors, wanted)
        if not fault and saved.settings.lora_alpha != config.alpha:
            fault = f"its alpha is {saved.settings.lora_alpha:g}, that of the configuration {config.alpha:g}"
        if fault:
            raise CheckpointError(f"{folder} does not fit LoRA {lora_id}: {fault}")
        set_peft_model_state_dict(self._model, dict(saved.tensors), adapter_name=config.name)

    @contextmanager
    def learning(self, lora_id: int) -> Iterator[TextPolicy]:
        """The adapter's policy with its dropout at work, for a forward pass that is learned from; off outside."""
        config = self._attached(lora_id)
        dropouts = [
            module.lora_dropout[config.name]
            for module in self._model.modules()
            if hasattr(module, "lora_dropout") and config.name in module.lora_dropout
        ]
        policy = self.policies[lora_id]
        policy.select()
        for dropout in dropouts:
            dropout.train()
        try:
            yield policy
        finally:
            for dropout in dropouts:
                dropout.eval()

    def publish(self, lora_id: int, folder: Path) -> None:
        """Save an adapter to a folder and load it into the server at its port, in place of the one of its name there.

        Raises `ConfigurationError` when the server refuses it, `LLMConnectionError` when none answers.
        """
        config = self._attached(lora_id)
        path = str(self.save(lora_id, folder).resolve())
        body = {"lora_name": config.name, "lora_path": path, "load_inplace": True}
        ServerAddress("127.0.0.1", config.port).post("/v1/load_lora_adapter", body, PUBLISH_TIMEOUT_S)

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

    def _device(self) -> str:
        wanted = {config.gpu_id for config in self.configs.values()}
        if len(wanted) > 1:
            raise ConfigurationError(
                f"the adapters of one base are on one GPU, and their gpu_id are {sorted(wanted)}; give them the same, "
                "or a manager for each GPU"
            )
        gpus, gpu_id = torch.cuda.device_count(), wanted.pop()
        if gpus and gpu_id >= gpus:
            raise ConfigurationError(f"gpu_id is {gpu_id}; this machine has the GPUs 0 to {gpus - 1}")
        return f"cuda:{gpu_id}" if gpus else "cpu"

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
