"""The resume point is written beside the play, after the last of the games that ended together; no error is lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError
from tests.utils import create_test_trainer
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer

GAMES: dict[str, Any] = {"lanes": 2, "workers": 2, "eval_episodes": 0, "max_steps_per_episode": 12}


def test_games_that_end_together_leave_one_resume_point(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **GAMES)
    seen: set[str] = set()

    def look(of: HybridLLMRLTrainer, episode: int, _metrics: dict[str, Any]) -> None:
        if episode % 2 == 0:
            time.sleep(0.4)  # a resume point of the game before, which ended in the same step, would be there by now
        seen.update(path.name for path in of.save_dir.glob("resume_*"))

    trainer.register_callback("episode_end", look)
    trainer.train(total_episodes=6)
    trainer.close()
    left = {path.name for path in trainer.save_dir.glob("resume_*")}
    assert left == {"resume_000006"} and CheckpointStore(trainer.save_dir).load("latest").episode == 6
    assert seen <= {"resume_000002", "resume_000004"}, "both lanes end in the same step"


def test_a_kept_checkpoint_is_that_of_its_episode(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **GAMES)
    trainer.train(total_episodes=4, save_interval=3)
    trainer.close()
    store = CheckpointStore(trainer.save_dir)
    assert store.load("checkpoint_000003").episode == 3
    assert store.load("latest").episode == 4


def test_a_callback_that_fails_leaves_the_resume_point_of_the_game_before(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **GAMES)

    def fail(_of: object, episode: int, _metrics: object) -> None:
        if episode == 4:
            raise RuntimeError("enough")

    trainer.register_callback("episode_end", fail)
    with pytest.raises(RuntimeError, match="enough"):
        trainer.train(total_episodes=6)
    assert CheckpointStore(trainer.save_dir).load("latest").episode == 3
    trainer.close()


def test_what_cannot_be_written_ends_the_training(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **GAMES)
    trainer.save_dir.mkdir(exist_ok=True)
    (trainer.save_dir / "resume_000002").mkdir()
    (trainer.save_dir / "resume_000002" / "mine.txt").write_text("not yours")
    with pytest.raises(CheckpointError, match="is in the way"):
        trainer.train(total_episodes=2)
    trainer.close()
    assert (trainer.save_dir / "resume_000002" / "mine.txt").exists()
