"""Adapters on running servers: published after each update, swapped in one step, removed when no longer needed.

    lora_scheduler = create_distributed_lora_scheduler(base_port=8001, num_gpus=4)
    lora_scheduler.register_model("pocket", "path/to/model")
    await lora_scheduler.start()
    await lora_scheduler.publish("pocket", "agent_0", Path("adapters/agent_0"))
    answer = await lora_scheduler.submit_task(TextTask("pocket", "Where to?", adapter="agent_0"))
    await lora_scheduler.stop()

The unified scheduler has the servers, the queue and the restarts; a restarted server gets its adapters back.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.serving.placement import Placement
from trainer.serving.scheduler import UnifiedScheduler
from trainer.serving.tasks import ServingSettings, TextAnswer, TextTask


@dataclass(frozen=True, slots=True)
class PublishedAdapter:
    """An adapter on its server."""

    model_id: str
    name: str
    folder: Path
    version: int
    """1 for the first weights under this name, then 1 more for each update."""
    loaded_in_s: float
    """Seconds that publishing took."""


class DistributedLoRAScheduler:
    """See the module.

    Args:
        base_port, num_gpus, settings: as for `UnifiedScheduler`.
    """

    def __init__(self, base_port: int = 8001, num_gpus: int = 8, *, settings: ServingSettings | None = None) -> None:
        self.servers = UnifiedScheduler(base_port, num_gpus, settings=settings)
        self._published: dict[tuple[str, str], PublishedAdapter] = {}
        self._changing = asyncio.Lock()

    def register_model(self, model_id: str, source: str, **options: Any) -> Placement:
        """A base model to serve; the keyword arguments of `UnifiedScheduler.register_model`."""
        return self.servers.register_model(model_id, source, **options)

    async def start(self) -> None:
        """Start the servers of the models registered so far, if any."""
        await self.servers.start()

    async def stop(self) -> None:
        """Stop all servers."""
        await self.servers.shutdown()

    async def publish(self, model_id: str, name: str, folder: Path) -> PublishedAdapter:
        """Load an adapter from its PEFT folder, or replace its older version.

        Requests are answered the whole time: before the swap by the old weights, after it by the new ones, never by a
        mixture.
        """
        async with self._changing:  # versions of a name come one after the other
            old = self._published.get((model_id, name))
            begun = time.monotonic()
            await self.servers.load_adapter(model_id, name, folder, replace=old is not None)
            version = 1 if old is None else old.version + 1
            published = PublishedAdapter(model_id, name, folder, version, time.monotonic() - begun)
            self._published[model_id, name] = published
            return published

    async def retire(self, model_id: str, name: str) -> None:
        """Unload an adapter after the last request that was submitted for it."""
        await self.servers.unload_adapter(model_id, name)
        self._published.pop((model_id, name), None)

    async def submit_task(self, task: TextTask) -> TextAnswer:
        """See `UnifiedScheduler.submit_task`; `task.adapter` says which adapter answers."""
        return await self.servers.submit_task(task)

    def get_system_status(self) -> dict[str, Any]:
        """`adapters`: by "model/name" its `version`, `folder` and `loaded_in_s`; and the servers' statistics."""
        adapters = {
            f"{model_id}/{name}": {
                "version": one.version,
                "folder": str(one.folder),
                "loaded_in_s": one.loaded_in_s,
            }
            for (model_id, name), one in self._published.items()
        }
        return {"adapters": adapters, **self.servers.get_system_statistics()}


def create_distributed_lora_scheduler(base_port: int = 8001, num_gpus: int = 8) -> DistributedLoRAScheduler:
    """Servers whose adapters change while they run."""
    return DistributedLoRAScheduler(base_port, num_gpus)
