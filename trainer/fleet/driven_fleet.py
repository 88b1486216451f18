"""The driver's side of every fleet: gives out tasks, hears what workers say, and replaces the dead.

What a worker is, a process of this machine or an actor of a cluster, is the engine's: `LocalFleet`, `RayFleet`.
"""

from __future__ import annotations

import logging
import pickle
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, Protocol, TypeVar

from gymnasium import spaces

from core.env.lanes.held_signals import signals_held
from core.env.lanes.vector_env import START_TIMEOUT_S
from core.env.lifetime import Uncopied
from core.exceptions import ClosedEnvironmentError, ConfigurationError, TrainingError
from core.game.state import RomTables
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.fleet import Broker, Fleet, GoesOn
from trainer.fleet.messages import Done, Failed, Forgotten, Halt, Inquiry, Ready, Reply, Tally, Task
from trainer.fleet.plan import FleetPlan
from trainer.fleet.stragglers import Stragglers
from trainer.fleet.workbench import Job
from trainer.fleet.worker_past import WorkerPast

LOOK_S: Final = 0.2
"""How long the driver waits for workers before it asks whether to go on."""
LEAVE_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 120.0
"""A worker that plays says something twice a second; making environments and a reset take some seconds."""
MAX_REPLACEMENTS: Final = 2
"""Of one worker in one play."""
Result = TypeVar("Result")
log = logging.getLogger(__name__)


class FleetWorker(Protocol):
    """A running worker as the driver holds it."""

    number: int
    process: int
    """Its process id on its machine."""
    silent_s: float
    """For how long nothing was heard of it, while it was not waiting for the driver."""
    waits: bool
    """For a reply."""

    def send(self, message: Any) -> None:
        """Gives a message, from any thread. A dead worker shows when it is heard, not here."""
        ...

    def hear(self) -> Any | None:
        """The message that is there; None when the worker has died instead."""
        ...

    def kill(self) -> None:
        """Ends a worker that does not answer."""
        ...

    def bury(self) -> str:
        """Clears a dead worker away and says how it ended."""
        ...

    def let_go(self) -> None:
        """Tells it to leave."""
        ...

    def await_end(self, deadline_s: float) -> None:
        """Waits for a worker that was let go; kills it at the deadline (a time of `time.monotonic`)."""
        ...


WorkerT = TypeVar("WorkerT", bound=FleetWorker)


class DrivenFleet(Uncopied, Fleet, Generic[WorkerT]):
    """Keeps the promises of `trainer.fleet.fleet.Fleet`, whatever its workers are."""

    def __init__(self, plan: FleetPlan, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Starts the workers; each makes what it plays with.

        A worker that is silent for `answer_timeout_s` counts as hung: it is killed and replaced. Where workers hold
        emulators, the environment of lane 0 is also made once here, for the spaces and so that a start state is made
        only once. Raises what `make_env` raises.
        """
        self.plan = plan
        self.before_replacement: Callable[[], object] = lambda: None
        if isinstance(plan, Blueprint):
            self._look_at_lanes(plan)
        self._prepare()
        self.closed = False
        self._answer_timeout_s = answer_timeout_s
        self._workers: list[WorkerT] = []
        self._news = b""
        self._plays = 0
        self._open: dict[int, Task] = {}
        """What workers are playing."""
        self._pasts = [WorkerPast() for _ in range(plan.workers)]
        self._says_what_is_forgotten = True
        try:
            self._start_all()
        except BaseException:
            self.close()
            raise

    def broadcast(self, news: object) -> None:
        """What all workers go by from their next job on."""
        self._news = pickle.dumps(news, pickle.HIGHEST_PROTOCOL)

    @property
    def late(self) -> frozenset[int]:
        """The workers that are still playing what they were given in an earlier call of `play`."""
        return frozenset(self._open)

    def play(
        self,
        jobs: Sequence[Job[Result] | None],
        broker: Broker,
        goes_on: GoesOn,
        patience: float | None = None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Result | None]:
        """Gives worker i `jobs[i]`; the results, in that order. See `trainer.fleet.fleet.Fleet.play`."""
        if self.closed:
            raise ClosedEnvironmentError("the fleet is closed: its workers are gone; make a new one")
        if len(jobs) != self.plan.workers:
            raise ConfigurationError(f"{len(jobs)} jobs for {self.plan.workers} workers: give one to each")
        idle = [number for number, job in enumerate(jobs) if job is None and number not in self._open]
        if idle:
            raise ConfigurationError(f"no jobs for the workers {idle}: only one that is late gets none")
        self._plays += 1
        try:
            if not self._workers:
                self._start_all()
            for number, job in enumerate(jobs):
                if job is not None:
                    if number in self._open:
                        self._give_up(number)
                    pickled = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
                    self._open[number] = self._pasts[number].task(self._plays, self._news, job, pickled)
            return self._play(broker, goes_on, patience, meanwhile)
        except BaseException:
            self._drop_all()  # who is in the middle of a job has nobody to give it to; new ones begin with the next
            raise

    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers, in order."""
        return tuple(worker.process for worker in self._workers)

    def close(self) -> None:
        """Lets the workers go; one that does not leave within five seconds is killed."""
        self.closed = True
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.let_go()
        deadline_s = time.monotonic() + LEAVE_TIMEOUT_S
        for worker in workers:
            worker.await_end(deadline_s)

    def _prepare(self) -> None:
        """Once, before the first worker starts."""

    # -- the engine --------------------------------------------------------------------------------------------

    @abstractmethod
    def _start(self, number: int) -> WorkerT:
        """A new worker; signals are held meanwhile. It says `Ready` when its environments are made."""

    @abstractmethod
    def _said(self, workers: Sequence[WorkerT], timeout_s: float) -> set[int]:
        """The numbers of those who have said something or died, as soon as there is one; after `timeout_s` none."""

    # -- inside ------------------------------------------------------------------------------------------------

    def _play(
        self, broker: Broker, goes_on: GoesOn, patience: float | None, meanwhile: Callable[[], object]
    ) -> list[Any]:
        results: dict[int, Any] = {}
        replacements: Counter[int] = Counter()
        is_halted = False
        tasks, stragglers = self._open, Stragglers(patience, len(self._workers), self._plays)
        for number, task in tasks.items():
            if task.number == self._plays:
                self._workers[number].silent_s, self._workers[number].waits = 0.0, False
                self._workers[number].send(task)
        meanwhile()
        while not stragglers.are_left(tasks):
            steps = games = 0
            for worker in self._heard([self._workers[number] for number in tasks], stragglers):
                number = worker.number
                match worker.hear() if worker.silent_s < self._answer_timeout_s else None:
                    case Tally() as tally:
                        steps, games = steps + tally.steps, games + tally.games
                    case Inquiry(asked):
                        worker.waits = True
                        broker.answer(number, asked, _reply_to(worker, self._pasts[number].told))
                    case Done() as done:
                        results[number] = pickle.loads(done.result)
                        stragglers.finish(number)
                        self._finish(number, done)
                    case Forgotten(reason):
                        log.warning(
                            "what %s had played does not come out alike when it is played again (%s): its games begin "
                            "anew",
                            *(self._called(number), reason),
                        )
                        self._begin_anew(number, replacements[number], broker)
                    case Failed(traceback):
                        raise TrainingError(f"{self._called(number)} failed:\n{traceback}")
                    case _:
                        replacements[number] += 1
                        self._replace(worker, replacements[number])
                        self._go_on(tasks[number], number, replacements[number], broker)
                        if is_halted:
                            self._workers[number].send(Halt(tasks[number].number))
            if not goes_on(steps, games) and not is_halted:
                is_halted = True
                for number, task in tasks.items():
                    self._workers[number].send(Halt(task.number))
        for number, task in tasks.items():
            stragglers.tell(number, task, self._called(number))
        return [results.get(number) for number in range(self.plan.workers)]

    def _heard(self, playing: list[WorkerT], stragglers: Stragglers) -> list[WorkerT]:
        """Those who have said something, or died, or hang; after `LOOK_S` at the latest."""
        begun_s = time.monotonic()
        said = self._said(playing, LOOK_S)
        waited_s = min(LOOK_S, time.monotonic() - begun_s)  # also where the machine has slept meanwhile
        stragglers.wait([worker.number for worker in playing if not worker.waits], waited_s)
        for worker in playing:
            if worker.number not in said and not worker.waits:
                worker.silent_s += waited_s
        return [worker for worker in playing if worker.number in said or worker.silent_s >= self._answer_timeout_s]

    def _go_on(self, task: Task, number: int, deaths: int, broker: Broker) -> None:
        """Gives a new worker the task of the lost one: it goes on where that one was. What two have died of is not
        played alike a third time."""
        past = self._pasts[number].past() if deaths == 1 else None
        if past is None:
            self._begin_anew(number, deaths, broker)
        self._workers[number].send(replace(task, past=past))

    def _begin_anew(self, number: int, deaths: int, broker: Broker) -> None:
        self._pasts[number].forget()
        broker.begin_again(number, deaths)

    def _give_up(self, number: int) -> None:
        """Nobody wants any more what a late worker is playing."""
        del self._open[number]
        self._pasts[number].forget()
        self._workers[number].kill()
        self._workers[number].bury()
        self.before_replacement()
        with signals_held():
            self._workers[number] = self._start(number)
        self._await_ready(self._workers[number])

    def _finish(self, number: int, done: Done) -> None:
        del self._open[number]
        if not self._pasts[number].finish(done) and self._says_what_is_forgotten:
            self._says_what_is_forgotten = False
            log.warning(
                "what %s remembers of its games cannot be written down: should a worker be lost, its games begin anew",
                self._called(number),
            )

    def _replace(self, old: WorkerT, tries: int) -> None:
        """Puts a new worker in the place of one that has died or hangs."""
        begun_s = time.monotonic()
        hangs = old.silent_s >= self._answer_timeout_s
        if hangs:
            old.kill()
        cause = old.bury()
        if hangs:
            cause = f"did not answer for {self._answer_timeout_s:.0f} s"
        if tries > MAX_REPLACEMENTS:
            raise TrainingError(
                f"{self._called(old.number)} (process {old.process}) {cause}, and {MAX_REPLACEMENTS} new ones did not "
                "live either. If the system killed them, memory may have run out: use fewer lanes. Resume from the "
                "last checkpoint"
            )
        self.before_replacement()
        with signals_held():
            new = self._workers[old.number] = self._start(old.number)
        self._await_ready(new)
        log.warning(
            "%s (process %d) %s; process %d took its place after %.1f s, and plays again what that one played",
            *(self._called(old.number), old.process, cause, new.process, time.monotonic() - begun_s),
        )

    def _start_all(self) -> None:
        for number in range(self.plan.workers):
            with signals_held():
                self._workers.append(self._start(number))
        for worker in self._workers:
            self._await_ready(worker)

    def _drop_all(self) -> None:
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.kill()
            worker.bury()
        self._open.clear()
        for past in self._pasts:
            past.forget()

    def _await_ready(self, worker: WorkerT) -> None:
        """Raises TrainingError where it does not get so far."""
        message = worker.hear() if self._said([worker], max(self._answer_timeout_s, START_TIMEOUT_S)) else None
        if isinstance(message, Failed):
            raise TrainingError(f"{self._called(worker.number)} failed:\n{message.traceback}")
        if not isinstance(message, Ready):
            worker.kill()
            raise TrainingError(f"{self._called(worker.number)} {worker.bury()} while it started")

    def _called(self, number: int) -> str:
        return self.plan.name_of(number)

    def _look_at_lanes(self, blueprint: Blueprint) -> None:
        self.lanes = blueprint.lanes
        probe = blueprint.make_env(0)
        try:
            self.policy_space: spaces.Dict = probe.policy_space
            self.rom: RomTables = probe.rom
            self.milestone_names = tuple(milestone.id for milestone in probe.tracker.milestones)
        finally:
            probe.close()


def _reply_to(worker: FleetWorker, told: list[Any]) -> Callable[[Any], None]:
    def reply(value: Any) -> None:
        told.append(value)
        worker.silent_s, worker.waits = 0.0, False
        worker.send(Reply(value))

    return reply
