"""Training that begins some episodes in the Go-Explore archive, or loses some with their workers: whole games alone are
compared, and what was never played is neither recorded nor learned from."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.env.emulator.frame_cost import FrameCost
from core.env.go_explore_archive import GoExploreArchive
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.exceptions import ConfigurationError, TrainingError
from core.hybrid_agent import HybridAgent
from core.vector_env import VectorEnv
from core.vocabulary import AgentMode
from tests.game_states import ROM_PATH
from tests.test_go_explore_archive import play_by_rules
from tests.utils import create_test_trainer
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.curriculum import Curriculum
from trainer.evaluation.evaluator import Evaluator
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.play.go_explore_starts import GoExploreStarts
from trainer.run.environments import environment_factory
from trainer.settings import CurriculumSettings, GoExploreSettings, Settings

STAGE = {"reward_threshold": 99.0, "min_episodes": 2, "llm_confidence": 0.5, "strategy_preference": "balanced"}


def filled_archive(folder: Path) -> GoExploreArchive:
    """States of a game that the rules play for 250 steps."""
    sha1 = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state").rom.profile.sha1
    archive = GoExploreArchive(folder, sha1)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", go_explore=archive)
    play_by_rules(env, 250)
    env.close()
    return archive


def trained(folder: Path, **changes: Any) -> tuple[HybridLLMRLTrainer, dict[str, Any], list[dict[str, Any]]]:
    """A run of four episodes: its trainer (closed), summary and metrics."""
    trainer = create_test_trainer(episodes=4, temp_dir=folder, eval_episodes=2, **changes)
    seen: list[dict[str, Any]] = []
    trainer.register_callback("episode_end", lambda _trainer, _episode, metrics: seen.append(metrics))
    try:
        return trainer, trainer.train(**trainer.settings.train_arguments()), seen
    finally:
        trainer.close()


def test_a_stage_begins_its_episodes_in_the_archive_and_evaluations_never_do(tmp_path: Path) -> None:
    archive = filled_archive(tmp_path / "go_explore")
    known = archive.cells()
    farthest = archive.draw(np.random.default_rng(0))
    assert farthest is not None
    go_explore = {"folder": "go_explore"}
    stages = [{**STAGE, "go_explore_share": 1.0, "go_explore_after": farthest.reached[-1]}]
    trainer, summary, seen = trained(tmp_path, go_explore=go_explore, curriculum={"stages": stages})
    assert all(not set(metrics["milestones"]) & set(farthest.reached) for metrics in seen), "reached before"
    assert trainer.run.curriculum.episodes_at_stage == 0, "they tell the curriculum nothing"
    assert summary["total_episodes"] == 4 and summary["final_avg_reward"] is None and summary["best_reward"] is None
    snapshot = CheckpointStore(trainer.save_dir).load("latest")
    assert sum(snapshot.state["go_explore"]["draws"].values()) >= 4
    assert set(archive.cells()) >= set(known), "training files what it meets"

    stages = [{**STAGE, "go_explore_share": 0.0}]
    plain, plain_summary, _ = trained(tmp_path / "plain", go_explore=go_explore, curriculum={"stages": stages})
    assert plain.run.curriculum.episodes_at_stage == 4 and plain_summary["best_reward"] is not None
    assert plain_summary["evaluation_untrained"] == summary["evaluation_untrained"], "evaluations began at the start"


def test_only_envs_of_training_file_states(tmp_path: Path) -> None:
    settings = Settings(rom_path=ROM_PATH, go_explore=GoExploreSettings(folder=tmp_path))
    env = environment_factory(settings)(0)
    play_by_rules(env, 60)
    env.close()
    assert not list(tmp_path.iterdir())
    env = environment_factory(settings, env.rom.profile.sha1)(0)
    play_by_rules(env, 60)
    env.close()
    assert list(tmp_path.rglob("*.go_explore"))


def test_starts_are_drawn_alike_after_a_resume_and_by_schedule(tmp_path: Path) -> None:
    archive = filled_archive(tmp_path)
    sha1 = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state").rom.profile.sha1
    settings = GoExploreSettings(folder=tmp_path, first_share=0.0, last_share=1.0, episodes=100)
    directive = Curriculum(CurriculumSettings()).directive()
    first, again = GoExploreStarts(settings, sha1, 3), GoExploreStarts(settings, sha1, 3)
    chosen = [first.choose(start, directive) for start in range(40)]
    again.load_state_dict(first.state_dict())
    assert [first.choose(start, directive) for start in range(40, 60)] == [
        again.choose(start, directive) for start in range(40, 60)
    ]
    assert chosen[0] is None and 2 <= sum(one is not None for one in chosen) <= 16
    assert all(first.choose(start, directive) is not None for start in range(100, 110))
    assert archive.draw(np.random.default_rng(0), after="no such milestone") is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"curriculum": {"stages": [{**STAGE, "go_explore_share": 0.5}]}},
            r"stages\[0\] begins .* 'go_explore' is null",
        ),
        ({"go_explore": {"folder": "f", "last_shar": 1}}, "'go_explore.last_shar'; did you mean 'last_share'"),
        ({"go_explore": {"folder": "config.json/f"}}, r"go_explore\.folder is .*config\.json is a file"),
        (
            {"go_explore": {"folder": "f"}, "curriculum": {"stages": [{**STAGE, "go_explore_after": "nowhere"}]}},
            r"go_explore_after is 'nowhere', which is no milestone of this game; it has ",
        ),
        ({"start_state": "no.state"}, "cannot read the start state"),
        ({"frame_cost": "slow"}, "'frame_cost' is \"slow\": it should be 'fixed' or 'adaptive'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises((ConfigurationError, OSError), match=expected):
        create_test_trainer(temp_dir=tmp_path, **changes)


def test_the_env_arguments_of_the_config_reach_the_env(tmp_path: Path) -> None:
    settings = Settings(
        rom_path=ROM_PATH,
        start_cache=tmp_path,
        fast_options=True,
        frame_cost=FrameCost.ADAPTIVE,
        observation_type="state",
    )
    env = environment_factory(settings)(0)
    env.restart(seed=1)
    env.advance(4)
    start = env.save_state()
    there = env.state.position
    env.close()
    assert env.episode_frames != 24 and [path.suffix for path in tmp_path.iterdir()] == [".state"]
    (tmp_path / "my.state").write_bytes(start)
    env = environment_factory(settings.model_copy(update={"start_state": tmp_path / "my.state"}))(0)
    assert env.restart(seed=1).position == there
    env.close()


class Mortal(EnhancedPyBoyPokemonCrystalEnv):
    """An env whose process dies at the tenth step of a game with an even seed, also when that game is played again."""

    graves: Path
    lethal = 2
    """Deaths that a process dies of before the games go well."""
    is_doomed = False

    def restart(self, *, seed: int | None = None, **arguments: Any) -> Any:
        self.is_doomed = seed is not None and seed % 2 == 0
        return super().restart(seed=seed, **arguments)

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if self.is_doomed and self.episode_steps == 9 and len(list(self.graves.iterdir())) < self.lethal:
            (self.graves / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().advance(action, render)


def test_steps_that_were_never_played_are_neither_recorded_nor_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mortal, "graves", tmp_path / "graves", raising=False)
    Mortal.graves.mkdir()

    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        return Mortal(ROM_PATH, observation_type="state")

    strategy = AdaptiveStrategySystem()
    with (
        VectorEnv(make_env, 2, 1) as env,
        VectorEnv(make_env, 1, 1) as evaluation_env,
        DecisionHistoryAnalyzer(tmp_path / "decisions.db") as analyzer,
    ):
        trainer = HybridLLMRLTrainer(
            env,
            HybridAgent(None, strategy),
            strategy,
            analyzer,
            None,
            save_dir=tmp_path / "run",
            log_level="ERROR",
            settings=Settings(eval_episodes=1, lanes=2),
            evaluation_env=evaluation_env,
        )
        monkeypatch.setattr(trainer.learner, "discard_rollout", lambda: None)
        summary = trainer.train(total_episodes=2, max_steps_per_episode=20)
        assert (summary["total_episodes"], summary["total_steps"], summary["best_reward"]) == (2, 18, None)
        assert trainer.run.curriculum.episodes_at_stage == 0
        rows = analyzer.store.connection.execute("select steps, truncated from episodes").fetchall()
        assert rows == [(9, 1), (9, 1)]
        rollout = trainer.learner._rollout
        assert np.argwhere(rollout.lost[: rollout.filled]).tolist() == [[9, 0], [9, 1]]


def test_a_lost_game_of_an_evaluation_is_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path / "run")
    monkeypatch.setattr(Mortal, "graves", tmp_path / "graves", raising=False)
    monkeypatch.setattr("trainer.evaluation.evaluation_games.evaluation_seed", lambda _run, game: 2 * game)
    Mortal.graves.mkdir()
    try:
        with VectorEnv(lambda lane: Mortal(ROM_PATH, observation_type="state"), 1, 1) as env:
            evaluator = Evaluator(env, trainer._rule_players, trainer.settings.seed)
            directive = trainer.run.curriculum.directive()
            result = evaluator.evaluate(trainer.agent, AgentMode.RL_ONLY, 2, 20, directive)
            assert result is not None and [one.steps for one in result.episodes] == [20, 20]
            assert len(list(Mortal.graves.iterdir())) == 2
        monkeypatch.setattr("trainer.evaluation.evaluation_games.MOST_LOST_GAMES", 0)
        monkeypatch.setattr(Mortal, "lethal", 4)
        with VectorEnv(lambda lane: Mortal(ROM_PATH, observation_type="state"), 1, 1) as env:
            evaluator.env = env
            with pytest.raises(TrainingError, match="1 games of one evaluation were lost"):
                evaluator.evaluate(trainer.agent, AgentMode.RL_ONLY, 2, 20, directive)
    finally:
        trainer.close()


def test_two_workers_draw_and_file_alike_whoever_is_fast(tmp_path: Path) -> None:
    """Workers carry their states home, and draw as if each were alone."""
    runs = []
    for name in ("one", "other"):
        filled_archive(tmp_path / name / "go_explore")
        stages = [{**STAGE, "go_explore_share": 0.7}]
        trainer, _, seen = trained(
            tmp_path / name,
            go_explore={"folder": "go_explore"},
            curriculum={"stages": stages},
            lanes=4,
            workers=2,
            max_steps_per_episode=12,
        )
        archive = GoExploreArchive(tmp_path / name / "go_explore", trainer.env.rom.profile.sha1)
        runs.append(([metrics["reward"] for metrics in seen], trainer.run.go_explore.state_dict(), archive.cells()))
    assert runs[0] == runs[1]
    assert sum(runs[0][1]["draws"].values()) >= 3
