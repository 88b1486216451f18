"""Which engine a fleet has: processes of this machine, its threads, or the actors of a Ray cluster."""

from __future__ import annotations

import os

from trainer.fleet.driven_fleet import ANSWER_TIMEOUT_S
from trainer.fleet.fleet import Fleet
from trainer.fleet.local_fleet import LocalFleet
from trainer.fleet.plan import FleetPlan
from trainer.fleet.ray_fleet import RayFleet
from trainer.fleet.thread_fleet import ThreadFleet


def open_fleet(
    plan: FleetPlan, cluster: str | None, cores_a_worker: float = 1.0, answer_timeout_s: float = ANSWER_TIMEOUT_S
) -> Fleet:
    """A fleet of that plan; close it. `cluster` is a value of the key of that name (`trainer/settings/cluster.py`)."""
    if cluster is not None:
        return RayFleet(plan, cluster, cores_a_worker, answer_timeout_s)
    if hasattr(os, "fork"):
        return LocalFleet(plan, answer_timeout_s)
    return ThreadFleet(plan, answer_timeout_s)
