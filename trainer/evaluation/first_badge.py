"""Where a comparison of players ends that should not take a whole game."""

from __future__ import annotations

from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.game.milestones import Milestone
from core.game.story.relaxed_plan import BADGE_ENDING


def first_badge(game: GameData) -> Milestone:
    """The milestone of the first badge in a game's story. Raises ConfigurationError for a story without badges."""
    named = ((one, condition.name) for one in game.milestones for condition in one.conditions)
    found = next((one for one, name in named if name.endswith(BADGE_ENDING)), None)
    if found is None:
        raise ConfigurationError(f"the story of {game.name} has no badge: set final_milestone in the config")
    return found
