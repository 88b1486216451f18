"""Checkpoints of earlier versions of the program, in today's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.play.tally import RunTally

STATE_VERSION = 3
OLDEST_VERSION = 2
"""Up to version 2 the record had one row for each model and episode of the training; now it has one for each game."""


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
