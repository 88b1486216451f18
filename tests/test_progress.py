"""What a run shows of itself: an honest remaining time, a bar that moves, a panel that keeps its height."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from core.agent.standings import Deed, SegmentOutcome, Situation, Standings
from core.vocabulary import Source
from tests.utils import create_test_trainer, generate_test_config
from trainer.run import remaining_time
from trainer.run.progress import ProgressView, progress_line, progress_panel
from trainer.run.remaining_time import EvaluationPlan, RemainingTime
from trainer.run.reporter import believed_shares

ROOT = Path(__file__).resolve().parent.parent
VIEW = ProgressView(
    activity="training",
    episodes=3,
    total_episodes=96,
    share_done=0.031,
    steps=4321,
    steps_per_s=900.0,
    mean_reward=1.5,
    best_reward=None,
    milestones={},
    source_shares={"llm": 0.1, "rules": 0.6, "policy": 0.3},
    stage=1,
    stages=3,
    teacher_share=0.9,
    strategy="balanced",
    updates=2,
    eta_s=None,
)
FULL = replace(
    VIEW,
    activity="evaluating rules_only, 123 of 456 games done, 1,234,567 steps",
    episodes=123_456,
    total_episodes=234_567,
    steps=123_456_789_012,
    steps_per_s=123_456.0,
    mean_reward=-12_345.67,
    best_reward=123_456.78,
    milestones={f"a_very_long_name_of_a_milestone_{number}": number for number in range(30)},
    strategy="rule_heavy",
    updates=1_234_567,
    eta_s=1_234_567.0,
)


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_the_panel_keeps_its_height(columns: int) -> None:
    heights = set()
    for view in (VIEW, FULL):
        console = Console(file=io.StringIO(), width=columns, force_terminal=True, color_system=None)
        console.print(progress_panel(view))
        lines = console.file.getvalue().rstrip("\n").split("\n")  # type: ignore[attr-defined]
        assert max(map(len, lines)) <= columns
        heights.add(len(lines))
    assert len(heights) == 1 and heights < {9, 10, 11}
    assert "stage 1 of 3, teacher 90%" in "\n".join(lines) and "rule_heavy" in "\n".join(lines)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(remaining_time.time, "perf_counter", lambda: self.now_s)


def test_the_remaining_time_counts_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training at 100 steps a second, evaluations at 50: 4 episodes of 200 steps, 3 evaluations of 2 games."""
    clock = Clock(monkeypatch)
    left = RemainingTime(EvaluationPlan(evaluations=3, games=2), total_episodes=4)
    assert left.seconds_left(0, 0, None) is None
    left.evaluated("evaluating rl_only", 0)
    for _ in range(8):
        clock.now_s += 1.0
        left.evaluated("evaluating rl_only", 50)  # 400 steps: an evaluation
    left.trained(0)
    for _ in range(2):
        clock.now_s += 1.0
        left.trained(100)
    assert left.seconds_left(1, 0, 200.0) == pytest.approx(3 * 200 / 100 + 2 * 400 / 50)
    clock.now_s += 1.0
    left.trained(100)
    assert left.seconds_left(1, 100, 200.0) == pytest.approx(500 / 100 + 16), "the bar moves and the time does not"
    clock.now_s += 5.0
    left.trained(500)
    assert left.seconds_left(4, 0, 200.0) == pytest.approx(16)
    left.evaluated("evaluating adaptive", 0)
    clock.now_s += 4.0
    left.evaluated("evaluating adaptive", 200)
    assert left.seconds_left(4, 0, 200.0) == pytest.approx(12)
    clock.now_s += 4.0
    left.evaluated("evaluating adaptive", 200)
    assert left.seconds_left(4, 0, 200.0) == pytest.approx(8)
    clock.now_s += 10_000.0  # the machine slept
    left.evaluated("evaluating rules_only", 200)
    assert left.seconds_left(4, 0, 200.0) == pytest.approx(4, rel=0.3)


def test_the_view_tells_who_is_believed_to_do_better_once_somebody_was_judged() -> None:
    standings, talk = Standings(), Situation(Deed.PRESS, "overworld", "talk", "1")
    assert believed_shares(standings) == {}
    for _ in range(60):
        standings.learn(SegmentOutcome(talk, Source.RULES, True, 30))
        standings.learn(SegmentOutcome(talk, Source.POLICY, False, 90))
    assert believed_shares(standings) == {"press": {"policy": 0.0, "rules": 1.0, "llm": 0.0}}


def test_games_side_by_side_move_the_bar() -> None:
    left = RemainingTime(EvaluationPlan(), total_episodes=10)
    shares = [left.share_done(0, steps, 100.0) for steps in (0, 50, 400, 800)]
    assert shares == pytest.approx([0.0, 0.05, 0.4, 0.8])
    assert left.share_done(9, 5000, 100.0) < 1.0, "done before the last game is over"
    assert left.share_done(10, 0, 100.0) == 1.0
    assert left.share_done(0, 500, None) == 0.0


def test_a_training_plans_the_evaluations_that_it_makes(tmp_path: Path) -> None:
    """Each way in which evaluations fall: with the end, beside it, and none at all."""
    for number, (interval, expected) in enumerate({2: 1 + 2 + 3 - 1, 3: 1 + 1 + 3, 0: 0}.items()):
        trainer = create_test_trainer(
            episodes=4, temp_dir=tmp_path / str(number), eval_interval=interval, max_steps_per_episode=10
        )
        made: list[int] = []
        told = trainer._evaluations._evaluate

        def counting(*arguments: object, told: object = told, made: list[int] = made) -> object:
            made.append(1)
            return told(*arguments)  # type: ignore[operator]

        plan = trainer._evaluations.plan(interval, 0, 4) if interval else EvaluationPlan()
        trainer._evaluations._evaluate = counting  # type: ignore[method-assign,assignment]
        trainer.train(**trainer.settings.train_arguments())
        trainer.close()
        assert plan.evaluations == expected
        assert not interval or len(made) == expected


def test_the_line_says_what_is_left() -> None:
    assert progress_line(VIEW).endswith("left ?") and "left 342:56:07" in progress_line(FULL)


def test_a_terminal_gets_a_first_line_before_anything_is_imported(tmp_path: Path) -> None:
    """The first line is there although what is imported after it fails."""
    generate_test_config(tmp_path)
    blocked = "import sys; sys.modules['trainer.commands.training'] = None; import runpy; "
    started = f"runpy.run_path({str(ROOT / 'run_training.py')!r}, run_name='__main__')"
    program = f"{blocked}sys.argv = ['run_training.py']; {started}"
    ours, theirs = pty.openpty()
    done = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 1024):
            said += chunk
    except OSError:
        pass  # the other side is closed
    done.wait()
    os.close(ours)
    first, _, rest = said.partition(b"\r\n")
    assert first == b"crystal-hybrid starts; Ctrl-C ends it after the current step" and b"ModuleNotFound" in rest
