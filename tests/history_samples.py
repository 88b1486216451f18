"""Episodes made by a seeded walk on a small ring, for the tests of the decision record."""

from __future__ import annotations

import random
from pathlib import Path

from core.history.records import EpisodeRecord, EpisodeRecorder, SettingChange
from core.history.rollups import ROLLUP_TABLES
from core.history.store import HistoryStore
from core.vocabulary import Decision, GameMode, Source, StrategyType

OPTIONS = ("heal:centre", "go_to:gym", "")


def decision(
    action: int = 0,
    *,
    source: Source = Source.RULES,
    option: str = "",
    reasoning: str = "look around",
    mode: GameMode = GameMode.FREE,
    state_hash: int = 0,
) -> Decision:
    return Decision(
        action=action,
        source=source,
        confidence=0.5,
        reasoning=reasoning,
        behaviour_probability=0.25,
        strategy=StrategyType.BALANCED,
        mode=mode,
        option_key=option,
        teacher_action=action,
        state_hash=state_hash,
    )


def walk(number: int, steps: int = 200, seed: int = 0) -> EpisodeRecord:
    """A random walk with every source, three modes, loops, milestones and now and then a reward."""
    dice = random.Random(f"{seed}/{number}")
    recorder = EpisodeRecorder(lane=number % 4)
    place = 0
    for step in range(steps):
        place = (place + dice.choice((-1, 0, 1))) % 40
        mode = dice.choice((GameMode.FREE, GameMode.FREE, GameMode.DIALOG, GameMode.BATTLE))
        recorder.record(
            decision(
                dice.randrange(9),
                source=dice.choice(tuple(Source)),
                option=OPTIONS[step // 15 % 3],
                reasoning=f"walk to place {place}",
                mode=mode,
                state_hash=place + 1,
            ),
            dice.choice((0.0, 0.0, 0.0, 0.1, -0.5, 1.0)),
            {"mode": mode.value, "map": f"0,{place // 10}", "hp": "good"},
        )
        if dice.random() < 0.02:
            recorder.reach(f"milestone-{dice.randrange(3)}")
    return recorder.finish(number, truncated=True)


def counts(store: HistoryStore) -> dict[str, set[tuple]]:
    """Every row of every counting table."""
    return {table.name: set(store.connection.execute(f"select * from {table.name}")) for table in ROLLUP_TABLES}


def filled_database(path: Path, episodes: int = 6) -> Path:
    """A database with one run, "walks", of that many episodes; its last one was played after a resume."""
    with HistoryStore(path) as store:
        run = store.start_run("walks", {"seed": 0})
        for number in range(1, episodes):
            store.commit_episode(run.id, walk(number))
        store.go_on_after(run.id, episodes - 1, [SettingChange("seed", "0", "1")])
        store.commit_episode(run.id, walk(episodes))
    return path
