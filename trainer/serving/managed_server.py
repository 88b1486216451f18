"""The life of one model's server: start, watch, restart with its adapters, stop.

Blocking calls (starting a process, waiting for an answer) run on a thread pool; everything else on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from core.exceptions import ConfigurationError, CrystalHybridError, LLMConnectionError
from trainer.serving.placement import Placement, require_memory
from trainer.serving.server_process import ServedModel, ServerProcess, command_for
from trainer.serving.tasks import ServerState, ServingSettings

log = logging.getLogger(__name__)
T = TypeVar("T")


class ManagedServer:
    """See the module. `on_change` is called on the event loop after every change of state."""

    def __init__(
        self,
        model: ServedModel,
        placement: Placement,
        settings: ServingSettings,
        threads: Executor,
        on_change: Callable[[], None],
    ) -> None:
        self.model = model
        self.placement = placement
        self.state = ServerState.REGISTERED
        self.adapters: dict[str, Path] = {}
        """Loaded adapters by name; a restarted server loads them again."""
        self.draining: set[str] = set()
        """Adapters without new tasks, because they are about to be unloaded."""
        self.in_flight: Counter[str | None] = Counter()
        """Requests at the server, by adapter."""
        self.restarts = 0
        self.served = 0
        self.failed = 0
        self.served_s = 0.0
        self._settings = settings
        self._threads = threads
        self._on_change = on_change
        self.process: ServerProcess | None = None
        """The running process."""
        self._suspect = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Address of the running process."""
        return None if self.process is None else self.process.pid

    @property
    def log_path(self) -> Path:
        name = "".join(letter if letter.isalnum() else "_" for letter in self.model.model_id)
        return self._settings.log_dir / f"{name}_{self.placement.port}.log"

    async def start(self) -> None:
        """Start the server and wait until it answers; `LLMConnectionError` when it does not."""
        self._enter(ServerState.STARTING)
        try:
            await self._start_process()
        except CrystalHybridError:
            await self._end_process()
            self._enter(ServerState.FAILED)
            raise
        self._enter(ServerState.READY)
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.model.model_id}")

    async def stop(self) -> None:
        """Stop watching and end the process."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        await self._end_process()
        self._enter(ServerState.STOPPED)

    def suspect(self) -> None:
        """Check the server now, because a request failed. It gets no further task until it answers."""
        if self.state is ServerState.READY:
            self._enter(ServerState.STARTING)
            self._suspect.set()

    async def is_healthy(self) -> bool:
        """Whether the server runs and answers."""
        process = self.process
        if process is None or process.exit_code is not None:
            return False
        return await self._in_thread(process.answers, self._settings.health_timeout_s)

    async def post(self, path: str, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a request; see `ServerAddress.post`."""
        if self.process is None:
            raise LLMConnectionError(f"the server of {self.model.model_id} does not run; it is {self.state.value}")
        return await self._in_thread(self.process.address.post, path, body, timeout_s)

    async def load_adapter(self, name: str, folder: Path, *, replace: bool, timeout_s: float = 120.0) -> None:
        """Load an adapter into the running server, or replace the one of that name."""
        if name in self.adapters and not replace:
            raise ConfigurationError(f"{self.model.model_id} has an adapter {name!r} already; replace or unload it")
        body = {"lora_name": name, "lora_path": str(folder.resolve()), "load_inplace": name in self.adapters}
        await self.post("/v1/load_lora_adapter", body, timeout_s)
        self.adapters[name] = folder

    async def unload_adapter(self, name: str, timeout_s: float = 120.0) -> None:
        """Remove an adapter from the running server."""
        if name not in self.adapters:
            raise ConfigurationError(
                f"{self.model.model_id} has no adapter {name!r}; it has {', '.join(self.adapters) or 'none'}"
            )
        await self.post("/v1/unload_lora_adapter", {"lora_name": name}, timeout_s)
        del self.adapters[name]

    async def _watch(self) -> None:
        misses = 0
        while self.state is not ServerState.FAILED:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._suspect.wait(), self._settings.health_interval_s)
            self._suspect.clear()
            if await self.is_healthy():
                misses = 0
                if self.state is ServerState.STARTING:
                    self._enter(ServerState.READY)
                continue
            misses += 1
            gone = self.process is None or self.process.exit_code is not None
            if gone or misses >= self._settings.unhealthy_after:
                await self._restart()
                misses = 0

    async def _restart(self) -> None:
        code = None if self.process is None else self.process.exit_code
        why = "does not answer" if code is None else f"has ended with code {code}"
        log.warning("the server of %s %s; it is started again", self.model.model_id, why)
        self._enter(ServerState.STARTING)
        for attempt in range(self._settings.max_restarts):
            if attempt:
                await asyncio.sleep(self._settings.restart_backoff_s * 2 ** (attempt - 1))
            self.restarts += 1
            await self._end_process()
            try:
                await self._start_process()
            except CrystalHybridError as error:
                log.warning("start %d of %s failed: %s", attempt + 1, self.model.model_id, error)
                continue
            self._enter(ServerState.READY)
            return
        log.error("the server of %s is given up after %d starts", self.model.model_id, self._settings.max_restarts)
        self._enter(ServerState.FAILED)

    async def _start_process(self) -> None:
        settings = self._settings
        require_memory(self.model.source, self.placement.gpu_id)
        command = command_for(self.model, self.placement, max_queue=settings.max_queue, max_batch=settings.max_batch)
        self.process = ServerProcess(command, self.placement, self.log_path)
        await self._in_thread(self.process.wait_until_ready, settings.start_timeout_s)
        for name, folder in self.adapters.items():
            body = {"lora_name": name, "lora_path": str(folder.resolve()), "load_inplace": False}
            await self.post("/v1/load_lora_adapter", body, settings.start_timeout_s)

    async def _end_process(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            await self._in_thread(process.stop)

    def _enter(self, state: ServerState) -> None:
        self.state = state
        self._on_change()

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *arguments))
