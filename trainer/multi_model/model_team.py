"""What models on the cartridge have in common: of a team there is one such object, of rivals one each.

Everything that outlives a game and is no weight is in here, so whether it is shared is decided in one place: by how
many of these a training has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.history.analyzer import DecisionHistoryAnalyzer
from core.navigation.ground_archive import GroundArchive
from trainer.multi_model.record import DecisionRecord
from trainer.play.team_state import TeamState
from trainer.settings import Settings


class ModelTeam(TeamState):
    """A `TeamState` that also knows the ground that was walked, and how the options turned out that language models
    chose."""

    def __init__(self, database: Path, settings: Settings, rom_sha1: str, recorded_settings: Mapping[str, Any]) -> None:
        """`database` is the decision record; `settings.go_explore` names this team's own archive of states."""
        self.record = DecisionHistoryAnalyzer(database)
        super().__init__(self.record.store, settings, rom_sha1, recorded_settings)
        self.outcomes = DecisionRecord()
        """What each option brought, as the prompts of the language models tell it; saved with those who read it."""
        self.grounds = GroundArchive()
        """The maps as any of the agents has seen them, in this game or an earlier one."""

    def state_dict(self) -> dict[str, Any]:
        """As `TeamState.state_dict`, and the ground."""
        return {**super().state_dict(), "grounds": self.grounds.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As `TeamState.load_state_dict`, and the ground."""
        super().load_state_dict(state)
        self.grounds.load_state_dict(state["grounds"])

    def close(self) -> None:
        """Closes the decision record."""
        self.record.close()
