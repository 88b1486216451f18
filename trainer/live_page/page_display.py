"""The training's side of its live page: says once a second how the run stands, and does what the page asks.

It is a progress display around another one, so it costs a training nothing between two looks. The page itself is a
process of its own: a server in this one would take the interpreter lock from the loop.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Final

from trainer.lane_views.lane_slots import FOLDER, make_slots
from trainer.live_page.messages import PageCommand, take_command, token_of, write_standing
from trainer.live_page.port import check_port
from trainer.llm_manager import LLMManager
from trainer.run.progress import ProgressDisplay, ProgressView
from trainer.run.stop_request import StopRequest
from trainer.settings import Settings

log = logging.getLogger(__name__)
INTERVAL_S: Final = 1.0
PAUSE_LOOK_S: Final = 0.2


class LivePageDisplay:
    """Shows on `inner`, too. Entered, it starts the page's process; left, it ends it."""

    def __init__(self, inner: ProgressDisplay, save_dir: Path, lanes: int, serve: list[str] | None) -> None:
        """`serve` is the command line of the page's process; None where somebody else serves it."""
        self.inner = inner
        self.folder = save_dir / FOLDER
        self.interval_s = min(INTERVAL_S, inner.interval_s)
        self._run_name: Callable[[], str] = str
        self._manager: object = None
        self._stop: Callable[[], StopRequest] = StopRequest
        self._lanes = lanes
        self._serve = serve
        self._server: subprocess.Popen[bytes] | None = None
        self._inner_due_s = 0.0
        self._activity = ""

    def connect(self, run_name: Callable[[], str], manager: object, stop: Callable[[], StopRequest]) -> None:
        """What the page shows of a run beside its progress, and how it is stopped."""
        self._run_name, self._manager, self._stop = run_name, manager, stop

    def __enter__(self) -> LivePageDisplay:
        make_slots(self.folder, self._lanes)
        take_command(self.folder)  # of an earlier training
        token = token_of(self.folder)
        if self._serve is not None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
            self._server = subprocess.Popen(
                self._serve, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, start_new_session=True
            )
            log.info("live page: %s#%s", self._serve[-1], token)
        self.inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.inner.__exit__(kind, error, trace)
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()  # it leaves when its input ends, also when this process is killed
            try:
                self._server.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._server.kill()

    def show(self, view: ProgressView) -> None:
        """Shows it, and waits here while the page has paused the run."""
        now = time.perf_counter()
        if now >= self._inner_due_s or view.activity.partition(",")[0] != self._activity:
            self._activity = view.activity.partition(",")[0]
            self._inner_due_s = now + self.inner.interval_s
            self.inner.show(view)
        self._say(view, is_paused=False)
        command = take_command(self.folder)
        if command is PageCommand.STOP:
            self._stop_run()
        elif command is PageCommand.PAUSE:
            self._pause(view)

    def _pause(self, view: ProgressView) -> None:
        log.info("paused by the live page")
        said_s = 0.0
        while not self._stop().requested:
            if time.perf_counter() - said_s >= INTERVAL_S:
                said_s = time.perf_counter()
                self._say(view, is_paused=True)
            command = take_command(self.folder)
            if command is PageCommand.STOP:
                self._stop_run()
                return
            if command is PageCommand.RESUME:
                break
            time.sleep(PAUSE_LOOK_S)
        log.info("the run goes on")

    def _stop_run(self) -> None:
        log.info("stopped by the live page")
        self._stop().ask()

    def _say(self, view: ProgressView, is_paused: bool) -> None:
        reading = self._manager.reading if isinstance(self._manager, LLMManager) else None
        write_standing(
            self.folder,
            {
                **{one.name: getattr(view, one.name) for one in fields(view)},
                "run": self._run_name(),
                "language_model": None if reading is None else asdict(reading),
                "is_paused": is_paused,
                "at_s": time.time(),
            },
        )


def live_page_of(settings: Settings, inner: ProgressDisplay) -> LivePageDisplay | None:
    """The page that the settings ask for, around another display; None where they ask for none.

    Raises ConfigurationError where nothing can listen at its address.
    """
    if settings.live_page is None:
        return None
    host, port = settings.live_page_host, settings.live_page
    check_port(host, port)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    places = [str(settings.save_dir), str(settings.decision_db_path), str(settings.rom_path)]
    url = f"http://{shown}:{port}/"
    command = [sys.executable, "-m", "trainer.live_page", *places, host, str(port), url]
    return LivePageDisplay(inner, settings.save_dir, settings.lanes, command)
