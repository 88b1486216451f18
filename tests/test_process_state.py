"""A test's changes of the whole process end with it."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.registry import import_from
from tests.process_state import process_put_back
from trainer.run.log_setup import set_log_level


def seen() -> list[object]:
    root = logging.getLogger()
    return [
        logging.getLogger("trainer").level,
        root.level,
        list(root.handlers),
        os.getcwd(),
        list(sys.path),
        signal.getsignal(signal.SIGTERM),
        torch.get_num_threads(),
        random.getstate(),
        repr(np.random.get_state()),
        torch.get_rng_state().tolist(),
    ]


def change(folder: Path) -> None:
    set_log_level("ERROR" if logging.getLogger("trainer").level != logging.ERROR else "DEBUG")
    logging.getLogger().setLevel(logging.CRITICAL)
    logging.getLogger().addHandler(logging.NullHandler())
    os.chdir(folder)
    import_from(folder)
    signal.signal(signal.SIGTERM, lambda *_: None)
    torch.set_num_threads(torch.get_num_threads() + 1)
    random.random()
    np.random.random()
    torch.rand(1)


def test_everything_is_put_back(tmp_path: Path) -> None:
    before = seen()
    with process_put_back():
        change(tmp_path)
        changed = [one != other for one, other in zip(before, seen(), strict=True)]
    assert all(changed), changed
    assert seen() == before


_before: list[object] = []


@pytest.mark.parametrize("time", [1, 2])
def test_the_next_test_sees_nothing_of_this_one(time: int, tmp_path: Path) -> None:
    if time == 1:
        _before[:] = seen()
        change(tmp_path)
    elif _before:
        assert seen() == _before
