"""Rewards of one's own: an event that pays for talking to somebody new, and an env that pays for a change of map.

    python run_training.py --config examples/own_reward.json

Take the event where something shall be paid once and be seen by its name in records; take the env where the reward
depends on more than two states.
"""

from __future__ import annotations

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.reward_event import EpisodeFacts, EventKind, When
from core.game.state import GameState
from core.vocabulary import GameMode, MapId


class FirstTalk(EventKind):
    """A first conversation on a map; further ones on the same map pay nothing, so nobody is talked to in circles."""

    name, weight, when = "first_talk", 0.2, When.EVERY_STEP

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        self._maps: set[MapId] = set()

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        begins = current.mode is GameMode.DIALOG and previous.mode is GameMode.FREE
        if not begins or current.map_id in self._maps:
            return 0
        self._maps.add(current.map_id)
        return 1


class CuriousEnv(EnhancedPyBoyPokemonCrystalEnv):
    """Pays a little for every change of map, new or not: a reward that can be farmed, as you will see."""

    def _calculate_reward(self, current_state: GameState, previous_state: GameState, action: int) -> float:
        reward = super()._calculate_reward(current_state, previous_state, action)
        return reward + (0.1 if current_state.map_id != previous_state.map_id else 0.0)
