"""Training on a cluster of two nodes comes to what it comes to on this machine, also when parts of it are lost.

Two nodes of `ray.cluster_utils` are two sets of Ray's processes on this machine: what is not tried is a real network.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.golden_digests import record_digest, weights_digest
from core.exceptions import ConfigurationError
from tests.test_multi_model_cartridge import make_trainer
from tests.utils import generate_test_config
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.ray_fleet import RayFleet
from trainer.fleet.software import Software
from trainer.fleet.workbench import Workbench
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import TrainingMode
from trainer.run.environments import environment_factory
from trainer.settings import load_settings

pytest.importorskip("ray", reason="the extra `ray` is not installed: pip install -e '.[ray]' -c constraints.txt")
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]

from ray.cluster_utils import Cluster  # type: ignore[import-not-found]  # noqa: E402

EPISODES = 6


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head with one core and a node with one."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_ADDRESS", str(made.address))  # where "auto" looks first
        try:
            yield made
        finally:
            made.shutdown()


class Nobody:
    """A broker whom nobody asks."""

    def answer(self, worker: int, asked: Any, reply: Any) -> None:
        raise AssertionError(f"worker {worker} asked {asked}")

    def begin_again(self, worker: int, deaths: int) -> None: ...


def config_in(folder: Path, cluster: str | None) -> Path:
    """Short games of two lanes in two workers, with rollouts that end within them."""
    folder.mkdir()
    return generate_test_config(
        folder,
        llm_model="none",
        total_episodes=EPISODES,
        max_steps_per_episode=150,
        final_milestone=None,
        eval_episodes=2,
        eval_interval=0,
        lanes=2,
        workers=2,
        learner={"rollout_steps": 32, "minibatch_size": 32, "epochs": 2},
        cluster=cluster,
    )


def trained(config: Path, at_first_end: Callable[[], None] = lambda: None) -> tuple[Any, Any]:
    """Digests of the weights and of the record; `at_first_end` is called when the first game has ended."""
    trainer = create_trainer_from_config(config)
    settings = load_settings(config)

    def disturb(_trainer: object, episode: int, _metrics: object) -> None:
        if episode == 1:
            at_first_end()

    trainer.register_callback("episode_end", disturb)
    try:
        trainer.train(**settings.train_arguments())
    finally:
        trainer.close()
    checkpoints = settings.save_dir
    latest = checkpoints / (checkpoints / "latest").read_text(encoding="utf-8").strip()
    return weights_digest(latest), record_digest(settings.decision_db_path)


def test_two_nodes_give_the_weights_and_the_record_of_this_machine(cluster: Any, tmp_path: Path) -> None:
    here = trained(config_in(tmp_path / "here", None))
    there = trained(config_in(tmp_path / "there", "auto"))
    assert here == there


@dataclass(frozen=True)
class ResetOrDie:
    """A job: the first time, the worker is killed in the reset of its second lane."""

    marker: Path

    def play(self, bench: Workbench) -> tuple[int, list[int]]:
        """The number of the worker and the first views of its lanes, summed up."""
        if bench.number == 1 and not self.marker.exists():
            self.marker.touch()
            bench.env.envs[-1].restart = lambda **_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        step = bench.env.reset([5 + lane for lane in bench.lanes])
        return bench.number, [int(row.sum() * 1000) for row in step.observations["features"]]


def test_a_worker_that_is_killed_in_a_reset_is_replaced(cluster: Any, tmp_path: Path) -> None:
    settings = load_settings(config_in(tmp_path / "run", None))
    with RayFleet(Blueprint(settings, environment_factory(settings), 4, 2), cluster.address) as fleet:
        jobs = [ResetOrDie(tmp_path / "killed")] * 2
        before = fleet.worker_processes()
        disturbed = fleet.play(jobs, Nobody(), lambda steps, games: True)
        assert (tmp_path / "killed").exists()
        assert fleet.worker_processes()[0] == before[0] and fleet.worker_processes()[1] != before[1]
        assert fleet.play(jobs, Nobody(), lambda steps, games: True) == disturbed
        assert [None if one is None else one[0] for one in disturbed] == [0, 1]


def test_a_node_with_other_software_is_named_in_one_line(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(config_in(tmp_path / "run", None))
    driver = Software({**Software.here(Blueprint.libraries).versions, "pyboy": "9.9.9"})
    monkeypatch.setattr("trainer.fleet.ray_fleet.Software.here", lambda libraries: driver)
    with pytest.raises(ConfigurationError, match=r"^node \S+ has pyboy [0-9.]+ \(the driver: 9.9.9\): install the"):
        RayFleet(Blueprint(settings, environment_factory(settings), 2, 2), cluster.address)


def test_a_node_that_joins_late_takes_the_worker_that_waits(tmp_path: Path, cluster: Any) -> None:
    settings = load_settings(config_in(tmp_path / "run", None))
    processes: list[tuple[int, ...]] = []

    def make() -> None:
        with RayFleet(Blueprint(settings, environment_factory(settings), 3, 3), cluster.address) as fleet:
            processes.append(fleet.worker_processes())

    made = threading.Thread(target=make, daemon=True)
    made.start()
    made.join(30.0)
    assert made.is_alive() and not processes, "three workers cannot live on two cores"
    cluster.add_node(num_cpus=1)
    made.join(400.0)  # on a busy machine the imports of a node take their time
    assert [len(set(three)) for three in processes] == [3]


def test_a_node_that_is_lost_in_the_middle_costs_no_step(cluster: Any, tmp_path: Path) -> None:
    config = config_in(tmp_path / "run", "auto")

    def lose_nodes() -> None:
        for node in list(cluster.worker_nodes):
            cluster.remove_node(node, allow_graceful=False)
        cluster.add_node(num_cpus=2)

    assert trained(config, lose_nodes) == trained(config_in(tmp_path / "here", None))
    database = load_settings(config).decision_db_path
    with sqlite3.connect(database) as record:
        numbers = [number for (number,) in record.execute("select number from episodes order by number")]
    assert numbers == list(range(1, EPISODES + 1))
    summary = json.loads((load_settings(config).save_dir / "training_summary.json").read_text(encoding="utf-8"))
    assert summary["total_episodes"] == EPISODES


def models_trained(folder: Path, cluster: str | None, at_update: Callable[[], None] = lambda: None) -> tuple[Any, Any]:
    """Digests of the weights and of the record of three models in two workers, one of which leads."""
    folder.mkdir()
    trainer = make_trainer(folder, num_models=3, training_mode=TrainingMode.HIERARCHICAL, episode_length=64)
    archive = {"folder": "far", "first_share": 0.5, "last_share": 0.5}
    changes = {"workers": 2, "cluster": cluster, "final_milestone": "downstairs", "go_explore": archive}
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, **changes))
    trainer.observe(lambda result: at_update() if result["episode"] == 1 else None)
    trainer.config.log_metrics_interval = 1
    asyncio.run(trainer.train())
    asyncio.run(trainer.shutdown())
    (final,) = (folder / "run").glob("final_*")
    return weights_digest(final), record_digest(folder / "run" / "decisions.db")


def test_several_models_are_the_same_on_two_nodes_also_when_one_is_lost(cluster: Any, tmp_path: Path) -> None:
    def lose_nodes() -> None:
        for node in list(cluster.worker_nodes):
            cluster.remove_node(node, allow_graceful=False)
        cluster.add_node(num_cpus=2)

    here = models_trained(tmp_path / "here", None)
    assert models_trained(tmp_path / "there", "auto") == here
    assert models_trained(tmp_path / "lost", "auto", lose_nodes) == here
