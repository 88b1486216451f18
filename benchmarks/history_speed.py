"""How fast the decision record takes decisions, and how long questions take in a large file.

    python -m benchmarks.history_speed                          # 1 million decisions, about a minute
    python -m benchmarks.history_speed --decisions 10_000_000

Episodes are synthetic but shaped like play: options of some tens of steps, mostly walking on, twenty maps, a few
thousand distinct reasonings. Making them is not counted. The baseline, in the same run and on the same rows, is a bare
`executemany` into one table without index, counts or search. Writing is measured in CPU time of this process and in
wall time; on a busy machine compare the CPU column. Questions are measured in wall time. One core.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.history.coded_episode import DECISION_COLUMNS
from core.history.episode_story import tell_episode
from core.history.recent import search_reasonings
from core.history.records import EpisodeRecorder
from core.history.store import HistoryStore
from core.history.summaries import find_episode, summarize_run
from core.vocabulary import Decision, GameMode, Source, StrategyType

MAPS = 20
WALKS = tuple((dx, dy, action) for dx, dy, action in ((0, -1, 4), (0, 1, 5), (-1, 0, 6), (1, 0, 7)))
Step = tuple[Decision, float, dict[str, str]]


def play(dice: random.Random, steps: int) -> list[Step]:
    """An episode's decisions with their rewards and contexts."""
    played: list[Step] = []
    x = y = badges = 0
    map_number = dice.randrange(MAPS)
    while len(played) < steps:
        goal_x, goal_y = dice.randrange(20), dice.randrange(20)
        teacher = dice.choice((Source.LLM, Source.RULES))
        battle = dice.random() < 0.2
        mode = GameMode.BATTLE if battle else GameMode.FREE
        option = f"fight:{dice.randrange(4)}" if battle else f"go_to:{map_number}:{goal_x // 4},{goal_y // 4}"
        hp = dice.choice(("good", "fair", "low", "critical"))
        context = {"mode": mode.value, "map": f"0,{map_number}", "phase": f"badge{badges}", "hp": hp}
        reasoning = f"use move {option[-1]}" if battle else f"walk to ({goal_x}, {goal_y}) on map {map_number}"
        dx, dy, action = dice.choice(WALKS)
        for _ in range(dice.randrange(5, 50)):
            if dice.random() < 0.25:
                dx, dy, action = dice.choice(WALKS)
            x, y = (x + dx) % 30, (y + dy) % 30
            source = Source.POLICY if dice.random() < 0.3 else teacher
            button = 0 if battle else action
            state_hash = 1 + x + 30 * y + 900 * map_number + 18_000 * badges
            choice = Decision(
                button, source, dice.random(), reasoning, 0.5, StrategyType.BALANCED, mode, option, button, state_hash
            )
            played.append((choice, 0.02 if dice.random() < 0.3 else 0.0, context))
        if dice.random() < 0.1:
            map_number = dice.randrange(MAPS)
            badges = min(8, badges + (dice.random() < 0.05))
    return played[:steps]


class Stopwatch:
    """CPU and wall seconds spent inside `with` blocks."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0

    def __enter__(self) -> None:
        self._start = time.process_time(), time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        self.cpu_s += time.process_time() - self._start[0]
        self.wall_s += time.perf_counter() - self._start[1]


def record_hot(recorder: EpisodeRecorder, steps: list[Step]) -> None:
    """What the training loop does, step by step."""
    for decision, reward, context in steps:
        recorder.record(decision, reward, context)


def insert_bare(store: HistoryStore, folder: Path, watch: Stopwatch) -> int:
    """`executemany` of the newest 100,000 rows into a bare table, 1,000 rows a transaction; returns how many."""
    rows = store.connection.execute(
        f"select {', '.join(DECISION_COLUMNS)} from decisions order by episode_id desc, step desc limit 100000"
    ).fetchall()
    bare = sqlite3.connect(folder / "bare.db")
    bare.execute("pragma journal_mode = wal")
    bare.execute("pragma synchronous = normal")
    bare.execute(f"create table decisions ({', '.join(DECISION_COLUMNS)})")
    insert = f"insert into decisions values ({', '.join('?' * len(DECISION_COLUMNS))})"
    with watch:
        for first in range(0, len(rows), 1000):
            with bare:
                bare.executemany(insert, rows[first : first + 1000])
    bare.close()
    return len(rows)


def median_ms(question: Callable[[], object], times: int = 5) -> float:
    """Median wall time of a question in milliseconds."""
    samples = []
    for _ in range(times):
        start = time.perf_counter()
        question()
        samples.append((time.perf_counter() - start) * 1000)
    return sorted(samples)[times // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000, help="decisions to write (default: %(default)s)")
    parser.add_argument("--episode-steps", type=int, default=2000, help="decisions per episode (default: %(default)s)")
    arguments = parser.parse_args()
    dice = random.Random(0)
    hot, written, last_tenth, bare = Stopwatch(), Stopwatch(), Stopwatch(), Stopwatch()
    episodes = max(10, arguments.decisions // arguments.episode_steps)
    decisions = episodes * arguments.episode_steps
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with DecisionHistoryAnalyzer(folder / "decisions.db") as analyzer:
            store = analyzer.store
            run = store.start_run("benchmark")
            recorder = EpisodeRecorder()
            late = episodes - episodes // 10
            for number in range(1, episodes + 1):
                steps = play(dice, arguments.episode_steps)
                with hot:
                    record_hot(recorder, steps)
                recorder.reach(f"milestone-{number % 20}")
                with written, last_tenth if number > late else nullcontext():
                    store.commit_episode(run.id, recorder.finish(number, truncated=True))
            bare_rows = insert_bare(store, folder, bare)

            writing = Table(title=f"Writing {decisions:,} decisions in {episodes:,} episodes", title_justify="left")
            writing.add_column("")
            writing.add_column("CPU", justify="right")
            writing.add_column("wall", justify="right")
            rows = {
                "record()": (hot, decisions),
                "finish(), commit_episode()": (written, decisions),
                "  the last tenth": (last_tenth, episodes // 10 * arguments.episode_steps),
                "bare executemany": (bare, bare_rows),
            }
            for label, (watch, count) in rows.items():
                cells = (
                    f"{seconds / count * 1e6:.2f} µs = {count / seconds:,.0f}/s"
                    for seconds in (watch.cpu_s, watch.wall_s)
                )
                writing.add_row(label, *cells)
            ratio = (written.cpu_s / decisions) / (bare.cpu_s / bare_rows)
            console.print(writing)
            console.print(f"{ratio:.1f} times the CPU time of the bare insert")
            at_2000 = (hot.cpu_s + written.cpu_s) / decisions * 2000
            console.print(f"{at_2000:.1%} of a core in a training at 2,000 steps/s")
            console.print(f"{(folder / 'decisions.db').stat().st_size / decisions:.0f} bytes a decision")

            context = {"mode": "free", "map": "0,3", "phase": "badge0", "hp": "good"}
            connection = store.connection
            questions: dict[str, Callable[[], object]] = {
                "analyze_patterns()": analyzer.analyze_patterns,
                "analyze_patterns(mode=battle)": lambda: analyzer.analyze_patterns(3, {"mode": "battle"}),
                "get_recent_decisions(100)": analyzer.get_recent_decisions,
                "past_outcomes()": lambda: analyzer.past_outcomes(context, "go_to:3:1,1"),
                "search 'map 7'": lambda: search_reasonings(connection, '"map 7"'),
                "summary of the run": lambda: summarize_run(connection, run),
                "explain the last episode": lambda: tell_episode(connection, find_episode(store, "last")),
            }
            asking = Table(title="Asking, median of 5", title_justify="left")
            asking.add_column("question")
            asking.add_column("ms", justify="right")
            for question, ask in questions.items():
                asking.add_row(question, f"{median_ms(ask):.2f}")
            console.print(asking)
            (patterns,) = connection.execute("select count(*) from action_sequences").fetchone()
            (contexts,) = connection.execute("select count(*) from contexts").fetchone()
            console.print(f"{patterns:,} distinct action sequences, {contexts:,} contexts")


if __name__ == "__main__":
    main()
