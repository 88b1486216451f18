"""Answers what the seats in the workers ask: their language models, their team's record, archive and ground, a leader's
plan.

Language models behind servers answer side by side, those that compute here one at a time, all in threads; no worker
waits for another's answer. The rest is answered at once, in the driver's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trainer.fleet.blueprint import Blueprint
from trainer.fleet.questions import AskForOption
from trainer.fleet.run_broker import Reply, RunBroker
from trainer.multi_model.model_seat import ModelSeat
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.seats.leader import PlanRelay
from trainer.multi_model.seats.messages import AskForGround, AskForPlans, OfSeat, TellPlans


class SeatsBroker:
    """Of one fleet (`trainer.fleet.fleet.Broker`)."""

    def __init__(self, seats: Sequence[ModelSeat], teams: Sequence[ModelTeam], blueprint: Blueprint) -> None:
        """`teams` has that of each seat."""
        self._seats = seats
        self._teams = teams
        self._blueprint = blueprint
        self._brokers = [_broker_of(*one, blueprint.workers) for one in zip(seats, teams, strict=True)]
        self._plans = PlanRelay()
        self._computed_here = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._served = ThreadPoolExecutor(len(seats), thread_name_prefix="server")

    def begin(self) -> None:
        """Another stretch of play begins."""
        self._plans = PlanRelay()
        for broker in self._brokers:
            broker.begin()

    def advisor_of(self, lane: int) -> RunBroker:
        """The one that answers for the language model of a seat."""
        return self._brokers[lane]

    def begin_again(self, worker: int, deaths: int) -> None:
        """The worker was replaced and begins anew: what its seats have asked in this stretch counts as not asked."""
        for lane in self._blueprint.lanes_of(worker):
            self._brokers[lane].begin_again(worker, deaths)
            self._seats[lane].forget_answers()

    def answer(self, worker: int, asked: Any, reply: Reply) -> None:
        """Answers now, or in a thread."""
        if not isinstance(asked, OfSeat):
            raise TypeError(f"a worker asked {asked!r}: seats ask by OfSeat")
        seat, broker = self._seats[asked.lane], self._brokers[asked.lane]
        match asked.asked:
            case AskForOption() as question if seat.manager is not None:
                seat.manager.step = asked.step
                threads = self._computed_here if seat.manager.computes_here else self._served
                threads.submit(broker.answer, worker, question, reply)
            case AskForGround():
                reply(tuple(self._teams[asked.lane].grounds))
            case TellPlans() as told:
                self._plans.tell(told)
                reply(None)
            case AskForPlans(first_step):
                self._plans.ask(first_step, reply)
            case other:
                broker.answer(worker, other, reply)

    def close(self) -> None:
        """Waits for nobody."""
        for threads in (self._computed_here, self._served):
            threads.shutdown(wait=False, cancel_futures=True)


def _broker_of(seat: ModelSeat, team: ModelTeam, workers: int) -> RunBroker:
    return RunBroker(
        seat.agent.advisor,
        team.record,
        workers,
        lambda worker, start: team.go_explore.choose_for(worker, start, team.curriculum.directive()),
        team.go_explore.forget,
    )
