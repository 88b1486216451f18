"""The live page: what playing processes show, what the server lets in and out, and how a browser shows it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Page, sync_playwright

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError
from core.history.store import HistoryStore
from tests.history_samples import walk
from tests.utils import FERNVALE, create_test_trainer, generate_test_config
from trainer.lane_views.lane_slots import FOLDER, SlotWriter, make_slots, read_slots, told_in
from trainer.lane_views.lane_view import LaneView, all_cells, write_cells
from trainer.live_page.messages import PageCommand, ask, take_command, token_of, write_standing
from trainer.live_page.run_data import metric_lines
from trainer.live_page.server import ServedRun, page_app
from trainer.run.curves import FILE_NAME

ROOT = Path(__file__).resolve().parent.parent
SCREEN = np.random.default_rng(3).integers(0, 256, (144, 160, 3), dtype=np.uint8)
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_slot_has_what_was_written_and_half_a_decision_is_none(tmp_path: Path) -> None:
    writer = SlotWriter(tmp_path, 1)
    writer.show(SCREEN, 1, 1.0, (1, 2), (3, 4), 5)  # no file yet: nothing happens
    make_slots(tmp_path, 2)
    writer = SlotWriter(tmp_path, 1)
    writer.show(SCREEN, 7, 2.5, (1, 2), (3, 4), 5)
    writer.tell({"source": "rules", "reasoning": HOSTILE})
    first, second = read_slots(tmp_path)
    np.testing.assert_array_equal(second["screen"], SCREEN)
    assert (second["steps"], second["reward"], second["map"].tolist(), second["place"].tolist()) == (
        7,
        2.5,
        [1, 2],
        [3, 4],
    )
    assert told_in(second) == {"source": "rules", "reasoning": HOSTILE} and told_in(first) == {}
    torn = second.copy()
    torn["told"][5] ^= 1
    assert told_in(torn) == {}
    writer.tell({"reasoning": "x" * 5000})
    assert told_in(read_slots(tmp_path)[1])["reasoning"] == HOSTILE, "one that is too long is left out"


def test_an_observed_game_is_the_same_game_and_its_cells_are_counted(tmp_path: Path) -> None:
    make_slots(tmp_path, 1)
    plain = EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state")
    seen = EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state")
    view = seen.observer = LaneView(tmp_path, 0)
    assert plain.restart(seed=3) == seen.restart(seed=3)
    cells: Counter[tuple[int, int, int, int]] = Counter()
    for action in (7, 7, 5, 5, 7, 6, 6, 4):
        view._picture_at_s = view._cells_at_s = 0.0  # everything is due
        state = plain.advance(action).state
        assert seen.advance(action).state == state
        cells[(*state.position.map, state.position.x, state.position.y)] += 1
    assert all_cells(tmp_path) == cells and len(cells) > 1
    write_cells(tmp_path / "lane_0001.cells.npy", cells)
    assert all_cells(tmp_path) == cells + cells
    (slot,) = read_slots(tmp_path)
    assert slot["steps"] == 8 and np.ptp(slot["screen"]) > 100
    np.testing.assert_array_equal(slot["screen"], seen.picture())
    seen.observer = LaneView(tmp_path, 0, counts_cells=False)
    seen.observer._picture_at_s = seen.observer._cells_at_s = 0.0
    seen.advance(7)
    assert all_cells(tmp_path) == cells + cells, "an evaluation's way is not the training's"
    assert read_slots(tmp_path)[0]["steps"] == 9
    plain.close()
    seen.close()


def test_a_command_is_taken_once_and_the_token_is_private(tmp_path: Path) -> None:
    assert take_command(tmp_path) is None
    ask(tmp_path, PageCommand.PAUSE)
    ask(tmp_path, PageCommand.STOP)
    assert (take_command(tmp_path), take_command(tmp_path)) == (PageCommand.STOP, None)
    (tmp_path / "command").write_text("explode")
    assert take_command(tmp_path) is None
    token = token_of(tmp_path / "live")
    assert token_of(tmp_path / "live") == token and len(token) >= 24
    assert (tmp_path / "live" / "token").stat().st_mode & 0o777 == 0o600


def started(folder: Path, port: int) -> subprocess.Popen[str]:
    config = generate_test_config(
        folder, total_episodes=500, max_steps_per_episode=50, live_page=port, eval_interval=0, log_level="INFO"
    )
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def awaited(address: str, wanted: Any, limit_s: float = 90) -> dict[str, Any]:
    """What the page says of the run, as soon as it is `wanted`."""
    deadline, found = time.monotonic() + limit_s, {}
    while time.monotonic() < deadline:
        try:
            found = httpx2.get(f"{address}/api/standing", timeout=10).json()
            if found["run"] and wanted(found["run"]):
                return found
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not seen within {limit_s} s; last was {json.dumps(found)[:500]}")


def test_a_training_is_watched_paused_and_stopped_from_its_page(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    training = started(tmp_path, port)
    try:
        found = awaited(address, lambda run: run["episodes"] >= 2)
        assert len(found["lanes"]) == 2 and found["run"]["total_episodes"] == 500
        live = tmp_path / "checkpoints" / FOLDER
        assert httpx2.post(f"{address}/api/command", content="stop").status_code == 403
        key = {"authorization": f"Bearer {token_of(live)}"}
        assert httpx2.post(f"{address}/api/command", content="explode", headers=key).status_code == 400
        assert httpx2.post(f"{address}/api/command", content="pause", headers=key).status_code == 200
        paused = awaited(address, lambda run: run["is_paused"])["run"]
        later = awaited(address, lambda run: run["at_s"] > paused["at_s"])["run"]
        assert later["is_paused"] and later["steps"] == paused["steps"], "it plays on"
        assert httpx2.post(f"{address}/api/command", content="resume", headers=key).status_code == 200
        awaited(address, lambda run: not run["is_paused"] and run["steps"] > paused["steps"])
        lanes = httpx2.get(f"{address}/api/standing").json()["lanes"]
        assert all(lane["decision"]["source"] == "rules" or lane["decision"]["source"] == "policy" for lane in lanes)
        picture = httpx2.get(f"{address}/lane/1.png")
        assert picture.headers["content-type"] == "image/png" and picture.content[:4] == b"\x89PNG"
        assert httpx2.post(f"{address}/api/command", content="stop", headers=key).status_code == 200
        said, _ = training.communicate(timeout=60)
        assert training.returncode == 0 and "Stopped. Go on with --resume." in said
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{address}/api/standing")  # the page ended with its training
    finally:
        if training.poll() is None:
            os.kill(training.pid, signal.SIGKILL)
    kinds = Counter(row["kind"] for row in metric_lines(tmp_path / "checkpoints" / FILE_NAME, ("episode", "update")))
    assert kinds["episode"] >= 2 and kinds["update"] >= 1


def test_the_lanes_of_an_evaluation_are_shown(tmp_path: Path) -> None:
    config = {"eval_episodes": 2, "max_steps_per_episode": 30, "agent_mode": "rules_only"}
    with closing(create_test_trainer(episodes=2, temp_dir=tmp_path, live_page=free_port(), **config)) as trainer:
        live = tmp_path / "checkpoints" / FOLDER
        trainer.train(**trainer.settings.train_arguments())
        told = [told_in(slot) for slot in read_slots(live)]
        assert [decision["evaluated"] for decision in told] == ["rl_only", "rl_only"], "the mode that is judged last"
        assert all(slot["steps"] > 0 and np.ptp(slot["screen"]) > 0 for slot in read_slots(live))


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match=r"cannot listen on 127\.0\.0\.1:"):
            create_test_trainer(temp_dir=tmp_path, live_page=taken.getsockname()[1])
    assert not (tmp_path / "checkpoints").exists() and not (tmp_path / "decisions.db").exists()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The page of a run with hostile names, served by a real server: its address and the run's folder."""
    folder = tmp_path_factory.mktemp("served")
    with HistoryStore(folder / "decisions.db") as store:
        for name in (HOSTILE, "calm"):
            run = store.start_run(name)
            for number in range(1, 6):
                store.commit_episode(run.id, walk(number))
    live = folder / FOLDER
    make_slots(live, 2)
    for lane in range(2):
        writer = SlotWriter(live, lane)
        writer.show(SCREEN, 9, 1.5, (1, 3), (4, 5), 2)
        writer.tell({"source": "llm", "action": "UP", "confidence": 0.5, "reasoning": HOSTILE, "option": HOSTILE})
    write_cells(live / "lane_0000.cells.npy", Counter({(1, 3, 4, 5): 7, (1, 3, 4, 6): 2, (200, 9, 3, 3): 1}))
    shares = {"llm": 0.2, "rules": 0.5, "policy": 0.3}
    numbers = {"activity": HOSTILE, "episodes": 5, "total_episodes": 9, "steps": 99, "steps_per_s": 12.5, "updates": 1}
    numbers |= {"mean_reward": 1.0, "best_reward": None, "stage": 1, "stages": 3, "teacher_share": 0.9, "eta_s": 61.0}
    words = {"milestones": {HOSTILE: 3}, "source_shares": shares, "strategy": HOSTILE, "run": HOSTILE}
    words |= {"believed_shares": {"press": {"policy": 0.75, HOSTILE: 0.25}}}
    model = {"asks": 3, "calls": 2, "cache_hits": 1, "prompt_tokens": 9, "completion_tokens": 4, "cost_usd": 0.01}
    model["latency_p50_s"] = 0.2
    write_standing(live, {**numbers, **words, "language_model": model, "is_paused": False, "at_s": time.time() + 3600})
    lines = [{"kind": "update", "run": HOSTILE, "update": 1, "policy_loss": 1.0, "value_loss": 2.0, "entropy": 0.5}]
    lines.append({"kind": "evaluation", "run": HOSTILE, "episode": 3, "mode": HOSTILE, "avg_reward": 2.0})
    (folder / FILE_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "upd')
    app = page_app(ServedRun(folder, folder / "decisions.db", FERNVALE))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", folder
    server.should_exit = True
    thread.join()


def test_the_server_answers_its_own_hosts_only_and_lets_no_script_in(served: tuple[str, Path]) -> None:
    address, _ = served
    answer = httpx2.get(address)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe-eval" not in policy and "default-src 'none'" in policy
    assert "http://" not in answer.text and "https://" not in answer.text, "the page asks somebody else"
    assert httpx2.get(address, headers={"host": "evil.example"}).status_code == 400
    assert httpx2.get(f"{address}/static/../server.py").status_code == 404
    assert httpx2.get(f"{address}/static/page.html").status_code == 404
    assert httpx2.get(f"{address}/lane/7.png").status_code == 404
    assert httpx2.get(f"{address}/api/command").status_code == 405
    missing = httpx2.get(f"{address}/api/curves", params={"run": "nobody"})
    assert missing.status_code == 404 and "nobody" in missing.text


def test_the_data_is_that_of_the_record(served: tuple[str, Path]) -> None:
    address, _ = served
    runs = httpx2.get(f"{address}/api/runs").json()
    assert [run["name"] for run in runs] == ["calm", HOSTILE] and runs[0]["episodes"] == 5
    assert runs[0]["reward_low"] <= runs[0]["mean_reward"] <= runs[0]["reward_high"]
    curves = httpx2.get(f"{address}/api/curves", params={"run": HOSTILE}).json()
    assert curves["episode"] == [1, 2, 3, 4, 5] and [line["kind"] for line in curves["lines"]] == [
        "update",
        "evaluation",
    ]
    maps = httpx2.get(f"{address}/api/maps").json()
    assert (maps[0]["name"], maps[0]["width"], maps[0]["height"]) == ("Hazel Hollow", 24, 18)
    assert maps[0]["cells"] == [[4, 5, 7], [4, 6, 2]] and maps[1]["name"] == "map 200,9"
    assert httpx2.get(f"{address}/api/patterns").json()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium; .ci/run installs it")
        pytest.skip("there is no Chromium to look at the page with (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, address: str, size: tuple[int, int], scheme: str) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    ours = (address.partition("#")[0].rstrip("/"), "blob:", "data:")
    page.on("request", lambda request: None if request.url.startswith(ours) else faults.append(request.url))
    page.goto(address)
    page.wait_for_selector("#runs table", timeout=60_000)
    return page, faults


@pytest.mark.parametrize(("size", "scheme"), [((1280, 900), "light"), ((390, 844), "dark")])
def test_a_browser_shows_the_page_and_runs_no_name(
    served: tuple[str, Path], browser: Any, size: tuple[int, int], scheme: str
) -> None:
    page, faults = opened(browser, served[0], size, scheme)
    page.select_option("#run-choice", HOSTILE)
    page.wait_for_selector("#chart-losses .main-svg")
    assert page.title() == "crystal-hybrid", "a name was run as a script"
    assert "believed best to press policy 75 %" in page.inner_text("#numbers")
    assert HOSTILE in page.inner_text("#activity") and HOSTILE in page.inner_text("#milestones")
    assert page.locator(".lane img").count() == 2
    assert page.evaluate("[...document.images].every(image => image.naturalWidth === 160)"), "a screen is not shown"
    assert page.locator("#maps canvas").count() == 2
    for chart in ("reward", "milestones", "sources", "losses", "runs"):
        assert page.locator(f"#chart-{chart} .main-svg").count() > 0, chart
    assert page.evaluate("document.documentElement.scrollWidth") == size[0], "the page is wider than the screen"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
    assert dark == (scheme == "dark")
    assert faults == []
    page.close()


def test_a_browser_needs_the_token_to_pause(served: tuple[str, Path], browser: Any) -> None:
    address, folder = served
    page, _ = opened(browser, address, (800, 600), "light")
    assert page.is_disabled("#pause") and page.is_disabled("#stop")
    page.close()
    page, faults = opened(browser, f"{address}/#{token_of(folder / FOLDER)}", (800, 600), "light")
    page.wait_for_selector("#pause:enabled")
    assert "#" not in page.url, "the token stays in the address"
    page.click("#pause")
    page.get_by_text("asked to pause").wait_for()
    assert take_command(folder / FOLDER) is PageCommand.PAUSE
    assert faults == []
    page.close()
