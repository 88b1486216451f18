"""The benchmark of training: contenders take their rounds, and the report says the ratios rightly."""

from __future__ import annotations

from pathlib import Path

from benchmarks.training_speed import BARE as LOOPS
from benchmarks.training_speed import NO_MODEL, SERVER, BareLoop, Contender, Lap, contenders, judged
from benchmarks.training_speed_report import BEGIN, DOCUMENT, END, Line, Measurement, write_into_docs

BARE = Line("(a) 2 bare loops", wall_us=200.0, cpu_us=400.0, wall_share=1.0, cpu_share=1.0)
TRAINING = Line("(c) no language model, 2 workers", wall_us=500.0, cpu_us=800.0, wall_share=0.4, cpu_share=0.5)
MEASURED = Measurement(rounds=5, steps=8192, lanes=8, cores=2, lines=(BARE, TRAINING))


def test_a_contender_counts_the_time_of_its_processes() -> None:
    loops = Contender("(a) 2 bare loops", [lambda: BareLoop(30)] * 2)
    loops.start()
    try:
        loops.run(counts=False)
        loops.run(counts=True)
    finally:
        loops.stop()
    (lap,) = loops.laps
    assert lap.cpu_us > 0 and lap.wall_us > 0


def test_shares_are_medians_of_the_rounds() -> None:
    bare = Contender("(a)", [], laps=[Lap(100.0, 200.0), Lap(400.0, 220.0), Lap(100.0, 210.0)])
    slower = Contender("(c)", [], laps=[Lap(200.0, 400.0), Lap(500.0, 440.0), Lap(400.0, 840.0)])
    line = slower.line(bare)
    assert (line.wall_share, line.cpu_share) == (0.5, 0.5)
    assert (line.wall_us, line.cpu_us) == (400.0, 440.0)


def test_bars_are_judged_by_what_took_part() -> None:
    loops = Contender("(a)", [], kind=LOOPS, laps=[Lap(100.0, 200.0), Lap(100.0, 200.0)])
    alone = Contender("(c) 1", [], laps=[Lap(101.0, 200.0), Lap(101.0, 200.0)])
    none = Contender("(c) 2", [], kind=NO_MODEL, laps=[Lap(200.0, 500.0), Lap(300.0, 500.0)])
    slow = Contender("(c) 3", [], kind=SERVER, laps=[Lap(220.0, 500.0), Lap(330.0, 500.0)])
    first, second = judged([loops, alone, none, slow])
    assert (first.bar.of, round(first.wall_share, 3), first.cpu_share) == (LOOPS, 0.417, 0.4)
    assert str(first).endswith("the bar is 40%: reached")
    assert (second.bar.of, str(second).split(": ")[-1]) == (NO_MODEL, "missed")
    kinds = [one.kind for one in contenders(64, 2, "http://127.0.0.1:1/v1") if one.kind]
    assert len(set(kinds)) == len(kinds) and {LOOPS, NO_MODEL, SERVER} <= set(kinds), "one of each, on all cores"


def test_a_result_replaces_the_last_one_and_nothing_else(tmp_path: Path) -> None:
    document = tmp_path / "training_speed.md"
    text = DOCUMENT.read_text(encoding="utf-8")
    document.write_text(text, encoding="utf-8")
    for _ in range(2):
        write_into_docs(MEASURED, document)
    written = document.read_text(encoding="utf-8")
    assert written.split(BEGIN)[0] == text.split(BEGIN)[0] and written.split(END)[1] == text.split(END)[1]
    assert written.count("| (c) no language model, 2 workers | 800 | 50% | 500 | 2,000 | 40% |") == 1
    assert "2 workers keeps most in wall time, 40%" in " ".join(written.split())
