"""The scheduler of model servers: real processes on GPUs and ports, shared fairly, kept alive.

    scheduler = create_unified_scheduler(base_port=8001, num_gpus=4)
    scheduler.register_model("qwen", "Qwen/Qwen2.5-1.5B-Instruct")
    await scheduler.start()
    answer = await scheduler.submit_task(TextTask("qwen", "Where to?", client="agent_0", choices=("home", "town")))
    await scheduler.shutdown()

Tasks wait in a bounded, fair queue (`trainer/serving/fair_queue.py`) until their server has room. A task whose server
dies is tried again when the server is back. A task may be refused, but is never silently dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError, CrystalHybridError, LLMConnectionError, QueueFullError, TrainingError
from trainer.serving.fair_queue import FairQueue
from trainer.serving.managed_server import ManagedServer
from trainer.serving.placement import Placement, Placer
from trainer.serving.server_process import ServedModel, ServerProcess
from trainer.serving.tasks import ServerState, ServingSettings, Sharing, TextAnswer, TextTask

BUSY_PAUSE_S = 0.2
"""Wait before a task is sent again to a busy server."""
REWARD_MEMORY = 0.9
"""Weight of the old estimate when a reward is reported."""
LEAST_SHARE, MOST_SHARE = 0.5, 1.5
"""Shares of the worst and of the best client when sharing goes by performance."""


@dataclass(eq=False, slots=True)
class _Pending:
    task: TextTask
    answer: asyncio.Future[TextAnswer]
    submitted_at: float = field(default_factory=time.monotonic)
    attempts: int = 0


class UnifiedScheduler:
    """See the module. All methods belong to one event loop.

    Args:
        base_port: servers get ports from here on.
        num_gpus: GPUs that may be used; fewer if the machine has fewer, and the CPU if it has none.
        max_concurrent_tasks: tasks at servers at the same time, in all.
        max_slots: tasks at one server at the same time.
        sharing: how clients share the servers under load.
        settings: numbers that rarely change.
    """

    def __init__(
        self,
        base_port: int = 8001,
        num_gpus: int = 8,
        max_concurrent_tasks: int = 20,
        max_slots: int = 10,
        *,
        sharing: Sharing = Sharing.EQUAL,
        settings: ServingSettings | None = None,
    ) -> None:
        for name, count in (("max_concurrent_tasks", max_concurrent_tasks), ("max_slots", max_slots)):
            if count < 1:
                raise ConfigurationError(f"{name} is {count}; it must be at least 1")
        self.settings = settings or ServingSettings()
        self.sharing = sharing
        self._placer = Placer(base_port, num_gpus)
        self._max_concurrent_tasks = max_concurrent_tasks
        self._max_slots = max_slots
        self._servers: dict[str, ManagedServer] = {}
        self._queue: FairQueue[_Pending] = FairQueue(self.settings.max_queue, self.settings.max_queue_per_client)
        # one thread for each running task, and some to start and watch servers
        self._threads = ThreadPoolExecutor(max_concurrent_tasks + 16, thread_name_prefix="model-server")
        self._running: set[asyncio.Task[None]] = set()
        self._served_by_client: Counter[str] = Counter()
        self._refused = 0
        self._performance: dict[str, float] = {}
        self._closed = False
        self._progress = asyncio.Event()

    # --- models ---

    def register_model(
        self,
        model_id: str,
        source: str,
        *,
        gpu_id: int | None = None,
        port: int | None = None,
        engine: str = "auto",
        arguments: Sequence[str] = (),
    ) -> Placement:
        """Give a model its place; the next `start` starts its server.

        Args:
            model_id: the name that tasks use.
            source: folder or hub name of a causal model.
            gpu_id, port: the wanted ones; None lets the scheduler choose.
            engine, arguments: see `ServedModel`.
        """
        if model_id in self._servers:
            raise ConfigurationError(f"a model {model_id!r} is registered already; give this one another name")
        taken = [server.placement for server in self._servers.values()]
        placement = self._placer.place(model_id, taken, gpu_id, port)
        model = ServedModel(model_id, source, engine, tuple(arguments))
        self._servers[model_id] = ManagedServer(model, placement, self.settings, self._threads, self._dispatch)
        return placement

    async def start(self) -> None:
        """Start the servers that do not run yet, all at once; return when they answer.

        Raises `TrainingError` ("Model loading failed") when one does not answer; the others are stopped again.
        """
        if self._closed:
            raise TrainingError("the scheduler was shut down; make a new one")
        starting = [server for server in self._servers.values() if server.state is ServerState.REGISTERED]
        results = await asyncio.gather(*(server.start() for server in starting), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            await asyncio.gather(*(server.stop() for server in starting))
            for server in starting:
                server.state = ServerState.REGISTERED
            raise TrainingError(f"Model loading failed: {errors[0]}") from errors[0]

    async def shutdown(self) -> None:
        """Refuse waiting tasks, let running tasks end, stop all servers. May be called again."""
        self._closed = True
        self._refuse(self._queue.drop(lambda pending: True), LLMConnectionError("the scheduler is shut down"))
        if self._running:
            await asyncio.wait(self._running, timeout=self.settings.health_timeout_s)
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        await asyncio.gather(*self._running, return_exceptions=True)
        self._threads.shutdown()

    def process_of(self, model_id: str) -> ServerProcess | None:
        """The process that serves a model now."""
        return self._server(model_id).process

    async def health_check_all(self) -> dict[str, bool]:
        """Check the health of every server now."""
        answers = await asyncio.gather(*(server.is_healthy() for server in self._servers.values()))
        return dict(zip(self._servers, answers, strict=True))

    # --- adapters ---

    async def load_adapter(self, model_id: str, name: str, folder: Path, *, replace: bool = False) -> None:
        """Load a LoRA adapter into a running server, or replace it there in one step, while tasks go on."""
        await self._server(model_id).load_adapter(name, folder, replace=replace)

    async def unload_adapter(self, model_id: str, name: str) -> None:
        """Remove an adapter when its submitted tasks are done; new ones are refused at once."""
        server = self._server(model_id)
        server.draining.add(name)
        try:
            while server.in_flight[name] or self._waits_for(model_id, name):
                self._progress.clear()
                await self._progress.wait()
            await server.unload_adapter(name)
        finally:
            server.draining.discard(name)

    # --- tasks ---

    async def submit_task(self, task: TextTask) -> TextAnswer:
        """Wait for a task's turn and its answer.

        Raises:
            QueueFullError: too many tasks wait; this one was refused.
            ConfigurationError: the model is unknown, or the server rejects the task.
            LLMConnectionError: no answer within the task's time, or the server is given up.
        """
        server = self._server(task.model_id)
        if self._closed or server.state in (ServerState.REGISTERED, ServerState.STOPPED, ServerState.FAILED):
            raise LLMConnectionError(f"the server of {task.model_id} takes no task: it is {server.state.value}")
        if task.adapter in server.draining:
            raise ConfigurationError(f"the adapter {task.adapter!r} of {task.model_id} is being unloaded")
        pending = _Pending(task, asyncio.get_running_loop().create_future())
        try:
            self._queue.push(task.asked_by, pending)
        except QueueFullError:
            self._refused += 1
            raise
        self._dispatch()
        try:
            return await asyncio.wait_for(pending.answer, task.timeout_s)
        except TimeoutError as error:
            raise LLMConnectionError(
                f"no answer to a task of {task.asked_by} for {task.model_id} within {task.timeout_s:g} s; its server "
                f"is {server.state.value} and {len(self._queue)} tasks wait"
            ) from error
        finally:
            self._queue.drop(lambda waiting: waiting.answer.done())

    def set_share(self, client: str, share: float) -> None:
        """Give a client `share` times an ordinary one's part of the servers under load."""
        self._queue.set_share(client, share)

    def share_of(self, client: str) -> float:
        """The share that was set or follows from the reported performance; 1.0 for an ordinary client."""
        return self._queue.share_of(client)

    def report_performance(self, client: str, reward: float) -> None:
        """Report a client's reward; with sharing by performance, shares follow the ranks of the rewards."""
        old = self._performance.get(client, reward)
        self._performance[client] = REWARD_MEMORY * old + (1 - REWARD_MEMORY) * reward
        if self.sharing is Sharing.BY_PERFORMANCE:
            ranking = sorted(self._performance, key=lambda name: self._performance[name])
            steps = max(1, len(ranking) - 1)
            for rank, name in enumerate(ranking):
                share = LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * rank / steps if len(ranking) > 1 else 1.0
                self._queue.set_share(name, share)

    def get_system_statistics(self) -> dict[str, Any]:
        """The state of all servers and queues.

        `models`: by id, `state`, `port`, `gpu_id`, `pid`, `url`, `in_flight`, `served`, `failed`, `restarts`,
        `mean_served_s`, `adapters`, `log`; `running`: tasks at servers; `waiting` and `served`: tasks by client;
        `refused`: tasks that found the queue full.
        """
        return {
            "models": {model_id: _statistics(server) for model_id, server in self._servers.items()},
            "running": len(self._running),
            "waiting": self._queue.waiting,
            "served": dict(self._served_by_client),
            "refused": self._refused,
        }

    def _server(self, model_id: str) -> ManagedServer:
        if model_id not in self._servers:
            raise ConfigurationError(
                f"no model {model_id!r} is registered; there are {', '.join(self._servers) or 'none'}"
            )
        return self._servers[model_id]

    def _waits_for(self, model_id: str, adapter: str) -> bool:
        return self._queue.any(lambda one: (one.task.model_id, one.task.adapter) == (model_id, adapter))

    def _can_serve(self, pending: _Pending) -> bool:
        server = self._servers[pending.task.model_id]
        return server.state is ServerState.READY and server.in_flight.total() < self._max_slots

    def _dispatch(self) -> None:
        """Send out as many tasks as there is room for; called after every change."""
        for server in self._servers.values():
            if server.state is ServerState.FAILED:
                lost = self._queue.drop(lambda one, failed=server: one.task.model_id == failed.model.model_id)
                self._refuse(lost, LLMConnectionError(f"the server of {server.model.model_id} is given up"))
        while len(self._running) < self._max_concurrent_tasks:
            following = self._queue.pop(self._can_serve)
            if following is None:
                break
            client, pending = following
            self._servers[pending.task.model_id].in_flight[pending.task.adapter] += 1
            running = asyncio.get_running_loop().create_task(self._serve(client, pending))
            self._running.add(running)
            running.add_done_callback(self._finished)
        self._progress.set()

    def _finished(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        self._dispatch()

    async def _serve(self, client: str, pending: _Pending) -> None:
        server, task = self._servers[pending.task.model_id], pending.task
        pending.attempts += 1
        begun = time.monotonic()
        left_s = max(0.1, pending.submitted_at + task.timeout_s - begun)
        try:
            reply = await server.post("/v1/chat/completions", task.body(), left_s)
            text = reply["choices"][0]["message"]["content"]
        except QueueFullError:
            await asyncio.sleep(BUSY_PAUSE_S)
            pending.attempts -= 1
            self._try_again(client, pending)
        except LLMConnectionError as error:
            server.failed += 1
            server.suspect()
            if pending.attempts < self.settings.max_attempts and not self._closed:
                self._try_again(client, pending)
            else:
                self._refuse([pending], error)
        except CrystalHybridError as error:
            server.failed += 1
            self._refuse([pending], error)
        except (KeyError, IndexError, TypeError) as error:
            server.failed += 1
            self._refuse([pending], LLMConnectionError(f"the answer of {task.model_id} has another form: {error!r}"))
        else:
            took_s = time.monotonic() - begun
            server.served += 1
            server.served_s += took_s
            self._served_by_client[client] += 1
            if not pending.answer.done():
                waited_s = begun - pending.submitted_at
                pending.answer.set_result(TextAnswer(text, task, waited_s, took_s, pending.attempts))
        finally:
            server.in_flight[task.adapter] -= 1

    def _try_again(self, client: str, pending: _Pending) -> None:
        if not pending.answer.done():
            self._queue.push_back(client, pending)

    @staticmethod
    def _refuse(refused: list[_Pending], error: CrystalHybridError) -> None:
        for pending in refused:
            if not pending.answer.done():
                pending.answer.set_exception(error)


def _statistics(server: ManagedServer) -> dict[str, Any]:
    return {
        "state": server.state.value,
        "port": server.placement.port,
        "gpu_id": server.placement.gpu_id,
        "pid": server.pid,
        "url": f"http://127.0.0.1:{server.placement.port}/v1",
        "in_flight": server.in_flight.total(),
        "served": server.served,
        "failed": server.failed,
        "restarts": server.restarts,
        "mean_served_s": server.served_s / server.served if server.served else 0.0,
        "adapters": sorted(server.adapters),
        "log": str(server.log_path),
    }


@asynccontextmanager
async def running(scheduler: UnifiedScheduler) -> AsyncIterator[UnifiedScheduler]:
    """Start the registered servers and shut everything down at the end."""
    try:
        await scheduler.start()
        yield scheduler
    finally:
        await scheduler.shutdown()


def create_unified_scheduler(base_port: int = 8001, num_gpus: int = 8) -> UnifiedScheduler:
    """A scheduler with equal shares."""
    return UnifiedScheduler(base_port, num_gpus)


def create_cooperative_scheduler(base_port: int = 8001, num_gpus: int = 8) -> UnifiedScheduler:
    """A scheduler in which all clients get equal shares of the servers."""
    return UnifiedScheduler(base_port, num_gpus, sharing=Sharing.EQUAL)


def create_competitive_scheduler(base_port: int = 8001, num_gpus: int = 8) -> UnifiedScheduler:
    """A scheduler in which clients with better reported rewards get larger shares of the servers."""
    return UnifiedScheduler(base_port, num_gpus, sharing=Sharing.BY_PERFORMANCE)
