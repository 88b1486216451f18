"""What settings do when a run goes on with others than it had: the one table of it.

Every setting may change but those of `FIXED`. Each change is listed in the log and noted in the decision record, with
the first episode that is played with it (`run_changes`). `UNNOTED` settings say where things lie and how they are
shown; nothing that is played or learned depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from core.exceptions import CheckpointError
from core.history.records import SettingChange

_OTHER_NETWORK: Final = "the weights are of another network"
FIXED: Final[Mapping[str, str]] = {
    "env_class": "the policy knows another environment",
    "observation_type": "the policy knows other observations",
    "policy": _OTHER_NETWORK,
    "learner.network": _OTHER_NETWORK,
    "learner.features_width": _OTHER_NETWORK,
    "learner.policy_widths": _OTHER_NETWORK,
    "learner.value_widths": _OTHER_NETWORK,
    "curriculum.rule": "the rule's counts are of another rule",
}
"""Settings that must stay, and why. The ROM must, too: checkpoints know it by its SHA-1, wherever it lies."""
UNNOTED: Final[frozenset[str]] = frozenset(
    {
        "rom_path",
        "headless",
        "log_level",
        "live_page",
        "live_page_host",
        "tensorboard",
        "decision_db_path",
        "save_dir",
        "save_interval",
        "keep_checkpoints",
        "cluster",
        "start_cache",
        "language_model.cache_path",
    }
)


def setting_changes(
    before: Mapping[str, Any], now: Mapping[str, Any], unnoted: Collection[str] = UNNOTED
) -> list[SettingChange]:
    """What differs, by dotted key. A key that only one side knows is of another version of the program: it is left out,
    because neither side can say what the other did."""
    return [change for change in _differences(before, now, "") if change.key not in unnoted]


def refuse_what_cannot_fit(changes: Collection[SettingChange], fixed: Mapping[str, str] = FIXED) -> None:
    """Raises CheckpointError that lists every change of a setting that must stay."""
    refused = [change for change in changes if change.key in fixed]
    if refused:
        listed = "; ".join(f"{change}: {fixed[change.key]}" for change in refused)
        raise CheckpointError(
            f"the run cannot go on with these settings: {listed}. Set them back, or begin a new run in another folder"
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], place: str) -> Iterator[SettingChange]:
    for key in before.keys() & now.keys():
        old, new, name = before[key], now[key], f"{place}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, f"{name}.")
        elif old != new:
            yield SettingChange(name, json.dumps(old), json.dumps(new))
