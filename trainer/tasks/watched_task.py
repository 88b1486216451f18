"""One task, played by a person or by an agent, while people look on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.env.task_env import TaskEnv
from core.vocabulary import Button, Decision
from trainer.play.episode_seeds import evaluation_seed
from trainer.play.frozen_game import FrozenGame
from trainer.tasks.players import TaskGame, TaskPlayer, agent_of
from trainer.watching.audience import Audience, Viewer
from trainer.watching.picture import Caption

Press = Callable[[], Button]


def watch_task(
    env: TaskEnv,
    task: str,
    seed: int,
    viewers: Sequence[Viewer],
    speed: float,
    press: Press | TaskPlayer,
    checkpoint: str,
    is_stopped: Callable[[], bool] = lambda: False,
) -> TaskGame | None:
    """Plays a task at `speed` times the normal one (0: as fast as it can be drawn); the presses are those of `press()`
    or a player's. None when the viewers left, or `is_stopped` said so, before the end."""
    told: list[Decision] = []

    def caption() -> Caption:
        decision = told[-1] if told else None
        return Caption(
            source="you" if decision is None else decision.source.value,
            action=int(Button.NONE) if decision is None else decision.action,
            reasoning=env.task.words if decision is None else decision.reasoning,
            option="" if decision is None else decision.option_key,
            confidence=1.0 if decision is None else decision.confidence,
            step=env.episode_steps,
            reward=float(env.success),
            milestones=env.milestones,
        )

    with Audience(viewers, speed, caption) as audience:
        env.watch(audience, audience.every_frames)
        env.restart(seed=evaluation_seed(0, seed), options={"task": task})
        game = None
        if isinstance(press, TaskPlayer) and press is not TaskPlayer.RANDOM:
            game = FrozenGame(env, agent_of(press, seed, checkpoint), seed)
        dice = np.random.default_rng(seed)
        while not (audience.has_left or is_stopped()):
            if game is not None:
                told.append(game.decide())
                outcome = game.press(told[-1])
            elif isinstance(press, TaskPlayer):
                outcome = env.advance(int(dice.choice(np.flatnonzero(env.action_masks()))))
            else:
                outcome = env.advance(int(press()))
            if outcome.terminated or outcome.truncated:
                return TaskGame(task, seed, env.success, env.episode_steps, len(env.milestones) - env.success)
        return None
