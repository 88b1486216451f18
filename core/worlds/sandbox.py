"""Runs a program that a model wrote, without trusting it.

What it covers (Linux, x86-64 and ARM64; `missing_protection` says what this machine lacks):

- Files: Landlock lets the program read Python's standard library and read and write its own empty folder; nothing else
  on the machine can be opened, listed or changed. The folder is deleted afterwards.
- Network: a seccomp filter refuses every kind of socket, io_uring and the like, so there is none, local or remote.
- Processes: the same filter refuses to start, trace or signal any; the program stays one process, and `exec` fails.
- Resources: processor time, wall time, memory, size of a file, open files and length of the output are limited.
- Secrets: the environment is empty, no file descriptor is inherited beside input and output.

What it does not cover: a fault in the kernel, timing channels, and the load of many such programs on a machine. The
total size of all files is limited only by time. Where Landlock or seccomp is missing, `run_program` refuses; it never
runs a program unprotected.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from core.exceptions import EnvironmentError
from core.worlds import sandbox_locks

_CHILD = Path(__file__).with_name("sandbox_child.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources that a program may use."""

    wall_s: float = 5.0
    processor_s: int = 2
    memory_bytes: int = 512 * 2**20
    file_bytes: int = 2**20
    open_files: int = 16
    output_bytes: int = 64 * 2**10


class Ending(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    FAULT = "fault"
    """The program raised, exited with an error or was killed by a limit of the kernel."""
    TIME_OUT = "time out"
    TOO_MUCH_OUTPUT = "too much output"


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A program's output and how it ended."""

    ending: Ending
    output: str
    error: str
    """The last line of standard error."""


@cache
def missing_protection() -> str | None:
    """What this machine lacks for the sandbox, or None."""
    return sandbox_locks.missing()


def run_program(source: str, standard_input: str = "", limits: Limits | None = None) -> ProgramRun:
    """Run Python source with that input; raises `EnvironmentError` when this machine lacks the protection."""
    return _run(["program"], source, standard_input, limits or Limits())


def call_function(source: str, name: str, arguments: Sequence[object], limits: Limits | None = None) -> list[object]:
    """What the function `name` of that source returns for each of the arguments (JSON values), in one process.

    If it raises, or returns something that is not a JSON value, the result is the string "error: ...". The last results
    are missing when the program was stopped. The program never sees the expected results.
    """
    run = _run(["function", name], source, json.dumps(list(arguments)), limits or Limits())
    results: list[object] = []
    for line in run.output.splitlines():
        try:
            results.append(json.loads(line))
        except ValueError:  # the program itself printed: nothing from here on can be trusted
            break
    return results[: len(arguments)]


def _run(mode: list[str], source: str, standard_input: str, limits: Limits) -> ProgramRun:
    if (reason := missing_protection()) is not None:
        raise EnvironmentError(
            f"programs of a model are not run on this machine: {reason}. Use a Linux kernel of 5.13 or later with "
            "Landlock, or a world that runs no programs"
        )
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        (Path(folder) / "program.py").write_text(source, encoding="utf-8", errors="replace")
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(_CHILD), json.dumps(asdict(limits)), *mode],
            cwd=folder,
            env={"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=True,
            start_new_session=True,
        )
        return _watch(child, standard_input.encode(), limits)


def _watch(child: subprocess.Popen[bytes], standard_input: bytes, limits: Limits) -> ProgramRun:
    """Feed and drain the pipes, stop the program at a limit, and return how it ended."""
    assert child.stdin and child.stdout and child.stderr
    outputs: dict[str, bytes] = {}

    def drain(name: str, pipe: IO[bytes]) -> None:
        outputs[name] = pipe.read(limits.output_bytes + 1)
        if len(outputs[name]) > limits.output_bytes:
            _kill(child)

    def feed(pipe: IO[bytes]) -> None:
        try:
            pipe.write(standard_input)
            pipe.close()
        except BrokenPipeError:
            pass  # the program may end without reading its input

    threads = [
        threading.Thread(target=feed, args=(child.stdin,), daemon=True),
        threading.Thread(target=drain, args=("output", child.stdout), daemon=True),
        threading.Thread(target=drain, args=("error", child.stderr), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        code: int | None = child.wait(limits.wall_s)
    except subprocess.TimeoutExpired:
        code = None
        _kill(child)
        child.wait()
    for thread in threads:
        thread.join()
    child.stdout.close()
    child.stderr.close()
    output, error = outputs["output"], outputs["error"].decode("utf-8", "replace").strip()
    last_line = error.splitlines()[-1] if error else ""
    if max(map(len, outputs.values())) > limits.output_bytes:
        ending = Ending.TOO_MUCH_OUTPUT
    elif code is None or code in (-signal.SIGXCPU, -signal.SIGKILL):
        ending = Ending.TIME_OUT
    else:
        ending = Ending.FINISHED if code == 0 else Ending.FAULT
    return ProgramRun(ending, output[: limits.output_bytes].decode("utf-8", "replace"), last_line)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.killpg(child.pid, signal.SIGKILL)
