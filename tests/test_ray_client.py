"""Training on a cluster that is asked from outside ("ray://"), with the token that Ray asks for by default."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed: pip install -e '.[ray]' -c constraints.txt")
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]

HOST = "127.0.0.1"
TRAINING = """
import json, sys
from pathlib import Path
from core.exceptions import ConfigurationError
from tests.test_ray_fleet import config_in, trained

folder, cluster = Path(sys.argv[1]), sys.argv[2]
try:
    print(json.dumps(trained(config_in(folder, cluster or None))))
except ConfigurationError as error:
    print(json.dumps(str(error)))
"""


def free_ports(count: int) -> list[int]:
    """Ports above those that Ray gives to its workers."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture(scope="module")
def head() -> Iterator[tuple[str, str]]:
    """Address and token of a running head with two cores."""
    head_port, client_port, agent_port = free_ports(3)
    token = secrets.token_hex(32)
    ports = ["--port", head_port, "--ray-client-server-port", client_port, "--runtime-env-agent-port", agent_port]
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--num-cpus", 2, *ports]
    started = subprocess.Popen(
        [str(word) for word in (*command, "--node-ip-address", HOST, "--include-dashboard", "false")],
        env={**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            assert started.poll() is None, "the head has ended"
            with socket.socket() as line:
                if line.connect_ex((HOST, client_port)) == 0:
                    break
            time.sleep(0.2)
        yield f"ray://{HOST}:{client_port}", token
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


def result(folder: Path, cluster: str, **environment: str) -> object:
    """What a training of its own process came to: Ray reads its environment once in a process."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    run = subprocess.run(
        [sys.executable, "-c", TRAINING, str(folder), cluster],
        env={**known, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_from_outside_the_run_is_that_of_this_machine(head: tuple[str, str], tmp_path: Path) -> None:
    address, token = head
    here = result(tmp_path / "here", "")
    there = result(tmp_path / "there", address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token)
    assert isinstance(here, list) and here == there


def test_without_the_token_one_line_says_what_is_missing(head: tuple[str, str], tmp_path: Path) -> None:
    said = result(tmp_path / "run", head[0])
    assert isinstance(said, str) and said.startswith(f'cluster is "{head[0]}" and there is none: ')
    assert "Where the head asks for a token, the run needs it, and RAY_AUTH_MODE=token" in said
