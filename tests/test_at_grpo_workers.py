"""AT-GRPO's rollouts on a fleet: who plays them, how many do, and who dies makes no difference to what is learned."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.team import LoraShape, Team, build_team, save_base
from agents.text.text_policy import load_policy
from core.exceptions import ConfigurationError, TrainingError
from core.worlds.base import Turn
from core.worlds.builtin.math import Math, MathState
from trainer.at_grpo.algorithm import Tree, TreeSettings
from trainer.at_grpo.chunks import Chunk, chunks_of
from trainer.at_grpo.fleet_rollouts import AskForChunk, Dealer, FleetRollouts, PlayedChunk
from trainer.at_grpo.rollout_plan import RolloutBench, RolloutPlan
from trainer.at_grpo.rollouts import RolloutsHere
from trainer.at_grpo.settings import ATGRPOSettings, settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer, workers_of
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.checkpoints.checkpoint import CheckpointStore

TINY: dict[str, Any] = {
    "world": "math",
    "world_options": {"largest": 10},
    "specialisation": "full",
    "small_width": 32,
    "small_layers": 1,
    "warm_start_steps": 60,
    "batch_size": 4,
    "rollout_chunk": 1,
    "candidates": 4,
    "eval_episodes": 6,
    "eval_every": 2,
    "max_new_tokens": 10,
}
SEEDS = range(1_000, 1_006)
CLOCKS = ("seconds", "rollout_seconds")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Arithmetic in several threads may differ in the last bits from that of workers, which have one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that all runs start from: it knows the format, so that something is learned."""
    folder = tmp_path_factory.mktemp("taught")
    settings = settings_of(TINY)
    shape = small_shape(settings.small_width, settings.small_layers)
    base = make_warm_policy(settings.make_world(), shape, settings.warm_start_steps, 0, lambda _: None)
    save_base(base, folder)
    return folder


def trained(folder: Path, taught: Path, iterations: int = 2, **changes: Any) -> tuple[Any, list[Any], list[Any]]:
    """Weights and optimizers, the metrics without clocks, and the dialogue."""
    if not folder.exists():
        shutil.copytree(taught, folder / "base")
    ATGRPOTrainer(settings_of({**TINY, **changes}), folder).train(iterations)
    tensors = CheckpointStore(folder).load("latest").tensors
    lines = {
        name: [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("metrics.jsonl", "dialogue.jsonl")
    }
    metrics = [{key: value for key, value in line.items() if key not in CLOCKS} for line in lines["metrics.jsonl"]]
    return {key: tensor.numpy().tobytes() for key, tensor in tensors.items()}, metrics, lines["dialogue.jsonl"]


def team_of(settings: ATGRPOSettings, folder: Path) -> Team:
    torch.manual_seed(0)  # adapters begin with random weights
    lora = LoraShape(settings.lora_rank, settings.lora_alpha)
    return build_team(load_policy(str(folder)), settings.make_world().roles, settings.specialisation, lora)


def plain(tree: Tree) -> list[Any]:
    """A tree as values that can be compared."""
    return [(g.seed, g.role, g.turn, g.prompt, g.samples, g.rewards.tolist(), g.best, g.feedback) for g in tree.groups]


def nobody(tokens: int, problems: int) -> None: ...


@pytest.mark.parametrize("level", ["full", "lora"])
def test_any_number_of_workers_comes_to_the_same_weights_and_rows(level: str, taught: Path, tmp_path: Path) -> None:
    runs = [
        trained(tmp_path / str(workers), taught, specialisation=level, workers=workers, dynamic_sampling=1)
        for workers in (0, 1, 2)
    ]
    assert any(key.startswith("optimizer/") for key in runs[0][0]), "nothing was learned, so nothing was tested"
    assert runs[0] == runs[1] == runs[2]


def test_a_run_goes_on_with_another_number_of_workers(taught: Path, tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", taught, 2, workers=2)
    trained(tmp_path / "parts", taught, 1, workers=2, eval_every=1)
    assert trained(tmp_path / "parts", taught, 2, workers=0, eval_every=1)[0] == whole[0]


def test_a_worker_that_is_killed_costs_nothing_but_time(taught: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_of({**TINY, "workers": 2})
    team, world = team_of(settings, taught), settings.make_world()
    tree_settings = TreeSettings(4, sampling={role: settings.sampling_of(role) for role in world.roles})
    here = RolloutsHere(world, settings.seed, 1)
    here.take(team, 0)
    undisturbed = here.grow(SEEDS, tree_settings, nobody)
    with FleetRollouts(settings, team, taught, 2, 1) as rollouts:
        rollouts.take(team, 0)
        first, told = rollouts.worker_processes(), [0, 0]

        def kill(tokens: int, problems: int) -> None:
            told[0], told[1] = told[0] + tokens, told[1] + problems
            if rollouts.worker_processes() == first:
                os.kill(first[0], signal.SIGKILL)

        disturbed = rollouts.grow(SEEDS, tree_settings, kill)
        assert rollouts.worker_processes()[0] != first[0] and rollouts.worker_processes()[1] == first[1]
        assert plain(disturbed) == plain(undisturbed)
        assert "rollout worker 0" in caplog.text and "took its place" in caplog.text
        told[:] = [0, 0]
        assert plain(rollouts.grow(SEEDS, tree_settings, kill)) == plain(undisturbed)
        drawn = sum(len(sample.tokens) for group in undisturbed.groups for sample in group.samples)
        assert told == [drawn, len(SEEDS)], "the progress counts what was played"


def test_a_chunk_of_a_lost_worker_goes_to_whoever_asks_next() -> None:
    chunks = chunks_of([5, 6, 7], 1)
    dealer, given = Dealer(chunks), []
    for worker in (0, 1):
        dealer.answer(worker, AskForChunk(None), given.append)
    dealer.begin_again(0, 1)
    dealer.answer(1, AskForChunk(PlayedChunk(1, Tree((), ()))), given.append)
    dealer.answer(0, AskForChunk(None), given.append)
    assert given == [chunks[0], chunks[1], chunks[0], chunks[2]]
    assert list(dealer.played) == [1]


class Brittle(Math):
    """Arithmetic whose seventh problem is broken."""

    name = "brittle"

    def play(self, state: MathState, role: str, answer: str) -> Turn[MathState]:
        if state == self.initial(1_006):
            raise ZeroDivisionError("nobody thought of that")
        return super().play(state, role, answer)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_world_names_the_problem_and_loses_no_iteration(
    workers: int, taught: Path, tmp_path: Path
) -> None:
    shutil.copytree(taught, tmp_path / "run" / "base")
    settings = settings_of({**TINY, "world": f"{__name__}:Brittle", "workers": workers})
    trainer = ATGRPOTrainer(settings, tmp_path / "run")
    said = r"the world brittle failed at problem 1006 when tool answered '.*': ZeroDivisionError: nobody thought"
    with pytest.raises(TrainingError, match=said) as failed:
        trainer.train(3)
    assert "\n" not in str(failed.value)
    assert trainer.iteration == 1


def test_what_travels_to_a_node_is_all_that_a_worker_needs(taught: Path, tmp_path: Path) -> None:
    home, node = tmp_path / "home", tmp_path / "node"
    shutil.copytree(taught, home / "base")
    node.mkdir()
    rows = [{"question": f"What is {n} plus 3?", "answer": f"It is\n#### {n + 3}"} for n in range(40)]
    (home / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = {"problems": str(home / "sums.jsonl")}
    settings = settings_of({**TINY, "world": "math_set", "world_options": options, "specialisation": "lora"})
    team = team_of(settings, home / "base")
    for name, tensor in team.tensors().items():
        tensor.add_(0.05 * torch.randn(tensor.shape, generator=torch.Generator().manual_seed(len(name))))
    tree_settings = TreeSettings(4, sampling={role: settings.sampling_of(role) for role in ("tool", "reasoner")})
    chunk = Chunk(0, tuple(SEEDS))
    here = RolloutBench(settings, team).play(chunk, tree_settings, lambda answers: None)
    sent = pickle.dumps(RolloutPlan(settings, 1, team, home / "base").pack())
    shutil.rmtree(home)
    bench = pickle.loads(sent).unpack(node).furnish(0)
    bench.team.load_tensors({name: tensor.clone() for name, tensor in team.tensors().items()})
    assert plain(bench.play(chunk, tree_settings, lambda answers: None)) == plain(here)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"worker": 2}, "did you mean 'workers'"),
        ({"rollout_chunks": 2}, "did you mean 'rollout_chunk'"),
        ({"workers": -1}, "'workers' is -1"),
        ({"cluster": "slurm", "workers": 1}, "cluster is 'slurm'"),
        ({"cluster": "local"}, "workers is null: say how many of its cores play"),
        ({"workers": 5}, "workers is 5 and an iteration has 4 chunks (4 problems, 1 to a chunk), so 1 would have noth"),
        ({"workers": 2, "rollout_chunk": 4}, "lower workers, or set rollout_chunk to 2"),
        (
            {"rollout_server": "http://h:1/v1", "specialisation": "lora", "workers": 2},
            "rollout_server is set, and so is workers",
        ),
    ],
)
def test_workers_that_no_run_can_have_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ATGRPOTrainer(settings_of({**TINY, **changes}), "unused")
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "device", "threads", "workers"),
    [
        ({}, "cpu", 2, 2),
        ({}, "cpu", 16, 4),
        ({}, "cpu", 1, 0),
        ({}, "cuda", 16, 0),
        ({"rollout_chunk": None}, "cpu", 16, 0),  # its four problems are one chunk
        ({"model": "somebody/model"}, "cpu", 16, 0),
        ({"model": "somebody/model", "workers": 3}, "cpu", 1, 3),
        ({"workers": 0}, "cpu", 16, 0),
    ],
)
def test_small_models_on_a_processor_get_workers_unasked(
    changes: dict[str, Any], device: str, threads: int, workers: int
) -> None:
    assert workers_of(settings_of({**TINY, **changes}), device, threads) == workers


SERVED = {"rollout_server": "http://h:1/v1", "specialisation": "lora"}


@pytest.mark.parametrize(
    ("changes", "chunk", "chunks"),
    [
        ({"batch_size": 20, "rollout_chunk": None}, 8, 3),
        ({"batch_size": 20, "rollout_chunk": 6}, 6, 4),
        ({"batch_size": 4, "rollout_chunk": 6}, 4, 1),
        ({"batch_size": 20, "rollout_chunk": None, "model": "somebody/model"}, 20, 1),
        ({"batch_size": 20, "rollout_chunk": None, **SERVED}, 20, 1),
        ({"batch_size": 20, "rollout_chunk": 5, **SERVED}, 5, 4),
    ],
)
def test_a_small_model_plays_eight_problems_at_a_time_and_others_all(
    changes: dict[str, Any], chunk: int, chunks: int
) -> None:
    settings = settings_of({**TINY, **changes})
    assert (settings.chunk, settings.chunks) == (chunk, chunks)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_ray_cluster_comes_to_the_weights_and_rows_of_this_machine(taught: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed: pip install -e '.[ray]' -c constraints.txt")
    here = trained(tmp_path / "here", taught, workers=2)
    there = trained(tmp_path / "there", taught, workers=2, cluster="local")
    assert here == there
