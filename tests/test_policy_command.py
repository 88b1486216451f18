"""`crystal-agent policy`: a trained policy as a zip for SB3, as a folder with a card, and on a hub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sb3_contrib import MaskablePPO
from typer.testing import CliRunner

from core.exceptions import CheckpointError, ConfigurationError
from tests.hub_server import hub_server
from tests.utils import generate_test_config
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.commands.app import app
from trainer.commands.training import main as front_door
from trainer.run.frozen_policy import frozen_policy
from trainer.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a short run that has learned something and was evaluated."""
    path = generate_test_config(tmp_path_factory.mktemp("run"), eval_episodes=2, llm_model="pocket")
    assert front_door(["--config", str(path), "--no-progress"]) == 0
    return path


def agent(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["policy", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_sb3_plays_and_trains_our_policy(config: Path, tmp_path: Path) -> None:
    agent("sb3", tmp_path / "ours.zip", "--config", config)
    policy = frozen_policy(load_settings(config), "latest")
    assert policy.learner.updates > 0
    from stable_baselines3.common.env_util import make_vec_env

    import core.gymnasium_ids  # noqa: F401  (registers the ids)

    env = make_vec_env("CrystalHybrid/FernvaleFirstRegion-v0", n_envs=1, seed=1)
    model = MaskablePPO.load(tmp_path / "ours.zip", env=env, n_steps=16, batch_size=16)
    observation = env.reset()
    masks = np.stack(env.env_method("action_masks"))
    assert isinstance(observation, dict)
    tensors = {key: torch.from_numpy(array) for key, array in observation.items()}
    theirs = model.policy.get_distribution(tensors, action_masks=masks).distribution.probs.detach().numpy()
    np.testing.assert_allclose(theirs, policy.learner.probabilities(observation, masks), atol=1e-6)
    before = model.policy.action_net.weight.clone()
    model.learn(16)
    assert not torch.equal(before, model.policy.action_net.weight)
    env.close()


def test_the_packed_folder_is_a_checkpoint_with_a_card(config: Path, tmp_path: Path) -> None:
    agent("pack", tmp_path / "packed", "--config", config)
    card = (tmp_path / "packed/README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "mit" and "fernvale" in head["tags"]
    assert "| rl_only | 2 |" in card and "| episodes of training | 4 |" in card
    settings = load_settings(config)
    packed = CheckpointStore(tmp_path).load("packed")
    assert packed.tensors.keys() == CheckpointStore(settings.save_dir).load("latest").tensors.keys()
    assert not list((tmp_path / "packed").glob("*.gb*")), "no cartridge goes along"


@pytest.mark.parametrize("command", ["sb3", "pack"])
def test_what_is_there_stays(command: str, config: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        agent(command, tmp_path / "mine", "--config", config)
    with pytest.raises(CheckpointError, match="not found"):
        agent(command, tmp_path / "new", "--config", config, "--checkpoint", "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def push(hub: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trainer.commands.command_line", "policy", "push", *map(str, arguments)]
    environment = {"HF_ENDPOINT": hub, "HF_TOKEN": "hf_ours", "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*"}
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=100)


def test_push_sends_the_packed_folder_to_the_hub_that_is_named(config: Path) -> None:
    with hub_server() as hub:
        done = push(hub.url, "trainers/fernvale", "--config", config)
        assert done.returncode == 0, done.stderr
        assert hub.made == {"trainers/fernvale": True}, "private unless asked"
        assert f"pushed to {hub.url}/trainers/fernvale" in done.stdout
        newest = CheckpointStore(load_settings(config).save_dir).find("latest")
        sent = {name: content for name, content in hub.files.items() if name != "README.md"}
        assert sent == {path.name: path.read_bytes() for path in newest.iterdir()}
        assert b"A policy for Fernvale" in hub.files["README.md"]
        assert hub.keys == {"Bearer hf_ours", ""} or hub.keys == {"Bearer hf_ours"}
        assert push(hub.url, "no/such/name", "--config", config).returncode == 2
    refused = push(hub.url, "trainers/fernvale", "--config", config)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "did not take" in refused.stderr
