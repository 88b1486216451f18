"""The numbers of one learner update, for logs, progress and tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class LearnerMetrics:
    """Means over the minibatches of one update, unless stated otherwise."""

    update: int
    """Updates so far, this one included."""
    transitions: int
    """Transitions learned from so far, this rollout included."""
    policy_loss: float
    value_loss: float
    entropy: float
    """Nats; at most log(number of allowed actions)."""
    approx_kl: float
    """Weighted mean of (r - 1) - log r between the policy before the update and now."""
    clip_fraction: float
    """Share of samples whose ratio lies outside the clip range."""
    teacher_loss: float
    """Cross-entropy to the teacher's action over the labelled steps, nats; 0 when no step is labelled."""
    teacher_agreement: float
    """Share of labelled steps where the policy's likeliest action was the teacher's, before this update."""
    teacher_share: float
    """Share of the steps with a usable label."""
    teacher_trust: float
    """0 to 1, after this rollout's evidence (`trust.py`)."""
    teacher_coefficient: float
    """k_T: all factors of equation 10."""
    advantage_mean: float
    """Over the rollout, before normalisation."""
    advantage_std: float
    value_mean: float
    target_mean: float
    explained_variance: float
    """1 - Var(target - value) / Var(target) before the update; 1 is perfect, below 0 is worse than a constant."""
    weight_mean: float
    """Mean of pi/beta before the ceiling; near 1 when behaviour probabilities are right."""
    weight_max: float
    weight_clipped: float
    """Share of steps whose pi/beta was above rho_bar."""
    effective_samples: float
    """Kish's effective sample size of the truncated weights as a share of the rollout, 0 to 1."""
    gradient_norm: float
    """Before clipping."""
    gradient_steps: int
    duration_s: float

    def as_dict(self) -> dict[str, float]:
        """For logs: name to number."""
        return asdict(self)
