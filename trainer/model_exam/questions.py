"""Questions as a run would ask them, from a game that the rules play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.agent.teacher import LaneTeacher
from core.game.state import GameState
from core.prompts.brief import Brief
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from trainer.run.environments import environment_factory
from trainer.settings import Settings

LONGEST_PLAY_STEPS = 3000
"""Enough on Fernvale for 40 different questions."""
FIRST_SEED = 500_000
"""Of the game that is played: neither training nor evaluation begins there."""


@dataclass(frozen=True, slots=True)
class GameQuestion:
    """A prompt and its options; the rules like the first one best."""

    prompt: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GameQuestions:
    """Different questions, and how often a run has any to ask."""

    asked: tuple[GameQuestion, ...]
    per_1000_steps: float
    """Decision points with a choice, when the model is asked at each."""


class _Listener:
    """Stands where the language model's manager stands, notes every question and leaves the choice to the rules."""

    available = True

    def __init__(self) -> None:
        self.heard = 0
        self.asked: dict[tuple[str, ...], GameQuestion] = {}

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        self.heard += 1
        self.asked.setdefault(tuple(options), GameQuestion(prompt, tuple(options)))
        return None


def questions_of_play(
    settings: Settings, wanted: int, context_length: int, game: int = 0, brief: Brief | None = None
) -> GameQuestions:
    """Up to `wanted` questions with different options, evenly over one game of at most `LONGEST_PLAY_STEPS` steps.

    `context_length` is in tokens, as a run would give it; `game` says which one is played, `brief` what prompts the
    model wants. Raises what the environment raises when it cannot start.
    """
    whole_game = {"headless": True, "max_steps_per_episode": LONGEST_PLAY_STEPS, "final_milestone": None}
    env = environment_factory(settings.model_copy(update=whole_game))(0)
    listener = _Listener()
    try:
        _, info = env.reset(seed=FIRST_SEED + game)
        state: GameState = info["game_state"]
        teacher = LaneTeacher(RulePlayer(state.game, 0), listener, PromptWriter(state.game, context_length, brief))
        teacher.reset()
        steps, over = 0, False
        while not over and steps < LONGEST_PLAY_STEPS:
            action = teacher.act(info["game_state"], ask_model=lambda _matters: True, stuck=False).action
            _, _, terminated, truncated, info = env.step(action)
            steps, over = steps + 1, terminated or truncated
    finally:
        env.close()
    found = list(listener.asked.values())
    every = max(1, len(found) // wanted)
    return GameQuestions(tuple(found[::every][:wanted]), 1000 * listener.heard / max(1, steps))
