"""The monitor's outputs, read back by what reads them; the pictures, by what they must show."""

from __future__ import annotations

import json
import math
import re
import threading
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from core.arenas.base import Interaction, Stance
from core.arenas.training_environment import create_social_training_env
from core.exceptions import ConfigurationError
from trainer.monitoring.drawings import cooperation_share, draw_network
from trainer.monitoring.graph_visualizer import create_graph_visualizer
from trainer.monitoring.monitor import UnifiedMonitor, create_unified_monitor, started_monitors
from trainer.monitoring.prometheus import exposition
from trainer.monitoring.records import read_log
from trainer.monitoring.settings import MonitoringConfig

MODELS = ("model_0_qwen3", "model_1_openai", "model_2_<b>")


def quiet(folder: Path, **wishes: object) -> MonitoringConfig:
    return MonitoringConfig(log_file_path=str(folder / "logs" / "metrics.json"), **wishes)  # type: ignore[arg-type]


def write_log(folder: Path, episodes: int = 30) -> Path:
    """A friend, a foe, and one who does what the others do."""
    with create_unified_monitor(quiet(folder)) as monitor:
        for episode in range(1, episodes + 1):
            for seat, model in enumerate(MODELS):
                monitor.update_metrics({"reward": seat + episode / episodes}, episode=episode, model_id=model)
            monitor.update_metrics({"cooperation_ratio": 0.5}, episode=episode)
            met = [
                Interaction(source, target, stance)
                for source, stance in zip(MODELS, (Stance.COOPERATE, Stance.COMPETE, Stance.NEUTRAL), strict=True)
                for target in MODELS
                if target != source
            ]
            monitor.record_interactions(met * 2, episode=episode)
    return Path(monitor.config.log_file_path)


def test_every_number_is_a_json_line_that_reads_back(tmp_path: Path) -> None:
    path = write_log(tmp_path)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(entries) == 30 * 5
    log = read_log(path)
    episodes, rewards = log.series("reward", MODELS[1])
    assert list(episodes) == list(range(1, 31)) and rewards[-1] == 2.0
    assert log.models == sorted(MODELS)
    assert log.stances()[MODELS[1], MODELS[0]] == {Stance.COOPERATE: 0, Stance.COMPETE: 60, Stance.NEUTRAL: 0}
    assert cooperation_share(log.stances()[MODELS[2], MODELS[0]]) is None


def test_a_killed_and_resumed_run_leaves_one_log(tmp_path: Path) -> None:
    """The half-written line is skipped, and of an episode that was played twice the later record counts."""
    path = write_log(tmp_path, episodes=5)
    with path.open("a") as file:
        file.write('{"kind": "metrics", "ti')
    with create_unified_monitor(quiet(tmp_path)) as monitor:
        monitor.update_metrics({"reward": 99.0}, episode=5, model_id=MODELS[0])
        monitor.record_interactions([Interaction(MODELS[0], MODELS[1], Stance.COMPETE)], episode=5)
    log = read_log(path)
    assert log.skipped_lines == 1
    assert log.series("reward", MODELS[0])[1][-1] == 99.0
    assert log.stances()[MODELS[0], MODELS[1]] == {Stance.COOPERATE: 8, Stance.COMPETE: 1, Stance.NEUTRAL: 0}


def test_numbers_that_are_none_do_not_break_the_log(tmp_path: Path) -> None:
    with create_unified_monitor(quiet(tmp_path)) as monitor:
        monitor.update_metrics({"loss": math.nan, "reward": 1.0}, episode=1)
    log = read_log(Path(monitor.config.log_file_path))
    assert set(log.curves) == {"reward"}


def test_statistics_and_report(tmp_path: Path) -> None:
    monitor = create_unified_monitor(quiet(tmp_path, history_window_size=3, metrics_sampling_interval=0.02))
    monitor.update_metrics({"reward": 5.0}, episode=0)  # not running yet: ignored
    monitor.start()
    monitor.start()
    assert started_monitors() == (monitor,)
    for episode, reward in enumerate((1.0, 2.0, 3.0, 7.0)):
        monitor.update_metrics({"reward": reward}, episode=episode, model_id="a")
    deadline = time.monotonic() + 10
    while not monitor.get_comprehensive_stats()["process"] and time.monotonic() < deadline:
        time.sleep(0.02)
    stats = monitor.get_comprehensive_stats()
    assert stats["models"]["a"]["reward"] == {"last": 7.0, "mean": 4.0, "min": 2.0, "max": 7.0, "count": 4}
    assert stats["metrics"] == {} and stats["is_running"] and stats["process"]["memory_mb"] > 10
    monitor.stop()
    monitor.stop()
    assert started_monitors() == ()
    report = json.loads(monitor.export_report(tmp_path / "report.json").read_text())
    assert report["models"]["a"]["reward"]["count"] == 4 and not report["is_running"]


def test_alarms_are_raised_once_per_crossing(tmp_path: Path) -> None:
    with create_unified_monitor(quiet(tmp_path)) as monitor:
        for episode, ratio in enumerate((0.5, 0.05, 0.04, 0.5, 0.01)):
            monitor.update_metrics({"cooperation_ratio": ratio, "error_rate": 0.01}, episode=episode)
    assert monitor.get_comprehensive_stats()["alarms"] == {"cooperation_ratio": 2}


def test_prometheus_scrapes_the_latest_numbers(tmp_path: Path) -> None:
    with create_unified_monitor(quiet(tmp_path, prometheus_port=0)) as monitor:
        monitor.update_metrics({"reward": 1.5}, episode=1, model_id='a "b"')
        monitor.update_metrics({"reward": 2.5}, episode=2, model_id='a "b"')
        monitor.update_metrics({"steps/s": 12.0}, episode=2)
        url = monitor.prometheus_url
        assert url is not None
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url.replace("metrics", "secrets"), timeout=5)
    assert 'crystal_hybrid_reward{model="a \\"b\\""} 2.5\n' in text
    assert "crystal_hybrid_steps_s 12.0\n" in text and text.count("# TYPE crystal_hybrid_reward gauge") == 1
    line = re.compile(r'(# TYPE [a-z_]+ gauge|[a-zA-Z_]+(\{model="([^"\\]|\\.)*"\})? [-+0-9.eNaInf]+)$')
    assert all(line.fullmatch(one) for one in text.splitlines()), text
    assert exposition({("x", None): math.inf, ("y", None): math.nan}).splitlines()[1::2] == [
        "crystal_hybrid_x +Inf",
        "crystal_hybrid_y NaN",
    ]


def test_tensorboard_reads_the_scalars(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with create_unified_monitor(quiet(tmp_path, tensorboard_dir=str(tmp_path / "tb"))) as monitor:
        for episode in range(3):
            monitor.update_metrics({"reward": episode / 2}, episode=episode, model_id="a")
    events = EventAccumulator(str(tmp_path / "tb"))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("reward/a")] == [(0, 0.0), (1, 0.5), (2, 1.0)]


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    with create_unified_monitor(quiet(tmp_path)) as monitor:

        def work(number: int) -> None:
            for episode in range(100):
                monitor.update_metrics({"reward": 1.0}, episode=episode, model_id=f"model_{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    log = read_log(Path(monitor.config.log_file_path))
    assert log.skipped_lines == 0
    assert all(len(log.series("reward", f"model_{number}")[0]) == 100 for number in range(4))


def test_pictures_show_what_happened(tmp_path: Path) -> None:
    """The friend's arrows have the colour of cooperation, the foe's that of competition; the PNGs are not empty."""
    log_file = write_log(tmp_path)
    visualizer = create_graph_visualizer(str(log_file))
    written = visualizer.save_png(tmp_path / "pictures")
    assert [path.name for path in written] == ["network.png", "cooperation.png", "curves.png"]
    for path in written:
        pixels = np.asarray(imread(path))[..., :3]
        assert min(pixels.shape[:2]) > 300 and (pixels < 0.9).any(axis=2).mean() > 0.01
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyArrowPatch

    figure = draw_network(visualizer.read())
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    colours = [to_hex(arrow.get_edgecolor()) for arrow in arrows]
    assert len(colours) == 6
    assert [colours.count(colour) for colour in ("#0b7a75", "#c8501e", "#c9c9c9")] == [2, 2, 2]


class Resources(HTMLParser):
    """Everything that a page would have to fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[str] = []
        self.images = 0
        self.cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        self._in_cell = tag == "td"
        for name, value in attrs:
            if name in ("src", "href") and not (value or "").startswith("data:"):
                self.wanted.append(value or "")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells.append(data)
            self._in_cell = False


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    page = create_graph_visualizer(str(write_log(tmp_path))).save_html(tmp_path / "page.html").read_text()
    found = Resources()
    found.feed(page)
    assert found.wanted == [] and found.images == 3 and "<script" not in page and "http" not in page.split("base64")[0]
    # rewards of the first and the last three of thirty episodes; cooperation given and received
    assert found.cells[:5] == ["model_0_qwen3", "0.067", "0.967", "100%", "0%"]
    assert found.cells[10] == "model_2_<b>"


def test_an_arena_can_be_watched(tmp_path: Path) -> None:
    env = create_social_training_env("trading", num_models=4, max_steps=5)
    env.reset(seed=1)
    with create_unified_monitor(quiet(tmp_path)) as monitor:
        while env.agents:
            env.step({agent: 2 if agent < "agent_2" else 1 for agent in env.agents})
            monitor.record_interactions(env.interactions, episode=env.arena.step_count)
    shares = {edge[0]: cooperation_share(by) for edge, by in read_log(tmp_path / "logs/metrics.json").stances().items()}
    assert shares == {"agent_0": 1.0, "agent_1": 1.0, "agent_2": 0.0, "agent_3": 0.0}


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        create_graph_visualizer(str(tmp_path / "none.json")).save_png(tmp_path)
    (tmp_path / "other.json").write_text('{"kind": "diary", "episode": 1}\n')
    with pytest.raises(ConfigurationError, match="line 1"):
        create_graph_visualizer(str(tmp_path / "other.json")).read()
    with pytest.raises(ConfigurationError, match="metrics_sampling_interval"):
        MonitoringConfig(metrics_sampling_interval=0.0)
    empty = UnifiedMonitor(quiet(tmp_path / "empty"))
    with empty:
        pass
    create_graph_visualizer(empty.config.log_file_path).save_html(tmp_path / "empty.html")
