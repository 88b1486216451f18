"""A grid to walk in, for tests of the agent that need no cartridge: one starts in the middle, options are the walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.hybrid_agent import AgentMode, HybridAgent
from core.protocols import Choice
from core.vocabulary import ACTION_COUNT, Button, Decision, GameMode, Option, OptionKind
from trainer.llm_manager import BaseLLMManager

ARROWS = (Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT)
SIZE = 5


@dataclass(frozen=True)
class GridState:
    """A place in the grid, with the parts of a game state that an agent reads."""

    x: int
    y: int
    mode: GameMode = GameMode.FREE
    party: tuple[()] = ()

    @property
    def state_hash(self) -> int:
        return self.y * SIZE + self.x


@dataclass(frozen=True)
class Press:
    button: Button
    confidence: float = 0.8
    reasoning: str = "towards the wall"
    done: bool = False
    is_for_next: bool = False
    cannot_go_on: bool = False


class WallSeeker:
    """Options are the four walls, the right one first; an option is done when its wall is reached."""

    def __init__(self) -> None:
        self.chosen = 0
        self.overrulings = 0

    def options(self, state: Any) -> Sequence[Option]:
        return tuple(
            Option(OptionKind.GO_TO, f"Walk {arrow.name}", f"walk:{arrow.name}", index=int(arrow))
            for arrow in (Button.RIGHT, Button.UP, Button.LEFT, Button.DOWN)
        )

    def choose(self, state: Any) -> Option:
        self.chosen += 1
        return self.options(state)[0]

    def act(self, state: Any, option: Option) -> Press:
        button = Button(option.index or 0)
        x, y = walked(state.x, state.y, button)
        return Press(button, done=walked(x, y, button) == (x, y))

    def overruled(self) -> None:
        self.overrulings += 1

    def reset(self) -> None:
        self.chosen = 0


def walked(x: int, y: int, button: int) -> tuple[int, int]:
    x += (button == Button.RIGHT) - (button == Button.LEFT)
    y += (button == Button.DOWN) - (button == Button.UP)
    return min(max(x, 0), SIZE - 1), min(max(y, 0), SIZE - 1)


@dataclass
class Grid:
    """Lanes of the grid in the form of a vector environment's step."""

    states: list[GridState]

    @property
    def observations(self) -> dict[str, NDArray[np.float32]]:
        return {"features": np.eye(SIZE * SIZE, dtype=np.float32)[[state.state_hash for state in self.states]]}

    @property
    def masks(self) -> NDArray[np.bool_]:
        masks = np.zeros((len(self.states), ACTION_COUNT), np.bool_)
        masks[:, list(ARROWS)] = True
        return masks

    def play(self, decisions: Sequence[Decision]) -> None:
        for lane, (state, decision) in enumerate(zip(self.states, decisions, strict=True)):
            self.states[lane] = GridState(*walked(state.x, state.y, decision.action))


class FixedPolicy:
    """A policy with one distribution: mostly UP, a little of the other arrows."""

    row = np.array([0, 0, 0, 0, 0.7, 0.1, 0.1, 0.1, 0], np.float32)

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return np.tile(self.row, (len(masks), 1))


class LastOption:
    """A manager that always takes the last option that is listed."""

    available = True

    def __init__(self) -> None:
        self.asked = 0

    def begin_episode(self) -> int:
        return 1

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        self.asked += 1
        return Choice(len(options) - 1, 0.6, "the last is best")

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return int(Button.DOWN), {"source": "last option", "confidence": 0.6}


class NeverAnswers(LastOption):
    """A manager whose model is away."""

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        self.asked += 1
        return None


class CustomManager(BaseLLMManager):
    """The documented custom manager: buttons, and nothing else."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return self.parse_action("LEFT"), {"source": "custom_llm", "confidence": 0.8}


def words(state: Any) -> str:
    return f"You stand at ({state.x}, {state.y})."


def agent_for(mode: AgentMode, manager: Any = None, lanes: int = 1, **kwargs: Any) -> HybridAgent:
    agent = HybridAgent(manager, AdaptiveStrategySystem(), mode=mode, describe=words, **kwargs)
    agent.attach_policy(FixedPolicy())
    agent.attach_lanes([WallSeeker() for _ in range(lanes)])
    return agent


def run(agent: HybridAgent, steps: int, reward: float = 1.0) -> list[Decision]:
    """Plays all lanes from the middle; each step earns `reward`, and a walk of 20 steps is an episode."""
    grid = Grid([GridState(2, 2)] * agent.lanes)
    played: list[Decision] = []
    for step in range(steps):
        decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
        grid.play(decisions)
        for lane, decision in enumerate(decisions):
            agent.observe(lane, decision, reward, done=step % 20 == 19)
        played += decisions
    return played
