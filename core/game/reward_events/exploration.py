"""New ground pays once in an episode: a map when it is first entered, a step when it is first stood on."""

from __future__ import annotations

from core.game.reward_event import REWARD_EVENTS, EpisodeFacts, EventKind, When
from core.game.state import GameState


@REWARD_EVENTS.register("new_map")
class NewMap(EventKind):
    """A map first entered in the episode."""

    name, weight, when = "new_map", 0.5, When.NEW_GROUND

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """1 on a new map."""
        return float(episode.is_new_map)


@REWARD_EVENTS.register("new_tile")
class NewTile(EventKind):
    """A step first stood on in the episode."""

    name, weight, when = "new_tile", 0.01, When.NEW_GROUND

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """1 whenever it is asked."""
        return 1.0
