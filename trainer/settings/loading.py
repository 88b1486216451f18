"""From a JSON file to checked `Settings`.

Unknown keys are errors that name the nearest known key. Relative paths in a file are relative to *that file's folder*,
so a run means the same from wherever it is started; paths on a command line are relative to the working directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.heads.settings import HEADS_LEARNING_RATE
from core.agent.curriculum_settings import RENAMED_KEYS
from core.exceptions import ConfigurationError
from core.registry import import_from
from core.schema import parsed, read_object
from trainer.settings.models import Settings


def load_settings(path: str | Path) -> Settings:
    """Reads and checks a JSON file. Raises ConfigurationError in one line: what is wrong, what was seen, the remedy.

    Where it names code of the user's own (`Settings.code_paths`), modules in its folder can be imported from now on.
    """
    path = Path(path)
    data = read_object(path)
    folder = path.resolve().parent
    try:
        settings = parsed(Settings, _with_own_rate(data), RENAMED_KEYS).in_folder(folder)
        if settings.code_paths:
            import_from(folder)
        settings.rewards.check_names(settings.reward_kinds())
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return settings


def _with_own_rate(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The learning rate of heads where they learn and the config says none."""
    learner = data.get("learner", {})
    if data.get("policy") != "heads" or not isinstance(learner, dict):
        return data
    return {**data, "learner": {"learning_rate": HEADS_LEARNING_RATE, **learner}}
