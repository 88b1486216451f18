"""The broker of a run: its language model, its decision record and its archive, for workers that ask.

Questions to a language model behind a server are answered by as many threads as there are workers, so that no worker
waits for another's answer; a model that computes here answers one at a time. Everything else is answered at once, in
the driver's thread: SQLite and a user's own manager stay there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from core.agent.advice import Advisor, LateAnswer
from core.agent.option_statistics import Record
from core.env.lanes.lane_history import StartPoint
from core.protocols import Choice
from trainer.fleet.questions import (
    Advice,
    AdvisorNews,
    AskForButton,
    AskForDeaths,
    AskForEpisode,
    AskForOption,
    AskForPast,
    AskForStartPoint,
)
from trainer.llm_manager import LLMManager

Reply = Callable[[Any], None]


class RunBroker:
    """Answers the workers of one fleet (`trainer.fleet.fleet.Broker`)."""

    def __init__(
        self,
        advisor: Advisor,
        record: Record | None,
        workers: int,
        start_point: Callable[[int, int], StartPoint | None] = lambda worker, start: None,
        forget: Callable[[int], object] = lambda worker: None,
    ) -> None:
        """`start_point(worker, start)` says where the run's `start`-th episode begins; `forget(worker)` is told when a
        worker asks anew."""
        self._advisor = advisor
        self._record = record
        self._start_point = start_point
        self._forget = forget
        self._threads: ThreadPoolExecutor | None = None
        if type(advisor.manager) is LLMManager:  # what a user derives from it may be of one thread
            threads = 1 if advisor.manager.computes_here else workers
            self._threads = ThreadPoolExecutor(threads, thread_name_prefix="broker")
        self._asked: dict[AskForOption, set[int]] = {}
        """Questions that were not in the cache when this stretch of play began, and who has asked them since."""
        self._deaths: Counter[int] = Counter()
        """In this stretch, by worker."""

    def begin(self) -> None:
        """Another stretch of play begins."""
        self._asked.clear()
        self._deaths.clear()

    def begin_again(self, worker: int, deaths: int) -> None:
        """The worker was replaced and begins anew: what it has asked in this stretch counts as not asked."""
        for workers in self._asked.values():
            workers.discard(worker)
        self._deaths[worker] = deaths
        self._forget(worker)

    def news(self) -> AdvisorNews:
        """What workers must know of the language model before they play."""
        manager = self._advisor.manager
        return AdvisorNews(
            available=self._advisor.available,
            names_buttons=self._advisor.names_buttons,
            numbers_episodes=manager is not None and not (isinstance(manager, LLMManager) and manager.reading is None),
            longest_prompt_tokens=getattr(manager, "max_context_length", None),
            asks_when_away=self._advisor.asks_when_away,
            brief=getattr(manager, "brief", None),
        )

    def answer(self, worker: int, asked: Any, reply: Reply) -> None:
        """Answers now, or in a thread."""
        match asked:
            case AskForOption() if self._threads is not None:
                self._threads.submit(lambda: reply(self._advice(worker, asked)))
            case AskForOption():
                reply(self._advice(worker, asked))
            case AskForButton(prompt):
                choice = self._advisor.press(lambda: prompt)
                reply(Advice(choice, self._advisor.available))
            case AskForEpisode():
                reply(self._advisor.begin_episode())
            case AskForPast(context, keys):
                reply([{}] * len(keys) if self._record is None else self._record.past_outcomes_of(context, keys))
            case AskForDeaths():
                reply(self._deaths[worker])
            case AskForStartPoint(start):
                reply(self._start_point(worker, start))
            case _:
                raise TypeError(f"a worker asked {asked!r}: there is no such question")

    def close(self) -> None:
        """Waits for nobody."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _advice(self, worker: int, asked: AskForOption) -> Advice:
        choice = self._advisor.choose(lambda: asked.prompt, asked.options, asked.episode, waits=asked.waits)
        if choice is None or isinstance(choice, LateAnswer):
            return Advice(None, self._advisor.available, is_late=choice is not None)
        return Advice(self._counted(worker, asked, choice), self._advisor.available)

    def _counted(self, worker: int, asked: AskForOption, choice: Choice) -> Choice:
        """The answer, as new to each worker the first time it asks in the stretch in which the question was new: who of
        them was first must make no difference."""
        question = replace(asked, episode=0)
        if not choice.cached:
            self._asked.setdefault(question, set()).add(worker)
            return choice
        workers = self._asked.get(question)
        if workers is None or worker in workers:
            return choice
        workers.add(worker)
        return replace(choice, cached=False)
