"""Programs of a model: they run, they are limited, and they do not get out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil
import pytest

from core.worlds.sandbox import (
    DEEPEST_RESULT,
    Ending,
    Limits,
    call_function,
    missing_own_root,
    missing_protection,
    run_program,
)
from core.worlds.sandbox_folder import DEEPEST, holds_more, remove_folder
from tests import hostile_programs

pytestmark = pytest.mark.skipif(missing_protection() is not None, reason=f"no sandbox here: {missing_protection()}")
HERE = {**hostile_programs.ESCAPES, **(hostile_programs.NAMES_OUTSIDE if missing_own_root() is None else {})}
NOBODY = 65534


@pytest.mark.parametrize("source", HERE.values(), ids=list(HERE))
def test_no_way_out(source: str) -> None:
    run = run_program(source)
    assert run.ending is Ending.FAULT and run.output == "", run
    assert not Path("/tmp/escaped").exists()


def tried_elsewhere(*options: str, as_nobody: bool = False) -> dict[str, object]:
    """What `hostile_programs` prints when it runs as a program, in another place than this process."""
    interpreter = sys.executable
    if as_nobody:
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        interpreter = next((path for path in _interpreters() if _reads_the_programs(path)), "")
        if not interpreter:
            pytest.skip("no Python that an ordinary user may run and that reads this folder")
    done = _run([interpreter, hostile_programs.__file__, *options], as_nobody)
    assert done.stdout, done.stderr
    return json.loads(done.stdout) | {"warnings": done.stderr}


def _run(command: list[str], as_nobody: bool) -> subprocess.CompletedProcess[str]:
    user, groups = (NOBODY, ()) if as_nobody else (None, None)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd="/",
        env={},
        check=False,
        user=user,
        group=user,
        extra_groups=groups,
    )


def _interpreters() -> list[str]:
    names = [f"python3.{minor}" for minor in range(13, 10, -1)] + ["python3"]
    found = [shutil.which(name, path="/usr/bin:/usr/local/bin") for name in names]
    return [path for path in [sys.executable, *found] if path]


def _reads_the_programs(interpreter: str) -> bool:
    code = f"import sys; assert sys.version_info >= (3, 11); open({hostile_programs.__file__!r})"
    try:
        return _run([interpreter, "-I", "-c", code], as_nobody=True).returncode == 0
    except PermissionError:
        return False


@pytest.mark.parametrize("as_nobody", [False, True], ids=["as the user of the tests", "as nobody"])
def test_no_way_out_where_containers_forbid_a_root_of_its_own(as_nobody: bool) -> None:
    tried = tried_elsewhere("--without-own-root", as_nobody=as_nobody)
    assert (tried["own root"], tried["not held"]) == (False, {})
    assert str(tried["warnings"]).count("can learn which names are there") == 1, "said, and said once"


def test_no_way_out_for_an_ordinary_user_s_program() -> None:
    tried = tried_elsewhere(as_nobody=True)
    assert (tried["user"], tried["not held"]) == (NOBODY, {})


@pytest.mark.parametrize("name", hostile_programs.GREEDY)
def test_limits_hold_and_nothing_stays(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    greedy, started = hostile_programs.GREEDY[name], time.monotonic()
    run = run_program(greedy.source, limits=hostile_programs.LIMITS_OF_GREED)
    assert run.ending in greedy.endings and "out" not in run.output.split(), run
    assert not list(tmp_path.iterdir())
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", hostile_programs.CONFUSING)
def test_no_answer_ends_its_reader(name: str) -> None:
    assert call_function(hostile_programs.CONFUSING[name], "solve", [1]) == []


def test_a_result_is_read_up_to_a_depth() -> None:
    source = "def solve(n):\n    value = 1\n    for _ in range(n): value = [value]\n    return value"
    results = call_function(source, "solve", [1, DEEPEST_RESULT, DEEPEST_RESULT + 1, 2])
    assert results[0] == [1] and len(results) == 2, "from what is too deep on, nothing is trusted"


def test_an_honest_program_runs_in_its_own_folder() -> None:
    source = (
        "import heapq, itertools, json, math, random, re, threading\n"
        "open('note', 'w').write(input())\n"
        "thread = threading.Thread(target=print, args=(open('note').read(),)); thread.start(); thread.join()"
    )
    run = run_program(source, "hello\n")
    assert (run.ending, run.output) == (Ending.FINISHED, "hello\n"), run
    assert run_program("syntax error").ending is Ending.FAULT
    assert run_program("print(len(input()))", "\ud800\n").output == "1\n", "half a character comes from a file"


HONEST = """
import base64, bisect, calendar, collections, concurrent.futures, copy, csv, datetime, decimal, fractions, glob
import functools, hashlib, mmap, os, pathlib, pickle, platform, queue, resource, secrets, select, shutil, signal
import statistics, string, sys, tempfile, threading, time, unittest, uuid, zlib
os.makedirs("a/b"); pathlib.Path("a/b/f").write_text("x" * 10); shutil.copyfile("a/b/f", "a/g")
assert [names for _, _, names in os.walk("a")] == [["g"], ["f"]] and glob.glob("a/*/f") == ["a/b/f"]
with tempfile.TemporaryDirectory() as folder: pathlib.Path(folder, "x").write_text("1")
os.replace("a/g", "a/h"); os.remove("a/h"); shutil.rmtree("a"); assert not os.path.exists("a")
with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(abs, range(-9, 0))) == 45
assert time.time() > 0 and time.process_time() > 0 and datetime.datetime.now().year > 2000; time.sleep(0.001)
area = mmap.mmap(-1, 8192); area[0] = 1; area.close()
assert platform.system() == "Linux" and uuid.uuid4() and secrets.token_hex(2) and base64.b64encode(zlib.compress(b"x"))
assert hashlib.sha256(b"").hexdigest().startswith("e3b0")
rang = []; signal.signal(signal.SIGALRM, lambda *_: rang.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.001)
time.sleep(0.05); assert rang
r, w = os.pipe(); os.write(w, b"x"); assert select.select([r], [], [], 1)[0] == [r] and os.read(r, 1) == b"x"
with open("z", "w+") as file: file.write("12345"); file.truncate(2); file.flush(); os.fsync(file.fileno())
waiting = queue.Queue(); threading.Timer(0.001, waiting.put, (1,)).start(); assert waiting.get(timeout=5) == 1
assert resource.getrlimit(resource.RLIMIT_CPU)[0] == 2 and os.cpu_count() and os.getpid() and os.urandom(1)
sys.setrecursionlimit(5000); depth = lambda n: n and 1 + depth(n - 1); assert depth(3000) == 3000
print(sys.stdin.read().strip(), os.environ["HOME"] == os.getcwd())
"""


def test_an_honest_program_has_what_python_has() -> None:
    run = run_program(HONEST, "all")
    assert (run.ending, run.output) == (Ending.FINISHED, "all True\n"), run


def test_a_function_is_called_for_each_argument_and_cannot_speak_for_itself() -> None:
    source = "def solve(x):\n    print('chatter')\n    return 10 // x"
    results = call_function(source, "solve", [1, 0, 5])
    assert results[0] == 10 and results[2] == 2 and str(results[1]).startswith("error: ZeroDivisionError")
    assert call_function("def other(x): return x", "solve", [1]) != [1]
    assert call_function("import os\ndef solve(x):\n    os._exit(0)", "solve", [1, 2]) == []


def soon(true: Callable[[], bool]) -> bool:
    return any(true() or time.sleep(0.02) for _ in range(500))  # type: ignore[func-returns-value]


def test_where_a_lock_is_refused_no_program_runs() -> None:
    code = (
        "from tests.hostile_programs import *; give_up_call(LANDLOCK_RESTRICT)\n"
        "try: print(run_program('print(1)'))\nexcept Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=True
    )
    assert done.stdout.startswith("EnvironmentError programs of a model are not run on this machine"), done
    assert "landlock_restrict_self: Operation not permitted" in done.stdout


def test_a_program_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "from core.worlds.sandbox import *; run_program('while True: pass', limits=Limits(wall_s=60, processor_s=60))"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    trainer = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, env=env)
    assert soon(lambda: len(psutil.Process(trainer.pid).children()) == 1)
    time.sleep(0.3)  # past the probe, and into the locks
    assert soon(lambda: len(psutil.Process(trainer.pid).children()) == 1)
    (program,) = psutil.Process(trainer.pid).children()
    trainer.kill()
    trainer.wait()
    assert soon(lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE)


def test_an_interrupted_run_leaves_neither_process_nor_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    interruptions = iter([KeyboardInterrupt(), TimeoutError("the program was waited for, not killed")])

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise next(interruptions)

    before, others = signal.signal(signal.SIGALRM, interrupt), set(psutil.Process().children())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3, 10)
        with pytest.raises(KeyboardInterrupt):
            run_program("while True: pass", limits=Limits(wall_s=60, processor_s=60))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert set(psutil.Process().children()) <= others and not list(tmp_path.iterdir())


def test_any_folder_is_measured_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    folder.mkdir()
    (folder / "file").write_bytes(bytes(5000))
    assert not holds_more(folder, 8192, 1) and holds_more(folder, 4096, 9) and holds_more(folder, 8192, 0)
    here = os.open(folder, os.O_RDONLY)
    for depth in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
        if abs(depth - DEEPEST) <= 1:
            assert holds_more(folder, 2**20, 100) is (depth > DEEPEST)
    os.close(here)
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("x")
    (folder / "closed").chmod(0)
    assert holds_more(folder, 2**20, 10_000)
    remove_folder(folder)
    assert not folder.exists()
