"""What the driver keeps of a worker, so that another one can go on where it was lost.

A worker plays alike when it is told alike. So the driver keeps what a worker was told since it last wrote down what it
remembers: jobs, news and answers. That comes to one set of weights a task, shared by all workers.
"""

from __future__ import annotations

from typing import Any, Final

from trainer.fleet.messages import Done, Past, PlayedTask, Task
from trainer.fleet.workbench import Job, SessionJob

KEEPSAKE_SHARE: Final = 0.01
"""A worker writes down what it remembers so often that this takes such a share of its time: 6 ms a lane in a game's
first steps, and 10 ms more for each 1,000 steps of it."""
FIRST_KEEPSAKE_S: Final = 0.05
"""What the first one is thought to take."""
MOST_TASKS: Final = 100
"""So many are kept to be played again at most."""


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
        self._unwritten_s = 0.0
        """Processor time of what was played since the last keepsake."""
        self._keepsake_s = FIRST_KEEPSAKE_S

    def task(self, number: int, news: bytes, job: Job[Any], pickled: bytes) -> Task:
        """The worker's next task."""
        session = job.session if isinstance(job, SessionJob) else None
        if session is None or session != self._session:
            self.forget()
        self._session, self.told = session, []
        is_due = len(self._tasks) + 1 >= MOST_TASKS or self._keepsake_s < KEEPSAKE_SHARE * self._unwritten_s
        keeps = session is not None and self._is_whole and is_due
        self._present = Task(number, news, pickled, keeps)
        return self._present

    def finish(self, done: Done) -> bool:
        """The present task is done. False: what the worker remembers was asked for, and could not be written."""
        task = self._present
        if task is None or self._session is None or not self._is_whole:
            return True
        if not task.keeps:
            self._tasks.append(PlayedTask(task.news, task.job, tuple(self.told)))
            self._unwritten_s += done.play_s
            return True
        self._keepsake, self._tasks = done.keepsake, []
        self._unwritten_s, self._keepsake_s = 0.0, done.keepsake_s
        self._is_whole = done.keepsake is not None
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
        self._unwritten_s = 0.0
