"""One thread a process for all tests and what they start: the nets are small, and threads that wait by spinning starve
the emulators and trainers beside them. And what a test changes of the whole process ends with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.process_state import process_put_back

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _process() -> Iterator[None]:
    with process_put_back():
        yield
