"""Workers are forked with signals held, and have nothing of the main process's locks."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.env.lanes import vector_env
from core.env.lanes.held_signals import signals_held
from core.env.lanes.lane_process import WorkerProcess
from core.env.lanes.vector_env import VectorEnv
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from tests.utils import FERNVALE

_in_fork: list[int] = []
"""Signals that this process gets in the middle of its next fork."""
os.register_at_fork(before=lambda: [signal.raise_signal(number) for number in _in_fork])


@contextmanager
def python_alone() -> Iterator[None]:
    """Signals as in anybody's script: SIGINT raises KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        _in_fork.clear()
        signal.signal(signal.SIGINT, before)


def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(str(FERNVALE), headless=True, max_steps=20)


def test_a_signal_in_a_fork_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not swallowed in the hook, no lock stays held, and the worker that was forked is not forgotten."""
    started: list[WorkerProcess] = []
    start_worker = vector_env.start_worker

    def start_noted(*arguments: object) -> WorkerProcess:
        started.append(start_worker(*arguments))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(vector_env, "start_worker", start_noted)
    with python_alone():
        _in_fork.append(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            VectorEnv(make_env, lanes=2, workers=2)
    assert len(started) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0].process, 0)
    other = threading.Thread(target=logging.getLogger("after the fork").warning, args=("said",))
    other.start()
    other.join(10)
    assert not other.is_alive(), "the lock of logging is free"


def test_held_signals_come_at_the_end() -> None:
    """Also one that another thread takes: Python runs its handler in the main thread."""
    came: list[int] = []
    sends, sent = threading.Event(), threading.Event()

    def send() -> None:
        sends.wait()
        signal.raise_signal(signal.SIGTERM)
        sent.set()

    threading.Thread(target=send).start()
    before = signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    try:
        with signals_held():
            sends.set()
            sent.wait()
            assert came == []
        assert came == [signal.SIGTERM]
        with signals_held():
            signal.raise_signal(signal.SIGTERM)
            assert came == [signal.SIGTERM]
        assert came == [signal.SIGTERM] * 2
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_worker_ignores_the_signals_of_the_group() -> None:
    with VectorEnv(make_env, lanes=2, workers=2) as env:
        first = env.reset([1, 2])
        for process in env.worker_processes():
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(process, number)
        step = env.step([0, 0])
        assert step.replacements == () and first.replacements == ()


class Talkative(EnhancedPyBoyPokemonCrystalEnv):
    """Logs when a game begins, as an env of the user's own may."""

    def restart(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        logging.getLogger("talkative").warning("a game begins")
        return super().restart(*arguments, **options)  # type: ignore[arg-type]


class HeldHandler(logging.Handler):
    """A handler with a lock of its own, as a terminal's display has one."""

    def __init__(self) -> None:
        super().__init__()
        self.own_lock = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        with self.own_lock:
            pass


def test_a_worker_logs_though_a_lock_was_held_when_it_was_forked(capfd: pytest.CaptureFixture[str]) -> None:
    handler = HeldHandler()
    logging.getLogger().addHandler(handler)
    probe = Talkative(str(FERNVALE), headless=True, max_steps=20)
    made = [probe]

    def make(lane: int) -> Talkative:
        return made.pop() if made else Talkative(str(FERNVALE), headless=True, max_steps=20)

    try:
        handler.own_lock.acquire()
        with VectorEnv(make, lanes=1, workers=1, answer_timeout_s=20.0) as env:
            env.reset([1])
    finally:
        handler.own_lock.release()
        logging.getLogger().removeHandler(handler)
    assert "WARNING talkative: a game begins" in capfd.readouterr().err
