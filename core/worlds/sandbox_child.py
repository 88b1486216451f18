"""The first thing that runs in the sandbox: sets the limits and locks, then runs the program.

Started by `sandbox.py` as `python -I -S -B sandbox_child.py LIMITS program` or `... LIMITS function NAME`, in the
program's own folder. Nothing of the project is on its path, so no file of the project has to be readable.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Set limits and locks, then run `program.py`."""
    limits, mode = json.loads(sys.argv[1]), sys.argv[2:]
    spec = importlib.util.spec_from_file_location("sandbox_locks", Path(__file__).with_name("sandbox_locks.py"))
    assert spec is not None and spec.loader is not None
    locks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(locks)
    source = Path("program.py").read_text(encoding="utf-8")
    for limit, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    # The soft limit sends a signal that names the reason; the hard one, a second later, cannot be caught.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["processor_s"], limits["processor_s"] + 1))
    readable = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    locks.lock_files(os.getcwd(), sorted(path for path in readable if os.path.isdir(path)))
    locks.lock_calls()
    sys.argv = ["program.py"]
    if mode[0] == "program":
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    else:
        _call_for_each(source, mode[1], json.load(sys.stdin))


def _call_for_each(source: str, name: str, arguments: list[object]) -> None:
    """Print one line of JSON for each argument; the program's own prints go to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    names: dict[str, object] = {"__name__": "program"}
    exec(compile(source, "program.py", "exec"), names)
    function = names.get(name)
    for argument in arguments:
        try:
            # A name that is not callable is the program's error.
            line = json.dumps(function(argument))  # type: ignore[operator]
        except Exception as error:
            line = json.dumps(f"error: {type(error).__name__}: {error}"[:200])
        print(line, file=answers, flush=True)


if __name__ == "__main__":
    main()
