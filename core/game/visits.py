"""The steps that an episode has stood on: pays for new ones, and shows the policy where it has been."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.collision import CROP_COLUMNS, CROP_ROWS, PLAYER_COLUMN, PLAYER_ROW
from core.vocabulary import MapId, Position

MARGIN: Final = 10
COORDINATES: Final = 256
_NOWHERE: Final = np.zeros((CROP_ROWS, CROP_COLUMNS), dtype=np.uint8)


class Visits:
    """One plane a map, 1 where the player stood, with a margin so that the screen's crop needs no clipping."""

    def __init__(self) -> None:
        self._planes: dict[MapId, NDArray[np.uint8]] = {}
        self.changes = 0
        """Counts every change, so that who has drawn a crop knows whether it still holds."""

    def clear(self) -> None:
        """Forget everything: an episode begins."""
        self._planes.clear()
        self.changes += 1

    @property
    def maps(self) -> tuple[MapId, ...]:
        """The maps entered so far, in order."""
        return tuple(self._planes)

    def add_map(self, map_id: MapId) -> bool:
        """Note a map; whether it is new."""
        if map_id in self._planes:
            return False
        self._planes[map_id] = np.zeros((COORDINATES + 2 * MARGIN, COORDINATES + 2 * MARGIN), dtype=np.uint8)
        return True

    def add(self, position: Position) -> bool:
        """Note a step; whether it is new. Its map must have been added."""
        plane = self._planes[position.map]
        row, column = position.y + MARGIN, position.x + MARGIN
        if plane[row, column]:
            return False
        plane[row, column] = 1
        self.changes += 1
        return True

    def count(self) -> int:
        """Steps stood on, over all maps."""
        return sum(int(plane.sum()) for plane in self._planes.values())

    def crop(self, position: Position) -> NDArray[np.uint8]:
        """The 9 x 10 steps on screen around a position, as a view of 0 and 1."""
        plane = self._planes.get(position.map)
        if plane is None:
            return _NOWHERE
        top, left = position.y + MARGIN - PLAYER_ROW, position.x + MARGIN - PLAYER_COLUMN
        return plane[top : top + CROP_ROWS, left : left + CROP_COLUMNS]
