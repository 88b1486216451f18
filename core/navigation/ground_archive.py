"""The ground of the maps that some lanes have seen, kept from game to game and shared between lanes.

A lane's own knowledge (`core/navigation/known_grounds.py`) starts empty in every game. An archive outlives the game,
and several lanes may share one: a map that one lane has walked is known to the others before they get there. Games
differ (a script may open a gate in one of them), so the latest sight counts, and a lane's own sight counts more.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core.game.collision import CollisionMap
from core.vocabulary import MapId


class GroundArchive:
    """The latest sight of every map that was seen."""

    def __init__(self) -> None:
        self.version = 0
        """Changes whenever a sight is new or differs from the last one."""
        self._maps: dict[MapId, CollisionMap] = {}

    def __len__(self) -> int:
        """How many maps are known."""
        return len(self._maps)

    def __iter__(self) -> Iterator[tuple[MapId, CollisionMap]]:
        """Maps and their ground, in the order in which they were first seen."""
        return iter(self._maps.items())

    def add(self, map_id: MapId, collision: CollisionMap) -> None:
        """Note how a lane sees this map now."""
        known = self._maps.get(map_id)
        if known is collision:
            return
        if known is None or not np.array_equal(known.border, collision.border):
            self._maps[map_id] = collision
            self.version += 1

    def state_dict(self) -> dict[str, Any]:
        """Everything, JSON-able; a few hundred bytes a map."""
        return {
            "maps": [
                {
                    "map": list(map_id),
                    "shape": list(collision.border.shape),
                    "ground": base64.b64encode(zlib.compress(collision.border.tobytes())).decode("ascii"),
                }
                for map_id, collision in self._maps.items()
            ]
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave; it replaces what is there."""
        self._maps = {}
        for entry in state["maps"]:
            ground = zlib.decompress(base64.b64decode(entry["ground"]))
            border = np.frombuffer(ground, dtype=np.uint8).reshape(entry["shape"])
            self._maps[MapId(*entry["map"])] = CollisionMap.of_border(border)
        self.version += 1
