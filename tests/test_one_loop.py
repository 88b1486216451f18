"""Both trainers play through one loop: with the same rules, seeds and lanes their decision records are the same."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.exceptions import ConfigurationError
from core.history.store import HistoryStore
from core.hybrid_agent import HybridAgent
from core.rules import RulePlayer
from tests.utils import create_mock_environment, generate_test_config
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.trainer import MultiModelTrainer
from trainer.play.player import LanePlayer
from trainer.play.seats import Seat, Seating
from trainer.play.single_lane import SingleLane

CLOCK_COLUMNS = {"started_at_s", "seconds", "elapsed_ms"}
STEPS = 512
"""Of each lane."""
STAGE = {
    "reward_threshold": 3.0,
    "min_episodes": 2,
    "llm_confidence": 0.9,
    "strategy_preference": "balanced",
    "max_steps": 128,
}
SETTINGS: dict[str, Any] = {
    "agent_mode": "rules_only",
    "max_steps_per_episode": STEPS,
    "final_milestone": None,
    "curriculum": {"stages": [STAGE, {**STAGE, "max_steps": 256}]},
}


def rows(database: Path, left_out: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """All tables of a decision record but that of the runs, which holds settings and times."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        tables = {}
        for name in names:
            if name == "runs" or name.startswith(("sqlite_", "_")):
                continue
            found = [dict(row) for row in connection.execute(f'select * from "{name}"')]
            kept = [{key: row[key] for key in row if key not in CLOCK_COLUMNS | left_out} for row in found]
            tables[name] = sorted(kept, key=lambda row: [str(value) for value in row.values()])
    return tables


def many_models(folder: Path, lanes: int, mode: TrainingMode, **changes: Any) -> Path:
    """One episode of `STEPS` of so many models that are paid what the world pays; its record."""
    config = MultiModelConfig(
        num_models=lanes,
        model_types=["rules"],
        training_mode=mode,
        cooperation_strength=0.0,
        competition_intensity=0.0,
        max_episodes=1,
        episode_length=STEPS,
        checkpoint_dir=str(folder / "models"),
        enable_verl=False,
        enable_areal=False,
    )
    trainer = MultiModelTrainer(config)
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, **{**SETTINGS, **changes}))

    async def play() -> None:
        await trainer.train()
        await trainer.shutdown()

    asyncio.run(play())
    (record,) = (folder / "models").glob("decisions*.db")
    return record


def hybrid_run(folder: Path, lanes: int, games: int, **changes: Any) -> Path:
    """So many games of the hybrid trainer; its record."""
    trainer = create_trainer_from_config(generate_test_config(folder, **{**SETTINGS, "lanes": lanes, **changes}))
    try:
        trainer.train(total_episodes=games, max_steps_per_episode=STEPS)
    finally:
        trainer.close()
    return folder / "decisions.db"


@pytest.mark.parametrize("mode", [TrainingMode.COMPETITIVE, TrainingMode.COOPERATIVE])
def test_one_agent_leaves_the_same_record_in_both_trainers(tmp_path: Path, mode: TrainingMode) -> None:
    """Games that had their whole time, of a curriculum that moves on after two."""
    models = many_models(tmp_path / "models", 1, mode)
    hybrid = hybrid_run(tmp_path / "hybrid", 1, 3)
    recorded = rows(hybrid)
    assert [row["steps"] for row in recorded["episodes"]] == [128, 128, 256]
    assert recorded["milestones"] and recorded["milestone_leads"] and recorded["option_progress"]
    assert rows(models) == recorded


def test_games_that_reach_their_end_are_recorded_when_they_do(tmp_path: Path) -> None:
    """Two lanes that end and begin games at different steps. What an episode cuts short counts in neither."""
    changes = {"final_milestone": "starter"}
    models = many_models(tmp_path / "models", 2, TrainingMode.COOPERATIVE, **changes)
    ended = sum(row["terminated"] for row in rows(models)["episodes"])
    assert ended >= 8
    with HistoryStore(models) as store:
        assert store.delete_episodes_after(store.find_run().id, ended) > 0, "somebody was playing at the end"
    hybrid = hybrid_run(tmp_path / "hybrid", 2, ended, **changes)
    # One agent in two lanes knows twice as early what its sources' confidences are worth.
    confidences = frozenset({"confidence", "confidence_micro"})
    assert rows(models, confidences) == rows(hybrid, confidences)


def test_every_lane_has_one_seat_and_every_seat_an_agent_for_its_lanes() -> None:
    lane = SingleLane(create_mock_environment("state"))
    game = lane.env.rom.game

    def seat(lanes: range, attached: int) -> Seat:
        agent = HybridAgent(None, AdaptiveStrategySystem(), mode="rules_only")
        agent.attach_lanes([RulePlayer(game, seed=number) for number in range(attached)])
        return Seat(agent, lanes)

    seating = Seating([seat(range(2), 2), seat(range(2, 3), 1)])
    assert [seating.at(number).own(number) for number in range(3)] == [0, 1, 0]
    assert seating.at(2) is seating.seats[1]
    for wrong in ([range(1)] * 2, [range(1, 2)], [range(1), range(2, 3)], []):
        with pytest.raises(ConfigurationError, match="give each lane from 0 on to one"):
            Seating([seat(lanes, 1) for lanes in wrong])
    with pytest.raises(ConfigurationError, match="a seat of 2 lanes has an agent of 1"):
        Seating([seat(range(2), 1)])
    with pytest.raises(ConfigurationError, match="the environment has 1 lanes, the seats 3"):
        LanePlayer(lane, seating)
    lane.close()
