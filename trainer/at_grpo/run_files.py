"""The files in a run's folder, and how a run goes on from them.

base/                    the model at the start (what adapters stand on)
resume_NNNNNN/           weights, optimizers and random states; replaced as the run goes on
model_N/, best_model/    teams to evaluate or to share (`agents/text/team.py`)
metrics.jsonl            one object per iteration; tensorboard/ has the same
dialogue.jsonl           what the roles said to one problem, every few iterations
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from agents.text.team import Team
from trainer.checkpoints.checkpoint import Snapshot
from trainer.grpo.learner import GRPOLearner

NO_ROM = "none"


def snapshot_of(
    iteration: int,
    team: Team,
    learners: Mapping[str, GRPOLearner],
    best_success: float,
    settings: dict[str, Any],
) -> Snapshot:
    """Write everything that an exact continuation needs."""
    tensors = {f"weights/{key}": tensor for key, tensor in team.tensors().items()}
    shuffles: dict[str, Any] = {}
    for name, learner in learners.items():
        for index, values in learner.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{name}/{index}/{key}": value for key, value in values.items()}
        shuffles[name] = learner.shuffle.bit_generator.state
    state = {"shuffles": shuffles, "best_success": best_success}
    return Snapshot(iteration, state, tensors, NO_ROM, settings)


def restore(snapshot: Snapshot, team: Team, learners: Mapping[str, GRPOLearner]) -> tuple[int, float]:
    """Restore everything; returns the finished iterations and the best success so far."""
    tensors = snapshot.tensors
    team.load_tensors({key.removeprefix("weights/"): tensors[key] for key in tensors if key.startswith("weights/")})
    for name, learner in learners.items():
        values: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith(f"optimizer/{name}/"):
                index, entry = key.split("/")[-2:]
                values.setdefault(int(index), {})[entry] = tensor
        state = learner.optimizer.state_dict()
        learner.optimizer.load_state_dict({"state": values, "param_groups": state["param_groups"]})
        learner.shuffle.bit_generator.state = snapshot.state["shuffles"][name]
    return snapshot.episode, float(snapshot.state["best_success"])


def plain_settings(settings: Any) -> dict[str, Any]:
    """Settings as they look after a JSON round trip, so that two of them can be compared."""
    return json.loads(settings.model_dump_json())
