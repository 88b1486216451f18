"""The strategy system of an agent that plays for another one: it keeps to the strategy that it is told, and reports.

What strategies came to is compared in one place, over all games of a run (`core/agent/strategy_system.py`). An agent
that plays some of the games elsewhere plays them under the strategy in force, and says what each came to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.agent.option_statistics import Record
from core.agent.strategy_system import AdaptiveStrategySystem
from core.vocabulary import StrategyType


@dataclass(frozen=True, slots=True)
class StrategyOutcome:
    """What one finished game came to."""

    strategy: StrategyType
    """Under which it was played."""
    episode_return: float
    model_calls: int


class ReportedStrategy(AdaptiveStrategySystem):
    """Never chooses. `told` is the strategy in force, `outcomes` what was reported since somebody took it."""

    def __init__(self, history_analyzer: Record | None, told: StrategyType) -> None:
        super().__init__(history_analyzer, initial_strategy=told)
        self.told = told
        self.outcomes: list[StrategyOutcome] = []

    @property
    def current_strategy(self) -> StrategyType:
        """What it was told last."""
        return self.told

    def select_strategy(self, context: dict[str, Any]) -> StrategyType:
        """What it was told last, whatever the context."""
        del context
        return self.told

    def prefer(self, strategy: StrategyType | str | None, *, switch_now: bool = True) -> None:
        """A preference concerns the one who chooses."""
        del strategy, switch_now

    def record_outcome(self, strategy: StrategyType, episode_return: float, model_calls: int) -> None:
        """Keeps it for the report."""
        self.outcomes.append(StrategyOutcome(strategy, episode_return, model_calls))
