"""A checkpoint's state is data: whatever it holds, a restore works or is refused, and a refusal changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.llm.meter import Meter
from core.exceptions import CheckpointError
from tests.utils import create_test_trainer
from trainer.checkpoints.checkpoint import STATE
from trainer.checkpoints.manifest import MANIFEST, OWN_SUM, with_own_sum
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer

State = dict[str, Any]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HybridLLMRLTrainer]:
    """One that has played two episodes."""
    made = create_test_trainer(temp_dir=tmp_path_factory.mktemp("run"), max_steps_per_episode=6, save_interval=1)
    made.train(**{**made.settings.train_arguments(), "total_episodes": 2})
    yield made
    made.close()


def forged(trainer: HybridLLMRLTrainer, change: Callable[[State], object]) -> Path:
    """Another checkpoint of episode 1, with a changed state and right sums."""
    made = trainer.save_dir.parent / "forged"
    made.mkdir(exist_ok=True)
    for file in (trainer.save_dir / "checkpoint_000001").iterdir():
        (made / file.name).write_bytes(file.read_bytes())
    state = json.loads((made / STATE).read_bytes())
    change(state)
    data = json.dumps(state).encode()
    (made / STATE).write_bytes(data)
    manifest = json.loads((made / MANIFEST).read_bytes())
    del manifest[OWN_SUM]
    manifest["files"][STATE] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (made / MANIFEST).write_text(json.dumps(with_own_sum(manifest)))
    return made


CRAFTED: dict[str, Callable[[State], object]] = {
    "no run": lambda state: state.pop("run"),
    "a run that is none": lambda state: state.update(run=None),
    "a run that is a list": lambda state: state.update(run=[]),
    "no tally": lambda state: state.pop("tally"),
    "a tally that is a text": lambda state: state.update(tally="all"),
    "a tally that is nothing": lambda state: state.update(tally=None),
    "fewer episodes": lambda state: state["tally"].update(episodes=0),
    "more episodes": lambda state: state["tally"].update(episodes=2),
    "episodes as a text": lambda state: state["tally"].update(episodes="1"),
    "steps as a text": lambda state: state["tally"].update(steps="6"),
    "switches as a list": lambda state: state["strategy"].update(switches=[1]),
    "rewards of words": lambda state: state["tally"].update(rewards=["much"]),
    "an unknown source": lambda state: state["tally"].update(source_steps={"oracle": 1}),
    "a stage below 0": lambda state: state["curriculum"].update(stage_index=-1),
    "a stage too high": lambda state: state["curriculum"].update(stage_index=99),
    "starts of words": lambda state: state["starts"].update(again=["x"]),
    "a learner without its dice": lambda state: state["learner"].pop("shuffle"),
    "dice of another kind": lambda state: state["learner"].update(shuffle={"bit_generator": "MT19937"}),
    "dice beyond all bounds": lambda state: state["learner"]["shuffle"]["state"].update(state=-1),
    "a worker without its dice": lambda state: state["dice"][0].pop("state"),
    "dice of a worker that are a word": lambda state: state.update(dice=["six"]),
    "an agent that is a list": lambda state: state.update(agent=[]),
    "an agent of another version": lambda state: state["agent"].update(version=0),
    "a strategy that does not exist": lambda state: state["strategy"].update(current="hope"),
    "arms with a word": lambda state: next(iter(state["strategy"]["arms"].values())).update(bogus=1),
    "deep nesting": lambda state: state.update(untrained=nested(800)),
    "a calibration without its bands": lambda state: state["agent"]["calibration"].update(reliability={"rules": []}),
    "a calibration of words": lambda state: state["agent"]["calibration"].update(usual={"overworld": ["x", 1.0]}),
    "an infinite number": lambda state: state["tally"].update(seconds=float("inf")),
    "an evaluation without its numbers": lambda state: state.update(untrained={}),
    "an evaluation of words": lambda state: state["untrained"].update(avg_length="far"),
    "no best evaluation": lambda state: state.pop("best_evaluation"),
}


def nested(levels: int) -> Any:
    return [] if levels == 0 else {"a": nested(levels - 1)}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_state_is_refused_and_nothing_changes(trainer: HybridLLMRLTrainer, name: str) -> None:
    path = forged(trainer, CRAFTED[name])
    before = json.dumps(trainer.run.snapshot().state)
    tensors = trainer.learner.tensors()
    recorded = trainer.decision_analyzer.store.last_episode_number(1)
    with pytest.raises(CheckpointError):
        trainer.restore(path)
    assert json.dumps(trainer.run.snapshot().state) == before
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in trainer.learner.tensors().items())
    assert trainer.decision_analyzer.store.last_episode_number(1) == recorded == 2


def test_an_edited_manifest_takes_no_episodes_out_of_the_record(trainer: HybridLLMRLTrainer) -> None:
    latest = trainer.save_dir / "resume_000002" / MANIFEST
    text = latest.read_text()
    latest.write_text(text.replace('"episode": 2', '"episode": 1'))
    try:
        with pytest.raises(CheckpointError, match=r"was changed after it was written.*good one is checkpoint_00000"):
            trainer.restore("latest")
    finally:
        latest.write_text(text)
    assert trainer.decision_analyzer.store.last_episode_number(1) == 2


def test_the_crafted_checkpoint_is_good_when_nothing_is_changed(trainer: HybridLLMRLTrainer) -> None:
    trainer.restore(forged(trainer, lambda state: state))
    assert trainer.run.tally.episodes == 1


@pytest.mark.parametrize("count", ["", "many", None, [], float("nan")])
def test_counters_of_a_language_model_are_numbers(count: object) -> None:
    meter = Meter()
    good = {"counts": {"calls": 3}, "failures": {"time_out": 1}, "cost_usd": 0.5}
    meter.load_state_dict(good)
    with pytest.raises((TypeError, ValueError)):
        meter.load_state_dict({**good, "counts": {"calls": count}})
    assert meter.state_dict() == good
