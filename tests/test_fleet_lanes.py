"""Several models whose emulators are in a fleet play and learn as on this machine's vector env."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.env.lanes.vector_env import VectorEnv
from core.exceptions import ConfigurationError, TrainingError
from tests.test_fleet import small_env
from tests.test_multi_model_cartridge import make_trainer, policies
from tests.test_one_loop import rows
from tests.utils import FERNVALE, generate_test_config
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.fleet_lanes import FleetLanes
from trainer.fleet.local_fleet import LocalFleet
from trainer.multi_model import seated_session
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.settings import Settings

LANES = 3


def test_lanes_of_a_fleet_are_those_of_a_vector_env_also_when_a_worker_is_lost() -> None:
    blueprint = Blueprint(Settings(rom_path=FERNVALE), small_env, LANES, 2)
    with VectorEnv(small_env, LANES, 2) as expected, LocalFleet(blueprint) as fleet:
        lanes = FleetLanes(fleet)
        with pytest.raises(TrainingError, match="were not reset yet"):
            lanes.game_state(0)
        with pytest.raises(TrainingError, match="were not reset yet"):
            lanes.reset_lane(1, 5)
        presses = np.random.default_rng(0).integers(0, 8, (30, LANES))
        steps = [(expected.reset([2, 4, 6]), lanes.reset([2, 4, 6]))]
        for number, actions in enumerate(presses):
            if number == 20:
                os.kill(lanes.worker_processes()[1], signal.SIGKILL)
            steps.append((expected.step(actions), lanes.step(actions)))
            if number == 10:
                steps.append((expected.reset_lane(2, 8), lanes.reset_lane(2, 8)))
            for lane in range(LANES):
                assert expected.game_state(lane) == lanes.game_state(lane), (number, lane)
        for one, other in steps:
            for name in ("masks", "rewards", "terminated", "truncated", "milestones"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
            assert all(np.array_equal(one.observations[key], other.observations[key]) for key in one.observations)


def test_several_models_learn_the_same_with_their_emulators_in_a_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(name: str) -> tuple[dict[str, Any], list[dict[str, torch.Tensor]]]:
        (tmp_path / name).mkdir()
        trainer = make_trainer(tmp_path / name, num_models=3)
        asyncio.run(trainer.train())
        weights = policies(trainer)
        asyncio.run(trainer.shutdown())
        return rows(tmp_path / name / "run" / "decisions.db"), weights

    recorded, weights = trained("here")
    in_fleet = lambda settings, make_env: FleetLanes(  # noqa: E731
        LocalFleet(Blueprint(settings, make_env, settings.lanes, settings.workers))
    )
    monkeypatch.setattr(seated_session, "open_lanes", in_fleet)
    fleet_recorded, fleet_weights = trained("fleet")
    assert fleet_recorded == recorded and len(recorded["episodes"]) == 6
    for one, other in zip(weights, fleet_weights, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_an_archive_on_this_machine_is_refused_with_a_cluster(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path)
    changes = {"cluster": "local", "go_explore": {"folder": str(tmp_path / "archive")}}
    trainer.environment = create_cartridge_training_env(generate_test_config(tmp_path), **changes)
    with pytest.raises(ConfigurationError, match="go_explore and cluster 'local' do not go together"):
        asyncio.run(trainer.train())
