"""Keys of a checkpoint's state that had another name in an earlier version, so that old checkpoints still load."""

from __future__ import annotations

from typing import Any, Final

RENAMED: Final = {
    "guide_evidence": "teacher_evidence",
    "masked_advice": "masked_teacher_actions",
    "frontier": "go_explore",
}
"""Old name -> today's. A name is never used again for something else."""


def with_todays_names(state: Any) -> Any:
    """A copy of a JSON-able state with today's names of its keys, at every depth."""
    if isinstance(state, dict):
        return {RENAMED.get(key, key): with_todays_names(value) for key, value in state.items()}
    if isinstance(state, list):
        return [with_todays_names(value) for value in state]
    return state
