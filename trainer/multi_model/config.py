"""What a user may set about a multi-model training: the documented `MultiModelConfig`, with its names and defaults.

The object is mutable, as the documents use it (`trainer.config.cooperation_strength = 0.8`), so it is checked when it
is made and again when a training begins.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any

from core.exceptions import ConfigurationError
from core.nearest import nearest

log = logging.getLogger(__name__)

LAST_PORT = 65535
MOST_MODELS = 256
MODEL_TYPES = ("qwen3", "qwen_coder", "qwen_math", "llama3", "openai", "claude", "small", "pocket", "rules")
"""`small` is an untrained network made on the spot, `pocket` the bundled model, `rules` no language model at all."""
HOSTED_TYPES = ("openai", "claude")
"""Models of others: their weights cannot be moved from here."""

FIXED_ON_RESUME = {"lora_rank": "the adapters are of another shape"}
"""Settings that must stay when a training goes on, beside the models themselves, and why."""
UNNOTED_ON_RESUME = frozenset(
    {
        "base_port",
        "num_gpus",
        "checkpoint_dir",
        "save_interval",
        "max_checkpoints",
        "enable_verl",
        "enable_areal",
        "kv_cache_size",
        "enable_monitoring",
        "log_metrics_interval",
        "episode_timeout_s",
    }
)
"""Settings on which nothing depends that is played or learned; every other change is noted in the checkpoints."""


class TrainingMode(Enum):
    """How the models stand to each other; `trainer/multi_model/rewards.py` says what each mode pays."""

    COOPERATIVE = "cooperative"
    """Rewards are shared, and so is what is known."""
    COMPETITIVE = "competitive"
    """An episode's rank pays; nobody shares anything."""
    MIXED = "mixed"
    """Both; the further the models are apart, the more they cooperate."""
    HIERARCHICAL = "hierarchical"
    """The best so far leads: it plans and is paid for the team; the others are paid for carrying the plan out."""


class WeightUpdateStrategy(Enum):
    """How an update moves the models' weights; `trainer/multi_model/weights.py` does it."""

    SYNCHRONIZED = "synchronized"
    """Every gradient step applies the mean of all models' gradients to all."""
    ASYNCHRONOUS = "asynchronous"
    """Every model learns from its own experience only."""
    FEDERATED = "federated"
    """Each learns by itself, then all take the average of their weights, weighted by performance."""
    SELECTIVE = "selective"
    """Only the better half learns; the others keep their weights."""


def _default_types() -> list[str]:
    return ["qwen3", "openai", "claude", "llama3"]


def _default_names() -> dict[str, str]:
    return {
        "qwen3": "Qwen/Qwen2.5-14B-Instruct",
        "openai": "gpt-4o-mini",
        "claude": "claude-3-5-haiku-20241022",
        "llama3": "meta-llama/Llama-3.1-8B-Instruct",
    }


@dataclass
class MultiModelConfig:
    """Settings of one training. Raises ConfigurationError (a ValueError) for what cannot be."""

    num_models: int = 4
    model_types: list[str] = field(default_factory=_default_types)
    """Of the models in turn: model i is of type `model_types[i % len(model_types)]`."""
    model_names: dict[str, str] = field(default_factory=_default_names)
    """By type: a name on the Hugging Face hub, a folder, or `provider/model[@url]` as `llm_model` of a config has it.
    The environment variable CORE_SRL_MODEL puts one name in the place of all. Names for other types than the default
    `model_types`, or assigned later, choose the types too: every model that is named is one of the models."""

    training_mode: TrainingMode = TrainingMode.MIXED
    weight_update_strategy: WeightUpdateStrategy = WeightUpdateStrategy.ASYNCHRONOUS
    max_episodes: int = 1000
    """Episodes of the whole training, those before a checkpoint was loaded included."""
    episode_length: int = 32
    """Steps of an episode."""
    update_frequency: int = 10
    """Episodes between two updates of the weights. In emulators a full rollout brings one about too."""
    learning_rate: float = 3e-4
    cooperation_strength: float = 0.6
    """0 to 1: part of a reward that is the team's mean (s in `rewards.py`)."""
    competition_intensity: float = 0.4
    """0 to 1: weight of the rank beside the reward (c in `rewards.py`)."""

    base_port: int = 8001
    """Where vLLM servers listen: model i, if its name is `vllm/<model>` without an `@url`, is asked at port
    `base_port` + i of this machine. `create_unified_scheduler(config.base_port, config.num_gpus)` starts servers from
    there on."""
    num_gpus: int = 4
    """Base models take turns on at most so many GPUs, and on no more than there are, which the log says; 0 stays on the
    processor."""
    batch_size: int = 32
    """Decisions in one gradient step."""

    checkpoint_dir: str = "./checkpoints/multimodel"
    save_interval: int = 100
    """Episodes between kept checkpoints; a resume point is written after every episode anyway."""
    max_checkpoints: int = 10
    """Newest kept checkpoints; -1 keeps all."""

    enable_verl: bool = True
    """Ask for verl, which cannot be used here and says so in the log and in every result; see `integrations.py`."""
    enable_areal: bool = True
    """Ask for AReaL; as with verl."""
    kv_cache_size: int = 10000
    """Tokens of prompts that a local model remembers, so that the same prompt is not read twice; 0 remembers none."""

    enable_monitoring: bool = True
    log_metrics_interval: int = 10
    """Episodes between two records for the monitor."""

    seed: int = 0
    lora_rank: int = 16
    lora_alpha: float = 32.0
    temperature: float = 1.0
    """Of the draw among the options that a local model scores."""
    episode_timeout_s: float | None = None
    """An episode that takes longer is given up with "Episode timeout"; None waits for ever."""

    def __post_init__(self) -> None:
        if self.model_types == _default_types() and (others := self._names_without_a_type()):
            self._take_types(self.model_names, others)
        self.check()
        self._is_made = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Names that are assigned to a config are the models from then on."""
        super().__setattr__(name, value)
        if name == "model_names" and hasattr(self, "_is_made") and (others := self._names_without_a_type()):
            self._take_types(value, others)

    def _take_types(self, names: Mapping[str, str], others: list[str]) -> None:
        """Those of the names, where these are types at all: `check` complains otherwise."""
        if set(names) <= set(MODEL_TYPES):
            self.model_types = list(names)
            log.info("model_names names %s: the models are of the types %s", ", ".join(others), ", ".join(names))

    def _names_without_a_type(self) -> list[str]:
        """Keys of `model_names` that no entry of `model_types` uses, the default names aside."""
        defaults = _default_names()
        return [
            kind
            for kind, name in self.model_names.items()
            if kind not in self.model_types and defaults.get(kind) != name
        ]

    def check(self) -> None:
        """Raises ConfigurationError for the first value that cannot be, with the value and what is allowed."""
        if isinstance(self.num_models, bool) or not isinstance(self.num_models, int) or self.num_models < 1:
            raise ConfigurationError(f"Invalid number of models: {self.num_models!r}; give 1 to {MOST_MODELS}")
        if self.num_models > MOST_MODELS:
            raise ConfigurationError(
                f"Invalid number of models: {self.num_models}; at most {MOST_MODELS} train together"
            )
        self._check_models()
        if not self.checkpoint_dir.strip():
            raise ConfigurationError("checkpoint_dir is empty: name a folder, '.' for the working directory")
        for name, kind in (("training_mode", TrainingMode), ("weight_update_strategy", WeightUpdateStrategy)):
            if not isinstance(getattr(self, name), kind):
                words = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}: it must be one of {words}")
        for name in ("max_episodes", "episode_length", "update_frequency", "batch_size", "save_interval"):
            self._check_count(name, least=1)
        for name in ("log_metrics_interval", "lora_rank", "base_port"):
            self._check_count(name, least=1)
        for name in ("num_gpus", "kv_cache_size", "seed"):
            self._check_count(name, least=0)
        if self.max_checkpoints != -1:
            self._check_count("max_checkpoints", least=1)
        for name in ("cooperation_strength", "competition_intensity"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}: it must lie in 0..1")
        for name in ("learning_rate", "lora_alpha", "temperature"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}: it must be above 0")
        last_port = self.base_port + self.num_models - 1
        if last_port > LAST_PORT:
            raise ConfigurationError(
                f"base_port is {self.base_port} and num_models {self.num_models}: the last model would have port "
                f"{last_port}, and ports end at {LAST_PORT}"
            )
        if self.episode_timeout_s is not None and not self.episode_timeout_s > 0:
            raise ConfigurationError(f"episode_timeout_s is {self.episode_timeout_s!r}: give seconds above 0, or None")

    def type_of(self, index: int) -> str:
        """The type of model `index`."""
        return self.model_types[index % len(self.model_types)]

    def as_dict(self) -> dict[str, Any]:
        """All fields, JSON-able; enums by their values."""
        return {key: value.value if isinstance(value, Enum) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MultiModelConfig:
        """The reverse of `as_dict`. Raises ConfigurationError for an unknown key or value."""
        known = {one.name for one in fields(cls)}
        for key in data:
            if key not in known:
                raise ConfigurationError(f"unknown setting {key!r}; {nearest(key, known)}")
        values = dict(data)
        try:
            for name, kind in (("training_mode", TrainingMode), ("weight_update_strategy", WeightUpdateStrategy)):
                if name in values:
                    values[name] = kind(values[name])
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        return cls(**values)

    def _check_models(self) -> None:
        if not self.model_types:
            raise ConfigurationError("model_types is empty: name at least one type")
        for kind in self.model_types:
            if kind not in MODEL_TYPES:
                raise ConfigurationError(
                    f"Unsupported LLM backend: there is no model type {kind!r}; {nearest(str(kind), MODEL_TYPES)}"
                )

        for kind in self._names_without_a_type():
            if kind not in MODEL_TYPES:
                raise ConfigurationError(
                    f"model_names has {kind!r}, which is no model type; {nearest(str(kind), MODEL_TYPES)}"
                )
            raise ConfigurationError(
                f"model_names has a model for {kind!r}, and model_types ({', '.join(self.model_types)}) does not ask "
                f"for one: add {kind!r} to model_types, or leave the name out"
            )

    def _check_count(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(f"{name} is {value!r}: it must be an integer of {least} or more")
