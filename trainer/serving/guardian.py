"""Ends a program when the process that started it is gone: else a model server would keep its GPU forever.

    python -m trainer.serving.guardian vllm serve ...

The guardian's standard input is a pipe from the process that started it. The kernel closes the pipe when that process
dies in any way; then the guardian ends the whole process group. Its exit code is the program's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 5.0


def main() -> int:
    """Run the command of the arguments; returns its exit code."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # the group that is ended must be the guardian's own
    signal.signal(signal.SIGTERM, lambda number, frame: None)  # the program has to react to it
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_starter, args=(program,), daemon=True).start()
    return program.wait()


def _end_with_starter(program: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
