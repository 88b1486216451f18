"""What travels to a node is all that a worker needs there, and software that differs is named."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.exceptions import ConfigurationError
from tests.utils import FERNVALE, generate_test_config
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.software import Software
from trainer.run.environments import environment_factory
from trainer.settings import load_settings


def test_no_file_of_the_driver_is_needed(tmp_path: Path) -> None:
    home, node = tmp_path / "home", tmp_path / "node"
    home.mkdir(), node.mkdir()
    shutil.copy(FERNVALE, home / "mine.gbc")
    settings = load_settings(generate_test_config(home, rom_path="mine.gbc", start_cache="starts"))
    blueprint = Blueprint(settings, environment_factory(settings), 2, 1)
    here = blueprint.make_env(0)
    here.restart(seed=3)
    saved = here.save_state()
    (home / "begun.state").write_bytes(saved)
    settings = settings.model_copy(update={"start_state": home / "begun.state"})
    sent = pickle.dumps(Blueprint(settings, environment_factory(settings), 2, 1).pack())
    shutil.rmtree(home)
    unpacked = pickle.loads(sent).unpack(node)
    there = unpacked.make_env(1)
    try:
        there.restart(seed=3)
        assert there.state.state_hash == here.state.state_hash
        assert np.array_equal(there.policy_observation()["map"], here.policy_observation()["map"])
        assert unpacked.lanes_of(0) == range(2)
        assert {path.name for path in node.iterdir()} == {"game.gbc", "start.state"}
    finally:
        here.close()
        there.close()


def test_a_maker_that_is_bound_to_this_machine_is_refused(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path))
    with pytest.raises(ConfigurationError, match="makes environments on this machine only"):
        Blueprint(settings, lambda lane: environment_factory(settings)(lane), 1, 1).pack()


def test_other_software_is_named_with_both_versions() -> None:
    here = Software.here(Blueprint.libraries)
    assert here.difference(here) is None
    other = Software({**here.versions, "torch": "1.0", "pyboy": "9.9"})
    assert here.difference(other) == (
        f"pyboy {here.versions['pyboy']} (the driver: 9.9), torch {here.versions['torch']} (the driver: 1.0)"
    )
