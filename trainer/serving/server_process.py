"""One model server as a process: its command, its start, its health and its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from agents.llm.wire.keys import key_for
from core.exceptions import ConfigurationError, LLMConnectionError
from trainer.serving.placement import Placement
from trainer.serving.server_client import ServerAddress

LOG_TAIL_CHARACTERS = 1500
POLL_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model and its server's engine."""

    model_id: str
    """The name that requests use."""
    source: str
    """Folder or hub name of a causal model."""
    engine: str = "auto"
    """`vllm`, `transformers` (our own server), or `auto`: vLLM where it is installed and there is a GPU."""
    arguments: tuple[str, ...] = ()
    """Further arguments of the server's command line, e.g. `("--tensor-parallel-size", "2")` for vLLM."""

    def __post_init__(self) -> None:
        if self.engine not in ("auto", "vllm", "transformers"):
            raise ConfigurationError(f"engine is {self.engine!r}; it is 'auto', 'vllm' or 'transformers'")


def command_for(model: ServedModel, placement: Placement, *, max_queue: int, max_batch: int) -> list[str]:
    """The command line that serves a model at its place."""
    vllm = shutil.which("vllm", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if model.engine == "vllm" and vllm is None:
        raise ConfigurationError("engine is 'vllm', which is not installed here; use engine 'transformers' or 'auto'")
    named = ["--served-model-name", model.model_id, "--port", str(placement.port), *model.arguments]
    if vllm is not None and (model.engine == "vllm" or (model.engine == "auto" and placement.gpu_id is not None)):
        guarded = [sys.executable, "-m", "trainer.serving.guardian", vllm, "serve", model.source]
        return [*guarded, "--host", "127.0.0.1", "--enable-lora", "--max-num-seqs", str(max_batch), *named]
    program = [sys.executable, "-m", "trainer.serving.adapter_server", "--leave-with-parent", "--model", model.source]
    return [*program, "--max-queue", str(max_queue), "--max-batch", str(max_batch), *named]


class ServerProcess:
    """A running server. It has its own process group, so its child processes end with it.

    Args:
        command: see `command_for`.
        placement: its GPU and port.
        log_path: its output is appended there.
    """

    def __init__(self, command: list[str], placement: Placement, log_path: Path) -> None:
        self.placement = placement
        self.address = ServerAddress("127.0.0.1", placement.port)
        self.log_path = log_path
        log_path.parent.mkdir(parents=True, exist_ok=True)
        visible = "" if placement.gpu_id is None else str(placement.gpu_id)
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": visible, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}
        key = key_for(None, own_address=True)
        if key is not None:
            environment["VLLM_API_KEY"] = key.text  # ours reads the variable itself
        with log_path.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # the kernel closes it when this process dies in any way; then the server ends
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def answers(self, timeout_s: float) -> bool:
        """Whether it answers a health check within that time."""
        try:
            self.address.get("/health", timeout_s)
        except (LLMConnectionError, ConfigurationError):
            return False
        return True

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until it answers; `LLMConnectionError` with the end of its log when it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not self.answers(timeout_s=1.0):
            if self.exit_code is not None:
                raise LLMConnectionError(
                    f"Model loading failed: the server of {self.placement.model_id} ended with code {self.exit_code}. "
                    f"The end of {self.log_path}:\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise LLMConnectionError(
                    f"the server of {self.placement.model_id} does not answer after {timeout_s:g} s. The end of "
                    f"{self.log_path}:\n{self.log_tail()}"
                )
            time.sleep(POLL_INTERVAL_S)

    def stop(self, grace_s: float = 5.0) -> None:
        """End it: by SIGTERM, and by SIGKILL after `grace_s`. Does nothing when it has ended."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._signal(signal.SIGKILL)  # children that it left behind
        self.let_go()

    def let_go(self) -> None:
        """Close its standard input; the server then ends, as it does when this process dies."""
        pipe: IO[bytes] | None = self._process.stdin
        if pipe is not None:
            pipe.close()

    def log_tail(self) -> str:
        """The end of its output."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # no process is left in the group
