"""What one AT-GRPO run may set. A preset (`presets.py`) is a dict of these; unknown keys name the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agents.llm.wire.address import checked_address
from agents.text.rollout_server import RESTART_PATIENCE_S
from agents.text.team import LoraShape, Specialisation, Team, build_team
from agents.text.text_policy import Sampling, TextPolicy
from core.exceptions import ConfigurationError
from core.schema import explained
from core.worlds.base import TextWorld
from core.worlds.registry import make_world, refuse_saved_code
from trainer.at_grpo.warm_start import ADAPTER_LEARNING_RATE, WHOLE_LEARNING_RATE, WarmStart
from trainer.grpo.advantages import Scaling
from trainer.grpo.learner import GRPOSettings
from trainer.settings.cluster import check_cluster

SMALL = "small"
SMALL_CHUNK = 8
"""Problems of `small` that are one batch."""
LOWEST_RATE_SHARE = 0.05
"""Of the learning rate, where it has fallen (`decay_iterations`)."""
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
CountOrNone = Annotated[int, Field(ge=0, le=1_000_000_000)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


def _checked_server(url: str) -> str:
    return checked_address("rollout_server", url)


def _checked_cluster(cluster: str | None) -> str | None:
    check_cluster(cluster)
    return cluster


class RoleSampling(BaseModel):
    """How one role's answers are drawn, where that differs from the run's; None does not differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Positive | None = None
    max_new_tokens: Count | None = None


class ATGRPOSettings(BaseModel):
    """One run: the world, who plays it, how answers are drawn, and how weights move."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    world: str
    """A registered text world (`core/worlds/registry.py`), or `package.module:Name` of your own."""
    world_options: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the world's constructor."""
    specialisation: Specialisation = Specialisation.SHARED
    model: str = SMALL
    """`small` (made and warm-started here, needs no download), or a Transformers folder or Hugging Face name."""
    small_width: Count = 128
    small_layers: Count = 2
    warm_start_steps: CountOrNone = 150
    """Batches of the supervised stage that teaches the form of answers; 0 for none. `small` learns it as a whole, of
    any other model the weights that will learn (a role's adapter, its own copy, or the shared model)."""
    warm_start_learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Of that stage; None: 5e-4 for adapters, 2e-5 for all weights. `small` has its own."""
    warm_start_batch: Count = 32
    """Examples in a batch of that stage."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """What the models compute in. `bfloat16` is faster where the processor or GPU has it; weights that learn stay in
    float32, the base of adapters does not."""
    instructions: bool | None = None
    """Whether prompts begin with the task and the form of the answer; None: for every model but `small`."""

    batch_size: Count = 32
    """Problems per iteration."""
    candidates: Annotated[int, Field(ge=2)] = 8
    """K: answers per group."""
    alpha: NotNegative = 1.0
    """Weight of the team's reward beside the role's own."""
    advantage_scaling: Scaling = Scaling.BATCH
    dynamic_sampling: CountOrNone = 0
    """So many more batches of problems per iteration, at most, while a learning role has fewer than `batch_size` groups
    with a spread of rewards; 0 for none."""
    temperature: Positive = 1.0
    max_new_tokens: Count = 36
    role_sampling: dict[str, RoleSampling] = Field(default_factory=dict)
    """Per role, other values of `temperature` and `max_new_tokens`."""
    frozen_roles: tuple[str, ...] = ()
    """Roles that play and do not learn; they need weights of their own (`lora` or `full`)."""

    rollout_server: Annotated[str, AfterValidator(_checked_server)] | None = None
    """Address (`http://host:port/v1`) of a vLLM server that samples all answers; None samples here. It needs
    specialisation `lora`: adapters are what a running server can take (`agents/text/rollout_server.py`)."""

    rollout_server_patience_s: NotNegative = RESTART_PATIENCE_S
    """How long that server is waited for when it ends in the middle of a run; 0 does not wait."""

    workers: Annotated[int, Field(ge=0, le=512)] | None = None
    """Processes that play the rollouts, one thread each and the models in each; 0: this process plays them. What comes
    out is the same for any number above 0. None: as many as torch has threads here for `small`, else 0."""
    cluster: Annotated[str | None, AfterValidator(_checked_cluster)] = None
    """Where the workers are: null for processes of this machine, else see `trainer/settings/cluster.py`."""
    rollout_chunk: Count | None = None
    """Problems that are played as one batch of answers: what a worker is dealt. None: 8 of `small`, else all."""

    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-3
    """The highest; it is constant where the two keys below are 0."""
    warmup_iterations: CountOrNone = 0
    """Iterations over which the learning rate rises from 0: the first step of a new Adam is as large as the rate."""
    decay_iterations: CountOrNone = 0
    """The iteration up to which the learning rate falls, in a straight line, to `LOWEST_RATE_SHARE` of its highest;
    there it stays. 0: it does not fall."""
    clip_low: Positive = 0.2
    clip_high: Positive = 0.2
    entropy_coefficient: NotNegative = 0.01
    kl_coefficient: NotNegative = 0.0
    """Above 0, the policy is held near a copy of its start."""
    epochs: Count = 1
    minibatch_samples: Count = 128
    max_gradient_norm: Positive = 1.0
    lora_rank: Annotated[int, Field(ge=1, le=4096)] = LoraShape().rank
    lora_alpha: Count = 32

    num_iterations: Count = 200
    eval_every: Count = 10
    eval_episodes: Count = 100
    save_every: Count = 50
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def make_world(self) -> TextWorld[Any]:
        """The world of this run, with prompts as this run wants them."""
        world = make_world(self.world, self.world_options)
        world.spells_out = self.model != SMALL if self.instructions is None else self.instructions
        return world

    def team_of(self, base: TextPolicy, roles: Sequence[str]) -> Team:
        """The policies of this run, made from the model that it starts from."""
        lora, dtype = LoraShape(self.lora_rank, self.lora_alpha), getattr(torch, self.dtype)
        return build_team(base, roles, self.specialisation, lora, dtype)

    @property
    def chunk(self) -> int:
        """Problems that are played as one batch of answers."""
        is_whole = self.model != SMALL or self.rollout_server is not None
        return min(self.batch_size, self.rollout_chunk or (self.batch_size if is_whole else SMALL_CHUNK))

    @property
    def chunks(self) -> int:
        """Of an iteration, without those that dynamic sampling may add."""
        return -(-self.batch_size // self.chunk)

    @property
    def warm_start(self) -> WarmStart | None:
        """The stage that teaches the form to a model of somebody else's; None where there is none."""
        if self.model == SMALL or not self.warm_start_steps:
            return None
        usual = ADAPTER_LEARNING_RATE if self.specialisation is Specialisation.LORA else WHOLE_LEARNING_RATE
        return WarmStart(self.warm_start_steps, self.warm_start_learning_rate or usual, self.warm_start_batch)

    def sampling_of(self, role: str) -> Sampling:
        """How that role's answers are drawn."""
        own = self.role_sampling.get(role, RoleSampling())
        return Sampling(own.temperature or self.temperature, own.max_new_tokens or self.max_new_tokens)

    def rate_share(self, iteration: int) -> float:
        """The share of `learning_rate` with which that iteration learns, above 0 and up to 1; the first is 1. It
        depends on nothing else, so a run may go on for longer than it was meant to."""
        risen = min(1.0, iteration / (self.warmup_iterations + 1))
        over = min(1.0, iteration / self.decay_iterations) if self.decay_iterations else 0.0
        return risen * (1.0 - (1.0 - LOWEST_RATE_SHARE) * over)

    def update_settings(self) -> GRPOSettings:
        """The part of the update."""
        return GRPOSettings(
            self.learning_rate,
            self.clip_low,
            self.clip_high,
            self.entropy_coefficient,
            self.kl_coefficient,
            self.epochs,
            self.minibatch_samples,
            self.max_gradient_norm,
        )


def settings_of(config: Mapping[str, object]) -> ATGRPOSettings:
    """Checked settings. Raises `ConfigurationError` in one line: which key, the value seen, what is allowed."""
    try:
        return ATGRPOSettings.model_validate(dict(config))
    except ValidationError as error:
        raise ConfigurationError(explained(error, ATGRPOSettings)) from error


def settings_saved(notes: Mapping[str, Any], folder: object) -> ATGRPOSettings:
    """The settings in the notes of a saved team. Raises `ConfigurationError` where its world is code of somebody's
    own: a saved file runs none."""
    settings = settings_of(notes["settings"])
    refuse_saved_code(settings.world, folder)
    return settings
