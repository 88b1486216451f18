"""What is fixed about a game, one row each: maps and what stands on them, creatures, moves, items, flags.

A game's data files hold these facts in one form for every game (docs/games.md). Nothing here changes while a game
runs; what is true now is in `core.game.state.GameState`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.game.item_effects import NOTHING, ItemEffect
from core.vocabulary import Button, MapId

MOST_BADGES: Final = 16


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What must be true for something to happen, or for a way to be open."""

    present: tuple[str, ...] = ()
    """Event flags and engine flags (badges among them) that must be set, and items that one must own, by name."""
    absent: tuple[str, ...] = ()
    """The same that must not."""
    badges: tuple[int, int] = (0, MOST_BADGES)
    """The fewest and the most badges."""
    scenes: tuple[tuple[MapId, int], ...] = ()
    """(map, number): the current scene of that map."""
    moves: tuple[str, ...] = ()
    """Moves that somebody in the party must be able to use outside fights, such as SURF."""


NO_PRECONDITIONS: Final = Preconditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What talking to somebody, reading something, stepping somewhere or entering can bring about.

    All of it that may happen on some path, where the data tell; `outcomes` has what happens under which conditions.
    """

    sets: tuple[str, ...] = ()
    """Event flags that it can set."""
    clears: tuple[str, ...] = ()
    """Event flags that it can clear, which shows people whom they hide."""
    gives: tuple[str, ...] = ()
    """Items that it can give."""
    fights: tuple[str, ...] = ()
    """Trainers (keys of `GameData.trainer_levels_by_key`) whom it can bring on, one of them at a time."""
    sells: tuple[str, ...] = ()
    """Items (their keys) that can be bought there."""
    heals: bool = False
    """Whether it can heal the party."""
    engine: tuple[str, ...] = ()
    """Engine flags that it can set, badges among them, such as ENGINE_POKEDEX and ENGINE_ZEPHYRBADGE."""
    scenes: tuple[tuple[MapId, int], ...] = ()
    """(map, number) of scenes that it can make the current one of that map."""
    leads_to: tuple[MapId, ...] = ()
    """Maps to one of which it can take the player, such as a ferry's ports."""
    takes: tuple[str, ...] = ()
    """Items that it can take away."""
    engine_off: tuple[str, ...] = ()
    """Engine flags that it can clear."""
    calls: tuple[str, ...] = ()
    """Phone calls (keys of `GameData.phone_calls`) that it can bring on."""
    radio: int | None = None
    """Where the radio's knob (wRadioTuningKnob) must stand while one talks; None where no radio is asked for."""
    outcomes: tuple[ConditionalEffects, ...] = ()
    """What happens under which conditions, one of them at a time; empty where it is always the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEffects(Effects):
    """What happens when `needs` hold."""

    needs: Preconditions = NO_PRECONDITIONS
    answers: tuple[tuple[int, bool], ...] = ()
    """(number of the question, from 1; whether the answer is yes), for questions that are not answered with yes."""
    options: tuple[tuple[int, ...], ...] = ()
    """For each list of lines that the talk asks to choose from, in order: the lines, from 1, that are right."""


@dataclass(frozen=True, slots=True)
class Chase:
    """Somebody who runs from place to place when spoken to; where to depends on the direction the player faces."""

    symbol: str
    """The RAM symbol (one byte) that numbers the present place; 0 counts as `first`."""
    first: int
    last: int
    """The number at which the chase is over."""
    moves: tuple[tuple[int, Button, int], ...]
    """(number before, the direction the player faces, number afterwards)"""


@dataclass(frozen=True, slots=True)
class MapObject(Effects):
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
    """Name of the event flag that is set by beating it."""
    roams: bool = False
    """Whether it walks about, so that it never stands in the way for good."""
    name: str = "somebody"
    """What people call it, with the article: "the nurse", "Whitney"."""
    is_boulder: bool = False
    """Whether it can be pushed, with the move STRENGTH."""
    chase: Chase | None = None
    """Where it runs to when spoken to; None for everybody who stays."""


@dataclass(frozen=True, slots=True)
class Sign(Effects):
    """Something to read or find at a step; hidden items name the item."""

    x: int
    y: int
    kind: str
    item: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger(Effects):
    """A step that may start a scene."""

    x: int
    y: int
    scene: int | None = None
    """The map's current scene must be this one; None where any will do."""


@dataclass(frozen=True, slots=True)
class SceneScript(Effects):
    """What happens by itself on entering a map while `scene` is its current one; None: with every scene."""

    scene: int | None


@dataclass(frozen=True, slots=True)
class BoulderHole(Effects):
    """A hole at (x, y) into which boulder `object_id` of the map can be pushed."""

    object_id: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a map that one cannot always walk to from the others. What no area lists belongs to the map's main one.

    Warps, objects, signs and steps count from 1, as in the map's own lists; edges are directions.
    """

    name: str
    warps: tuple[int, ...] = ()
    edges: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()


MAIN_AREA: Final = "main"


@dataclass(frozen=True, slots=True)
class Gate:
    """A way between two areas of a map, open while `needs` hold. Several gates between the same areas: any will do."""

    start: str
    end: str
    needs: Preconditions
    one_way: bool = False


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
    scene_symbol: str | None = None
    """The RAM symbol that holds the number of its current scene; None where it has none."""
    scene_scripts: tuple[SceneScript, ...] = ()
    """What happens by itself on entering."""
    boulder_holes: tuple[BoulderHole, ...] = ()
    region: str = ""
    """The part of the world that it belongs to: the map for FLY shows one of them."""
    is_elevator: bool = False
    """Whether its doors lead to any of the maps from which one comes in."""
    areas: tuple[Area, ...] = ()
    """Its parts beside the main one."""
    gates: tuple[Gate, ...] = ()
    """The ways between its parts."""


@dataclass(frozen=True, slots=True)
class WildTable:
    """Whom one meets in the tall grass of a map, or anywhere in a cave."""

    rate_of_256: Mapping[str, int] = field(hash=False)
    """By "morn", "day" and "nite": in how many of 256 steps one meets somebody."""
    slots: Mapping[str, tuple[tuple[int, int], ...]] = field(hash=False)
    """By the same: (level, species id), the commonest first."""


@dataclass(frozen=True, slots=True)
class Species:
    id: int
    key: str
    name: str
    types: tuple[str, ...]
    base_stats: Mapping[str, int] = field(hash=False)
    catch_rate: int
    base_exp: int
    learns: tuple[tuple[int, str], ...]
    """(level, move key) in order of level."""
    evolves: tuple[tuple[int, int], ...] = ()
    """(level, species id): what it becomes by growing. Other ways are left out."""


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
    effect: ItemEffect = NOTHING


@dataclass(frozen=True, slots=True)
class TrainerParty:
    """Whom a trainer fights with."""

    class_key: str
    id: int
    creatures: tuple[tuple[int, int], ...]
    """(level, species id), in the order of coming out."""
    class_number: int = 0
    """The class as RAM has it (wOtherTrainerClass)."""


@dataclass(frozen=True, slots=True)
class EventFlag:
    """One bit of wEventFlags. `set_at_new_game` flags and those of fleeting kinds are no sign of progress."""

    name: str
    index: int
    kind: str
    set_at_new_game: bool


@dataclass(frozen=True, slots=True)
class FlagPlace:
    """One bit of a RAM symbol: the byte `offset` behind its start, and the mask."""

    symbol: str
    offset: int
    mask: int


@dataclass(frozen=True, slots=True)
class FieldAbility:
    """A way of taking an obstacle: owning an item, or a creature that knows a move, once a badge allows it."""

    ability: str
    """"surf" (over water), "cut" (small trees), "strength" (boulders), "whirlpool", "waterfall", "flash" or "fly"."""
    item: int | None
    """A key item that is enough by itself."""
    move: int | None
    """Or a move that somebody in the party must know."""
    badge: tuple[int, int] | None
    """Place in a snapshot and mask of the badge that allows the move."""
    machine: str | None = None
    """Key of the item that teaches the move."""
    badge_flag: str | None = None
    """The badge as an engine flag."""


@dataclass(frozen=True, slots=True)
class FlyPlace:
    """A place to fly to, once it was visited. Its number for the map of FLY is its place in the list."""

    map: MapId
    x: int
    y: int
    """Where one lands."""
    visited: int
    """Its bit of wVisitedSpawns, from 0."""
