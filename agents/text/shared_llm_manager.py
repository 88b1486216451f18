"""The documented `SharedLLMManager`: one language model that several nodes ask, with weights that can be updated.

Gradients from outside update a local model. A hosted model's weights are with its owner: `update_shared_parameters`
then reports that nothing was updated, and why. Models are loaded on first use.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn

from agents.llm.wire.keys import check_no_key
from agents.llm.writers import AnthropicWriter, OpenAIWriter, Writer, Written
from agents.text.local_writer import LocalWriter
from agents.text.team import LoraShape
from agents.text.text_policy import Sampling
from core.exceptions import ConfigurationError, LLMConnectionError, TrainingError

MOST_GRADIENT_NORM = 1.0
SLOW_SHARE = 0.1
LONGEST, USUAL_TEMPERATURE = 32768, 0.7


class LLMBackend(Enum):
    """Where a model runs."""

    HUGGINGFACE = "huggingface"
    """In this process."""
    OPENAI_API = "openai_api"
    ANTHROPIC = "anthropic"
    VLLM = "vllm"
    """A server at `LLMConfig.api_base`."""


class UpdateStrategy(Enum):
    """How `update_shared_parameters` uses gradients."""

    FROZEN = "frozen"
    """Nothing."""
    ADAPTIVE = "adaptive"
    """A step whose gradient is clipped to norm 1."""
    SELECTIVE = "selective"
    """The same for the half of the tensors with the larger gradients."""
    INCREMENTAL = "incremental"
    """The same at a tenth of the rate."""


@dataclass
class LLMConfig:
    """Settings of one model. Raises ConfigurationError (a ValueError: "Unsupported LLM backend")."""

    backend: LLMBackend = LLMBackend.HUGGINGFACE
    model_name: str = "Qwen/Qwen2.5-14B-Instruct"
    """A name on the Hugging Face hub or a folder; for servers, their name for the model."""
    device: str = "auto"
    """Of a local model; a hosted one runs where its owner lets it run."""
    max_length: int = LONGEST
    """Most tokens of prompt and answer together, for a local model; a hosted one has a limit of its own."""
    temperature: float = USUAL_TEMPERATURE
    """0 or from 0.01 to 100. Anthropic's models take none."""
    api_key: str | None = field(default=None, repr=False)
    """None takes the vendor's environment variable, which is the better place for a key."""
    enable_lora: bool = False
    """Updates change only an adapter."""
    update_strategy: UpdateStrategy = UpdateStrategy.ADAPTIVE
    api_base: str | None = None
    """Address of a server."""
    lora_rank: int = 8
    lora_alpha: float = 16.0

    def __post_init__(self) -> None:
        if not isinstance(self.backend, LLMBackend):
            known = ", ".join(f"LLMBackend.{backend.name}" for backend in LLMBackend)
            raise ConfigurationError(f"Unsupported LLM backend: {self.backend!r}; there are {known}")
        if not isinstance(self.update_strategy, UpdateStrategy):
            raise ConfigurationError(f"update_strategy is {self.update_strategy!r}: it must be an UpdateStrategy")
        if self.max_length < 1 or self.lora_rank < 1 or not 0 < self.lora_alpha < math.inf:
            raise ConfigurationError(
                f"max_length is {self.max_length} (1 or more), lora_rank {self.lora_rank} (1 or more), lora_alpha "
                f"{self.lora_alpha} (above 0)"
            )
        Sampling(self.temperature)  # which refuses what no model can be asked for
        if self.is_hosted:
            self._refuse_what_a_server_decides()
        if self.backend is LLMBackend.VLLM and self.api_base is None:
            self.api_base = "http://localhost:8000/v1"
        check_no_key(self.api_base or "", "api_base")

    @property
    def is_hosted(self) -> bool:
        """Whether the model is behind an address: its weights cannot be updated from here."""
        return self.backend is not LLMBackend.HUGGINGFACE

    def _refuse_what_a_server_decides(self) -> None:
        usual: dict[str, Any] = {"device": "auto", "max_length": LONGEST, "enable_lora": False}
        if self.backend is LLMBackend.ANTHROPIC:
            usual["temperature"] = USUAL_TEMPERATURE
        for name, value in usual.items():
            if getattr(self, name) != value:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)!r}, and {self.model_name} is hosted ({self.backend.value}): its "
                    "server decides that; leave it out, or run the model in this process (LLMBackend.HUGGINGFACE)"
                )


@dataclass(frozen=True, slots=True)
class LLMResponse:
    """An answer."""

    text: str
    confidence: float | None
    """Geometric mean of the probabilities of the answer's tokens, 0 to 1; None if the model does not report them."""
    reasoning: str = ""
    """The part that the model wrote before "Answer:"; empty if it wrote none."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """`node_id`, `model_name`, `prompt_tokens`, `completion_tokens`, `latency_s`."""


@dataclass(slots=True)
class _Node:
    settings: dict[str, Any]
    generations: int = 0


class SharedLLMManager:
    """One model, several nodes. May be called from several threads; a local model answers one at a time."""

    def __init__(self, config: LLMConfig) -> None:
        self.config = config
        self.update_count = 0
        self._nodes: dict[str, _Node] = {}
        self._writer: Writer | None = None
        self._lock = threading.Lock()
        self._tokens = 0
        self._seconds = 0.0

    def register_node(self, node_id: str, node_config: Mapping[str, Any] | None = None) -> None:
        """Add a node. These keys of `node_config` count: `role` (text put before its prompts), `temperature` and
        `max_new_tokens`. Raises ConfigurationError for an id that exists already."""
        if node_id in self._nodes:
            raise ConfigurationError(f"the node {node_id!r} is registered already; choose another id")
        self._nodes[node_id] = _Node(dict(node_config or {}))

    def generate_for_node(self, node_id: str, prompt: str, **kwargs: Any) -> LLMResponse:
        """The model's answer to a node's prompt; `temperature` and `max_new_tokens` hold for this call only.

        Raises ConfigurationError for an unknown node, for a temperature that no model can be asked for or that this one
        does not take, TrainingError (a RuntimeError: "Model loading failed"), and the
        errors of the vendor's SDK (`openai.APIError`, `anthropic.APIError`).
        """
        node = self._nodes.get(node_id)
        if node is None:
            raise ConfigurationError(
                f"there is no node {node_id!r}, only {', '.join(self._nodes) or 'none'}; call register_node first"
            )
        wanted = {**node.settings, **kwargs}
        role = wanted.get("role")
        text = f"{role}\n\n{prompt}" if role else prompt
        if "temperature" in wanted and self.config.backend is LLMBackend.ANTHROPIC:
            raise ConfigurationError(f"{self.config.model_name} takes no temperature; leave it out")
        sampling = Sampling(
            float(wanted.get("temperature", self.config.temperature)), int(wanted.get("max_new_tokens", 256))
        )
        written = self._write(text, sampling.temperature, sampling.max_new_tokens)
        node.generations += 1
        reasoning, mark, _ = written.text.partition("Answer:")
        metadata = {
            "node_id": node_id,
            "model_name": self.config.model_name,
            "prompt_tokens": written.prompt_tokens,
            "completion_tokens": written.completion_tokens,
            "latency_s": written.latency_s,
        }
        return LLMResponse(written.text, written.confidence, reasoning.strip() if mark else "", metadata)

    def parameters(self) -> dict[str, nn.Parameter]:
        """The parameters that an update can change, by name; empty for a hosted or frozen model."""
        if self.config.is_hosted or self.config.update_strategy is UpdateStrategy.FROZEN:
            return {}
        return self._local().parameters()

    def update_shared_parameters(self, gradients: Mapping[str, Any], learning_rate: float) -> dict[str, Any]:
        """One gradient step for all nodes. `gradients` maps the names of `parameters()` to tensors or arrays.

        Returns `updated` (bool), `reason` (why not), `parameters` (tensors changed), `gradient_norm` (before clipping),
        `learning_rate` (as applied) and `update_count`, which counts the updates that changed a weight. Raises
        ConfigurationError for unknown names, shapes that do not fit, and values that are not finite; then nothing
        changes.
        """
        if self.config.is_hosted:
            return self._not_updated(
                f"{self.config.model_name} is hosted: its weights lie with its owner and cannot be moved from here; it "
                "learns by what stands in its prompts only"
            )
        if self.config.update_strategy is UpdateStrategy.FROZEN:
            return self._not_updated("update_strategy is FROZEN")
        with self._lock:
            return self._step(gradients, learning_rate)

    def get_global_stats(self) -> dict[str, Any]:
        """`model_name`, `backend`, `model_loaded`, `total_nodes`, `total_generations`, `generations_by_node`,
        `total_tokens`, `generation_seconds`, `update_count`, `trainable_parameters` (numbers, of a loaded model)."""
        loaded = self._writer is not None
        trainable = sum(p.numel() for p in self.parameters().values()) if loaded else 0
        return {
            "model_name": self.config.model_name,
            "backend": self.config.backend.value,
            "model_loaded": loaded,
            "total_nodes": len(self._nodes),
            "total_generations": sum(node.generations for node in self._nodes.values()),
            "generations_by_node": {node_id: node.generations for node_id, node in self._nodes.items()},
            "total_tokens": self._tokens,
            "generation_seconds": self._seconds,
            "update_count": self.update_count,
            "trainable_parameters": trainable,
        }

    def _write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        writer = self._load()
        if self.config.is_hosted:  # a server answers several questions at a time
            written = writer.write(prompt, temperature, max_new_tokens)
        else:
            with self._lock:
                written = writer.write(prompt, temperature, max_new_tokens)
        self._tokens += written.prompt_tokens + written.completion_tokens
        self._seconds += written.latency_s
        return written

    def _load(self) -> Writer:
        with self._lock:
            if self._writer is None:
                self._writer = self._loaded_writer()
            return self._writer

    def _loaded_writer(self) -> Writer:
        config = self.config
        try:
            match config.backend:
                case LLMBackend.OPENAI_API | LLMBackend.VLLM:
                    return OpenAIWriter(config.model_name, config.api_key, config.api_base)
                case LLMBackend.ANTHROPIC:
                    return AnthropicWriter(config.model_name, config.api_key, config.api_base)
                case LLMBackend.HUGGINGFACE:
                    lora = LoraShape(config.lora_rank, config.lora_alpha) if config.enable_lora else None
                    return LocalWriter(config.model_name, config.device, config.max_length, lora)
        except (ConfigurationError, LLMConnectionError) as error:
            raise TrainingError(f"Model loading failed: {error}") from error

    def _local(self) -> LocalWriter:
        writer = self._load()
        assert isinstance(writer, LocalWriter)
        return writer

    def _step(self, gradients: Mapping[str, Any], learning_rate: float) -> dict[str, Any]:
        # The lock is held. An update needs the model, so load it if no question has.
        if not math.isfinite(learning_rate) or learning_rate < 0:
            raise ConfigurationError(f"learning_rate is {learning_rate}: it must be a number, and not negative")
        writer = self._writer or self._loaded_writer()
        self._writer = writer
        assert isinstance(writer, LocalWriter)
        table = writer.parameters()
        checked = {name: _checked(name, table, value) for name, value in gradients.items()}
        norms = {name: float(gradient.norm()) for name, gradient in checked.items()}
        norm = math.sqrt(sum(value**2 for value in norms.values()))
        chosen = list(checked)
        if self.config.update_strategy is UpdateStrategy.SELECTIVE:
            chosen = sorted(chosen, key=lambda name: -norms[name])[: (len(chosen) + 1) // 2]
        rate = learning_rate
        if self.config.update_strategy is UpdateStrategy.INCREMENTAL:
            rate *= SLOW_SHARE
        rate *= min(1.0, MOST_GRADIENT_NORM / norm) if norm > 0 else 0.0
        moved = sum(_moved(table[name], rate * checked[name]) for name in chosen)
        self.update_count += bool(moved)
        nothing = "all gradients are zero" if norm == 0 else f"steps of {rate:g} times the gradients round to nothing"
        return {
            "updated": bool(moved),
            "reason": "" if moved else nothing,
            "parameters": moved,
            "gradient_norm": norm,
            "learning_rate": rate,
            "update_count": self.update_count,
        }

    def _not_updated(self, reason: str) -> dict[str, Any]:
        return {
            "updated": False,
            "reason": reason,
            "parameters": 0,
            "gradient_norm": 0.0,
            "learning_rate": 0.0,
            "update_count": self.update_count,
        }


@torch.no_grad()
def _moved(parameter: nn.Parameter, step: Tensor) -> bool:
    """Take a step; says whether a weight is another one now."""
    before = parameter.clone()
    parameter.sub_(step)
    return not torch.equal(before, parameter)


def _checked(name: str, table: Mapping[str, nn.Parameter], value: object) -> Tensor:
    if name not in table:
        near = ", ".join(list(table)[:3])
        raise ConfigurationError(f"there is no parameter {name!r}; parameters() names them, say {near}")
    gradient = torch.as_tensor(value, dtype=table[name].dtype, device=table[name].device)
    if gradient.shape != table[name].shape:
        raise ConfigurationError(
            f"the gradient of {name!r} has shape {tuple(gradient.shape)}, the parameter {tuple(table[name].shape)}"
        )
    if not bool(gradient.isfinite().all()):
        raise ConfigurationError(f"the gradient of {name!r} is not finite")
    return gradient
