"""The atlas and the rule book of a game, from its data files: maps, warps, people, creatures, moves, items, flags.

Read from `world.json` and `enums.json` of the profile's data folder, in one form for Fernvale (exported by the
cartridge's build) and Crystal (facts of the published game). Nothing here changes while a game runs; what is true now
is in `GameState`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources.abc import Traversable
from typing import Any

from core import exceptions
from core.game.profile import RomProfile
from core.vocabulary import MapId


@dataclass(frozen=True, slots=True)
class Warp:
    """A door, stair or carpet: stepping on (x, y) leads to warp `target_warp` (counted from 1) of the target map."""

    id: int
    x: int
    y: int
    target: MapId
    target_warp: int


@dataclass(frozen=True, slots=True)
class Connection:
    """A side of a map that runs on into another one.

    `offset_steps` is how far the neighbour is shifted along that side: walking off at coordinate c along the side
    arrives at c - offset_steps.
    """

    direction: str
    target: MapId
    offset_steps: int


@dataclass(frozen=True, slots=True)
class MapObject:
    """A person or thing that the map places: where it stands at first, and what it is for."""

    id: int
    x: int
    y: int
    sprite: str
    kind: str
    """"script", "item_ball" or "trainer"."""
    sight: int
    event: str | None
    """Name of the event flag that hides it when set."""
    item: str | None = None
    trainer_class: str | None = None
    trainer_id: int | None = None
    beat_event: str | None = None
    sets: tuple[str, ...] = ()
    """Event flags that talking to it can set, where the data tell."""
    gives: tuple[str, ...] = ()
    """Items that talking to it can give, where the data tell."""
    heals: bool = False
    """Whether talking to it can heal the party."""
    fights: tuple[str, ...] = ()
    """Trainers (keys of `GameData.trainer_levels_by_key`) whom talking to it can bring on, one of them at a time."""
    sells: tuple[str, ...] = ()
    """Items (their keys) that it sells, where the data tell."""
    roams: bool = False
    """Whether it walks about, so that it never stands in the way for good."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something to read or find at a step; hidden items name the item."""

    x: int
    y: int
    kind: str
    item: str | None = None
    event: str | None = None
    sets: tuple[str, ...] = ()
    """Event flags that reading it can set, where the data tell."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A step that may start a scene."""

    x: int
    y: int
    sets: tuple[str, ...] = ()
    """Event flags that the scene can set, where the data tell."""


@dataclass(frozen=True, slots=True)
class GameMap:
    """One map. Sizes are in steps of 16 pixels."""

    id: MapId
    key: str
    name: str
    width: int
    height: int
    environment: str
    tileset: str
    warps: tuple[Warp, ...]
    connections: tuple[Connection, ...]
    objects: tuple[MapObject, ...]
    signs: tuple[Sign, ...]
    triggers: tuple[Trigger, ...]
    """Steps that may start a scene."""
    heals: bool = False
    """Whether somebody here heals the party."""


@dataclass(frozen=True, slots=True)
class Species:
    id: int
    name: str
    types: tuple[str, ...]
    base_stats: Mapping[str, int] = field(hash=False)
    catch_rate: int
    base_exp: int
    learns: tuple[tuple[int, str], ...]
    """(level, move key) in order of level."""


@dataclass(frozen=True, slots=True)
class Move:
    id: int
    key: str
    name: str
    type: str
    power: int
    accuracy_percent: int
    pp: int
    effect: str


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    key: str
    name: str
    pocket: str
    price: int
    effect: str | None = None
    """What it does, where the data tell."""
    amount: int = 0
    """How much of it: HP, steps, tenths of the catch rate, by the effect."""


@dataclass(frozen=True, slots=True)
class TrainerParty:
    """Whom a trainer fights with."""

    class_key: str
    id: int
    creatures: tuple[tuple[int, int], ...]
    """(level, species id), in the order of coming out."""


@dataclass(frozen=True, slots=True)
class EventFlag:
    """One bit of wEventFlags. `set_at_new_game` flags and those of fleeting kinds are no sign of progress."""

    name: str
    index: int
    kind: str
    set_at_new_game: bool


@dataclass(frozen=True)
class GameData:
    """Everything that is fixed about a game."""

    maps: Mapping[MapId, GameMap]
    species: Mapping[int, Species]
    moves: Mapping[int, Move]
    items: Mapping[int, Item]
    types: Mapping[int, str]
    type_chart: Mapping[tuple[str, str], float]
    """(attacking type, defending type) -> factor; absent pairs are 1."""
    event_flags: Mapping[str, EventFlag]
    trainer_classes: Mapping[int, str]
    wild: Mapping[str, Any]
    """Encounter tables by map key, as the data file has them."""
    trainer_levels: Mapping[tuple[str, int], int]
    """(trainer class, trainer id) -> the highest level of that trainer's party."""
    trainer_levels_by_key: Mapping[str, int]
    """The same by the trainer's key in the data."""
    trainers: Mapping[str, TrainerParty]
    """All trainers by their key in the data."""

    def warp_cells(self, map_id: MapId) -> frozenset[tuple[int, int]]:
        """The (x, y) of a map's warps; none for an unknown map."""
        return self._warp_cells.get(map_id, frozenset())

    @cached_property
    def _warp_cells(self) -> dict[MapId, frozenset[tuple[int, int]]]:
        return {key: frozenset((warp.x, warp.y) for warp in known.warps) for key, known in self.maps.items()}

    def map_name(self, map_id: MapId) -> str:
        """The name that people use, or the numbers of an unknown map."""
        known = self.maps.get(map_id)
        return known.name if known is not None else f"map {map_id.group}.{map_id.number}"

    def species_name(self, species: int) -> str:
        known = self.species.get(species)
        return known.name if known is not None else f"creature {species}"

    def effectiveness(self, attacking: str, defending: tuple[str, ...]) -> float:
        """Damage factor of a move's type against a creature's types: 0, 0.25, 0.5, 1, 2 or 4."""
        factor = 1.0
        for kind in dict.fromkeys(defending):
            factor *= self.type_chart.get((attacking, kind), 1.0)
        return factor

    def map_by_key(self, key: str) -> GameMap | None:
        return next((known for known in self.maps.values() if known.key == key), None)


@lru_cache(maxsize=4)
def _load(folder: Traversable, name: str) -> GameData:
    atlas = _read_json(folder, "world.json")
    rules = _read_json(folder, "enums.json")
    try:
        return _build(atlas, rules)
    except (KeyError, TypeError, ValueError) as error:
        raise exceptions.EnvironmentError(
            f"the data files of {name} do not have the expected form: {type(error).__name__}: {error}. "
            "Restore core/game/data, or build the cartridge again"
        ) from error


def load_game_data(profile: RomProfile) -> GameData:
    """The game of a recognised ROM, read once per process.

    Raises `core.exceptions.EnvironmentError` when a data file is missing or malformed.
    """
    return _load(profile.data_folder, profile.name)


def _read_json(folder: Traversable, file_name: str) -> dict[str, Any]:
    try:
        return json.loads(folder.joinpath(file_name).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise exceptions.EnvironmentError(
            f"cannot read {folder.joinpath(file_name)}: {error}. Restore core/game/data, or build the cartridge again"
        ) from error


def _build(atlas: dict[str, Any], rules: dict[str, Any]) -> GameData:
    rows = rules["type_chart"]
    chart = {(row[0], row[1]): float(row[2]) for row in (rows["rows"] if isinstance(rows, dict) else rows)}
    maps = [_game_map(key, row) for key, row in atlas["maps"].items()]
    species_ids = {row["const"]: int(key) for key, row in rules["species"].items()}
    return GameData(
        maps={known.id: known for known in maps},
        species={int(key): _species(int(key), row) for key, row in rules["species"].items() if "base_stats" in row},
        moves={int(key): _move(int(key), row) for key, row in rules["moves"].items()},
        items={int(key): _item(int(key), row) for key, row in rules["items"].items()},
        types={int(key): name for key, name in rules["types"].items()},
        type_chart=chart,
        event_flags={
            name: EventFlag(name, row["index"], row["kind"], bool(row.get("set_at_new_game", False)))
            for name, row in rules["event_flags"].items()
        },
        trainer_classes={
            int(key): row.get("name", row["const"]) for key, row in rules.get("trainer_classes", {}).items()
        },
        wild=atlas.get("wild", {}) | {key: row["wild"] for key, row in atlas["maps"].items() if "wild" in row},
        trainer_levels={
            (row["class"], row["id"]): max(member["level"] for member in row["party"])
            for row in rules.get("trainers", {}).values()
        },
        trainer_levels_by_key={
            key: max(member["level"] for member in row["party"]) for key, row in rules.get("trainers", {}).items()
        },
        trainers={key: _trainer(row, species_ids) for key, row in rules.get("trainers", {}).items()},
    )


_ROAMING = ("WANDER", "WALK")
"""Words in the names of movements that leave the spot."""
_OBJECT_KINDS = {"OBJECTTYPE_SCRIPT": "script", "OBJECTTYPE_ITEMBALL": "item_ball", "OBJECTTYPE_TRAINER": "trainer"}


def _game_map(key: str, row: dict[str, Any]) -> GameMap:
    return GameMap(
        id=MapId(row["group"], row["number"]),
        key=key,
        name=row["name"],
        width=row["width_steps"],
        height=row["height_steps"],
        environment=row["environment"],
        tileset=row["tileset"],
        warps=tuple(
            Warp(w["id"], w["x"], w["y"], MapId(w["target_group"], w["target_number"]), w["target_warp"])
            for w in row["warps"]
        ),
        connections=tuple(
            Connection(c["direction"], MapId(c["target_group"], c["target_number"]), int(2 * c["offset_blocks"]))
            for c in row["connections"]
        ),
        objects=tuple(_map_object(o) for o in row["objects"]),
        signs=tuple(
            Sign(
                s["x"],
                s["y"],
                s["type"].removeprefix("BGEVENT_").lower(),
                s.get("item"),
                s.get("event"),
                tuple(s.get("sets", ())),
            )
            for s in row["bg_events"]
        ),
        triggers=tuple(Trigger(t["x"], t["y"], tuple(t.get("sets", ()))) for t in row.get("coord_events", ())),
        heals=any(_heals(o) for o in row["objects"]),
    )


def _heals(row: dict[str, Any]) -> bool:
    """Fernvale's scripts say so; in Crystal every nurse does."""
    return bool(row.get("heals", row["sprite"] == "SPRITE_NURSE"))


def _map_object(row: dict[str, Any]) -> MapObject:
    return MapObject(
        id=row["id"],
        x=row["x"],
        y=row["y"],
        sprite=row["sprite"],
        kind=_OBJECT_KINDS.get(row["type"], "script"),
        sight=row["sight"],
        event=row["event"],
        item=row.get("item"),
        trainer_class=row.get("trainer_class"),
        trainer_id=row.get("trainer_id"),
        beat_event=row.get("beat_event"),
        sets=tuple(row.get("sets", ())),
        gives=tuple(row.get("gives", ())),
        heals=_heals(row),
        fights=tuple(row.get("fights", ())),
        sells=tuple(row.get("sells", ())),
        roams=any(word in row.get("movement", "").upper() for word in _ROAMING),
    )


def _trainer(row: dict[str, Any], species_ids: Mapping[str, int]) -> TrainerParty:
    creatures = ((member["level"], species_ids[member["species"]]) for member in row["party"])
    return TrainerParty(row["class"], row["id"], tuple(creatures))


def _species(number: int, row: dict[str, Any]) -> Species:
    return Species(
        id=number,
        name=row["name"],
        types=tuple(row["types"]),
        base_stats=dict(row["base_stats"]),
        catch_rate=row["catch_rate"],
        base_exp=row["base_exp"],
        learns=tuple((level, move) for level, move in row["learns"]),
    )


def _move(number: int, row: dict[str, Any]) -> Move:
    return Move(
        id=number,
        key=row["const"],
        name=row["name"],
        type=row["type"],
        power=row["power"],
        accuracy_percent=row["accuracy_pct"],
        pp=row["pp"],
        effect=row["effect"],
    )


def _item(number: int, row: dict[str, Any]) -> Item:
    return Item(number, row["const"], row["name"], row["pocket"], row["price"], row.get("effect"), row.get("amount", 0))
