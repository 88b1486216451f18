"""Who and what is on the map: people, trainers and item balls, on screen and off it.

Every map has up to 16 map objects (entry 0 is the player); those near the screen also have one of 13 object structs,
which knows where they really are. Coordinates in RAM are four larger than map coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.game.ram import index_of
from core.vocabulary import Button

OBJECT_STRUCTS: Final = index_of("wObjectStructs")
OBJECT_STRUCT_SIZE: Final = 40
OBJECT_STRUCT_COUNT: Final = 13
MAP_OBJECTS: Final = index_of("wMapObjects")
MAP_OBJECT_SIZE: Final = 16
MAP_OBJECT_COUNT: Final = 16
OBJECT_MASKS: Final = index_of("wObjectMasks")
COORDINATE_BIAS: Final = 4
ABSENT: Final = 0xFF
ALWAYS_THERE: Final = 0xFFFF
_FIRST_STRUCT: Final = OBJECT_STRUCTS + OBJECT_STRUCT_SIZE
"""Struct 0 is the player's."""
_STRUCTS_END: Final = OBJECT_STRUCTS + OBJECT_STRUCT_COUNT * OBJECT_STRUCT_SIZE
_NOBODY: Final = bytes(OBJECT_STRUCT_COUNT - 1)

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


def decode_people(data: bytes) -> tuple[Person, ...]:
    """Everybody but the player and those whom a flag or the hour hides."""
    people = []
    for object_id in range(1, MAP_OBJECT_COUNT):
        start = MAP_OBJECTS + object_id * MAP_OBJECT_SIZE
        sprite = data[start + 1]
        if not sprite or data[OBJECT_MASKS + object_id] == ABSENT:
            continue
        struct_id = data[start]
        y, x, facing, visible = data[start + 2], data[start + 3], Button.DOWN, False
        if struct_id < OBJECT_STRUCT_COUNT:
            live = OBJECT_STRUCTS + struct_id * OBJECT_STRUCT_SIZE
            if data[live]:
                x, y, visible = data[live + 16], data[live + 17], True
                facing = FACING[data[live + 8] & 0x0C]
        flag = data[start + 12] | data[start + 13] << 8
        people.append(
            Person(
                x=x - COORDINATE_BIAS,
                y=y - COORDINATE_BIAS,
                facing=facing,
                sprite=sprite,
                kind=KINDS.get(data[start + 8] & 0x0F, "script"),
                sight=data[start + 9],
                flag=None if flag == ALWAYS_THERE else flag,
                object_id=object_id,
                visible=visible,
            )
        )
    return tuple(people)


def people_cells(data: bytes) -> tuple[tuple[int, int], ...]:
    """Only where the object structs on screen stand, as (x, y): what the policy's map needs on every step."""
    sprites = data[_FIRST_STRUCT:_STRUCTS_END:OBJECT_STRUCT_SIZE]
    if sprites == _NOBODY:
        return ()
    xs = data[_FIRST_STRUCT + 16 : _STRUCTS_END : OBJECT_STRUCT_SIZE]
    ys = data[_FIRST_STRUCT + 17 : _STRUCTS_END : OBJECT_STRUCT_SIZE]
    return _cells(sprites, xs, ys)


@lru_cache(maxsize=1024)
def _cells(sprites: bytes, xs: bytes, ys: bytes) -> tuple[tuple[int, int], ...]:
    return tuple(
        (x - COORDINATE_BIAS, y - COORDINATE_BIAS) for sprite, x, y in zip(sprites, xs, ys, strict=True) if sprite
    )


def place_of(data: bytes, object_id: int) -> tuple[int, int] | None:
    """Where one map object stands now, as (x, y); None for one that a flag or the hour hides."""
    start = MAP_OBJECTS + object_id * MAP_OBJECT_SIZE
    if not 0 < object_id < MAP_OBJECT_COUNT or not data[start + 1] or data[OBJECT_MASKS + object_id] == ABSENT:
        return None
    x, y = data[start + 3], data[start + 2]
    if data[start] < OBJECT_STRUCT_COUNT:
        live = OBJECT_STRUCTS + data[start] * OBJECT_STRUCT_SIZE
        if data[live]:
            x, y = data[live + 16], data[live + 17]
    return x - COORDINATE_BIAS, y - COORDINATE_BIAS
