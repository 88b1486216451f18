"""What a test may change of the whole process, and how it is put back: the order of tests must not matter."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from trainer.run.log_setup import HOUSE_LOGGERS

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def process_put_back() -> Iterator[None]:
    """Puts back at its end: log levels and the root's handlers, the state of all dice, torch's threads, handlers of
    signals, the folder, and the import path but for what libraries add to it.

    A run sets log levels for the whole process, replaces handlers and takes one thread for its networks; code of a
    config's folder is imported from there.
    """
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in HOUSE_LOGGERS)]
    levels, handlers = [logger.level for logger in loggers], list(root.handlers)
    dice, numbers = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    tensors = torch and (torch.get_rng_state(), torch.get_num_threads())
    signals = [signal.getsignal(number) for number in SIGNALS]
    folder, path = os.getcwd(), set(sys.path)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
    random.setstate(dice)
    np.random.set_state(numbers)
    if torch and tensors:
        torch.set_rng_state(tensors[0])
        torch.set_num_threads(tensors[1])
    for number, handler in zip(SIGNALS, signals, strict=True):
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)
    if os.getcwd() != folder:
        os.chdir(folder)
    sys.path[:] = [one for one in sys.path if one in path or not one.startswith(tempfile.gettempdir())]
