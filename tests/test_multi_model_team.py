"""What models on the cartridge have in common: in a team what one has found out serves the others, rivals keep it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.env.go_explore_archive import GoExploreArchive
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.navigation.known_grounds import KnownGrounds
from core.vocabulary import Button
from tests.test_multi_model_cartridge import make_trainer, session_of
from tests.utils import generate_test_config
from trainer.fleet import engine, thread_fleet
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.workbench import Line, Workbench
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.trainer import MultiModelTrainer
from trainer.play.episode_seeds import training_seed

SHARING = [TrainingMode.COOPERATIVE, TrainingMode.MIXED, TrainingMode.HIERARCHICAL]
STAGE = {"reward_threshold": 1000.0, "min_episodes": 1000, "llm_confidence": 0.9, "strategy_preference": "balanced"}


def with_settings(folder: Path, mode: TrainingMode, **changes: Any) -> MultiModelTrainer:
    trainer = make_trainer(folder, training_mode=mode, episode_length=64)
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, **changes))
    return trainer


class LazySecond(EnhancedPyBoyPokemonCrystalEnv):
    """An env in which nobody moves in the games that the second of two workers begins."""

    is_still = False

    def restart(self, *, seed: int | None = None, **arguments: Any) -> Any:
        of_second = [training_seed(MultiModelConfig().seed, 1000 * episode + 1) for episode in range(2)]
        self.is_still = seed in of_second
        return super().restart(seed=seed, **arguments)

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        return super().advance(Button.NONE if self.is_still else action, render)


def ground_known_in(bench: Workbench) -> KnownGrounds:
    """What the worker's agent knows at the beginning of a game."""
    (player,) = bench.kept["seats"].parts.players
    player.options(bench.env.game_state(0))
    return player.memory.travel.grounds


@pytest.mark.parametrize("mode", [*SHARING, TrainingMode.COMPETITIVE])
def test_ground_that_one_agent_walked_is_known_to_its_team_and_to_no_rival(
    tmp_path: Path, mode: TrainingMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first agent walks in one worker, the second stands still in another; workers are threads, to look at them."""
    benches: list[Workbench] = []

    class SeenBench(Workbench):
        def __init__(self, number: int, blueprint: Blueprint, line: Line) -> None:
            super().__init__(number, blueprint, line)
            benches.append(self)

    monkeypatch.setattr(thread_fleet, "Workbench", SeenBench)
    monkeypatch.setattr(engine, "LocalFleet", thread_fleet.ThreadFleet)
    changes: dict[str, Any] = {
        "agent_mode": "rules_only",
        "workers": 2,
        "final_milestone": None,
        "env_class": "tests.test_multi_model_team:LazySecond",
        "learner": {"rollout_steps": 32, "minibatch_size": 32, "epochs": 1},
    }
    shares = mode is not TrainingMode.COMPETITIVE
    trainer = with_settings(tmp_path, mode, **changes)
    session = session_of(trainer)
    asyncio.run(trainer.train())
    other = ground_known_in(next(bench for bench in benches if bench.number == 1))
    known = [{map_id for map_id, _ in team.grounds} for team in session.teams]
    (above,) = {env.state.position.map for bench in benches if bench.number == 1 for env in bench.env.envs}
    below = known[0] - {above}
    assert below and all((other.ground(map_id) is not None) == shares for map_id in below)
    assert shares or known[1] == {above}, "a rival knows what it has seen itself"

    kept = asyncio.run(trainer._save_checkpoint(trainer.current_episode))
    saved = [team.grounds.state_dict() for team in session.teams]
    asyncio.run(trainer.shutdown())
    resumed = with_settings(tmp_path, mode, **changes)
    assert resumed.load_checkpoint(kept)
    assert [team.grounds.state_dict() for team in session_of(resumed).teams] == saved
    asyncio.run(resumed.shutdown())


def test_a_team_is_educated_together_and_counts_games_not_episodes(tmp_path: Path) -> None:
    counted = {}
    for mode in (TrainingMode.COOPERATIVE, TrainingMode.COMPETITIVE):
        trainer = with_settings(tmp_path / mode.value, mode, final_milestone="downstairs", agent_mode="rules_only")
        result = asyncio.run(trainer.train_multi_model_episode(1))
        session = session_of(trainer)
        counted[mode] = [team.curriculum.episodes_at_stage for team in session.teams]
        assert all("downstairs" in names for names in result["milestones"].values())
        shares = {seat.learner.teacher_scale for seat in session.seats}
        assert shares == {team.curriculum.directive().teacher_share for team in session.teams}
        asyncio.run(trainer.shutdown())
    (together,), apart = counted.values()
    assert len(apart) == 2 and min(apart) >= 1
    assert together == sum(apart) > 2, "several games fit into one episode"


@pytest.mark.parametrize("mode", [TrainingMode.COOPERATIVE, TrainingMode.COMPETITIVE])
def test_a_team_has_one_archive_of_far_states_and_games_begin_in_it(tmp_path: Path, mode: TrainingMode) -> None:
    stages = [{**STAGE, "go_explore_share": 1.0}]
    changes: dict[str, Any] = {"agent_mode": "rules_only", "go_explore": {"folder": "far"}}
    trainer = with_settings(tmp_path, mode, curriculum={"stages": stages}, **changes)
    asyncio.run(trainer.train())
    session = session_of(trainer)
    sha1 = session.fleet.rom.profile.sha1
    folders = ["far"] if mode is TrainingMode.COOPERATIVE else ["far/agent_0", "far/agent_1"]
    for folder in folders:
        assert len(GoExploreArchive(tmp_path / folder, sha1).cells()) >= 2
    agents_own = list((tmp_path / "far").glob("agent_*"))
    assert len(agents_own) == (0 if mode is TrainingMode.COOPERATIVE else 2)
    draws = [sum(team.go_explore.state_dict()["draws"].values()) for team in session.teams]
    assert sum(draws) >= 2, "the second episode begins where the first one came to"
    assert [team.curriculum.episodes_at_stage for team in session.teams] == [
        2 if mode is TrainingMode.COOPERATIVE else 1
    ] * len(session.teams), "only the first games were whole"
    asyncio.run(trainer.shutdown())
