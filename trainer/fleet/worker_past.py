"""What the driver keeps of a worker, so that another one can go on where it was lost.

A worker plays alike when it is told alike. So the driver keeps what a worker was told since it last wrote down what it
remembers: jobs, news and answers. That comes to one set of weights a task, shared by all workers.
"""

from __future__ import annotations

from typing import Any, Final

from trainer.fleet.messages import Past, PlayedTask, Task
from trainer.fleet.workbench import Job, SessionJob

KEEPSAKE_TASKS: Final = 16
"""After so many tasks of a session a worker writes down what it remembers: some 10 ms a lane, which is what one in a
hundred steps costs, and a worker in its place has at most so many tasks to play again."""


class WorkerPast:
    """Of one worker."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        """The broker's answers in the present task. A worker that is replaced keeps its list, the new one has another:
        what an old question is answered with is nothing to it."""
        self._session: int | None = None
        """Of the present task; None where it goes on from nothing."""
        self._keepsake: bytes | None = None
        self._tasks: list[PlayedTask] = []
        self._is_whole = True
        """False where what the worker remembers could not be written when it was due."""
        self._present: Task | None = None

    def task(self, number: int, news: bytes, job: Job[Any], pickled: bytes) -> Task:
        """The worker's next task."""
        session = job.session if isinstance(job, SessionJob) else None
        if session is None or session != self._session:
            self.forget()
        self._session, self.told = session, []
        keeps = session is not None and self._is_whole and len(self._tasks) + 1 == KEEPSAKE_TASKS
        self._present = Task(number, news, pickled, keeps)
        return self._present

    def finish(self, keepsake: bytes | None) -> bool:
        """The present task is done. False: what the worker remembers was asked for, and could not be written."""
        task = self._present
        if task is None or self._session is None or not self._is_whole:
            return True
        if not task.keeps:
            self._tasks.append(PlayedTask(task.news, task.job, tuple(self.told)))
            return True
        self._keepsake, self._tasks = keepsake, []
        self._is_whole = keepsake is not None
        return self._is_whole

    def past(self) -> Past | None:
        """What a worker in this one's place has to know before it plays the present task; None where it begins anew."""
        if self._session is None or not self._is_whole:
            return None
        told, self.told = tuple(self.told), list(self.told)
        return Past(self._keepsake, tuple(self._tasks), told)

    def forget(self) -> None:
        """The worker plays the present task as one that knows of nothing."""
        self.told, self._keepsake, self._tasks, self._is_whole = [], None, [], True
