"""Both heads that learned without a teacher, for the row "RL alone" of `benchmarks.hybrid_heads`.

The same networks, view and options as those of the bundle, trained by `run_training.py`'s trainer in the mode
`rl_only`: no press and no choice of the rules is played or learned from. Rewards alone teach, as in
`benchmarks/first_badge.json`; games are short and the entropy coefficient is high, as in `benchmarks.hybrid`, where
other numbers froze.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from agents.heads.learner import HeadsLearner
from agents.heads.saved_heads import save_heads
from benchmarks.hybrid import ALONE_ENTROPY, ALONE_HORIZON, CONFIG
from core.exceptions import ConfigurationError
from core.vocabulary import AgentMode
from trainer.hybrid_llm_rl_trainer import create_trainer
from trainer.settings import load_settings

STEPS: Final = 226_000
"""As many as the bundle has labelled steps of games and own segments."""


def heads_alone(rom: Path, seed: int, work: Path, steps: int, say: Callable[[str], None]) -> tuple[Path, float]:
    """The weights after so many steps of all lanes together, and the minutes that this call took (0.0 where they are
    there already). A training that was killed goes on where its last finished game ended."""
    folder = work / f"alone_{seed}_{steps}"
    weights = folder / "heads.safetensors"
    if weights.is_file():
        say(f"{weights} is there from an earlier run")
        return weights, 0.0
    began_s = time.perf_counter()
    horizon = min(steps, ALONE_HORIZON)
    settings = load_settings(CONFIG)
    settings = settings.changed(
        rom_path=rom,
        policy="heads",
        agent_mode=AgentMode.RL_ONLY,
        llm_model="none",
        seed=seed,
        total_episodes=steps // horizon,
        max_steps_per_episode=horizon,
        eval_interval=0,
        save_dir=folder / "checkpoints",
        decision_db_path=folder / "decisions.db",
        learner=asdict(replace(settings.learner, entropy_coefficient=ALONE_ENTROPY)),
    )
    trainer = create_trainer(settings, resume_from="latest" if (folder / "checkpoints/latest").exists() else None)
    try:
        summary = trainer.train(**settings.train_arguments())
        if summary["interrupted"]:
            raise KeyboardInterrupt
        learner = trainer.learner
        if not isinstance(learner, HeadsLearner):
            raise ConfigurationError(f"the training has no heads but a {type(learner).__name__}")
        save_heads(weights, replace(learner.heads, game=trainer.env.rom.game.name))
    finally:
        trainer.close()
    return weights, (time.perf_counter() - began_s) / 60
