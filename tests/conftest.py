"""One thread a process for all tests and what they start: the nets are small, and threads that wait by spinning starve
the emulators and trainers beside them."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
