"""What workers ask the broker of a run, and the parts of their agents that ask it.

The language model and the decision record are the driver's: one cache, one budget, one file. An agent in a worker has
an `Advisor` and a record that look like the ones it would have there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.agent.advice import Advisor, LateAnswer
from core.env.lanes.lane_history import StartPoint
from core.history.past_outcomes import PastOutcome
from core.prompts.brief import Brief
from core.protocols import Choice

Ask = Callable[[Any], Any]
"""`Workbench.ask`."""


@dataclass(frozen=True, slots=True)
class AskForOption:
    """Answered with `Advice`."""

    prompt: str
    options: tuple[str, ...]
    episode: int
    waits: bool = False
    """Whether a slow answer is waited for."""


@dataclass(frozen=True, slots=True)
class AskForButton:
    """Answered with `Advice`: a choice among all buttons."""

    prompt: str


@dataclass(frozen=True, slots=True)
class AskForEpisode:
    """Answered with the manager's number for a new episode, an int."""


@dataclass(frozen=True, slots=True)
class AskForPast:
    """Answered with what `DecisionHistoryAnalyzer.past_outcomes_of` says, a list."""

    context: Mapping[str, str]
    option_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskForStartPoint:
    """Answered with where the run's `start`-th episode begins: a StartPoint, or None for the env's own start."""

    start: int


@dataclass(frozen=True, slots=True)
class AskForDeaths:
    """Answered with how many workers in this one's place have died of its job, an int."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the language model's manager says."""

    choice: Choice | None
    """None: it has no answer now."""
    available: bool
    """Whether it can be asked again."""
    is_late: bool = False
    """There is no choice yet, but there will be."""


@dataclass(frozen=True, slots=True)
class AdvisorNews:
    """What the driver says of its advisor before a stretch of play."""

    available: bool
    names_buttons: bool
    numbers_episodes: bool
    """False: there is nobody to ask, and no episode needs a number."""
    longest_prompt_tokens: int | None
    """None: the manager does not say."""
    asks_when_away: bool = False
    brief: Brief | None = None
    """What prompts the model wants; None: the manager does not say."""


class DistantAdvisor(Advisor):
    """Asks the broker. Failures are counted where the manager is."""

    def __init__(self, ask: Ask, news: AdvisorNews) -> None:
        super().__init__(None)
        self._ask = ask
        self.news = news
        if news.longest_prompt_tokens is not None:
            self.max_context_length = news.longest_prompt_tokens
        self.brief = news.brief
        self._is_available = news.available

    def take_news(self, news: AdvisorNews) -> None:
        """What the driver says now."""
        self.news, self._is_available = news, news.available

    @property
    def names_buttons(self) -> bool:
        """As the driver's advisor."""
        return self.news.names_buttons

    @property
    def available(self) -> bool:
        """As the driver has said last."""
        return self._is_available

    @property
    def asks_when_away(self) -> bool:
        """As the driver's advisor."""
        return self.news.asks_when_away

    @property
    def asks_nobody(self) -> bool:
        """Whether the driver's advisor has nobody to ask, now and later."""
        return not (self.news.numbers_episodes or self.news.names_buttons)

    @property
    def sees(self) -> bool:
        """As the driver's advisor."""
        return self.brief is not None and self.brief.screen

    def begin_episode(self) -> int:
        """The manager's number for a new episode; 0 where it numbers none."""
        return self._ask(AskForEpisode()) if self.news.numbers_episodes else 0

    def choose(
        self, describe: Callable[[], str], options: Sequence[str], episode: int, *, waits: bool | None = None
    ) -> Choice | LateAnswer | None:
        """The manager's choice among `options`; None when there is none now, LateAnswer when there will be one."""
        prompt = self._attempt(describe)
        if prompt is None:
            return None
        waits = self.waits if waits is None else waits
        advice = self._advice(AskForOption(prompt, tuple(options), episode, waits))
        return LateAnswer(prompt) if advice.is_late else advice.choice

    def press(self, describe: Callable[[], str]) -> Choice | None:
        """The button that the manager names; None when it names none."""
        prompt = self._attempt(describe)
        return None if prompt is None else self._advice(AskForButton(prompt)).choice

    def _advice(self, asked: AskForOption | AskForButton) -> Advice:
        advice: Advice = self._ask(asked)
        self._is_available = advice.available
        return advice


class DistantRecord:
    """Asks the broker how options turned out before (`core.agent.option_statistics.Record`)."""

    def __init__(self, ask: Ask, changes: int) -> None:
        self._ask = ask
        self.changes = changes
        """Of the driver's record when it was last heard of."""

    def past_outcomes_of(
        self, context: Mapping[str, str], option_keys: Sequence[str]
    ) -> Sequence[Mapping[str, PastOutcome]]:
        """As the driver's record says; one question for all of them."""
        return self._ask(AskForPast(dict(context), tuple(option_keys)))


def start_point(ask: Ask, start: int) -> StartPoint | None:
    """Where the run's `start`-th episode begins."""
    return ask(AskForStartPoint(start))
