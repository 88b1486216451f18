"""Runs a program that a model wrote, without trusting it.

What it covers (Linux, x86-64 and ARM64; `missing_protection` says what this machine lacks):

- Files: the program gets a root of its own (`missing_own_root` says where a machine forbids it), which holds Python's
  standard library without installed packages and an empty folder; all else is not there, not even by name. Landlock
  lets it read the first and read and write the second. Root and folder are gone with the program.
- System calls: those that Python needs to compute, to use its files and to wait (`sandbox_calls.py`). So there is no
  network, no other process to start, trace or signal - also not by way of the kernel -, and no clock, mount or key.
- Rights: it gives up all capabilities. Root runs it as a user that has no account.
- Resources: processor time, wall time, memory, threads, size of a file and of all files in sum, number of files, open
  files and length of the output are limited.
- Secrets: the environment is empty, no file descriptor is inherited beside input and output.
- Its answers are read as what a stranger wrote: no nesting and no number in them ends the reader.
- It ends with the process that started it.

Where the machine forbids a root of its own (a container without user namespaces, like Docker's default), the program
cannot read or change what lies outside, but it can learn which names are there and how large files are. The sum of its
files is then looked at every `LOOK_S`, so that it is exceeded by what can be written in that time. So are threads.
A warning says so once.

What it does not cover: a fault in the kernel, timing channels, and the load of many such programs on a machine. Where
Landlock or seccomp is missing, `run_program` refuses; it never runs a program unprotected.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from core import exceptions
from core.worlds import sandbox_calls, sandbox_locks
from core.worlds.sandbox_folder import holds_more, remove_folder

_log = logging.getLogger(__name__)
_CHILD = Path(__file__).with_name("sandbox_child.py")
LOOK_S = 0.01
"""How often is looked at what the kernel does not limit: threads of a shared user, the sum of files without a root."""
DEEPEST_RESULT = 64
"""Lists within lists that a function may return."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources that a program may use."""

    wall_s: float = 5.0
    processor_s: int = 2
    memory_bytes: int = 512 * 2**20
    file_bytes: int = 2**20
    folder_bytes: int = 16 * 2**20
    """All files in sum."""
    folder_files: int = 256
    open_files: int = 16
    threads: int = 64
    output_bytes: int = 64 * 2**10


class Ending(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    FAULT = "fault"
    """The program raised, exited with an error or was killed by a limit of the kernel."""
    TIME_OUT = "time out"
    TOO_MUCH_OUTPUT = "too much output"
    TOO_MUCH_WRITTEN = "too much written"
    """Or too many files, or too deep folders. Within a root of its own the program's call fails instead."""


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A program's output and how it ended."""

    ending: Ending
    output: str
    error: str
    """The last line of standard error."""


@cache
def missing_protection() -> str | None:
    """What this machine lacks for the sandbox, or None. Tried once, with a program that does nothing."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in sandbox_calls.AUDIT_ARCH:
        return f"its locks are written for Linux on x86-64 and ARM64, this is {sys.platform} on {machine}"
    if (lacking := sandbox_locks.missing()) is not None:
        return lacking
    return None if missing_own_root() is None else _why_not(own_root=False)


@cache
def missing_own_root() -> str | None:
    """Why programs get no root of their own on this machine (the kernel's words), or None. Tried once."""
    if (reason := _why_not(own_root=True)) is not None:
        _log.warning(
            "programs of a model get no root of their own on this machine (%s): they cannot read or change what lies "
            "outside their folder, but can learn which names are there, and what they write in sum is watched instead "
            "of limited. Permit user namespaces, or run the training in a container of its own",
            reason,
        )
    return reason


def _why_not(own_root: bool) -> str | None:
    patient = Limits(wall_s=60.0, processor_s=30)  # a busy machine is not one that forbids something
    run = _run_locked(["program"], "print('locked')", b"", patient, own_root)
    if (run.ending, run.output) == (Ending.FINISHED, "locked\n"):
        return None
    return run.error or f"a program that does nothing ended so: {run.ending.value}"


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
            results.append(_read_result(line))
        except (ValueError, RecursionError):  # the program itself printed: nothing from here on can be trusted
            break
    return results[: len(arguments)]


def _read_result(line: str) -> object:
    """A JSON value; raises `ValueError` if it is none or too deep for those who compare, print and store it."""
    value = json.loads(line)
    level = [value]
    for _ in range(DEEPEST_RESULT + 1):
        level = [inner for outer in level if isinstance(outer, list | dict) for inner in _values(outer)]
    if level:
        raise ValueError(f"nested deeper than {DEEPEST_RESULT}")
    return value


def _values(outer: list[object] | dict[str, object]) -> Iterable[object]:
    return outer.values() if isinstance(outer, dict) else outer


def _run(mode: list[str], source: str, standard_input: str, limits: Limits) -> ProgramRun:
    if (reason := missing_protection()) is not None:
        raise exceptions.EnvironmentError(
            f"programs of a model are not run on this machine: {reason}. Use a Linux kernel of 5.13 or later with "
            "Landlock, or a world that runs no programs"
        )
    return _run_locked(mode, source, standard_input.encode(errors="replace"), limits, missing_own_root() is None)


def _run_locked(mode: list[str], source: str, standard_input: bytes, limits: Limits, own_root: bool) -> ProgramRun:
    with _own_folder() as folder:
        (folder / "program.py").write_text(source, encoding="utf-8", errors="replace")
        with _started(folder, limits, mode, own_root) as child:
            return _watch(child, standard_input, limits, None if own_root else folder)


@contextlib.contextmanager
def _own_folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sandbox-"))
    try:
        yield folder
    finally:
        try:
            remove_folder(folder)
        except OSError as error:
            _log.warning("a program's folder stays: %s", error)


@contextlib.contextmanager
def _started(
    folder: Path, limits: Limits, mode: list[str], own_root: bool = True
) -> Generator[subprocess.Popen[bytes]]:
    """The child, in a session of its own; killed and waited for at the end, whatever happens here meanwhile."""
    settings = json.dumps({**asdict(limits), "own_root": own_root, "parent": os.getpid()})
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(_CHILD), settings, *mode],
        cwd=folder,
        env={"HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.kill()  # it is the only process of its session: it cannot start another
        child.wait()


def _watch(
    child: subprocess.Popen[bytes], standard_input: bytes, limits: Limits, watched_folder: Path | None
) -> ProgramRun:
    """Feed and drain the pipes, stop the program at a limit, and return how it ended."""
    assert child.stdin and child.stdout and child.stderr
    outputs: dict[str, bytes] = {}

    def drain(name: str, pipe: IO[bytes]) -> None:
        outputs[name] = pipe.read(limits.output_bytes + 1)
        if len(outputs[name]) > limits.output_bytes:
            child.kill()

    def feed(pipe: IO[bytes]) -> None:
        with contextlib.suppress(BrokenPipeError), pipe:  # the program may end without reading its input
            pipe.write(standard_input)

    threads = [
        threading.Thread(target=feed, args=(child.stdin,), daemon=True),
        threading.Thread(target=drain, args=("output", child.stdout), daemon=True),
        threading.Thread(target=drain, args=("error", child.stderr), daemon=True),
    ]
    for thread in threads:
        thread.start()
    stopped = _stopped_by(child, limits, watched_folder)
    for thread in threads:
        thread.join()
    child.stdout.close()
    child.stderr.close()
    output, error = outputs["output"], outputs["error"].decode("utf-8", "replace").strip()
    last_line = error.splitlines()[-1] if error else ""
    if max(map(len, outputs.values())) > limits.output_bytes:
        ending = Ending.TOO_MUCH_OUTPUT
    elif stopped is not None:
        ending = stopped
    elif child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        ending = Ending.TIME_OUT
    else:
        ending = Ending.FINISHED if child.returncode == 0 else Ending.FAULT
    return ProgramRun(ending, output[: limits.output_bytes].decode("utf-8", "replace"), last_line)


def _stopped_by(child: subprocess.Popen[bytes], limits: Limits, watched_folder: Path | None) -> Ending | None:
    """Wait for the child's end; the limit for which it was stopped here, or None if it ended by itself."""
    ends_at = time.monotonic() + limits.wall_s
    while (left_s := ends_at - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(min(LOOK_S, left_s))
            return None
        if _threads(child) > limits.threads:
            child.kill()
            child.wait()
            return Ending.FAULT
        if watched_folder is not None and holds_more(watched_folder, limits.folder_bytes, limits.folder_files):
            child.kill()
            child.wait()
            return Ending.TOO_MUCH_WRITTEN
    child.kill()
    child.wait()
    return Ending.TIME_OUT


def _threads(child: subprocess.Popen[bytes]) -> int:
    """The kernel counts them only where the program's user runs nothing else."""
    try:
        return len(os.listdir(f"/proc/{child.pid}/task"))
    except OSError:  # it has just ended
        return 0
