"""What lies in a `world.json`: maps, what stands on them, what it brings about, and who lives there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.game.facts import MOST_BADGES
from core.game.files.form import Form


class WarpForm(Form):
    id: int
    x: int
    y: int
    target: str
    target_group: int
    target_number: int
    target_warp: int


class ConnectionForm(Form):
    direction: Literal["north", "south", "west", "east"]
    target: str
    target_group: int
    target_number: int
    offset_blocks: float
    offset_steps: int | None = None
    arrive_x: int | str | None = None
    arrive_y: int | str | None = None


class EffectsForm(Form):
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
    takes: tuple[str, ...] = ()
    engine_off: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    """Phone calls that it can bring on, by their key in `phone_calls`."""
    radio: int | None = Field(default=None, ge=0, le=80, multiple_of=2)
    """Where the radio's knob must stand for it."""


class NeedsForm(Form):
    """What must be true: names of event flags, engine flags and items, badges (fewest, most), scenes, field moves."""

    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    badges_between: tuple[int, int] = (0, MOST_BADGES)
    in_scenes: tuple[tuple[str, int], ...] = ()
    moves: tuple[str, ...] = ()


class OutcomeForm(EffectsForm, NeedsForm):
    """What happens under which conditions."""

    answers: tuple[tuple[int, int], ...] = ()
    """(question, 0 for no) for the questions that are not answered with yes."""
    options: tuple[tuple[int, ...], ...] = ()
    """For each list of lines to choose from, in order: the lines, from 1, that are right."""


class ScriptForm(EffectsForm):
    """Effects that are always the same, or that hang on conditions."""

    outcomes: tuple[OutcomeForm, ...] = ()


class ChaseForm(Form):
    symbol: str
    """The RAM symbol that numbers the present place."""
    first: int
    last: int
    moves: tuple[tuple[int, Literal["down", "up", "left", "right"], int], ...]
    """(number before, where the player looks, number afterwards)"""


class ObjectForm(ScriptForm):
    id: int
    x: int
    y: int
    sprite: str
    sprite_id: int | None = None
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
    chase: ChaseForm | None = None
    """Where it runs to when spoken to from which side."""


class SignForm(ScriptForm):
    x: int
    y: int
    type: str
    item: str | None = None
    event: str | None = None


class TriggerForm(ScriptForm):
    x: int
    y: int
    scene: str | None = None
    scene_id: int | None = None


class SceneScriptForm(ScriptForm):
    """What happens by itself on entering the map while `scene` is its current one."""

    scene: int


class BoulderHoleForm(ScriptForm):
    object: int
    x: int
    y: int


class AreaForm(Form):
    warps: tuple[int, ...] = ()
    edges: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()


class GateForm(NeedsForm):
    from_area: str
    to_area: str
    one_way: bool = False


class GrassForm(Form):
    rate_of_256: dict[Literal["morn", "day", "nite"], int]
    morn: tuple[tuple[int, str], ...]
    day: tuple[tuple[int, str], ...]
    nite: tuple[tuple[int, str], ...]


class WaterForm(Form):
    rate_of_256: int
    slots: tuple[tuple[int, str], ...]


class WildForm(Form):
    grass: GrassForm | None = None
    water: WaterForm | None = None
    swarm_grass: GrassForm | None = None


class MapForm(Form):
    group: int
    number: int
    name: str
    width_blocks: int
    height_blocks: int
    width_steps: int
    height_steps: int
    tileset_id: int | None = None
    tileset: str = ""
    environment_id: int
    environment: str
    landmark_id: int | None = None
    landmark: str
    border_block: int | None = None
    region: str
    spawn: str | None = None
    home: tuple[int, int] | None = None
    connections: tuple[ConnectionForm, ...]
    warps: tuple[WarpForm, ...]
    coord_events: tuple[TriggerForm, ...]
    bg_events: tuple[SignForm, ...]
    objects: tuple[ObjectForm, ...]
    scene_symbol: str | None = None
    """The RAM symbol that holds the number of the map's current scene."""
    scene_scripts: tuple[SceneScriptForm, ...] = ()
    on_load: tuple[OutcomeForm, ...] = ()
    """What happens by itself whenever the map is loaded."""
    boulder_holes: tuple[BoulderHoleForm, ...] = ()
    elevator: bool = False
    """Whether its doors lead to any of the maps from which one comes in."""
    areas: dict[str, AreaForm] = Field(default_factory=dict)
    gates: tuple[GateForm, ...] = ()
    collision: tuple[str, ...] = ()
    wild: WildForm | None = None


class WorldForm(Form):
    about: str = ""
    phone_calls: dict[str, EffectsForm] = Field(default_factory=dict)
    maps: dict[str, MapForm]
