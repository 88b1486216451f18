"""The first thing that runs in the sandbox: sets the limits and locks, then runs the program.

Started by `sandbox.py` as `python -I -S -B sandbox_child.py SETTINGS program` or `... function NAME`, in the program's
own folder. Nothing of the project is on its path, so no file of the project has to be readable.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import resource
import sys
from types import ModuleType

_NEED_LIBRARIES = ("binascii", "zlib", "bz2", "lzma", "_uuid")
"""Modules with a shared library of the machine, which the program cannot load itself: base64 needs one, for example."""


def main() -> None:
    """Set limits and locks, then run `program.py`."""
    settings, mode = json.loads(sys.argv[1]), sys.argv[2:]
    locks, calls = _load("sandbox_locks"), _load("sandbox_calls")
    for name in _NEED_LIBRARIES:
        with contextlib.suppress(ImportError):  # not every Python is built with all of them
            importlib.import_module(name)
    os.umask(0o022)
    folder, readable = os.getcwd(), _standard_library()
    with open("program.py", encoding="utf-8") as file:
        source = file.read()
    os.unlink("program.py")  # written again below, in the root and by the user that the program has
    # A few files more: the root holds folders beside the program's own.
    own_root = (folder, readable, settings["folder_bytes"], settings["folder_files"] + 32)
    counted_alone = settings["own_root"] and locks.enter_own_root(*own_root)
    counted_alone = locks.drop_rights(folder, readable, settings["parent"]) or counted_alone
    with open("program.py", "w", encoding="utf-8") as file:
        file.write(source)
    for limit, value in (
        (resource.RLIMIT_AS, settings["memory_bytes"]),
        (resource.RLIMIT_FSIZE, settings["file_bytes"]),
        (resource.RLIMIT_NOFILE, settings["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    if counted_alone:  # otherwise the limit would count what else the user of the trainer runs
        resource.setrlimit(resource.RLIMIT_NPROC, (settings["threads"], settings["threads"]))
    # The soft limit sends a signal that names the reason; the hard one, a second later, cannot be caught.
    resource.setrlimit(resource.RLIMIT_CPU, (settings["processor_s"], settings["processor_s"] + 1))
    locks.lock_files(folder, readable, settings["own_root"])
    locks.lock_calls(calls.filter_program())
    sys.argv = ["program.py"]
    if mode[0] == "program":
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    else:
        _call_for_each(source, mode[1], json.load(sys.stdin))


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _standard_library() -> list[str]:
    """The folders of `sys.path`, which holds nothing else with -I -S; without those that lie in another."""
    folders = [path for path in sys.path if os.path.isdir(path)]
    return [path for path in folders if not any(path.startswith(f"{other}/") for other in folders)]


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
