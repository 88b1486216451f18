"""The speed benchmark: its result takes the place of the last one in the document, and says the ratios rightly."""

from __future__ import annotations

from pathlib import Path

from benchmarks.env_speed_report import BEGIN, DOCUMENT, END, Loop, Measurement, write_into_docs

MEASURED = Measurement(
    "Fernvale",
    rounds=7,
    steps=2000,
    lanes=8,
    bare=Loop("(a) bare", 400.0, 410.0),
    env=Loop("(b) env", 500.0, 510.0),
    vectors=(Loop("(c) in step", 520.0, 255.0), Loop("(c) halves", 530.0, 340.0), Loop("(d) other", 780.0, 408.0)),
    overhead_us=100.0,
    reset_ms=7.0,
    save_ms=20.0,
)


def test_a_result_replaces_the_last_one_and_nothing_else(tmp_path: Path) -> None:
    document = tmp_path / "env_speed.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    write_into_docs([MEASURED, MEASURED], document)
    once = document.read_text(encoding="utf-8")
    write_into_docs([MEASURED, MEASURED], document)
    assert document.read_text(encoding="utf-8").split(BEGIN)[0] == DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[0]
    assert document.read_text(encoding="utf-8").split(END)[1] == DOCUMENT.read_text(encoding="utf-8").split(END)[1]
    assert once.count("| (b) env | 500 | 80% | 510 | 1,961 |") == 2


def test_the_ratios() -> None:
    said = MEASURED.remarks()
    assert "(b) keeps 80.0% of (a): it costs 100 microseconds" in said
    assert "(c) plays 2.00 times the steps of (b) and 1.60 times those of the better (d)" in said
    assert "by CPU time 1.50 times" in said
