"""People and things of the maps: walking figures put together from a head, a body and a palette.

Heads and bodies are drawn in ``data/graphics/people.txt``. A figure is six pictures of 16x16: down, up and side, each
standing and stepping. The side looks left; the console flips it for the right, and flips the step for the other foot.
"""

from __future__ import annotations

from dataclasses import dataclass

from cartridge.tools.art import pixels
from cartridge.tools.art.palettes import BLUE, BROWN, GREEN, GREY, PINK, RED, VIOLET, WHITE

PICTURES = "people.txt"
TILES_EACH = 24
_POSES = ("down", "down_step", "up", "up_step", "side", "side_step")


@dataclass(frozen=True)
class Person:
    """Who wears what: the names of a head and a body, and an object palette 0-7."""

    head: str
    body: str
    palette: int


@dataclass(frozen=True)
class Thing:
    """A picture without directions."""

    picture: str
    palette: int


PEOPLE: dict[str, Person] = {
    "player": Person("hero", "tunic", RED),
    "rival": Person("spiky", "tunic", BLUE),
    "child": Person("cap", "tunic", GREEN),
    "youth": Person("cap", "tunic", BLUE),
    "girl": Person("bun", "dress", PINK),
    "woman": Person("long", "dress", BROWN),
    "lady": Person("long", "dress", VIOLET),
    "man": Person("short", "tunic", GREEN),
    "hiker": Person("short", "coat", BROWN),
    "elder": Person("bald", "coat", VIOLET),
    "nurse": Person("nurse", "dress", PINK),
    "scientist": Person("glasses", "coat", WHITE),
    "clerk": Person("short", "coat", BLUE),
    "guard": Person("peaked", "tunic", BLUE),
    "fisher": Person("hat", "tunic", BROWN),
    "gardener": Person("hat", "coat", GREEN),
    "leader_tide": Person("bun", "coat", BLUE),
    "leader_stone": Person("spiky", "coat", BROWN),
    "champion": Person("long", "coat", RED),
    "raft": Person("hero", "raft", RED),
}
THINGS: dict[str, Thing] = {
    "ball": Thing("ball", BROWN),
    "boulder": Thing("boulder", GREY),
    "emote": Thing("emote", GREY),
    "sign": Thing("sign", BROWN),
    "lamb": Thing("lamb", WHITE),
}
NAMES = (*PEOPLE, *THINGS)


def palette(name: str) -> int:
    """The object palette of a person or thing."""
    return (PEOPLE.get(name) or THINGS[name]).palette


def pictures(name: str) -> list[pixels.Grid]:
    """The six pictures of 16x16 of a person; a thing looks the same six times.

    Raises KeyError for a name not in NAMES.
    """
    drawn = pixels.read_pictures(PICTURES)
    if name in THINGS:
        return [drawn[THINGS[name].picture]] * len(_POSES)
    person = PEOPLE[name]
    return [drawn[f"{person.head}_{pose.removesuffix('_step')}"] + drawn[f"{person.body}_{pose}"] for pose in _POSES]


def tiles(name: str) -> bytes:
    """24 tiles of 16 bytes: each picture as a left and a right half of 8x16."""
    return b"".join(tile for picture in pictures(name) for tile in pixels.split_tall(picture))
