"""When a model is asked: at decision points only, and not again for like turns of a fight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.agent.teacher import LaneTeacher, situation_of
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.menu import MenuKind
from core.game.state import GameState
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import Source

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"


class FirstOption:
    """A manager that agrees with the rules and remembers what it was asked."""

    available = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def begin_episode(self) -> int:
        return 1

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        assert episode == 1
        self.asked.append((prompt, tuple(options)))
        return Choice(0, 0.9, "because")

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        raise AssertionError("a manager that chooses options is not asked for buttons")


def test_a_long_game_takes_few_questions_and_stays_the_models() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=3000)
    _, info = env.reset(seed=3)
    manager = FirstOption()
    teacher = LaneTeacher(RulePlayer(info["game_state"].game, 3), manager, PromptWriter(info["game_state"].game))
    teacher.reset()
    sources: Counter[Source] = Counter()
    fight_turns = fight_questions = steps = 0
    finished = truncated = False
    while not finished and not truncated:
        state: GameState = info["game_state"]
        before = len(manager.asked)
        teacher_action = teacher.act(state, ask_model=lambda _matters: True, stuck=False)
        sources[teacher_action.source] += 1
        in_fight = situation_of(state.mode) == "battle"
        fight_questions += in_fight and len(manager.asked) > before
        menu = state.menu
        fight_turns += in_fight and menu is not None and menu.kind is MenuKind.BATTLE_MOVES
        _, _, finished, truncated, info = env.step(teacher_action.action)
        steps += 1
    env.close()
    assert len(info["milestones"]) >= 10, "a model that agrees with the rules gets as far as they do"
    assert teacher.model_calls == len(manager.asked)
    assert len(manager.asked) <= 0.05 * steps
    assert fight_questions < fight_turns, "like turns of a fight are not asked again"
    assert sources[Source.LLM] > 0.4 * steps, "what follows from an answer is its decision; reading on is nobody's"
    assert all(len(set(options)) == len(options) > 1 for _, options in manager.asked)
