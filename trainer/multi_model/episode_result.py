"""What an episode of many models leaves: counters of each model, and the documented result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from trainer.multi_model.model_state import ModelState
from trainer.multi_model.session import PlayedEpisode
from trainer.multi_model.weights import WeightUpdateStrategy


def count_episode(states: Sequence[ModelState], played: PlayedEpisode, seconds: float) -> None:
    """Counts an episode for each model, and places it among the others, 0 to 1."""
    best = max(one.reward for one in played.models.values())
    for state in states:
        one = played.models[state.model_id]
        state.count_episode(one.reward, one.reward >= best, one.steps, one.cooperative, one.dealings)
        state.compute_utilization = min(1.0, one.decision_s / seconds) if seconds > 0 else 0.0
        state.unanswered += one.answers.unanswered
        for name in one.milestones:
            state.milestones[name] = state.milestones.get(name, 0) + 1
    performances = np.array([state.performance for state in states])
    spread = float(np.ptp(performances))
    for state in states:
        place = (state.performance - float(performances.min())) / spread if spread > 0 else 0.5
        state.lora_performance = place


def episode_result(
    number: int,
    played: PlayedEpisode,
    seconds: float,
    states: Sequence[ModelState],
    strategy: WeightUpdateStrategy,
    integrations: Mapping[str, Any],
) -> dict[str, Any]:
    """The documented result of episode `number`, from 1, which took so many seconds."""
    models = played.models
    performance = {state.model_id: state.performance for state in states}
    return {
        "episode": number,
        "episode_time": seconds,
        "model_actions": {
            model_id: {"action": one.action, "log_prob": one.log_probability, "value": performance[model_id]}
            for model_id, one in models.items()
        },
        "rewards": {model_id: one.reward for model_id, one in models.items()},
        "shaped_rewards": {model_id: one.paid for model_id, one in models.items()},
        "model_losses": {
            model_id: {"gradient_norm": norm}
            for update in played.updates
            for model_id, norm in update.gradient_norms.items()
        },
        "environment_info": played.environment,
        "interactions": dict(played.interactions),
        "answers": {model_id: asdict(one.answers) for model_id, one in models.items() if one.answers.asked},
        "total_reward": sum(one.reward for one in models.values()),
        "cooperation_ratio": played.cooperation_ratio,
        "steps": sum(one.steps for one in models.values()),
        "milestones": {model_id: list(one.milestones) for model_id, one in models.items()},
        "weight_coordination": {
            "strategy": strategy.value,
            "episode": number,
            "models_updated": sorted({name for update in played.updates for name in update.updated}),
            "synchronization_loss": played.updates[-1].disagreement if played.updates else None,
            "shares": dict(played.updates[-1].shares) if played.updates else {},
        },
        "verl_areal": dict(integrations),
    }
