"""The labelled steps that a training keeps: the newest in memory, and their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.heads.button_view import PLANES_SHAPE, VIEW_SIZE
from agents.heads.lesson_ring import LessonFolder, LessonRing
from agents.heads.lessons import Lessons
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from core.vocabulary import ACTION_COUNT


def lessons_of(values: list[int], choices_at: list[int]) -> Lessons:
    """Steps whose first number, and choices whose first fact, is their value."""
    count = len(values)
    vectors = np.zeros((count, VIEW_SIZE), np.float16)
    vectors[:, 0] = values
    options = np.zeros((len(choices_at), OPTION_SLOTS, OPTION_SIZE), np.float16)
    options[:, 0, 0] = [values[at] for at in choices_at]
    return Lessons(
        vectors,
        np.zeros((count, *PLANES_SHAPE), np.uint8),
        np.ones((count, ACTION_COUNT), np.bool_),
        np.zeros(count, np.int64),
        np.zeros(count, np.bool_),
        np.array(choices_at, np.int64),
        options,
        np.full(len(choices_at), 2, np.int64),
        np.zeros(len(choices_at), np.int64),
    )


def test_a_full_ring_keeps_the_newest_lessons_and_their_choices() -> None:
    ring, value = LessonRing(16), 0
    gone: list[int] = []
    for update, count in enumerate((5, 7, 3, 9, 20, 6), start=1):
        gone += ring.add(lessons_of(list(range(value, value + count)), [0, count - 1]), update)
        value += count
        kept = ring.lessons
        newest = min(value, 16)
        assert sorted(kept.vectors[:, 0]) == list(range(value - newest, value))
        where = kept.vectors[kept.choice_steps, 0]
        assert (where == kept.options[:, 0, 0]).all(), "a choice stays at its step"
        assert len(kept.chosen) and where.min() >= value - newest
    assert gone == [1, 2, 3, 4], "of the fifth ten are kept, of the sixth all"


def test_lessons_come_back_from_their_folder_and_what_is_missing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = LessonFolder(tmp_path / "lessons")
    for number in (1, 2, 3):
        folder.write(number, lessons_of([10 * number, 10 * number + 1], [1]))
    assert folder.read(3, 100).lessons.vectors[:, 0].tolist() == [10, 11, 20, 21, 30, 31]
    assert folder.read(2, 100).lessons.vectors[:, 0].tolist() == [10, 11, 20, 21], "not those of later updates"
    assert sorted(folder.read(3, 3).lessons.vectors[:, 0].tolist()) == [21, 30, 31]
    assert not caplog.text
    (tmp_path / "lessons/000002.npz").write_bytes(b"not a file of lessons")
    assert folder.read(3, 100).lessons.vectors[:, 0].tolist() == [10, 11, 30, 31]
    assert "1 of 3 files of lessons" in caplog.text
