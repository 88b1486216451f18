"""The fleet of a cluster: each worker is a Ray actor on some node. Needs the extra `ray`.

What the driver needs of a worker's node is a core and the product, installed in the driver's version; docs/cluster.md
says how a cluster is started. A worker whose node is lost is replaced on another, or waits for one that joins.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.exceptions import ConfigurationError, TrainingError
from core.extras import needs_extra
from trainer.fleet.driven_fleet import ANSWER_TIMEOUT_S, DrivenFleet
from trainer.fleet.messages import Task
from trainer.fleet.plan import FleetPlan
from trainer.fleet.software import Software

LOCAL: Final = "local"
"""The cluster that is started on this machine for one run."""
CLIENT: Final = "ray://"
"""How an address begins of a cluster that is asked from outside."""
AUTH_MODE: Final = "RAY_AUTH_MODE"
LOOK_S: Final = 5.0
"""How often the driver looks whether a worker has found a node."""
MOST_PLACES: Final = 3
"""Nodes on which a worker is tried before the run gives up: one may be lost while it begins there."""
SAY_S: Final = 30.0
"""How often it says that it has not."""
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class RayWorker:
    """An actor as the driver holds it (`trainer.fleet.driven_fleet.FleetWorker`)."""

    number: int
    actor: Any
    about: Any
    """Reference to what it says of its node; there when it has found one."""
    news_of: Callable[[bytes], Any]
    """The reference to news that were broadcast."""
    ray: Any
    process: int = 0
    node: str = "no node yet"
    """Its name."""
    node_id: str = ""
    silent_s: float = 0.0
    waits: bool = False
    served: Any = None
    """Reference to the end of its life; None before it began."""
    heard: Any = None
    """Reference to the message that it says next."""
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, parcel: Any) -> None:
        """Lets it make what it plays with, and serve."""
        self.served = self.actor.serve.remote(self.number, parcel)
        self._listen()

    def send(self, message: Any) -> None:
        """Gives a message, from any thread. A dead worker shows when it is heard, not here."""
        news: Any = b""
        if isinstance(message, Task):
            news, message = self.news_of(message.news), replace(message, news=b"")
        with self._sending, contextlib.suppress(self.ray.exceptions.RayError):
            self.actor.give.remote(message, news)

    def hear(self) -> Any | None:
        """The message that is there; None when the worker has died instead."""
        self.silent_s = 0.0
        try:
            message = self.ray.get(self.heard)
        except self.ray.exceptions.RayError:
            return None
        self._listen()
        return message

    def kill(self) -> None:
        """Ends a worker that does not answer."""
        with contextlib.suppress(self.ray.exceptions.RayError, ValueError):
            self.ray.kill(self.actor, no_restart=True)

    def bury(self) -> str:
        """Clears a dead worker away and says how it ended."""
        self.kill()
        alive = {node["NodeID"] for node in self.ray.nodes() if node["Alive"]}
        return f"died on {self.node}" if self.node_id in alive else f"was lost with its node {self.node}"

    def let_go(self) -> None:
        """Tells it to leave."""
        self.send(None)

    def await_end(self, deadline_s: float) -> None:
        """Waits for a worker that was let go; kills it at the deadline (a time of `time.monotonic`)."""
        if self.served is not None:
            self.ray.wait([self.served], timeout=max(0.0, deadline_s - time.monotonic()))
        self.kill()

    def _listen(self) -> None:
        self.heard = self.actor.hear.remote()


class RayFleet(DrivenFleet[RayWorker]):
    """Workers as actors of a Ray cluster (`trainer.fleet.fleet.Fleet`)."""

    _fleets = 0
    """How many are open in this process: they share its connection to the cluster."""

    def __init__(
        self,
        plan: FleetPlan,
        address: str,
        cores_a_worker: float = 1.0,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """Joins the cluster and starts the workers, each where `cores_a_worker` cores are free.

        `address`: "local" starts a cluster on this machine, "auto" finds one that was started here, and
        "ray://head:10001" asks its head from outside. Raises MissingExtraError without Ray, ConfigurationError where
        there is no such cluster, where a plan cannot travel, and where a node has other software than the driver.
        """
        with needs_extra('"cluster" in the config'):
            import ray  # type: ignore[import-not-found]

            from trainer.fleet.ray_bench import GIVE, HEAR, RayBench
        self._ray: Any = ray
        parcel = plan.pack()
        _join(ray, address, plan.workers)
        RayFleet._fleets += 1
        self._libraries = plan.libraries
        self._software = Software.here(self._libraries)
        self._parcel = ray.put(parcel)
        self._news_sent: tuple[bytes, Any] = (b"", ray.put(b""))
        make = self._ray.remote(max_restarts=0, concurrency_groups={GIVE: 1, HEAR: 1})
        self._actor = make(RayBench).options(num_cpus=cores_a_worker, scheduling_strategy="SPREAD")
        super().__init__(plan, answer_timeout_s)

    def close(self) -> None:
        """Lets the workers go, and the cluster with the last fleet."""
        was_closed = self.closed
        super().close()
        if not was_closed:
            RayFleet._fleets -= 1
            if RayFleet._fleets == 0:
                self._ray.shutdown()

    # -- the engine --------------------------------------------------------------------------------------------

    def _start(self, number: int) -> RayWorker:
        actor = self._actor.remote()
        return RayWorker(number, actor, actor.about.remote(self._libraries), self._news_for, self._ray)

    def _start_all(self) -> None:
        """All at once: each may need a while for its imports."""
        for number in range(self.plan.workers):
            self._workers.append(self._start(number))
        for worker in self._workers:
            self._place(worker)
        for worker in self._workers:
            self._await_ready(worker)

    def _await_ready(self, worker: RayWorker) -> None:
        if worker.served is None:
            self._place(worker)
        super()._await_ready(worker)

    def _said(self, workers: Sequence[RayWorker], timeout_s: float) -> set[int]:
        numbers = {worker.heard: worker.number for worker in workers}
        said, _ = self._ray.wait(list(numbers), num_returns=1, timeout=timeout_s)
        if said:
            said, _ = self._ray.wait(list(numbers), num_returns=len(numbers), timeout=0)
        return {numbers[one] for one in said}

    def _place(self, worker: RayWorker) -> None:
        """Waits until the worker has found a node, for as long as the cluster has no room, and lets it begin there."""
        tries = 0
        while True:
            self._await_node(worker)
            try:
                software, worker.node, worker.node_id, worker.process = self._ray.get(worker.about)
                break
            except self._ray.exceptions.RayError as error:
                tries += 1
                if tries == MOST_PLACES:
                    reason = str(error).strip().splitlines()[-1].rstrip(".")
                    raise TrainingError(
                        f"{self._called(worker.number)} could not begin on {MOST_PLACES} nodes: {reason}. If the nodes "
                        "lack crystal-hybrid, install there what the driver has (docs/cluster.md)"
                    ) from error
                worker.actor = self._actor.remote()  # its node may have been lost: there are others
                worker.about = worker.actor.about.remote(self._libraries)
        difference = software.difference(self._software)
        if difference is not None:
            raise ConfigurationError(f"node {worker.node} has {difference}: install the driver's versions there")
        worker.begin(self._parcel)

    def _await_node(self, worker: RayWorker) -> None:
        """Returns when it has one, or has died; says now and then that there is none."""
        ray, waited_s, said_s = self._ray, 0.0, 0.0
        while not ray.wait([worker.about], timeout=LOOK_S)[0]:
            waited_s += LOOK_S
            if waited_s - said_s >= SAY_S:
                said_s = waited_s
                free, cores = ray.available_resources().get("CPU", 0), ray.cluster_resources().get("CPU", 0)
                log.warning(
                    "%s has waited %.0f s for a node: %g of the cluster's %g cores are free; it takes the first that "
                    "is, also on a node that joins",
                    *(self._called(worker.number), waited_s, free, cores),
                )

    def _news_for(self, news: bytes) -> Any:
        """They go to the store of the cluster once, not with every task."""
        if self._news_sent[0] != news:
            self._news_sent = (news, self._ray.put(news))
        return self._news_sent[1]


def _join(ray: Any, address: str, workers: int) -> None:
    """Connects this process to the cluster, if it is not yet. Raises ConfigurationError where there is none."""
    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == LOCAL:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init("local", num_cpus=workers, include_dashboard=False, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".:")
        hint = ""
        if address.startswith(CLIENT) and AUTH_MODE not in os.environ:
            hint = f" Where the head asks for a token, the run needs it, and {AUTH_MODE}=token, in its environment."
        raise ConfigurationError(
            f'cluster is "{address}" and there is none: {reason}. Start one (docs/cluster.md), or set "cluster" to '
            f'"local" or null.{hint}'
        ) from error
