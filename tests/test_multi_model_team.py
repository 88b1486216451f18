"""What models on the cartridge have in common: in a team what one has found out serves the others, rivals keep it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.env.go_explore_archive import GoExploreArchive
from core.vocabulary import Button, MapId
from tests.test_multi_model_cartridge import make_trainer, session_of
from tests.utils import generate_test_config
from trainer.multi_model.cartridge import create_cartridge_training_env
from trainer.multi_model.config import TrainingMode
from trainer.multi_model.seated_session import SeatedSession
from trainer.multi_model.trainer import MultiModelTrainer

SHARING = [TrainingMode.COOPERATIVE, TrainingMode.MIXED, TrainingMode.HIERARCHICAL]
STAGE = {"reward_threshold": 1000.0, "min_episodes": 1000, "llm_confidence": 0.9, "strategy_preference": "balanced"}


def with_settings(folder: Path, mode: TrainingMode, **changes: Any) -> MultiModelTrainer:
    trainer = make_trainer(folder, training_mode=mode, episode_length=64)
    trainer.environment = create_cartridge_training_env(generate_test_config(folder, **changes))
    return trainer


def walk_downstairs(session: SeatedSession) -> MapId:
    """The first agent walks while the second stands still; the map that only the first has seen then."""
    session.env.reset([2, 4])
    for seat in session.seats:
        seat.plans.reset()
    walker = session.seats[0].plans
    first = session.env.game_state(1).position.map
    for _ in range(400):
        state = session.env.game_state(0)
        press = walker.act(state, walker.choose(state)).button
        if walker.memory.visited - {first}:
            return next(iter(walker.memory.visited - {first}))
        session.env.step([int(press), int(Button.NONE)])
    raise AssertionError("the first agent never left its room")


def second_knows(session: SeatedSession, map_id: MapId) -> bool:
    follower = session.seats[1].plans
    follower.reset()
    follower.options(session.env.game_state(1))
    return follower.memory.travel.grounds.ground(map_id) is not None


@pytest.mark.parametrize("mode", [*SHARING, TrainingMode.COMPETITIVE])
def test_ground_that_one_agent_walked_is_known_to_its_team_and_to_no_rival(tmp_path: Path, mode: TrainingMode) -> None:
    shares = mode is not TrainingMode.COMPETITIVE
    trainer = with_settings(tmp_path, mode)
    session = session_of(trainer)
    below = walk_downstairs(session)
    assert second_knows(session, below) == shares
    walker, other = (seat.plans.memory.travel.grounds for seat in session.seats)
    door = [(warp.x, warp.y) for warp in session.env.rom.game.maps[below].warps][:1]
    assert other.distances(below, door) == (walker.distances(below, door) if shares else None)

    asyncio.run(trainer.train())
    kept = asyncio.run(trainer._save_checkpoint(trainer.current_episode))
    known = [team.grounds.state_dict() for team in session.teams]
    asyncio.run(trainer.shutdown())
    resumed = with_settings(tmp_path, mode)
    assert resumed.load_checkpoint(kept)
    session = session_of(resumed)
    assert [team.grounds.state_dict() for team in session.teams] == known
    session.env.reset([2, 4])
    assert second_knows(session, below) or not shares, "also after a resume"
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
    sha1 = session.env.rom.profile.sha1
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
