"""Who plays tasks, and one task played: the same loop for all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
import torch

from agents.heads.agent import HeadsAgent
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.task_env import TaskEnv
from core.exceptions import ConfigurationError
from core.vocabulary import AgentMode
from trainer.llm_manager import LLMManager
from trainer.play.episode_seeds import evaluation_seed
from trainer.play.frozen_game import FrozenGame, unschooled_state
from trainer.play.learned_half import BUNDLED, heads_of

POCKET_MODEL: Final = "pocket"
CONTEXT_TOKENS: Final = 2048


class TaskPlayer(StrEnum):
    """Who plays."""

    RANDOM = "random"
    """Any allowed button."""
    RULES = "rules"
    POCKET = "pocket"
    """The pocket model chooses among the options that the rules list, the rules press."""
    BUTTON_HEAD = "button_head"
    """The rules choose, the button head presses."""
    POLICY = "policy"
    """The option head chooses among the options that the rules list, the button head presses."""


_MODES: Final = {
    TaskPlayer.RULES: AgentMode.RULES_ONLY,
    TaskPlayer.POCKET: AgentMode.LLM_ONLY,
    TaskPlayer.BUTTON_HEAD: AgentMode.ADAPTIVE,
    TaskPlayer.POLICY: AgentMode.RL_ONLY,
}
HEADS_PLAY: Final = (TaskPlayer.BUTTON_HEAD, TaskPlayer.POLICY)


@dataclass(frozen=True, slots=True)
class TaskGame:
    """One task played once."""

    task: str
    seed: int
    """Its number, from 0: draws the idle frames before the first step, and settles the rules' free choices."""
    success: bool
    steps: int
    reached: int
    """Milestones of the story at the end."""


@lru_cache(maxsize=1)
def _manager() -> LLMManager:
    return LLMManager(POCKET_MODEL, CONTEXT_TOKENS)


def agent_of(player: TaskPlayer, seed: int, checkpoint: str = BUNDLED) -> HybridAgent:
    """A frozen agent without memory of other games. Raises ConfigurationError where there are no such heads."""
    strategy, mode = AdaptiveStrategySystem(seed=seed), _MODES[player]
    frozen = unschooled_state()
    if player not in HEADS_PLAY:
        manager = _manager() if player is TaskPlayer.POCKET else None
        return HybridAgent(manager, strategy, mode=mode, seed=seed, frozen_state=frozen)
    heads = heads_of(checkpoint)
    if heads is None:
        raise ConfigurationError(
            f"--checkpoint {checkpoint!r} holds no heads: name 'bundled', or a folder that `python -m trainer.bundle` "
            "has written"
        )
    torch.set_num_threads(1)  # at this size several threads only wait for each other
    return HeadsAgent(heads, None, strategy, mode=mode, seed=seed, frozen_state=frozen)


def play_task(
    env: TaskEnv, player: TaskPlayer, task: str, seed: int, checkpoint: str = BUNDLED, most_steps: int | None = None
) -> TaskGame:
    """Plays one task; `most_steps` takes the place of its horizon. The same arguments give the same game."""
    env.restart(seed=evaluation_seed(0, seed), options={"task": task})
    if most_steps is not None:
        env.max_steps = most_steps
    if player is TaskPlayer.RANDOM:
        _press_at_random(env, seed)
    else:
        FrozenGame(env, agent_of(player, seed, checkpoint), seed).play()
    return TaskGame(task, seed, env.success, env.episode_steps, len(env.milestones) - env.success)


def _press_at_random(env: TaskEnv, seed: int) -> None:
    dice = np.random.default_rng(seed)
    while True:
        outcome = env.advance(int(dice.choice(np.flatnonzero(env.action_masks()))))
        if outcome.terminated or outcome.truncated:
            return
