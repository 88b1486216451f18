"""A leader's plan on its way to followers, who may play in another worker.

Followers go by what the leader carried out in the step before. Its own worker knows that; it tells the driver every
`STEPS_TOLD` steps, and the others ask for it, so they play some steps behind and wait where the leader is slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trainer.multi_model.planning_player import PlanningPlayer
from trainer.multi_model.seats.messages import AskForPlans, TellPlans

STEPS_TOLD: Final = 8
Ask = Callable[[Any], Any]


class LeadersPlan:
    """In a worker: `key` is what the leader carried out in the step before."""

    def __init__(self, ask: Ask, leader: PlanningPlayer | None) -> None:
        """`leader`: the one of this worker, None where it plays in another."""
        self.key = ""
        self._ask = ask
        self._leader = leader
        self._first = 0
        self._plans: list[str] = []
        """From step `_first` on: those to be told, or those that were heard."""

    def begin_segment(self) -> None:
        """Steps are counted from 0 again; the last plan goes on."""
        self._first, self._plans = 0, []

    def before_step(self, step: int) -> None:
        """Comes to know what was carried out in the step before."""
        if self._leader is not None or step == 0:
            return
        if not self._plans:
            self._plans = list(self._ask(AskForPlans(step - 1)))
        if self._plans:  # else the leader has ended early, and so will this worker
            self.key = self._plans.pop(0)

    def after_step(self, step: int) -> None:
        """Tells what the leader has carried out, if it is here."""
        if self._leader is None:
            return
        self.key = "" if self._leader.plan is None else self._leader.plan.key
        self._plans.append(self.key)
        if len(self._plans) == STEPS_TOLD:
            self._tell(step + 1, ended=False)

    def end_segment(self, steps: int) -> None:
        """So many steps were played; a follower elsewhere waits for the last, which the next segment begins with."""
        if self._leader is None:
            self.before_step(steps)
        else:
            self._tell(steps, ended=True)

    def _tell(self, next_step: int, *, ended: bool) -> None:
        self._ask(TellPlans(self._first, tuple(self._plans), ended))
        self._first, self._plans = next_step, []


class PlanRelay:
    """In the driver: one segment's plans. Everything is called in one thread."""

    def __init__(self) -> None:
        self._plans: list[str] = []
        self._ended = False
        self._waiting: list[tuple[int, Callable[[Any], None]]] = []

    def tell(self, told: TellPlans) -> None:
        """The leader's worker says how far it has come."""
        self._plans[told.first_step :] = told.plans
        self._ended = told.ended
        waiting, self._waiting = self._waiting, []
        for first_step, reply in waiting:
            self.ask(first_step, reply)

    def ask(self, first_step: int, reply: Callable[[Any], None]) -> None:
        """Replies as soon as something is known."""
        if len(self._plans) > first_step or self._ended:
            reply(tuple(self._plans[first_step:]))
        else:
            self._waiting.append((first_step, reply))
