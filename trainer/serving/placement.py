"""The place of a model server: its GPU, its port, and whether its weights fit there."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from core.exceptions import ConfigurationError, TrainingError
from trainer.run.machine import available_memory_bytes

log = logging.getLogger(__name__)
HEADROOM = 1.2
"""Memory of a model as a multiple of its weight files, for activations, caches and the runtime."""
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Placement:
    """GPU and port of one server."""

    model_id: str
    gpu_id: int | None
    """None is the CPU."""
    port: int


class Placer:
    """Spreads models over GPUs, the emptiest first, and over ports from `base_port` on.

    Args:
        base_port: the first port that may be taken.
        num_gpus: GPUs that may be used; those that this machine lacks are left out (with one warning). Without any,
            everything runs on the CPU.
    """

    def __init__(self, base_port: int, num_gpus: int) -> None:
        if not 1 <= base_port <= LAST_PORT:
            raise ConfigurationError(f"base_port is {base_port}; a port is between 1 and {LAST_PORT}")
        if num_gpus < 0:
            raise ConfigurationError(f"num_gpus is {num_gpus}; it cannot be negative")
        present = torch.cuda.device_count()
        if num_gpus > present:
            log.info("%d GPUs may be used, this machine has %d; models run on %s", num_gpus, present, _where(present))
        self.gpus = tuple(range(min(num_gpus, present)))
        self.base_port = base_port

    def place(
        self, model_id: str, taken: Iterable[Placement], gpu_id: int | None = None, port: int | None = None
    ) -> Placement:
        """A place for one more model. `gpu_id` and `port` ask for certain ones."""
        taken = list(taken)
        if gpu_id is not None and gpu_id not in self.gpus:
            raise ConfigurationError(f"gpu_id is {gpu_id}; the GPUs here are {list(self.gpus) or 'none'}")
        if gpu_id is None and self.gpus:
            load = Counter(placement.gpu_id for placement in taken)
            gpu_id = min(self.gpus, key=lambda gpu: (load[gpu], gpu))
        ports = {placement.port for placement in taken}
        if port is not None:
            if port in ports or not port_is_free(port):
                raise ConfigurationError(
                    f"port {port} is in use; choose another one or leave the choice to the placement"
                )
            return Placement(model_id, gpu_id, port)
        for candidate in range(self.base_port, LAST_PORT + 1):
            if candidate not in ports and port_is_free(candidate):
                return Placement(model_id, gpu_id, candidate)
        raise ConfigurationError(f"no port from {self.base_port} to {LAST_PORT} is free")


def port_is_free(port: int) -> bool:
    """Whether a server can listen on that port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_memory(source: str, gpu_id: int | None) -> None:
    """Raise `TrainingError` when a model's weights cannot fit; no check for unknown sizes (hub names)."""
    needed = int(HEADROOM * sum(file.stat().st_size for file in Path(source).glob("*.safetensors")))
    free = available_memory_bytes() if gpu_id is None else torch.cuda.mem_get_info(gpu_id)[0]
    if free is not None and needed > free:
        kind = "memory insufficient" if gpu_id is None else "GPU memory insufficient"
        raise TrainingError(
            f"{kind}: {source} needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free on {_name(gpu_id)}; "
            "stop something, use fewer models or smaller ones"
        )


def _where(gpus: int) -> str:
    return "these" if gpus else "the CPU"


def _name(gpu_id: int | None) -> str:
    return "this machine" if gpu_id is None else f"GPU {gpu_id}"
