"""Several hybrid agents on emulators of Fernvale: what they share, what they keep, and going on after a stop."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from core.exceptions import ConfigurationError, EpisodeTimeoutError
from tests.utils import generate_test_config
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.checkpoints import load_checkpoint_metadata
from trainer.multi_model.config import MultiModelConfig, TrainingMode, WeightUpdateStrategy
from trainer.multi_model.seated_session import SeatedSession, rollout_steps
from trainer.multi_model.session import Deadline, standing_of
from trainer.multi_model.trainer import MultiModelTrainer

ROOT = Path(__file__).resolve().parent.parent
STAGE = {"reward_threshold": 1e6, "min_episodes": 100, "llm_confidence": 0.5, "strategy_preference": "balanced"}


def make_trainer(folder: Path, **changes: Any) -> MultiModelTrainer:
    values: dict[str, Any] = {
        "num_models": 2,
        "model_types": ["rules"],
        "max_episodes": 2,
        "episode_length": 32,
        "checkpoint_dir": str(folder / "run"),
        "weight_update_strategy": WeightUpdateStrategy.SYNCHRONIZED,
    }
    trainer = MultiModelTrainer(MultiModelConfig(**{**values, **changes}))
    trainer.environment = create_cartridge_training_env(generate_test_config(folder))
    return trainer


def session_of(trainer: MultiModelTrainer) -> SeatedSession:
    session = trainer.session
    assert isinstance(session, SeatedSession)
    return session


def policies(trainer: MultiModelTrainer) -> list[dict[str, torch.Tensor]]:
    return [
        {key: value.detach().clone() for key, value in seat.learner.parameters().items()}
        for seat in session_of(trainer).seats
    ]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("strategy", WeightUpdateStrategy)
def test_policies_are_moved_by_the_strategy(tmp_path: Path, strategy: WeightUpdateStrategy) -> None:
    trainer = make_trainer(tmp_path, weight_update_strategy=strategy)
    before = policies(trainer)
    assert same(before[0], before[1])
    result = asyncio.run(trainer.train_multi_model_episode(1))
    after = policies(trainer)
    assert result["steps"] == 64
    together = strategy in (WeightUpdateStrategy.SYNCHRONIZED, WeightUpdateStrategy.FEDERATED)
    assert same(after[0], after[1]) == together
    moved = [not same(one, other) for one, other in zip(before, after, strict=True)]
    assert moved == ([True, False] if strategy is WeightUpdateStrategy.SELECTIVE else [True, True])
    assert result["weight_coordination"]["synchronization_loss"] == 0.0 or not together
    asyncio.run(trainer.shutdown())


def test_a_team_has_one_decision_record_and_rivals_have_one_each(tmp_path: Path) -> None:
    for mode, files in ((TrainingMode.COOPERATIVE, 1), (TrainingMode.COMPETITIVE, 2)):
        folder = tmp_path / mode.value
        trainer = make_trainer(folder, training_mode=mode)
        asyncio.run(trainer.train())
        asyncio.run(trainer.shutdown())
        databases = sorted((folder / "run").glob("decisions*.db"))
        assert len(databases) == files
        for database in databases:
            with sqlite3.connect(database) as connection:
                assert connection.execute("select count(*) from decisions").fetchone() == (128 // files,)
                assert connection.execute("select count(*) from runs").fetchone() == (1,)


def test_a_stage_of_the_curriculum_says_how_long_a_game_takes(tmp_path: Path) -> None:
    """Of 32 steps, games of 10: three that had their whole time, and a fourth that the episode cuts short."""
    trainer = make_trainer(tmp_path, training_mode=TrainingMode.COMPETITIVE)
    config = generate_test_config(tmp_path, curriculum={"stages": [{**STAGE, "max_steps": 10}]})
    trainer.environment = create_cartridge_training_env(config)
    asyncio.run(trainer.train_multi_model_episode(1))
    assert [team.curriculum.episodes_at_stage for team in session_of(trainer).teams] == [3, 3]
    asyncio.run(trainer.shutdown())


class GivenUp(Deadline):
    """The time is over once the record has so many games."""

    def __init__(self, database: Path, games: int) -> None:
        super().__init__(None)
        self.database, self.games = database, games

    def check(self, what: str) -> None:
        with sqlite3.connect(self.database) as connection:
            if connection.execute("select count(*) from episodes").fetchone()[0] >= self.games:
                raise EpisodeTimeoutError(f"Episode timeout: {what}")


def test_an_episode_that_is_given_up_leaves_nothing_in_record_and_counts(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, training_mode=TrainingMode.COOPERATIVE)
    changes: dict[str, Any] = {
        "curriculum": {"stages": [{**STAGE, "max_steps": 10}]},
        "learner": {"rollout_steps": 16, "minibatch_size": 16, "epochs": 1},
    }
    trainer.environment = create_cartridge_training_env(generate_test_config(tmp_path, **changes))
    session = session_of(trainer)
    (team,) = session.teams
    asyncio.run(trainer.train_multi_model_episode(1))
    before = team.state_dict()
    standing = standing_of(trainer.config, trainer._states)
    database = tmp_path / "run" / "decisions.db"
    updates: list[None] = []
    with pytest.raises(EpisodeTimeoutError):
        session.play_episode(2, standing, GivenUp(database, 10), lambda: updates.append(None))  # type: ignore[arg-type]
    after = team.state_dict()
    assert after["tally"].pop("seconds") == before["tally"].pop("seconds")
    assert after == before
    with sqlite3.connect(database) as connection:
        assert connection.execute("select max(number) from episodes").fetchone() == (8,)
    assert not updates, "the time was over when the first rollout was full"
    assert not any(seat.learner.ready for seat in session.seats)
    result = asyncio.run(trainer.train_multi_model_episode(2))
    assert result["steps"] == 64 and team.tally.episodes == 16
    asyncio.run(trainer.shutdown())


def test_language_models_on_the_cartridge_share_a_base_and_learn(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, model_types=["small"], episode_length=96)
    first = asyncio.run(trainer.train_multi_model_episode(1))
    session = session_of(trainer)
    assert len({id(player.policy.text.model) for player in session.players}) == 1  # type: ignore[attr-defined]
    assert len(session.learners) == 4
    assert set(first["milestones"]) == {"model_0_small", "model_1_small"}
    asyncio.run(trainer._save_checkpoint(1))
    asyncio.run(trainer.shutdown())
    adapter = next((tmp_path / "run").glob("*/lora_weights/model_0_small/adapter_model.safetensors"))
    assert adapter.stat().st_size > 1000


def test_a_resumed_run_goes_on_with_the_next_episode(tmp_path: Path) -> None:
    first = make_trainer(tmp_path, max_episodes=2, save_interval=1)
    asyncio.run(first.train())
    weights = policies(first)
    kept = first.results()["checkpoints_saved"]
    asyncio.run(first.shutdown())
    second = make_trainer(tmp_path, max_episodes=3)
    assert second.load_checkpoint(kept[0])
    for one, other in zip(weights, policies(second), strict=True):
        assert same(one, other)
    results = asyncio.run(second.train())
    assert results["training_metrics"]["episodes"] == [1, 2, 3]
    assert second.load_checkpoint(kept[1])  # the first episode's: later ones are taken out of the record
    with sqlite3.connect(tmp_path / "run" / "decisions.db") as connection:
        assert connection.execute("select number from episodes order by number").fetchall() == [(1,), (2,)]
    asyncio.run(second.shutdown())


def test_an_episode_ends_with_an_update() -> None:
    for length in (1, 31, 128, 129, 500, 1000, 1009):
        steps = rollout_steps(length, 128)
        assert 1 <= steps <= 128 and length // steps * steps >= length - length // steps
    with pytest.raises(ConfigurationError, match="num_models"):
        create_cartridge_training_env(lanes=4)


def test_a_model_of_rules_alone_cannot_sit_in_an_arena(tmp_path: Path) -> None:
    trainer = MultiModelTrainer(MultiModelConfig(num_models=2, model_types=["rules"], checkpoint_dir=str(tmp_path)))
    with pytest.raises(ConfigurationError, match="cartridge only"):
        asyncio.run(trainer.train())


@pytest.mark.slow
def test_a_killed_training_loses_at_most_the_running_episode_and_counts_none_twice(tmp_path: Path) -> None:
    """SIGKILL at three moments, each time of a training that goes on where the last one was killed."""
    steps, agents = 32, 2
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.test_multi_model_cartridge import make_trainer\n"
        "from trainer.multi_model.checkpoints import list_available_checkpoints\n"
        "trainer = make_trainer(Path(sys.argv[1]), max_episodes=100000, log_metrics_interval=1)\n"
        "if list_available_checkpoints(trainer.config.checkpoint_dir):\n"
        "    trainer.load_checkpoint('latest')\n"
        "trainer.observe(lambda result: print(result['episode'], flush=True))\n"
        "asyncio.run(trainer.train())\n"
    )
    moments = random.Random(time.time_ns())
    checkpoints = tmp_path / "run"
    finished = 0
    for _ in range(3):
        command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)]
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        assert child.stdout is not None
        first = int(child.stdout.readline())
        assert first == finished + 1, "it goes on with the next episode, or plays the killed one again"
        second = int(child.stdout.readline())
        time.sleep(moments.uniform(0.0, 0.5))
        child.send_signal(signal.SIGKILL)
        said = [first, second, *(int(line) for line in child.stdout.read().split())]
        child.wait()
        finished = load_checkpoint_metadata("latest", str(checkpoints))["episode"]
        assert said[-1] - 1 <= finished <= said[-1], "an episode is told of before its resume point is written"

    trainer = make_trainer(tmp_path, max_episodes=finished + 1)
    assert trainer.load_checkpoint("latest")
    results = asyncio.run(trainer.train())
    asyncio.run(trainer.shutdown())
    assert results["training_metrics"]["episodes"] == list(range(1, finished + 2))
    with sqlite3.connect(checkpoints / "decisions.db") as connection:
        (runs,) = connection.execute("select count(*) from runs").fetchone()
        numbers = [number for (number,) in connection.execute("select number from episodes order by id")]
        (decisions,) = connection.execute("select count(*) from decisions").fetchone()
    assert runs == 1
    assert numbers == list(range(1, agents * (finished + 1) + 1)), "every episode of every agent once"
    assert decisions == agents * steps * (finished + 1)


@pytest.mark.slow
def test_what_an_update_has_freed_goes_back_to_the_system(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, num_models=1, model_types=["pocket"], max_episodes=2, episode_length=512)
    psutil.heap_trim()
    asyncio.run(trainer.train())
    process = psutil.Process()
    held = process.memory_info().rss
    psutil.heap_trim()
    needed = process.memory_info().rss
    asyncio.run(trainer.shutdown())
    assert held - needed < 100 * 2**20, "what the backward passes took is still held"
