"""What a user may set about the learner. One frozen object; every number has its unit, range and reason here."""

from __future__ import annotations

from dataclasses import dataclass

from core.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """Settings of `MaskablePPOLearner`. The defaults are PPO's usual ones for discrete games, for one CPU core."""

    rollout_steps: int = 128
    """Steps per lane between two updates; an update sees `rollout_steps * lanes` transitions."""
    minibatch_size: int = 256
    epochs: int = 4
    """Passes over the rollout in one update."""
    learning_rate: float = 3e-4
    discount: float = 0.99
    """gamma, 0 to 1. At 24 frames a step, 0.99 looks ahead about 40 game seconds."""
    trace_decay: float = 0.95
    """lambda of the traces, 0 to 1; with behaviour equal to policy this is exactly GAE's lambda."""
    rho_bar: float = 1.0
    """Ceiling of the importance weight of a step's own error (V-trace's rho bar). At least `c_bar`."""
    c_bar: float = 1.0
    """Ceiling of the weights multiplied along a trace (V-trace's c bar)."""
    clip_range: float = 0.2
    entropy_coefficient: float = 0.01
    value_coefficient: float = 0.5
    max_gradient_norm: float = 0.5
    target_kl: float | None = None
    """Ends an update early when the approximate KL passes 1.5 times this. None: never."""
    teacher_coefficient: float = 0.5
    """Weight of the imitation term at the start; 0 switches it off."""
    teacher_half_life: int | None = None
    """Transitions after which the imitation term has half its weight. None: it follows the curriculum's teacher share,
    so that there is one schedule and not two."""
    network: str = "convolutional"
    """What reads an observation: a file of `agents/learning/networks/`, or `package.module:Class` of one's own."""
    features_width: int = 128
    """Features that the network makes of an observation; policy and value go on from there."""
    policy_widths: tuple[int, ...] = (128,)
    value_widths: tuple[int, ...] = (128,)

    def __post_init__(self) -> None:
        """Raises ConfigurationError naming the first setting that is out of range, and its range."""
        positive = ("rollout_steps", "minibatch_size", "epochs", "features_width")
        positive_floats = ("learning_rate", "rho_bar", "c_bar", "clip_range", "max_gradient_norm")
        for name in positive + positive_floats:
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"learner setting {name} is {getattr(self, name)!r}: it must be above 0")
        for name in ("entropy_coefficient", "value_coefficient", "teacher_coefficient"):
            if not getattr(self, name) >= 0:
                raise ConfigurationError(f"learner setting {name} is {getattr(self, name)!r}: it must be 0 or more")
        for name in ("discount", "trace_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"learner setting {name} is {getattr(self, name)!r}: it must lie in 0..1")
        if self.teacher_half_life is not None and not self.teacher_half_life > 0:
            raise ConfigurationError(
                f"learner setting teacher_half_life is {self.teacher_half_life!r}: give transitions above 0, or null"
            )
        if self.c_bar > self.rho_bar:
            raise ConfigurationError(
                f"learner setting c_bar is {self.c_bar} and rho_bar {self.rho_bar}: "
                "V-trace needs c_bar at most rho_bar; lower c_bar"
            )
        if self.target_kl is not None and not self.target_kl > 0:
            raise ConfigurationError(f"learner setting target_kl is {self.target_kl}: give a number above 0, or null")
