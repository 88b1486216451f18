"""The documented reinforcement-learning classes: one local model that learns from rewards which options to choose.

    trainer = RLTrainer(RLConfig(), "path/of/a/model")
    chosen = trainer.act("Go left or right?", ["left", "right"])
    trainer.reward(1.0 if chosen == 0 else 0.0)
    trainer.end_episode()
    trainer.update()

`MultiModelTrainer` trains several models at the same time with the same learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path

import torch

from agents.text.option_policy import OptionPolicy
from agents.text.team import LoraShape, Specialisation, build_team
from agents.text.text_policy import load_policy
from core.exceptions import ConfigurationError, LLMConnectionError, TrainingError
from trainer.multi_model.option_learner import OptionLearner, OptionLearnerSettings


class RLAlgorithm(Enum):
    """How the model learns."""

    PPO = "ppo"
    """Clipped policy gradient; a decision's baseline is the mean of its step."""
    GRPO = "grpo"
    """The same surrogate; whole episodes are compared with each other."""
    SAC = "sac"
    TD3 = "td3"
    """Both for continuous actions: refused, since options are discrete."""


class CooperationType(Enum):
    """What is shared."""

    NONE = "none"
    TEAM_BASED = "team_based"
    """A reward is mixed with the team's mean by `cooperation_strength`."""
    SHARED_REWARDS = "shared_rewards"
    """By `shared_reward_ratio`."""


class CompetenceType(Enum):
    """How a model's competence changes its learning."""

    GENERAL = "general"
    """Not at all."""
    ADAPTIVE = "adaptive"
    """The learning rate falls as competence grows: who knows much changes little."""


@dataclass(frozen=True)
class CooperationFactor:
    """How much of a reward is the team's. Raises ConfigurationError for what cannot be or would change nothing."""

    cooperation_type: CooperationType = CooperationType.NONE
    cooperation_strength: float = 0.0
    team_size: int = 1
    """Above 1, the rewards of exactly so many members are expected with each reward, and averaged here. At 1 the
    caller averages."""
    shared_reward_ratio: float = 0.5

    def __post_init__(self) -> None:
        for name in ("cooperation_strength", "shared_reward_ratio"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}: it must lie in 0..1")
        if self.team_size < 1:
            raise ConfigurationError(f"team_size is {self.team_size!r}: a team has at least 1 member")
        used = {
            CooperationType.NONE: (),
            CooperationType.TEAM_BASED: ("cooperation_strength", "team_size"),
            CooperationType.SHARED_REWARDS: ("shared_reward_ratio", "team_size"),
        }[self.cooperation_type]
        for setting in fields(self)[1:]:
            if setting.name not in used and (value := getattr(self, setting.name)) != setting.default:
                raise ConfigurationError(
                    f"{setting.name} is {value!r}, but the cooperation_type {self.cooperation_type.value!r} does not "
                    f"use it: leave it out, or choose another of {', '.join(kind.value for kind in CooperationType)}"
                )

    @property
    def share(self) -> float:
        """The part of a reward that is the team's, 0 to 1."""
        return {
            CooperationType.NONE: 0.0,
            CooperationType.TEAM_BASED: self.cooperation_strength,
            CooperationType.SHARED_REWARDS: self.shared_reward_ratio,
        }[self.cooperation_type]

    def shaped(self, own: float, team_mean: float) -> float:
        """The reward to learn from."""
        return (1.0 - self.share) * own + self.share * team_mean

    def mean_of(self, team_mean: float | None, team_rewards: Sequence[float] | None) -> float:
        """The team's mean reward, from what a caller gave of it. Raises ConfigurationError for too little."""
        if team_rewards is not None and len(team_rewards) == self.team_size and team_mean is None:
            return sum(team_rewards) / self.team_size
        if team_mean is not None and self.team_size == 1 and team_rewards is None:
            return team_mean
        wanted = "team_mean=" if self.team_size == 1 else f"team_rewards= of all {self.team_size} members"
        given = f"team_mean {team_mean!r} and team_rewards {team_rewards!r}"
        raise ConfigurationError(
            f"cooperation_factor gives the team {self.share:.0%} of a reward, so each reward needs {wanted}; "
            f"{given} came"
        )


@dataclass(frozen=True)
class CompetenceFactor:
    """How competence, the decaying mean of episode rewards scaled to 0..`max_capability`, slows learning."""

    competence_type: CompetenceType = CompetenceType.GENERAL
    base_capability: float = 0.5
    adaptation_speed: float = 0.1
    """Weight of the newest episode in the mean."""
    max_capability: float = 1.0

    def moved(self, competence: float, reward: float) -> float:
        """The competence after an episode with that mean reward a step."""
        seen = min(self.max_capability, max(0.0, reward))
        return (1.0 - self.adaptation_speed) * competence + self.adaptation_speed * seen

    def rate(self, competence: float) -> float:
        """Factor on the learning rate, 0.1 to 1."""
        if self.competence_type is CompetenceType.GENERAL:
            return 1.0
        return max(0.1, 1.0 - competence / self.max_capability)


@dataclass
class RLConfig:
    """Settings of one learner. Raises ConfigurationError for what cannot be."""

    algorithm: RLAlgorithm = RLAlgorithm.PPO
    learning_rate: float = 3e-4
    gamma: float = 0.99
    cooperation_factor: CooperationFactor = field(default_factory=CooperationFactor)
    competence_factor: CompetenceFactor = field(default_factory=CompetenceFactor)
    batch_size: int = 32
    clip_ratio: float = 0.2
    entropy_coef: float = 0.01
    max_grad_norm: float = 0.5
    ppo_epochs: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.algorithm not in (RLAlgorithm.PPO, RLAlgorithm.GRPO):
            raise ConfigurationError(
                f"algorithm {self.algorithm} is for continuous actions and the options here are discrete; "
                "use RLAlgorithm.PPO or RLAlgorithm.GRPO"
            )
        for name in ("learning_rate", "batch_size", "clip_ratio", "max_grad_norm", "ppo_epochs"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}: it must be above 0")
        if not 0 <= self.gamma <= 1:
            raise ConfigurationError(f"gamma is {self.gamma!r}: it must lie in 0..1")


class RLTrainer:
    """Trains an adapter on a local model."""

    def __init__(self, config: RLConfig, model: str | Path, lora_rank: int = 16) -> None:
        """`model` is a folder or a hub name. Raises TrainingError ("Model loading failed")."""
        self.config = config
        try:
            base = load_policy(str(model))
        except LLMConnectionError as error:
            raise TrainingError(f"Model loading failed: {error}") from error
        torch.manual_seed(config.seed)
        team = build_team(base, ["learner"], Specialisation.LORA, LoraShape(lora_rank, 2 * lora_rank))
        self.competence = config.competence_factor.base_capability
        self._policy = OptionPolicy(team.by_role["learner"])
        settings = OptionLearnerSettings(
            learning_rate=config.learning_rate,
            discount=config.gamma,
            clip_range=config.clip_ratio,
            entropy_coefficient=config.entropy_coef,
            epochs=config.ppo_epochs,
            batch_size=config.batch_size,
            max_gradient_norm=config.max_grad_norm,
            whole_episodes=config.algorithm is RLAlgorithm.GRPO,
        )
        self._learner = OptionLearner("learner", str(model), self._policy, settings, config.seed)
        self._generator = torch.Generator().manual_seed(config.seed)
        self._rewards: list[float] = []

    def act(self, prompt: str, options: Sequence[str]) -> int:
        """Draws an option from the model's own distribution."""
        choice = self._policy.choose(prompt, options, self._generator)
        self._learner.add(choice)
        return choice.index

    def probabilities(self, prompt: str, options: Sequence[str]) -> list[float]:
        """Of each option, without drawing one."""
        with torch.inference_mode():
            (row,) = self._policy.log_probabilities([self._policy.tokenize(prompt, options)])
        return row.exp().tolist()

    def reward(
        self, reward: float, team_mean: float | None = None, team_rewards: Sequence[float] | None = None
    ) -> None:
        """What the last choice brought.

        Where `cooperation_factor` shares rewards, also what it brought the team's members, this one included: on
        average (`team_mean`), or each (`team_rewards`), if the factor's `team_size` is above 1. Raises
        `ConfigurationError` when that is missing.
        """
        factor, shaped = self.config.cooperation_factor, reward
        if factor.share > 0:
            shaped = factor.shaped(reward, factor.mean_of(team_mean, team_rewards))
        self._rewards.append(reward)
        self._learner.reward(shaped)

    def end_episode(self) -> None:
        """Later rewards do not reach back beyond this."""
        self._learner.end_episode()
        if self._rewards:
            mean = sum(self._rewards) / len(self._rewards)
            self.competence = self.config.competence_factor.moved(self.competence, mean)
        self._rewards = []

    def update(self) -> dict[str, float]:
        """Learns from the finished episodes; returns `gradient_steps` and the `learning_rate` that was used."""
        rate = self.config.learning_rate * self.config.competence_factor.rate(self.competence)
        for group in self._learner.optimizer.param_groups:
            group["lr"] = rate
        steps = sum(1 for _ in self._learner.update_steps())
        return {"gradient_steps": float(steps), "learning_rate": rate}
