"""Programs of a model: they run, they are limited, and they do not get out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.worlds.sandbox import Ending, Limits, call_function, missing_protection, run_program

pytestmark = pytest.mark.skipif(missing_protection() is not None, reason=f"no sandbox here: {missing_protection()}")

ESCAPES = {
    "read a file of the machine": "print(open('/etc/passwd').read())",
    "list the machine": "import os; print(os.listdir('/'))",
    "read the parent's memory": "import os; print(open(f'/proc/{os.getppid()}/mem','rb').read(1))",
    "read its own environment": "print(open('/proc/self/environ').read())",
    "go through a link": "import os; os.symlink('/etc/passwd', 'p'); print(open('p').read())",
    "go through a hard link": "import os; os.link('/etc/hostname', 'p'); print('out')",
    "make a device": "import os, stat; os.mknod('d', stat.S_IFBLK | 0o600, os.makedev(254, 0)); print('out')",
    "shorten a file outside": "import os; os.truncate('/tmp', 0); print('out')",
    "go up": "print(open('../../etc/passwd').read())",
    "write outside": "open('/tmp/escaped','w').write('x'); print('out')",
    "open a socket": "import socket; socket.socket(); print('out')",
    "open a local socket": "import socket; socket.socketpair(); print('out')",
    "fork": "import os; os.fork(); print('out')",
    "fork from C": "import ctypes; print('out' if ctypes.CDLL(None).fork() >= 0 else 1 / 0)",
    "start a shell": "import os; os.execv('/bin/sh', ['sh', '-c', 'echo out'])",
    "start a program": "import subprocess; print(subprocess.check_output(['id']))",
    "kill the parent": "import os; os.kill(os.getppid(), 9); print('out')",
    "raise a limit": "import resource as r; r.setrlimit(r.RLIMIT_CPU, (9, 9)); print('out')",
    "make a namespace": "import ctypes; print('out' if ctypes.CDLL(None).unshare(0x10000000) == 0 else 1 / 0)",
    "leave the session": "import os; os.setsid(); print('out')",
    "change rights": "import os; os.chmod('program.py', 0o777); print('out')",
}


@pytest.mark.parametrize("source", ESCAPES.values(), ids=list(ESCAPES))
def test_no_way_out(source: str) -> None:
    run = run_program(source)
    assert run.ending is Ending.FAULT and run.output == "", run
    assert not Path("/tmp/escaped").exists()


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("while True: pass", Ending.TIME_OUT),
        ("import time; time.sleep(60)", Ending.TIME_OUT),
        ("x = 'a' * 10**10", Ending.FAULT),
        ("open('big', 'wb').write(bytes(2 * 2**20))", Ending.FAULT),
        ("while True: print('x' * 1000)", Ending.TOO_MUCH_OUTPUT),
        ("files = [open(str(n), 'w') for n in range(100)]", Ending.FAULT),
        ("syntax error", Ending.FAULT),
    ],
)
def test_limits_hold(source: str, ending: Ending) -> None:
    started = time.monotonic()
    assert run_program(source, limits=Limits(wall_s=3, processor_s=1)).ending is ending
    assert time.monotonic() - started < 20


def test_an_honest_program_runs_in_its_own_folder() -> None:
    source = (
        "import heapq, itertools, json, math, random, re, threading\n"
        "open('note', 'w').write(input())\n"
        "thread = threading.Thread(target=print, args=(open('note').read(),)); thread.start(); thread.join()"
    )
    run = run_program(source, "hello\n")
    assert (run.ending, run.output) == (Ending.FINISHED, "hello\n"), run


def test_a_function_is_called_for_each_argument_and_cannot_speak_for_itself() -> None:
    source = "def solve(x):\n    print('chatter')\n    return 10 // x"
    results = call_function(source, "solve", [1, 0, 5])
    assert results[0] == 10 and results[2] == 2 and str(results[1]).startswith("error: ZeroDivisionError")
    assert call_function("def other(x): return x", "solve", [1]) != [1]
    assert call_function("import os\ndef solve(x):\n    os._exit(0)", "solve", [1, 2]) == []
