"""What a user may set about the learner. One frozen object; every number has its unit, range and reason here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.exceptions import ConfigurationError
from core.ranges import check_range

WIDEST_LAYER = 8192
MOST_LAYERS = 16
RANGES: Mapping[str, tuple[float, float]] = {
    "rollout_steps": (1, 1_000_000),
    "minibatch_size": (1, 1_000_000_000),
    "epochs": (1, 1000),
    "learning_rate": (0, 1),
    "discount": (0, 1),
    "trace_decay": (0, 1),
    "rho_bar": (0, 1e6),
    "c_bar": (0, 1e6),
    "clip_range": (0, 1e6),
    "entropy_coefficient": (0, 1e6),
    "value_coefficient": (0, 1e6),
    "max_gradient_norm": (0, 1e6),
    "target_kl": (0, 1e6),
    "teacher_coefficient": (0, 1e6),
    "teacher_half_life": (1, 1e15),
    "features_width": (1, WIDEST_LAYER),
}
"""Lowest and highest value of each number; what is higher has no meaning, or fits no machine."""
ABOVE_THE_LOWEST = ("learning_rate", "rho_bar", "c_bar", "clip_range", "max_gradient_norm", "target_kl")
"""Of those, the ones that cannot be the lowest itself."""
MAY_BE_NONE = ("target_kl", "teacher_half_life")


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """Settings of `MaskablePPOLearner`. The defaults are PPO's usual ones for discrete games, for one CPU core."""

    rollout_steps: int = 128
    """Steps per lane between two updates; an update sees `rollout_steps * lanes` transitions."""
    minibatch_size: int = 256
    """Transitions of one gradient step."""
    epochs: int = 4
    """Passes over the rollout in one update."""
    learning_rate: float = 3e-4
    """Step size of the optimizer. A config with `"policy": "heads"` that does not say it has 0.002."""
    discount: float = 0.99
    """gamma, 0 to 1. At 24 frames a step, 0.99 looks ahead about 40 game seconds."""
    trace_decay: float = 0.95
    """lambda of the traces, 0 to 1; with behaviour equal to policy this is exactly GAE's lambda."""
    rho_bar: float = 1.0
    """Ceiling of the importance weight of a step's own error (V-trace's rho bar). At least `c_bar`."""
    c_bar: float = 1.0
    """Ceiling of the weights multiplied along a trace (V-trace's c bar)."""
    clip_range: float = 0.2
    """How far the new policy's probability ratio counts, PPO's epsilon."""
    entropy_coefficient: float = 0.01
    """Weight of the entropy bonus."""
    value_coefficient: float = 0.5
    """Weight of the value loss."""
    max_gradient_norm: float = 0.5
    """Gradients are scaled down to this norm."""
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
    """Layers between the features and the policy, by their widths."""
    value_widths: tuple[int, ...] = (128,)
    """Layers between the features and the value, by their widths."""

    def __post_init__(self) -> None:
        """Raises ConfigurationError naming the first setting that is out of range, and its range."""
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None or name not in MAY_BE_NONE:
                check_range(f"learner setting {name}", value, low, high, above=name in ABOVE_THE_LOWEST)
        for name in ("policy_widths", "value_widths"):
            widths = getattr(self, name)
            if len(widths) > MOST_LAYERS:
                raise ConfigurationError(
                    f"learner setting {name} has {len(widths)} layers: at most {MOST_LAYERS} are possible"
                )
            for width in widths:
                check_range(f"a width in learner setting {name}", width, 1, WIDEST_LAYER)
        if self.c_bar > self.rho_bar:
            raise ConfigurationError(
                f"learner setting c_bar is {self.c_bar} and rho_bar {self.rho_bar}: "
                "V-trace needs c_bar at most rho_bar; lower c_bar"
            )
