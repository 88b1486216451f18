"""Off-policy value targets and advantages: V-trace (Espeholt et al. 2018, section 4.1) in a form that contains GAE.

Per lane, with w_t = pi(a_t|s_t) / beta(a_t|s_t) (policy before the update over behaviour), rho_t = min(rho_bar, w_t)
and c_t = lambda * min(c_bar, w_t), backwards in time:

    delta_t = r_t + gamma * V(s_{t+1}) - V(s_t)                                           (1)
    v_t     = V(s_t) + rho_t * delta_t + gamma * c_t * (v_{t+1} - V(s_{t+1}))             (2) the value target
    A_t     = delta_t + gamma * lambda * (v_{t+1} - V(s_{t+1}))                           (3) the advantage

At a termination V(s_{t+1}) is 0; at a truncation it is the value of the final observation; in both the trace ends:
(v_{t+1} - V(s_{t+1})) is 0. Where behaviour is the policy, all w are 1 and (3) is GAE (Schulman 2016, equation 16),
(2) its return: plain PPO's numbers exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Targets:
    """Arrays of shape (steps, lanes), float32."""

    values: NDArray[np.float32]
    """v_t of equation 2: what the value head learns."""
    advantages: NDArray[np.float32]
    """A_t of equation 3, not normalised, not weighted."""
    weights: NDArray[np.float32]
    """rho_t: the truncated importance weight of the step."""


def vtrace_targets(
    *,
    values: NDArray[np.float32],
    next_values: NDArray[np.float32],
    rewards: NDArray[np.float32],
    ends: NDArray[np.bool_],
    importance: NDArray[np.float32],
    discount: float,
    trace_decay: float,
    rho_bar: float,
    c_bar: float,
) -> Targets:
    """Equations 1 to 3 for arrays (steps, lanes).

    `next_values` holds V(s_{t+1}) of (1): 0 after a termination, the final observation's value at a
    truncation. `ends` is true where an episode ended either way. `importance` is pi/beta, not truncated.
    """
    weights = np.minimum(importance, np.float32(rho_bar))
    traces = np.float32(trace_decay) * np.minimum(importance, np.float32(c_bar))
    errors = rewards + np.float32(discount) * next_values - values
    advantages = np.empty_like(values)
    corrections = np.empty_like(values)
    beyond = np.zeros(values.shape[1], np.float32)  # v_{t+1} - V(s_{t+1})
    for step in range(len(values) - 1, -1, -1):
        beyond = np.where(ends[step], np.float32(0.0), beyond) * np.float32(discount)
        advantages[step] = errors[step] + np.float32(trace_decay) * beyond
        beyond = weights[step] * errors[step] + traces[step] * beyond
        corrections[step] = beyond
    return Targets(values + corrections, advantages, weights)
