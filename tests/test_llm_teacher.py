"""When a model is asked: at decision points only, and not again for like turns of a fight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.llm.settings import LanguageModelSettings
from core.agent.teacher import LaneTeacher, situation_of
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.menu import MenuKind
from core.game.state import GameState
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import Source
from tests.llm_servers.server import ModelServer
from trainer.llm_manager import LLMManager

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


def test_an_answer_that_nobody_waited_for_decides_the_next_like_situation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=2000)
    _, info = env.reset(seed=3)
    game = info["game_state"].game
    with ModelServer() as server:
        server.delay_s = 0.05
        model = f"openai/gpt-5-mini@{server.url}"
        manager = LLMManager(model, settings=LanguageModelSettings(cache_path=None, patience_s=0.0))
        teacher = LaneTeacher(RulePlayer(game, 3), manager, PromptWriter(game))
        teacher.reset()
        sources: Counter[Source] = Counter()
        truncated = False
        while not truncated and not sources[Source.LLM]:
            action = teacher.act(info["game_state"], ask_model=lambda _matters: True, stuck=False)
            sources[action.source] += 1
            _, _, _, truncated, info = env.step(action.action)
        assert sources[Source.RULES] > 0, "they decide while the answer is awaited"
        assert sources[Source.LLM] == 1 and teacher.model_calls == 1
        reading = manager.reading
        assert reading is not None and reading.failures["late"] > reading.calls > 0
        asked = [str(request.body) for request in server.seen]
        assert len(set(asked)) == len(asked), "what is awaited is not sent again"
        manager.close()
    env.close()
