"""Ends a program when whoever started it is gone: for model servers of others, which would keep a GPU for ever.

    python -m trainer.serving.guardian vllm serve ...

The guardian's standard input is a pipe whose other end the starter holds. The kernel closes it when the starter dies,
however it dies; then the whole process group is ended. The guardian leaves with the program's own exit code.
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
        os.setpgid(0, 0)  # the group that is ended must not be somebody else's
    signal.signal(signal.SIGTERM, lambda number, frame: None)  # the group's end is for the program to answer to
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
