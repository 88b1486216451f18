"""`names.json`: what people call the places of a game and who stands there, where `world.json` has only keys.

A game may do without the file: its maps keep the names in `world.json`, and a sprite is called by its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources.abc import Traversable

from pydantic import Field

from core.game.facts import GameMap, MapObject
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.vocabulary import MapId

SPRITE_PREFIX = "SPRITE_"


class _NamesForm(Form):
    about: str = ""
    maps: dict[str, str] = Field(default_factory=dict)
    sprites: dict[str, str] = Field(default_factory=dict)
    """With the article, as one says it: "the nurse", "Whitney"."""
    objects: dict[str, dict[int, str]] = Field(default_factory=dict)
    """By map and number of the object, where its sprite does not tell who it is."""


def named(file: Traversable, maps: Mapping[MapId, GameMap]) -> dict[MapId, GameMap]:
    """The maps and their objects with the names that people use, from a `names.json` if there is one.

    Raises `core.exceptions.EnvironmentError` for a file of another form, or one that names what there is not.
    """
    form = read_data_file(file, _NamesForm) if file.is_file() else _NamesForm()
    by_key = {one.key: one for one in maps.values()}
    sprites = {thing.sprite for one in maps.values() for thing in one.objects}
    for place, names, known in (
        ("maps", form.maps, by_key),
        ("sprites", form.sprites, sprites),
        ("objects", form.objects, by_key),
    ):
        if (unknown := next((name for name in names if name not in known), None)) is not None:
            raise broken(file, place, unknown, f"the world has none of that name; {nearest_hint(unknown, known)}")
    for key, people in form.objects.items():
        there = {thing.id for thing in by_key[key].objects}
        if (number := next((one for one in people if one not in there), None)) is not None:
            raise broken(file, f"objects.{key}", number, f"the map has the objects {sorted(there)}")

    def called(place: GameMap, thing: MapObject) -> str:
        of_its_own = form.objects.get(place.key, {}).get(thing.id)
        return of_its_own or form.sprites.get(thing.sprite) or "the " + _words(thing.sprite)

    return {
        map_id: replace(
            place,
            name=form.maps.get(place.key, place.name),
            objects=tuple(replace(thing, name=called(place, thing)) for thing in place.objects),
        )
        for map_id, place in maps.items()
    }


def _words(sprite: str) -> str:
    return sprite.removeprefix(SPRITE_PREFIX).replace("_", " ").lower()
