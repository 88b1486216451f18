"""Whether a checkpoint is of this training, which settings have changed since, and today's form of an old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.exceptions import CheckpointError
from core.history.records import SettingChange
from trainer.multi_model.checkpoints import SavedTraining
from trainer.multi_model.config import FIXED_ON_RESUME, UNNOTED_ON_RESUME, MultiModelConfig
from trainer.multi_model.model_sources import ModelSource
from trainer.multi_model.session import Session
from trainer.play.tally import RunTally
from trainer.settings.resume import refuse_what_cannot_fit, setting_changes

STATE_VERSION = 3
OLDEST_VERSION = 2
"""Up to version 2 the record had one row for each model and episode of the training; now it has one for each game."""
PLACE = "place"
"""Key of the place's own settings in a checkpoint's state; versions before kept none."""


def refuse_other_training(saved: SavedTraining, sources: Sequence[ModelSource]) -> None:
    """Raises CheckpointError for a checkpoint of another version of the program, or of other models."""
    checkpoint_id, version = saved.metadata.checkpoint_id, saved.state.get("version")
    if version not in range(OLDEST_VERSION, STATE_VERSION + 1):
        raise CheckpointError(
            f"checkpoint {checkpoint_id} has version {version!r}, this program reads {OLDEST_VERSION} to "
            f"{STATE_VERSION}; use the version of the program that wrote it"
        )
    models = list(saved.metadata.model_states)
    if models != [source.model_id for source in sources]:
        raise CheckpointError(
            f"checkpoint {checkpoint_id} has the models {', '.join(models)}, this training "
            f"{', '.join(source.model_id for source in sources)}; use the model_types it was made with"
        )


def changes_since(saved: SavedTraining, config: MultiModelConfig, session: Session) -> list[SettingChange]:
    """Settings that differ from the checkpoint's; those of the place begin with `place.`. Raises CheckpointError for
    those that cannot."""
    changes = setting_changes(saved.metadata.config, config.as_dict(), UNNOTED_ON_RESUME)
    refuse_what_cannot_fit(changes, FIXED_ON_RESUME)
    before = saved.state.get(PLACE)
    there = setting_changes(before, session.settings_dict()) if isinstance(before, dict) else []
    refuse_what_cannot_fit(there)
    return [*changes, *(replace(change, key=f"{PLACE}.{change.key}") for change in there)]


def todays_session(session: Mapping[str, Any]) -> dict[str, Any]:
    """A session's state of version 2 with today's keys; those of arenas have not changed.

    The games of before count as one for each model and episode, as the record has them.
    """
    if "knowledge" not in session:
        return dict(session)
    recorded = session["episodes"] * len(session["agents"])
    teams = [
        {
            **{key: old[key] for key in ("run", "curriculum", "go_explore", "grounds")},
            "tally": {
                **RunTally().state_dict(),
                "episodes": recorded,
                "milestones": dict.fromkeys(old["milestones"], 1),
            },
            "starts": {"next": old["games"], "again": []},
        }
        for old in session["knowledge"]
    ]
    return {"seats": session["agents"], "teams": teams, "episodes": session["episodes"]}
