"""Several models sit where their emulators are: what comes of it depends neither on who is fast nor on who dies."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.rules import RulePlayer
from core.vocabulary import Option, OptionKind
from tests.test_multi_model_cartridge import make_trainer, policies, session_of
from tests.test_one_loop import rows
from tests.utils import create_mock_environment, generate_test_config
from trainer.fleet import engine
from trainer.fleet.thread_fleet import ThreadFleet
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import TrainingMode, WeightUpdateStrategy
from trainer.multi_model.planning_player import PlanningPlayer
from trainer.multi_model.seats.leader import STEPS_TOLD, LeadersPlan, PlanRelay
from trainer.multi_model.seats.messages import AskForPlans, TellPlans
from trainer.play.single_lane import SingleLane

Weights = list[dict[str, torch.Tensor]]


class Uneven(EnhancedPyBoyPokemonCrystalEnv):
    """An env that takes its time now and then."""

    longest_s = 0.0

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if self.longest_s and random.random() < 0.1:
            time.sleep(random.random() * self.longest_s)
        return super().advance(action, render)


def trained(folder: Path, kills: bool = False, **config: Any) -> tuple[dict[str, Any], Weights, Any]:
    """Rows, weights and rewards of three models in two workers; with `kills` each worker is killed once."""
    folder.mkdir()
    values: dict[str, Any] = {
        "num_models": 3,
        "training_mode": TrainingMode.HIERARCHICAL,
        "weight_update_strategy": WeightUpdateStrategy.ASYNCHRONOUS,
        "episode_length": 64,
    }
    trainer = make_trainer(folder, **{**values, **config})
    changes = {"workers": 2, "env_class": "tests.test_multi_model_fleet:Uneven", "final_milestone": "downstairs"}
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, **changes))
    fleet = session_of(trainer).fleet
    play, plays = fleet.play, []

    def disturbed(*arguments: Any) -> Any:
        plays.append(1)
        if len(plays) in (2, 6):
            os.kill(fleet.worker_processes()[len(plays) // 6], signal.SIGKILL)
        return play(*arguments)

    if kills:
        fleet.play = disturbed  # type: ignore[method-assign]
    results = asyncio.run(trainer.train())
    weights = policies(trainer)
    asyncio.run(trainer.shutdown())
    (record,) = (folder / "run").glob("decisions*.db")
    return rows(record), weights, results["training_metrics"]["total_rewards"]


def test_rows_and_weights_depend_neither_on_speed_nor_on_deaths_nor_on_what_workers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorded, weights, rewards = trained(tmp_path / "one")
    assert len(recorded["episodes"]) > 6, "games end within an episode"

    def is_the_same(name: str, kills: bool = False) -> None:
        other, other_weights, other_rewards = trained(tmp_path / name, kills)
        assert other == recorded and other_rewards == rewards
        for one, two in zip(weights, other_weights, strict=True):
            assert all(torch.equal(one[key], two[key]) for key in one)

    monkeypatch.setattr(Uneven, "longest_s", 0.01)
    is_the_same("slow")
    monkeypatch.setattr(Uneven, "longest_s", 0.0)
    is_the_same("killed", kills=True)
    assert caplog.text.count("took its place") == 2 and "begin anew" not in caplog.text
    monkeypatch.setattr(engine, "LocalFleet", ThreadFleet)
    is_the_same("threads")


def test_language_models_answer_a_lost_worker_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    changes: dict[str, Any] = {"model_types": ["small"], "training_mode": TrainingMode.COOPERATIVE}
    recorded, weights, _ = trained(tmp_path / "one", **changes)
    again, same_weights, _ = trained(tmp_path / "killed", kills=True, **changes)
    assert caplog.text.count("took its place") == 2
    assert again == recorded and len(recorded["run_sources"]) > 2
    for one, two in zip(weights, same_weights, strict=True):
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_plan_reaches_followers_elsewhere_a_step_later_however_far_they_are() -> None:
    """Two workers' halves of one segment and the next, with the relay of the driver between them."""
    env = create_mock_environment("state")
    leader = PlanningPlayer(RulePlayer(env.rom.game))
    for steps in (5, STEPS_TOLD, 3 * STEPS_TOLD + 1):
        relay = PlanRelay()

        def ask(asked: TellPlans | AskForPlans, relay: PlanRelay = relay) -> Any:
            if isinstance(asked, TellPlans):
                return relay.tell(asked)
            replies: list[Any] = []
            relay.ask(asked.first_step, replies.append)
            return replies[0]

        here, there = LeadersPlan(ask, leader), LeadersPlan(ask, None)
        known, heard = [], []
        for step in range(steps):
            here.before_step(step)
            known.append(here.key)
            leader.plan = Option(OptionKind.GO_TO, "somewhere", f"plan {step}")
            here.after_step(step)
        here.end_segment(steps)
        for step in range(steps):
            there.before_step(step)
            heard.append(there.key)
        there.end_segment(steps)
        assert heard == known == ["", *(f"plan {step}" for step in range(steps - 1))]
        assert there.key == here.key == f"plan {steps - 1}", "the next segment begins with it"
    env.close()


def test_who_asks_for_a_plan_too_early_hears_it_as_soon_as_it_is_told() -> None:
    relay = PlanRelay()
    replies: list[tuple[str, ...]] = []
    relay.ask(1, replies.append)
    relay.tell(TellPlans(0, ("a",), ended=False))
    assert not replies
    relay.tell(TellPlans(1, ("b", "c"), ended=False))
    assert replies == [("b", "c")]
    relay.ask(3, replies.append)
    relay.tell(TellPlans(3, (), ended=True))
    assert replies[1:] == [()], "a leader that has ended early is waited for no longer"


def test_followers_put_the_leaders_plan_first() -> None:
    lane = SingleLane(create_mock_environment("state"))
    follower = PlanningPlayer(RulePlayer(lane.env.rom.game, seed=1))
    plan = follower.leader = LeadersPlan(lambda asked: (), None)
    lane.reset([2])
    for _ in range(600):  # until there is something to choose
        state = lane.game_state(0)
        listed = follower.options(state)
        if len(listed) > 1:
            break
        lane.step(np.array([int(follower.act(state, listed[0]).button)]))
    assert len(listed) > 1
    plan.key = listed[-1].key
    assert follower.options(state)[0].key == listed[-1].key
    assert follower.choose(state).key == listed[-1].key
    assert {option.key for option in follower.options(state)} == {option.key for option in listed}
    plan.key = ""
    assert follower.options(state)[0].key == listed[0].key
    lane.close()
