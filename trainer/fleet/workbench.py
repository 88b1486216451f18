"""What a worker of a fleet works with: its emulators or models, what was broadcast last, and the line to the driver."""

from __future__ import annotations

import pickle
import time
from collections import deque
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from core.exceptions import TrainingError
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.messages import Done, Forgotten, Halt, Inquiry, Past, Ready, Reply, Tally, Task
from trainer.fleet.plan import FleetPlan
from trainer.fleet.worker_lanes import WorkerLanes

TALLY_S: Final = 0.5
"""How often a worker says how far it is."""
Result_co = TypeVar("Result_co", covariant=True)


class Line(Protocol):
    """A worker's end of the line to the driver. Both directions keep the order."""

    def send(self, message: Any) -> None:
        """Raises BrokenPipeError when the driver is gone."""
        ...

    def receive(self) -> Any:
        """Waits for the next message. Raises EOFError when the driver is gone, or has let the worker go."""
        ...

    def has_message(self) -> bool:
        """Whether `receive` would return at once, or raise."""
        ...


class Job(Protocol[Result_co]):
    """Something that a worker plays; it travels pickled, and so does its result."""

    def play(self, bench: Workbench) -> Result_co:
        """Plays it to its end, or until `bench.note` says that it was halted."""
        ...


@runtime_checkable
class SessionJob(Job[Result_co], Protocol[Result_co]):
    """A job that goes on from the one before it of the same session, with what the worker has kept."""

    session: int

    def keepsake(self, bench: Workbench) -> bytes:
        """What the worker remembers of the session. Raises where it cannot be written."""
        ...

    def recall(self, bench: Workbench, keepsake: bytes) -> None:
        """Remembers in the place of another worker. Raises TrainingError where the games do not come out alike."""
        ...


class Workbench:
    """One worker's."""

    def __init__(self, number: int, plan: FleetPlan, line: Line) -> None:
        """Makes what it plays with."""
        self.number = number
        self.plan = plan
        self.furnishings = plan.furnish(number)
        self.news: Any = None
        """What was broadcast last."""
        self.kept: dict[str, Any] = {}
        """What jobs keep for those after them, by name."""
        self._line = line
        self._news_bytes = b""
        self._task = 0
        self._is_halted = False
        self._is_recalling = False
        self._told: deque[Any] = deque()
        """Answers that another worker was given to the questions that come next."""
        self._steps = self._games = 0
        self._tally_due_s = 0.0

    @property
    def blueprint(self) -> Blueprint:
        """Of a worker that holds emulators, as are `lanes` and `env`."""
        assert isinstance(self.plan, Blueprint), "its jobs are played by workers that hold emulators"
        return self.plan

    @property
    def lanes(self) -> range:
        """Its lanes, as the whole fleet counts them. In `env` they are 0, 1, ..."""
        return self.blueprint.lanes_of(self.number)

    @property
    def env(self) -> WorkerLanes:
        """Its emulators."""
        assert isinstance(self.furnishings, WorkerLanes), "its jobs are played by workers that hold emulators"
        return self.furnishings

    def serve(self, process: int) -> None:
        """Does what the driver says until it lets the worker go; `process` is the worker's process id."""
        self._line.send(Ready(process))
        while True:
            try:
                message = self._line.receive()
            except EOFError:
                break
            if isinstance(message, Task):
                self._line.send(self._do(message))
        self.furnishings.close()

    def ask(self, asked: Any) -> Any:
        """The broker's answer to a question."""
        if self._told:
            return self._told.popleft()
        if self._is_recalling:
            raise TrainingError(f"{asked} was not asked when this was played first")
        self._line.send(Inquiry(asked))
        while True:
            message = self._line.receive()
            if isinstance(message, Reply):
                return message.value
            self._hear(message)

    def note(self, steps: int, games: int) -> bool:
        """So many more steps were played and games ended. False: the job is to end here."""
        if not self._is_recalling:
            self._steps += steps
            self._games += games
        now_s = time.monotonic()
        if now_s >= self._tally_due_s:
            self._send_tally(now_s)
        while not self._is_halted and self._line.has_message():
            self._hear(self._line.receive())
        return not self._is_halted or self._is_recalling

    def _do(self, task: Task) -> Done:
        self._task, self._is_halted = task.number, False
        self._tally_due_s = time.monotonic() + TALLY_S
        self._told.clear()
        if task.past is not None:
            self._recall(task.past, task)
        self._take_news(task.news)
        job: Job[Any] = pickle.loads(task.job)
        begun_s = time.process_time()
        result = job.play(self)
        self._send_tally(time.monotonic())
        pickled = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        played_s = time.process_time()
        keepsake = self._keepsake(job) if task.keeps else None
        return Done(pickled, keepsake, played_s - begun_s, time.process_time() - played_s)

    def _recall(self, past: Past, present: Task) -> None:
        """Comes to where the worker before this one was lost; where that fails, it says so and knows of nothing."""
        self._is_recalling = True
        try:
            if past.keepsake is not None:
                first = (*past.tasks, present)[0]
                self._take_news(first.news)
                next_job: SessionJob[Any] = pickle.loads(first.job)
                next_job.recall(self, past.keepsake)
            for task in past.tasks:
                self._take_news(task.news)
                job: SessionJob[Any] = pickle.loads(task.job)
                self._told.extend(task.replies)
                job.play(self)
                if self._told:
                    raise TrainingError(f"{len(self._told)} questions were asked that are not asked any more")
            self._told.extend(past.replies)
        except Exception as error:
            self.kept.clear()
            self._told.clear()
            self._line.send(Forgotten(f"{type(error).__name__}: {error}"))
        finally:
            self._is_recalling = False

    def _keepsake(self, job: Job[Any]) -> bytes | None:
        try:
            return job.keepsake(self) if isinstance(job, SessionJob) else None
        except (pickle.PicklingError, TypeError, AttributeError):  # a user's part that cannot be written
            return None

    def _take_news(self, news: bytes) -> None:
        if news != self._news_bytes:
            self._news_bytes, self.news = news, pickle.loads(news)

    def _send_tally(self, now_s: float) -> None:
        self._tally_due_s = now_s + TALLY_S
        if self._steps or self._games or self._is_recalling:
            self._line.send(Tally(self._steps, self._games))
            self._steps = self._games = 0

    def _hear(self, message: Any) -> None:
        if isinstance(message, Halt):
            self._is_halted |= message.number == self._task
