"""Who and what is on the map: people, trainers and item balls, on screen and off it.

Every map has up to 16 map objects (entry 0 is the player); those near the screen also have one of 13 object structs,
which knows where they really are. Coordinates in RAM are four larger than map coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.game.files.layout import RamLayout
from core.vocabulary import Button

COORDINATE_BIAS: Final = 4
ABSENT: Final = 0xFF
ALWAYS_THERE: Final = 0xFFFF

FACING: Final = {0: Button.DOWN, 4: Button.UP, 8: Button.LEFT, 12: Button.RIGHT}
"""Directions as object structs and wPlayerDirection hold them, after `& 0x0C`."""
KINDS: Final = {0: "script", 1: "item_ball", 2: "trainer"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody or something that stands on the map."""

    x: int
    y: int
    facing: Button
    sprite: int
    kind: str
    """"script" (talk to it), "item_ball" (pick it up) or "trainer"."""
    sight: int
    """How many steps a trainer sees."""
    flag: int | None
    """Event flag that hides it when set; None for those who are always there."""
    object_id: int
    """Number of the map object, from 1: the `id` of `GameData.maps[...].objects`."""
    visible: bool
    """Whether it has an object struct now, so that its place is the true one and not the one it starts from."""


class PeopleReader:
    """Reads the people of one game's maps."""

    def __init__(self, layout: RamLayout) -> None:
        live, placed = layout.record("object_struct"), layout.record("map_object")
        self._structs, structs_end = layout.span("wObjectStructs")
        self._struct_size = live.size
        self._struct_count = layout.size("wObjectStructs") // live.size
        self._struct_x, self._struct_y = live.offset("map_x"), live.offset("map_y")
        self._struct_direction = live.offset("direction")
        self._first_struct = self._structs + live.size
        """Struct 0 is the player's."""
        self._sprites = slice(self._first_struct, structs_end, live.size)
        self._xs = slice(self._first_struct + self._struct_x, structs_end, live.size)
        self._ys = slice(self._first_struct + self._struct_y, structs_end, live.size)
        self._nobody = bytes(self._struct_count - 1)
        self._objects = layout.index("wMapObjects")
        self._object_size = placed.size
        self._object_count = layout.size("wMapObjects") // placed.size
        self._object_struct = placed.offset("object_struct_id")
        self._object_sprite = placed.offset("sprite")
        self._object_x, self._object_y = placed.offset("x"), placed.offset("y")
        self._object_kind = placed.offset("palette_type")
        self._object_sight = placed.offset("sight_range")
        self._object_flag = placed.offset("event_flag")
        self._masks = layout.index("wObjectMasks")

    def read(self, data: bytes) -> tuple[Person, ...]:
        """Everybody but the player and those whom a flag or the hour hides."""
        people: list[Person] = []
        for object_id in range(1, self._object_count):
            start = self._objects + object_id * self._object_size
            sprite = data[start + self._object_sprite]
            if not sprite or data[self._masks + object_id] == ABSENT:
                continue
            struct_id = data[start + self._object_struct]
            y, x, facing, visible = data[start + self._object_y], data[start + self._object_x], Button.DOWN, False
            if struct_id < self._struct_count:
                live = self._structs + struct_id * self._struct_size
                if data[live]:
                    x, y, visible = data[live + self._struct_x], data[live + self._struct_y], True
                    facing = FACING[data[live + self._struct_direction] & 0x0C]
            flag = data[start + self._object_flag] | data[start + self._object_flag + 1] << 8
            people.append(
                Person(
                    x=x - COORDINATE_BIAS,
                    y=y - COORDINATE_BIAS,
                    facing=facing,
                    sprite=sprite,
                    kind=KINDS.get(data[start + self._object_kind] & 0x0F, "script"),
                    sight=data[start + self._object_sight],
                    flag=None if flag == ALWAYS_THERE else flag,
                    object_id=object_id,
                    visible=visible,
                )
            )
        return tuple(people)

    def cells(self, data: bytes) -> tuple[tuple[int, int], ...]:
        """Only where the object structs on screen stand, as (x, y): what the policy's map needs on every step."""
        sprites = data[self._sprites]
        if sprites == self._nobody:
            return ()
        return _cells(sprites, data[self._xs], data[self._ys])

    def place_of(self, data: bytes, object_id: int) -> tuple[int, int] | None:
        """Where one map object stands now, as (x, y); None for one that a flag or the hour hides."""
        start = self._objects + object_id * self._object_size
        if (
            not 0 < object_id < self._object_count
            or not data[start + self._object_sprite]
            or data[self._masks + object_id] == ABSENT
        ):
            return None
        x, y, struct_id = data[start + self._object_x], data[start + self._object_y], data[start + self._object_struct]
        if struct_id < self._struct_count:
            live = self._structs + struct_id * self._struct_size
            if data[live]:
                x, y = data[live + self._struct_x], data[live + self._struct_y]
        return x - COORDINATE_BIAS, y - COORDINATE_BIAS


@lru_cache(maxsize=1024)
def _cells(sprites: bytes, xs: bytes, ys: bytes) -> tuple[tuple[int, int], ...]:
    return tuple(
        (x - COORDINATE_BIAS, y - COORDINATE_BIAS) for sprite, x, y in zip(sprites, xs, ys, strict=True) if sprite
    )
