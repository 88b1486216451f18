"""A run whose candidates all earn the same learns nothing; this part says so, and ends it before it wastes days.

A gradient comes from differences within a group (`trainer/grpo/advantages.py`). One iteration without any is chance, or
a model that does not know the form of answers; three in a row are no chance.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.exceptions import TrainingError
from trainer.at_grpo.algorithm import Tree
from trainer.grpo.advantages import has_spread

log = logging.getLogger(__name__)
MOST_IN_A_ROW = 3


class FlatGroups:
    """Counts iterations in a row in which no group of a learning role had a spread of rewards."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._why = ""

    @property
    def is_hopeless(self) -> bool:
        """Whether it is time to stop."""
        return self._in_a_row >= MOST_IN_A_ROW

    def look(self, tree: Tree, roles: Sequence[str]) -> None:
        """One more iteration; warns when all its groups are flat. Where every problem was solved, all is well."""
        groups = [group for group in tree.groups if group.role in roles]
        if not groups or all(tree.solved) or any(has_spread(group.rewards) for group in groups):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        feedback = Counter(word for group in groups for word in group.feedback if word)
        answers = sum(len(group.samples) for group in groups)
        said, count = feedback.most_common(1)[0] if feedback else ("", 0)
        reward = float(np.mean([group.rewards.mean() for group in groups]))
        often = f", and {count} of {answers} were told {said!r}" if said else ""
        self._why = f"within each group all candidates earned the same (on average {reward:.2f}{often})"
        log.warning("nothing was learned in this iteration: %s", self._why)

    def stop_if_hopeless(self, folder: Path) -> None:
        """Raise `TrainingError` after `MOST_IN_A_ROW` flat iterations."""
        if self.is_hopeless:
            raise TrainingError(
                f"stopped after {MOST_IN_A_ROW} iterations in a row that taught nothing: {self._why}. More "
                "warm_start_steps teach the form of answers; a higher temperature, more candidates and easier problems "
                f"(world_options) make differences. Answers are in {folder / 'dialogue.jsonl'}"
            )
