"""Programs that try to get out of the sandbox, to use more than they may, or to confuse who reads their answers.

`ESCAPES` print "out" where they got out. Run as a program, this file tries them all and prints how many were tried and
which were not held, as JSON: `python -m tests.hostile_programs [--without-own-root]`. With the switch it first gives up
the right to make namespaces, as a container does by default; what then cannot be held is in `NAMES_OUTSIDE`.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # started by an interpreter that knows nothing of the project
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.worlds.sandbox import Ending, Limits, call_function, missing_own_root, run_program

C = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
OTHER_PACKAGES = sysconfig.get_path("purelib")
"""Where the project itself is installed by most of its users."""
ESCAPES = {
    "read a file of the machine": "print(open('/etc/passwd').read(), 'out')",
    "list the machine": "import os; assert 'etc' in os.listdir('/'); print('out')",
    "read the parent's memory": "import os; print(open(f'/proc/{os.getppid()}/mem','rb').read(1), 'out')",
    "read its own environment": "print(open('/proc/self/environ').read(), 'out')",
    "go through a link": "import os; os.symlink('/etc/passwd', 'p'); print('out')",
    "go through a hard link": "import os; os.link('/etc/hostname', 'p'); print('out')",
    "make a device": "import os, stat; os.mknod('d', stat.S_IFBLK | 0o600, os.makedev(254, 0)); print('out')",
    "shorten a file outside": "import os; os.truncate('/tmp', 0); print('out')",
    "go up": "open('../../etc/passwd').read(); print('out')",
    "write outside": "open('/tmp/escaped','w').write('x'); print('out')",
    "write into the library": "import os; open(os.__file__, 'a'); print('out')",
    "read installed packages": f"import os; w = os.walk({OTHER_PACKAGES!r})\n"
    "for folder, _, names in w:\n    for name in names: open(folder + '/' + name).read(1); print('out'); break\n1 / 0",
    "read packages within the library": "import glob, os; d = os.path.dirname(os.__file__)\n"
    "for f in glob.glob(d + '/*-packages/**/*.*', recursive=True): open(f, 'rb').read(1); print('out'); break\n1 / 0",
    "open a socket": "import socket; socket.socket(); print('out')",
    "open a local socket": "import socket; socket.socketpair(); print('out')",
    "fork": "import os; os.fork(); print('out')",
    "fork from C": C + "print('out' if libc.fork() >= 0 else 1 / 0)",
    "start a shell": "import os; os.execv('/bin/sh', ['sh', '-c', 'echo out'])",
    "start a program": "import subprocess; print(subprocess.check_output(['id']), 'out')",
    "kill the parent": "import os; os.kill(os.getppid(), 0); print('out')",
    "trace the parent": C + "import os; print('out' if libc.ptrace(16, os.getppid(), 0, 0) == 0 else 1 / 0)",
    "learn whether a process is there": "import os; os.getpgid(os.getppid()); print('out')",
    "have the kernel signal the parent": "import fcntl, os; r, w = os.pipe()\n"
    "fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()); print('out')",
    "have the kernel signal the parent's group": "import fcntl, os; r, w = os.pipe()\n"
    "fcntl.fcntl(r, 15, (2).to_bytes(4, 'little') + os.getppid().to_bytes(4, 'little')); print('out')",
    "choose the signal": "import fcntl, os; r, w = os.pipe(); fcntl.fcntl(r, 10, 9); print('out')",
    "be signalled when a pipe is ready": "import fcntl, os; r, w = os.pipe()\n"
    "fcntl.fcntl(r, fcntl.F_SETFL, os.O_NONBLOCK | 0o20000); print('out')",
    "be signalled by ioctl": "import fcntl, os; r, w = os.pipe()\n"
    "fcntl.ioctl(r, 0x5452, b'\\1\\0\\0\\0'); print('out')",
    "be signalled when a folder changes": "import fcntl, os; d = os.open('.', 0)\n"
    "fcntl.fcntl(d, 1026, 4); print('out')",
    "hold a lease on a file": "import fcntl; f = open('f', 'w'); fcntl.fcntl(f, 1024, 1); print('out')",
    "push keys into the terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x'); print('out')",
    "raise a limit": "import resource as r; r.setrlimit(r.RLIMIT_CPU, (9, 9)); print('out')",
    "change the parent's limits": "import os, resource as r; r.prlimit(os.getppid(), r.RLIMIT_CORE); print('out')",
    "make a namespace": C + "print('out' if libc.unshare(0x10000000) == 0 else 1 / 0)",
    "make mounts of its own": C + "print('out' if libc.unshare(0x20000) == 0 else 1 / 0)",
    "change the mounts": C + "print('out' if libc.syscall(442, -100, b'/', 0x8000, bytes(32), 32) == 0 else 1 / 0)",
    "mount": C + "print('out' if libc.mount(b'none', b'/', None, 1 << 18, None) == 0 else 1 / 0)",
    "watch all files": C + "print('out' if libc.fanotify_init(0, 0) >= 0 else 1 / 0)",
    "watch a folder": C + "print('out' if libc.inotify_init1(0) >= 0 else 1 / 0)",
    "change the root": "import os; os.chroot('.'); print('out')",
    "turn the clock": C + "t = (8).to_bytes(8, 'little') + bytes(400)\n"
    "print('out' if libc.clock_adjtime(0, t) >= 0 else 1 / 0)",
    "read the kernel's log": C + "print('out' if libc.klogctl(10, None, 0) >= 0 else 1 / 0)",
    "go before all others": "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); print('out')",
    "take another's processor": "import os; os.sched_setaffinity(0, {0}); print('out')",
    "be somebody else": "import os; os.setuid(1); print('out')",
    "be in another group": "import os; os.setgroups([0, 1]); print('out')",
    "keep a capability": C + "import struct; sets = ctypes.create_string_buffer(24)\n"
    "libc.capget(struct.pack('<Ii', 0x20080522, 0), sets); print('out' if any(sets.raw) else 1 / 0)",
    "leave the session": "import os; os.setsid(); print('out')",
    "change rights": "import os; os.chmod('program.py', 0o777); print('out')",
    "share memory that outlives it": C + "print('out' if libc.shmget(0, 4096, 0o1600) >= 0 else 1 / 0)",
    "make a file without a name": "import os; os.memfd_create('x'); print('out')",
    "make an asynchronous ring": C + "print('out' if libc.syscall(425, 4, bytes(120)) >= 0 else 1 / 0)",
    "keep a key": C + "import os; number = {'x86_64': 248, 'aarch64': 217}[os.uname().machine]\n"
    "print('out' if libc.syscall(number, b'user', b'k', b'v', 1, -3) > 0 else 1 / 0)",
}
"""By what they try. They must end in a fault and print nothing."""
NAMES_OUTSIDE = {
    "is a file there": "import os; os.stat('/etc/passwd'); print('out')",
    "may I read it": "import os; print('out' if os.access('/etc/passwd', os.F_OK) else 1 / 0)",
    "whose interpreter am I": "import os; os.readlink('/proc/self/exe'); print('out')",
    "is the project there": f"import os; print('out' if os.path.exists({str(Path(__file__).parent)!r}) else 1 / 0)",
    "hold a file without reading it": "import os; os.open('/etc/passwd', os.O_PATH); print('out')",
    "go there": "import os; os.chdir('/etc'); print('out')",
    "look through a folder": "import os; os.open('/', os.O_PATH | os.O_DIRECTORY); os.stat('/etc'); print('out')",
    "names of packages within the library": "import glob, os; d = os.path.dirname(os.__file__)\n"
    "print('out' if glob.glob(d + '/*-packages/*') else 1 / 0)",
}
"""Attempts to learn which names are outside: held where the machine permits the program a root of its own."""


@dataclass(frozen=True, slots=True)
class Greedy:
    """A program that takes more and more, and prints "out" where it got far too much."""

    source: str
    endings: tuple[Ending, ...]


_FULL = (Ending.FAULT, Ending.TOO_MUCH_WRITTEN)
GREEDY = {
    "compute for ever": Greedy("while True: pass", (Ending.TIME_OUT,)),
    "catch the processor's limit": Greedy(
        "import signal\nsignal.signal(signal.SIGXCPU, lambda *_: None)\nwhile True: pass", (Ending.TIME_OUT,)
    ),
    "wait for ever": Greedy("import time; time.sleep(60)", (Ending.TIME_OUT,)),
    "fill the memory": Greedy("x = 'a' * 10**10", (Ending.FAULT,)),
    "write a large file": Greedy("open('big', 'wb').write(bytes(2 * 2**20))", (Ending.FAULT,)),
    "write many large files": Greedy(
        "for n in range(700):\n    open(str(n), 'wb').write(bytes(2**20))\n    if n == 199: print('out', flush=True)",
        _FULL,
    ),
    "write many small files": Greedy("for n in range(30_000): open(str(n), 'w').close()\nprint('out')", _FULL),
    "nest folders": Greedy("import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')\nprint('out')", _FULL),
    "hide what it writes": Greedy(
        "import os, time\nos.mkdir('d', 0o300); os.chdir('d')\n"
        "for n in range(700):\n    open(str(n), 'wb').write(bytes(2**20))\n    if n == 199: print('out', flush=True)",
        _FULL,
    ),
    "print for ever": Greedy("while True: print('x' * 1000)", (Ending.TOO_MUCH_OUTPUT,)),
    "open many files": Greedy("files = [open(str(n), 'w') for n in range(100)]", (Ending.FAULT,)),
    "start many threads": Greedy(
        "import threading, time\nthreading.stack_size(32768)\n"
        "for n in range(2000):\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "    if n == 1500: print('out', flush=True)",
        (Ending.FAULT,),
    ),
}
"""By what they take. They must end in one of the ways named, with nothing left of what they wrote."""
LIMITS_OF_GREED = Limits(wall_s=2.0, processor_s=1)

_SAY = "import os\ndef solve(x): os.write(1, {line} + b'\\n'); os._exit(0)"
CONFUSING = {
    "lists within lists without end": _SAY.format(line="b'[' * 60_000"),
    "closed lists, deep": _SAY.format(line="b'[' * 30_000 + b']' * 30_000"),
    "deep enough to be read, too deep to be printed": _SAY.format(line="b'[' * 900 + b']' * 900"),
    "objects within objects": _SAY.format(line="b'{\"a\":' * 12_000"),
    "a number of 5,000 digits": _SAY.format(line="b'9' * 5000"),
    "bytes that are no text": _SAY.format(line="bytes(range(128, 256))"),
    "not JSON": _SAY.format(line="b'{'"),
    "no answer": "import os\ndef solve(x): os._exit(0)",
}
"""Functions `solve` that print what is no answer. `call_function` must return no result for them, and not raise."""


Attempt = Callable[[Path], list[str]]
"""Runs a program whose folder is made in an empty folder of the trial's own, and says what was not held."""


def attempts(own_root: bool) -> dict[str, Attempt]:
    """All of the above, by what they try. Without a root of its own for the program, `NAMES_OUTSIDE` is left out."""
    escapes = {**ESCAPES, **(NAMES_OUTSIDE if own_root else {})}
    return {
        "an honest program": _work,
        **{name: partial(_escape, source) for name, source in escapes.items()},
        **{name: partial(_take, greedy) for name, greedy in GREEDY.items()},
        **{name: partial(_confuse, source) for name, source in CONFUSING.items()},
    }


def _work(folder: Path) -> list[str]:
    """Where nothing runs, nothing gets out."""
    honest = run_program("print(input())", "in")
    return [] if honest.output == "in\n" else [str(honest)]


def _escape(source: str, folder: Path) -> list[str]:
    run = run_program(source)
    return [] if run.ending is Ending.FAULT and not run.output else [str(run)]


def _take(greedy: Greedy, folder: Path) -> list[str]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        run = run_program(greedy.source, limits=LIMITS_OF_GREED)
    finally:
        tempfile.tempdir = before
    taken = run.ending not in greedy.endings or "out" in run.output.split()
    faults = [f"{run.ending} {run.output[:80]} {run.error}"] if taken else []
    return [*faults, *(f"left {left}" for left in folder.iterdir())]


def _confuse(source: str, folder: Path) -> list[str]:
    try:
        results = call_function(source, "solve", [1])
    except (RecursionError, ValueError) as error:
        return [f"raised {type(error).__name__}"]
    return [str(results)[:80]] if results else []


UNSHARE, LANDLOCK_RESTRICT = {"x86_64": 272, "aarch64": 97}, {"x86_64": 446, "aarch64": 446}


def give_up_call(numbers: dict[str, int]) -> None:
    """Refuse a system call to this process and its children, as a container does; there is no way back."""
    call = numbers[platform.machine()]
    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def main() -> int:
    """Try all; the exit code says whether all were held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--without-own-root", action="store_true")
    arguments = parser.parse_args()
    if arguments.without_own_root:
        give_up_call(UNSHARE)
    own_root = missing_own_root() is None
    tried = attempts(own_root)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        found = {name: faults for name, attempt in tried.items() if (faults := attempt(Path(folder)))}
    state = {"own root": own_root, "user": os.geteuid(), "tried": len(tried), "not held": found}
    print(json.dumps(state, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
