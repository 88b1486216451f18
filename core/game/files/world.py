"""`world.json`: the maps of a game, and how they become facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypedDict

from core.game.facts import Connection, GameMap, MapObject, SceneScript, Sign, Trigger, Warp, WildTable
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.vocabulary import MapId

TIMES = ("morn", "day", "nite")
ROAMING = ("WANDER", "WALK")
"""Words in the names of movements that leave the spot."""
OBJECT_KINDS = {"OBJECTTYPE_SCRIPT": "script", "OBJECTTYPE_ITEMBALL": "item_ball", "OBJECTTYPE_TRAINER": "trainer"}


class _WarpForm(Form):
    id: int
    x: int
    y: int
    target: str
    target_group: int
    target_number: int
    target_warp: int


class _ConnectionForm(Form):
    direction: Literal["north", "south", "west", "east"]
    target: str
    target_group: int
    target_number: int
    offset_blocks: float
    offset_steps: int | None = None
    arrive_x: int | str | None = None
    arrive_y: int | str | None = None


class _EffectsForm(Form):
    """What talking to somebody, reading something or stepping somewhere can do, where the data tell."""

    script: str | None = None
    sets: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    sells: tuple[str, ...] = ()
    fights: tuple[str, ...] = ()
    badges: tuple[int, ...] = ()
    heals: bool = False
    engine: tuple[str, ...] = ()
    """Engine flags that it can set, badges among them, by the names of `enums.json`."""
    scenes: tuple[tuple[str, int], ...] = ()
    """(map, number) of scenes that it can make the current one of that map."""
    leads_to: tuple[str, ...] = ()
    """Maps to one of which it can take the player."""


class _ObjectForm(_EffectsForm):
    id: int
    x: int
    y: int
    sprite: str
    sprite_id: int
    movement: str
    type: Literal["OBJECTTYPE_SCRIPT", "OBJECTTYPE_ITEMBALL", "OBJECTTYPE_TRAINER"]
    sight: int
    event: str | None
    item: str | None = None
    qty: int | None = None
    trainer_class: str | None = None
    trainer_id: int | None = None
    trainer_const: str | None = None
    beat_event: str | None = None


class _SignForm(_EffectsForm):
    x: int
    y: int
    type: str
    item: str | None = None
    event: str | None = None


class _TriggerForm(_EffectsForm):
    x: int
    y: int
    scene: str | None = None


class _SceneScriptForm(_EffectsForm):
    """What happens by itself on entering the map while `scene` is its current one."""

    scene: int


class _GrassForm(Form):
    rate_of_256: dict[Literal["morn", "day", "nite"], int]
    morn: tuple[tuple[int, str], ...]
    day: tuple[tuple[int, str], ...]
    nite: tuple[tuple[int, str], ...]


class _WaterForm(Form):
    rate_of_256: int
    slots: tuple[tuple[int, str], ...]


class _WildForm(Form):
    grass: _GrassForm | None = None
    water: _WaterForm | None = None
    swarm_grass: _GrassForm | None = None


class _MapForm(Form):
    group: int
    number: int
    name: str
    width_blocks: int
    height_blocks: int
    width_steps: int
    height_steps: int
    tileset_id: int
    tileset: str
    environment_id: int
    environment: str
    landmark_id: int
    landmark: str
    border_block: int | None = None
    region: str
    spawn: str | None = None
    home: tuple[int, int] | None = None
    connections: tuple[_ConnectionForm, ...]
    warps: tuple[_WarpForm, ...]
    coord_events: tuple[_TriggerForm, ...]
    bg_events: tuple[_SignForm, ...]
    objects: tuple[_ObjectForm, ...]
    scene_symbol: str | None = None
    """The RAM symbol that holds the number of the map's current scene."""
    scene_scripts: tuple[_SceneScriptForm, ...] = ()
    collision: tuple[str, ...] = ()
    wild: _WildForm | None = None


class _WorldForm(Form):
    about: str = ""
    maps: dict[str, _MapForm]


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of a game's files call things: names that a map may speak of."""

    species: Mapping[str, int]
    """Key -> number."""
    items: Collection[str]
    event_flags: Collection[str]
    engine_flags: Collection[str]
    trainers: Collection[str]
    """Keys of trainers."""


@dataclass(frozen=True, slots=True)
class World:
    """The maps of a game and who lives on them."""

    maps: Mapping[MapId, GameMap]
    wild: Mapping[str, WildTable | None]
    """By map key; None where creatures live on the water only."""


def read_world(file: Traversable, known: Known) -> World:
    """The maps in a `world.json`.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, or names what there is not.
    """
    forms = read_data_file(file, _WorldForm).maps
    _check_names(file, forms, known)
    ids = {key: MapId(form.group, form.number) for key, form in forms.items()}
    maps = [_game_map(key, form, ids) for key, form in forms.items()]
    wild = {
        key: _wild_table(form.wild.grass, known.species) if form.wild.grass is not None else None
        for key, form in forms.items()
        if form.wild is not None
    }
    return World({place.id: place for place in maps}, wild)


def _check_names(file: Traversable, forms: Mapping[str, _MapForm], known: Known) -> None:
    def check(place: str, name: str | None, names: Collection[str], what: str) -> None:
        if name is not None and name not in names:
            raise broken(file, place, name, f"no {what} has that name; {nearest_hint(name, names)}")

    ids: dict[tuple[int, int], str] = {}
    for key, form in forms.items():
        if (form.group, form.number) in ids:
            raise broken(file, f"maps.{key}", (form.group, form.number), f"{ids[form.group, form.number]} is that map")
        ids[form.group, form.number] = key
    for key, form in forms.items():
        for list_name, ways in (("warps", form.warps), ("connections", form.connections)):
            for number, way in enumerate(ways):
                place = f"maps.{key}.{list_name}.{number}"
                check(f"{place}.target", way.target, forms, "map")
                target = forms[way.target]
                if (way.target_group, way.target_number) != (target.group, target.number):
                    seen = (way.target_group, way.target_number)
                    raise broken(file, f"{place}.target_group and target_number", seen, f"{way.target} has others")
        lists: tuple[tuple[str, tuple[_EffectsForm, ...]], ...] = (
            ("objects", form.objects),
            ("bg_events", form.bg_events),
            ("coord_events", form.coord_events),
            ("scene_scripts", form.scene_scripts),
        )
        for list_name, things in lists:
            for number, thing in enumerate(things):
                place = f"maps.{key}.{list_name}.{number}"
                for name in (*thing.sets, *thing.clears):
                    check(f"{place}.sets or clears", name, known.event_flags, "event flag")
                for name in (*thing.gives, *thing.sells):
                    check(f"{place}.gives or sells", name, known.items, "item")
                for name in thing.fights:
                    check(f"{place}.fights", name, known.trainers, "trainer")
                for name in thing.engine:
                    check(f"{place}.engine", name, known.engine_flags, "engine flag")
                for name in (*(key for key, _ in thing.scenes), *thing.leads_to):
                    check(f"{place}.scenes or leads_to", name, forms, "map")
                if isinstance(thing, _ObjectForm | _SignForm):
                    check(f"{place}.item", thing.item, known.items, "item")
                    check(f"{place}.event", thing.event, known.event_flags, "event flag")
                if isinstance(thing, _ObjectForm):
                    check(f"{place}.beat_event", thing.beat_event, known.event_flags, "event flag")
        grass = form.wild.grass if form.wild is not None else None
        for time in TIMES if grass is not None else ():
            for _, name in getattr(grass, time):
                check(f"maps.{key}.wild.grass.{time}", name, known.species, "species")


def _wild_table(form: _GrassForm, species: Mapping[str, int]) -> WildTable:
    slots: dict[str, Any] = {time: getattr(form, time) for time in TIMES}
    return WildTable(
        rate_of_256={time: form.rate_of_256[time] for time in ("morn", "day", "nite")},
        slots={time: tuple((level, species[name]) for level, name in rows) for time, rows in slots.items()},
    )


class _Effects(TypedDict):
    sets: tuple[str, ...]
    clears: tuple[str, ...]
    gives: tuple[str, ...]
    fights: tuple[str, ...]
    sells: tuple[str, ...]
    heals: bool
    engine: tuple[str, ...]
    scenes: tuple[tuple[MapId, int], ...]
    leads_to: tuple[MapId, ...]


def _effects(form: _EffectsForm, ids: Mapping[str, MapId]) -> _Effects:
    return _Effects(
        sets=form.sets,
        clears=form.clears,
        gives=form.gives,
        fights=form.fights,
        sells=form.sells,
        heals=form.heals,
        engine=form.engine,
        scenes=tuple((ids[key], number) for key, number in form.scenes),
        leads_to=tuple(ids[key] for key in form.leads_to),
    )


def _game_map(key: str, form: _MapForm, ids: Mapping[str, MapId]) -> GameMap:
    return GameMap(
        id=ids[key],
        key=key,
        name=form.name,
        width=form.width_steps,
        height=form.height_steps,
        environment=form.environment,
        tileset=form.tileset,
        warps=tuple(
            Warp(one.id, one.x, one.y, MapId(one.target_group, one.target_number), one.target_warp)
            for one in form.warps
        ),
        connections=tuple(
            Connection(one.direction, MapId(one.target_group, one.target_number), int(2 * one.offset_blocks))
            for one in form.connections
        ),
        objects=tuple(_map_object(one, ids) for one in form.objects),
        signs=tuple(
            Sign(one.x, one.y, one.type.removeprefix("BGEVENT_").lower(), one.item, one.event, **_effects(one, ids))
            for one in form.bg_events
        ),
        triggers=tuple(Trigger(one.x, one.y, **_effects(one, ids)) for one in form.coord_events),
        heals=any(one.heals for one in form.objects),
        scene_symbol=form.scene_symbol,
        scene_scripts=tuple(SceneScript(one.scene, **_effects(one, ids)) for one in form.scene_scripts),
    )


def _map_object(form: _ObjectForm, ids: Mapping[str, MapId]) -> MapObject:
    return MapObject(
        id=form.id,
        x=form.x,
        y=form.y,
        sprite=form.sprite,
        kind=OBJECT_KINDS[form.type],
        sight=form.sight,
        event=form.event,
        item=form.item,
        trainer_class=form.trainer_class,
        trainer_id=form.trainer_id,
        beat_event=form.beat_event,
        roams=any(word in form.movement.upper() for word in ROAMING),
        **_effects(form, ids),
    )
