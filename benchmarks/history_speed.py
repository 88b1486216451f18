"""How fast the decision record takes decisions, and how long questions take in a large file.

    python benchmarks/history_speed.py                          # 1 million decisions, about a minute
    python benchmarks/history_speed.py --decisions 10_000_000

Episodes are synthetic but shaped like play: options of some tens of steps, mostly walking on, twenty maps, a few thousand
distinct reasonings. Making them is not counted. The baseline, in the same run and on the same rows, is a bare
`executemany` into one table without index, counts or search. One core.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.history.coded_episode import DECISION_COLUMNS
from core.history.episode_story import tell_episode
from core.history.recent import search_reasonings
from core.history.records import EpisodeRecord, EpisodeRecorder
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
        guide = dice.choice((Source.LLM, Source.RULES))
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
            source = Source.POLICY if dice.random() < 0.3 else guide
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


def recorded(steps: list[Step], number: int) -> tuple[EpisodeRecord, float, float]:
    """The record, and the seconds that recording it on the hot path and finishing it took."""
    recorder = EpisodeRecorder()
    start = time.perf_counter()
    for decision, reward, context in steps:
        recorder.record(decision, reward, context)
    between = time.perf_counter()
    recorder.reach(f"milestone-{number % 20}")
    record = recorder.finish(number, truncated=True)
    return record, between - start, time.perf_counter() - between


def bare_insert_s(store: HistoryStore, folder: Path) -> float:
    """Seconds a decision of `executemany` of the newest 100,000 rows into a bare table, 1,000 rows a transaction."""
    rows = store.connection.execute(
        f"select {', '.join(DECISION_COLUMNS)} from decisions order by episode_id desc, step desc limit 100000"
    ).fetchall()
    bare = sqlite3.connect(folder / "bare.db")
    bare.execute("pragma journal_mode = wal")
    bare.execute("pragma synchronous = normal")
    bare.execute(f"create table decisions ({', '.join(DECISION_COLUMNS)})")
    insert = f"insert into decisions values ({', '.join('?' * len(DECISION_COLUMNS))})"
    start = time.perf_counter()
    for first in range(0, len(rows), 1000):
        with bare:
            bare.executemany(insert, rows[first : first + 1000])
    seconds = time.perf_counter() - start
    bare.close()
    return seconds / len(rows)


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
    hot_s = finish_s = commit_s = last_tenth_s = 0.0
    episodes = max(10, arguments.decisions // arguments.episode_steps)
    decisions = episodes * arguments.episode_steps
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with DecisionHistoryAnalyzer(folder / "decisions.db") as analyzer:
            store = analyzer.store
            run = store.start_run("benchmark")
            for number in range(1, episodes + 1):
                record, recording_s, finishing_s = recorded(play(dice, arguments.episode_steps), number)
                start = time.perf_counter()
                store.commit_episode(run.id, record)
                spent_s = time.perf_counter() - start
                hot_s, finish_s, commit_s = hot_s + recording_s, finish_s + finishing_s, commit_s + spent_s
                if number > episodes * 0.9:
                    last_tenth_s += finishing_s + spent_s
            written_s = (finish_s + commit_s) / decisions
            last_s = last_tenth_s / (arguments.episode_steps * (episodes - int(episodes * 0.9)))
            bare_s = bare_insert_s(store, folder)
            bytes_each = (folder / "decisions.db").stat().st_size / decisions

            writing = Table(title=f"Writing {decisions:,} decisions in {episodes:,} episodes", title_justify="left")
            for column in ("", "value"):
                writing.add_column(column, justify="left" if not column else "right")
            writing.add_row("record() on the hot path", f"{hot_s / decisions * 1e6:.2f} µs a step")
            writing.add_row("finish() and commit_episode()", f"{written_s * 1e6:.2f} µs a decision")
            writing.add_row("sustained", f"{1 / written_s:,.0f} decisions/s")
            writing.add_row("sustained, last tenth", f"{1 / last_s:,.0f} decisions/s")
            writing.add_row("bare executemany", f"{1 / bare_s:,.0f} decisions/s")
            writing.add_row("cost against the bare insert", f"{written_s / bare_s:.1f} x")
            writing.add_row("share of a training at 2,000 steps/s", f"{(written_s + hot_s / decisions) * 2000:.1%}")
            writing.add_row("file", f"{bytes_each:.0f} bytes a decision")
            console.print(writing)

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
