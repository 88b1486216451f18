"""The maps in a `world.json`, checked, and how they become facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any, TypedDict, TypeVar

from core.game.facts import (
    MAIN_AREA,
    Area,
    BoulderHole,
    Chase,
    ConditionalEffects,
    Connection,
    GameMap,
    Gate,
    MapObject,
    Preconditions,
    SceneScript,
    Sign,
    Trigger,
    Warp,
    WildTable,
)
from core.game.files.form import broken, nearest_hint, read_data_file
from core.game.files.world_form import (
    ChaseForm,
    EffectsForm,
    GrassForm,
    MapForm,
    NeedsForm,
    ObjectForm,
    OutcomeForm,
    ScriptForm,
    SignForm,
    WorldForm,
)
from core.vocabulary import Button, MapId

TIMES = ("morn", "day", "nite")
ROAMING = ("WANDER", "WALK")
"""Words in the names of movements that leave the spot."""
BOULDER_MOVEMENT = "SPRITEMOVEDATA_STRENGTH_BOULDER"
_Thing = TypeVar("_Thing")
OBJECT_KINDS = {"OBJECTTYPE_SCRIPT": "script", "OBJECTTYPE_ITEMBALL": "item_ball", "OBJECTTYPE_TRAINER": "trainer"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of a game's files call things: names that a map may speak of."""

    species: Mapping[str, int]
    """Key -> number."""
    items: Collection[str]
    event_flags: Collection[str]
    engine_flags: Collection[str]
    moves: Collection[str]
    trainers: Collection[str]
    """Keys of trainers."""


@dataclass(frozen=True, slots=True)
class World:
    """The maps of a game and who lives on them."""

    maps: Mapping[MapId, GameMap]
    wild: Mapping[str, WildTable | None]
    """By map key; None where creatures live on the water only."""
    phone_calls: Mapping[str, ConditionalEffects]
    """What a call that comes by itself brings about, by its key."""


def read_world(file: Traversable, known: Known) -> World:
    """The maps in a `world.json`.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, or names what there is not.
    """
    form = read_data_file(file, WorldForm)
    forms = form.maps
    _check_names(file, forms, form.phone_calls, known)
    ids = {key: MapId(form.group, form.number) for key, form in forms.items()}
    maps = [_game_map(key, form, ids) for key, form in forms.items()]
    wild = {
        key: _wild_table(one.wild.grass, known.species) if one.wild.grass is not None else None
        for key, one in forms.items()
        if one.wild is not None
    }
    calls = {key: ConditionalEffects(**_effects(one, ids)) for key, one in form.phone_calls.items()}
    return World({place.id: place for place in maps}, wild, calls)


def _check_names(
    file: Traversable, forms: Mapping[str, MapForm], calls: Mapping[str, EffectsForm], known: Known
) -> None:
    def check(place: str, name: str | None, names: Collection[str], what: str) -> None:
        if name is not None and name not in names:
            raise broken(file, place, name, f"no {what} has that name; {nearest_hint(name, names)}")

    def check_effects(place: str, effects: EffectsForm) -> None:
        for name in (*effects.sets, *effects.clears):
            check(f"{place}.sets or clears", name, known.event_flags, "event flag")
        for name in (*effects.gives, *effects.sells, *effects.takes):
            check(f"{place}.gives, sells or takes", name, known.items, "item")
        for name in effects.fights:
            check(f"{place}.fights", name, known.trainers, "trainer")
        for name in (*effects.engine, *effects.engine_off):
            check(f"{place}.engine or engine_off", name, known.engine_flags, "engine flag")
        for name in (*(key for key, _ in effects.scenes), *effects.leads_to):
            check(f"{place}.scenes or leads_to", name, forms, "map")
        for name in effects.calls:
            check(f"{place}.calls", name, calls, "phone call")

    def check_needs(place: str, needs: NeedsForm) -> None:
        for name in (*needs.needs, *needs.without):
            check(f"{place}.needs or without", name, nameable, "event flag, engine flag or item")
        for name, _ in needs.in_scenes:
            check(f"{place}.in_scenes", name, forms, "map")
        for name in needs.moves:
            check(f"{place}.moves", name, known.moves, "move")

    def check_outcome(place: str, outcome: OutcomeForm) -> None:
        check_effects(place, outcome)
        check_needs(place, outcome)

    nameable = {*known.event_flags, *known.engine_flags, *known.items}
    for name, call in calls.items():
        check_effects(f"phone_calls.{name}", call)
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
        lists: tuple[tuple[str, tuple[ScriptForm, ...]], ...] = (
            ("objects", form.objects),
            ("bg_events", form.bg_events),
            ("coord_events", form.coord_events),
            ("scene_scripts", form.scene_scripts),
            ("boulder_holes", form.boulder_holes),
        )
        for list_name, things in lists:
            for number, thing in enumerate(things):
                place = f"maps.{key}.{list_name}.{number}"
                check_effects(place, thing)
                for at, outcome in enumerate(thing.outcomes):
                    check_outcome(f"{place}.outcomes.{at}", outcome)
                if isinstance(thing, ObjectForm | SignForm):
                    check(f"{place}.item", thing.item, known.items, "item")
                    check(f"{place}.event", thing.event, known.event_flags, "event flag")
                if isinstance(thing, ObjectForm):
                    check(f"{place}.beat_event", thing.beat_event, known.event_flags, "event flag")
        for at, outcome in enumerate(form.on_load):
            check_outcome(f"maps.{key}.on_load.{at}", outcome)
        for at, gate in enumerate(form.gates):
            check_needs(f"maps.{key}.gates.{at}", gate)
            for name in (gate.from_area, gate.to_area):
                check(f"maps.{key}.gates.{at}.from_area or to_area", name, (MAIN_AREA, *form.areas), "area")
        grass = form.wild.grass if form.wild is not None else None
        for time in TIMES if grass is not None else ():
            for _, name in getattr(grass, time):
                check(f"maps.{key}.wild.grass.{time}", name, known.species, "species")


def _wild_table(form: GrassForm, species: Mapping[str, int]) -> WildTable:
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
    takes: tuple[str, ...]
    engine_off: tuple[str, ...]
    calls: tuple[str, ...]
    radio: int | None
    outcomes: tuple[ConditionalEffects, ...]


def _effects(form: EffectsForm, ids: Mapping[str, MapId]) -> _Effects:
    """The effects of a row: its own, and those that any of its outcomes has."""
    outcomes = form.outcomes if isinstance(form, ScriptForm) else ()
    rows: tuple[EffectsForm, ...] = (form, *outcomes)
    return _Effects(
        sets=_any_of(row.sets for row in rows),
        clears=_any_of(row.clears for row in rows),
        gives=_any_of(row.gives for row in rows),
        fights=_any_of(row.fights for row in rows),
        sells=_any_of(row.sells for row in rows),
        heals=any(row.heals for row in rows),
        engine=_any_of(row.engine for row in rows),
        scenes=tuple((ids[key], number) for key, number in _any_of(row.scenes for row in rows)),
        leads_to=tuple(ids[key] for key in _any_of(row.leads_to for row in rows)),
        takes=_any_of(row.takes for row in rows),
        engine_off=_any_of(row.engine_off for row in rows),
        calls=_any_of(row.calls for row in rows),
        radio=next((row.radio for row in rows if row.radio is not None), None),
        outcomes=tuple(_outcome(one, ids) for one in outcomes),
    )


def _any_of(rows: Iterable[tuple[_Thing, ...]]) -> tuple[_Thing, ...]:
    return tuple(dict.fromkeys(thing for row in rows for thing in row))


def _outcome(form: OutcomeForm, ids: Mapping[str, MapId]) -> ConditionalEffects:
    answers = tuple((number, bool(yes)) for number, yes in form.answers)
    return ConditionalEffects(needs=_needs(form, ids), answers=answers, options=form.options, **_effects(form, ids))


def _needs(form: NeedsForm, ids: Mapping[str, MapId]) -> Preconditions:
    return Preconditions(
        present=form.needs,
        absent=form.without,
        badges=form.badges_between,
        scenes=tuple((ids[key], number) for key, number in form.in_scenes),
        moves=form.moves,
    )


def _game_map(key: str, form: MapForm, ids: Mapping[str, MapId]) -> GameMap:
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
        triggers=tuple(Trigger(one.x, one.y, one.scene_id, **_effects(one, ids)) for one in form.coord_events),
        heals=any(one.heals for one in form.objects),
        scene_symbol=form.scene_symbol,
        scene_scripts=(
            *(SceneScript(one.scene, **_effects(one, ids)) for one in form.scene_scripts),
            *(SceneScript(None, **_effects(ScriptForm(outcomes=(one,)), ids)) for one in form.on_load),
        ),
        boulder_holes=tuple(BoulderHole(one.object, one.x, one.y, **_effects(one, ids)) for one in form.boulder_holes),
        areas=tuple(
            Area(name, one.warps, one.edges, one.objects, one.signs, one.steps) for name, one in form.areas.items()
        ),
        region=form.region,
        is_elevator=form.elevator,
        gates=tuple(Gate(one.from_area, one.to_area, _needs(one, ids), one.one_way) for one in form.gates),
    )


def _chase(form: ChaseForm | None) -> Chase | None:
    if form is None:
        return None
    moves = tuple((before, Button[facing.upper()], after) for before, facing, after in form.moves)
    return Chase(form.symbol, form.first, form.last, moves)


def _map_object(form: ObjectForm, ids: Mapping[str, MapId]) -> MapObject:
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
        is_boulder=form.movement == BOULDER_MOVEMENT,
        chase=_chase(form.chase),
        **_effects(form, ids),
    )
