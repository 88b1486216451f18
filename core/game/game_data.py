"""A game as data: its RAM layout, its atlas and rule book, and its story, read from the game's folder and handed down.

`load_game` reads the files of a folder (docs/games.md) once per process and checks them whole. From then on a game is
one object, `GameData`, which every player, reader and teacher of that game is given; nothing in this program asks for a
game by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources.abc import Traversable
from typing import Final

from core.game.facts import (
    ConditionalEffects,
    EventFlag,
    FieldAbility,
    FlagPlace,
    FlyPlace,
    GameMap,
    Item,
    Move,
    Species,
    TrainerParty,
    WildTable,
)
from core.game.files.conditions import Named
from core.game.files.form import broken, nearest_hint
from core.game.files.layout import RamLayout
from core.game.files.milestones import read_milestones
from core.game.files.names import named
from core.game.files.rules import FlyPlaceForm, RuleBook, read_rules
from core.game.files.world import Known, read_world
from core.game.milestones import Milestone
from core.game.objectives import Objectives
from core.game.possessions import PossessionPlaces
from core.game.profile import PROFILE_FILE, FieldAbilityForm, GameProfile
from core.game.text import CharacterSet
from core.vocabulary import MapId

MACHINES: Final = "wTMsHMs"
MACHINES_BEFORE: Final = {"TM": 0, "HM": 50}
"""Where in wTMsHMs the counts of a kind begin; TM01 and HM01 are the first of their kinds."""
MACHINE_POCKET: Final = "TM_HM"


@dataclass(frozen=True, eq=False)
class GameData:
    """Everything that is fixed about a game."""

    name: str
    layout: RamLayout
    """Where it keeps its variables."""
    characters: CharacterSet
    possession_places: PossessionPlaces
    maps: Mapping[MapId, GameMap]
    species: Mapping[int, Species]
    moves: Mapping[int, Move]
    items: Mapping[int, Item]
    types: Mapping[int, str]
    type_chart: Mapping[tuple[str, str], float]
    """(attacking type, defending type) -> factor; absent pairs are 1."""
    event_flags: Mapping[str, EventFlag]
    engine_flags: Mapping[str, FlagPlace | None]
    """Flags outside the event flags, by name; None where the place is not known."""
    trainer_classes: Mapping[int, str]
    wild: Mapping[str, WildTable | None]
    """By map key whom one meets there on land; None where creatures live on the water only."""
    phone_calls: Mapping[str, ConditionalEffects]
    """What a call that comes by itself brings about, by its key."""
    trainers: Mapping[str, TrainerParty]
    """All trainers by their key in the data."""
    learners: Mapping[str, frozenset[int]]
    """By the key of a machine: the species that can learn its move."""
    fly_places: tuple[FlyPlace, ...]
    """Where one can fly to, in the order in which the map for FLY goes through them."""
    field_abilities: tuple[FieldAbility, ...]
    """What takes which obstacle of the ground."""
    milestones: tuple[Milestone, ...]
    """The story, from power-on to the game's end."""
    objectives: Objectives
    """How each milestone is reached."""

    @cached_property
    def trainer_levels_by_key(self) -> Mapping[str, int]:
        """A trainer's key in the data -> the highest level of that trainer's party."""
        return {key: max(level for level, _ in one.creatures) for key, one in self.trainers.items()}

    @cached_property
    def trainer_levels(self) -> Mapping[tuple[str, int], int]:
        """The same by (trainer class, trainer id)."""
        return {(one.class_key, one.id): self.trainer_levels_by_key[key] for key, one in self.trainers.items()}

    @cached_property
    def trainer_creatures(self) -> Mapping[tuple[int, int], tuple[tuple[int, int], ...]]:
        """(level, species id) of a trainer's creatures by what RAM says of the trainer: (class number, trainer id)."""
        return {(one.class_number, one.id): one.creatures for one in self.trainers.values()}

    @cached_property
    def tells_conditions(self) -> bool:
        """Whether the data say under which conditions something happens and a way is open."""
        return any(
            place.gates or any(thing.outcomes for thing in (*place.objects, *place.signs, *place.triggers))
            for place in self.maps.values()
        )

    @cached_property
    def machine_places(self) -> Mapping[int, int]:
        """Number of a TM or HM -> the byte of a snapshot that counts it, in the pocket's order; none are counted where
        the game keeps no machines."""
        if MACHINES not in self.layout.symbols:
            return {}
        start = self.layout.index(MACHINES)
        machines = (one for one in self.items.values() if one.pocket == MACHINE_POCKET)
        places = ((start + MACHINES_BEFORE[one.name[:2]] + int(one.name[2:]) - 1, one.id) for one in machines)
        return {number: place for place, number in sorted(places)}

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

    def map_complaint(
        self,
        map_id: MapId,
        size_steps: tuple[int, int] | None = None,
        place: tuple[int, int] | None = None,
    ) -> str | None:
        """Why a moment on this map is none of this game, as half a sentence; None where it may be one.

        Args:
            size_steps: the map's (width, height) as RAM has them.
            place: where the player stands, (x, y), when no edge is being crossed.
        """
        known = self.maps.get(map_id)
        if known is None:
            return f"it is on map {map_id.group}.{map_id.number}, which this game does not have"
        here = f"{known.name} ({map_id.group}.{map_id.number}) has {known.width} x {known.height} steps in this game"
        if size_steps is not None and size_steps != (known.width, known.height):
            return f"{here}, and {size_steps[0]} x {size_steps[1]} in it"
        if place is not None and not (place[0] < known.width and place[1] < known.height):
            return f"{here}, and it stands at ({place[0]}, {place[1]})"
        return None

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


@cache
def load_game(profile: GameProfile) -> GameData:
    """The game of a profile, read once per process: all its lanes, players and readers share it.

    Raises `core.exceptions.EnvironmentError` when a data file is missing or broken: one line with file, place, value.
    """
    folder, layout, characters = profile.data_folder, profile.layout, profile.characters
    rules = read_rules(folder.joinpath("enums.json"))
    items = {one.key: one for one in rules.items.values()}
    world = read_world(
        folder.joinpath("world.json"),
        Known(
            species=rules.species_ids,
            items=frozenset(items),
            event_flags=frozenset(rules.event_flags),
            engine_flags=rules.engine_flags,
            moves=frozenset(one.key for one in rules.moves.values()),
            trainers=frozenset(rules.trainers),
        ),
    )
    maps = named(folder.joinpath("names.json"), world.maps)
    by_key = {place.key: place for place in maps.values()}
    moves = {one.key: one.id for one in rules.moves.values()}
    names = Named(by_key, items, rules.event_flags, rules.species_ids, moves)
    milestones = read_milestones(folder.joinpath("milestones.json"), layout, names)
    return GameData(
        name=profile.name,
        layout=layout,
        characters=characters,
        possession_places=PossessionPlaces(layout, characters),
        maps=maps,
        species=rules.species,
        moves=rules.moves,
        items=rules.items,
        types=rules.types,
        type_chart=rules.type_chart,
        event_flags=rules.event_flags,
        engine_flags=rules.engine_flags,
        trainer_classes=rules.trainer_classes,
        wild=world.wild,
        phone_calls=world.phone_calls,
        trainers=rules.trainers,
        learners=rules.learners,
        fly_places=tuple(_fly_place(folder, place, form, by_key) for place, form in enumerate(rules.fly_places)),
        field_abilities=tuple(
            _field_ability(profile, place, form, rules) for place, form in enumerate(profile.field_abilities)
        ),
        milestones=milestones,
        objectives=Objectives(maps, milestones),
    )


def _fly_place(folder: Traversable, place: int, form: FlyPlaceForm, maps: Mapping[str, GameMap]) -> FlyPlace:
    if form.map not in maps:
        hint = nearest_hint(form.map, maps)
        raise broken(folder.joinpath("enums.json"), f"fly_places.{place}.map", form.map, f"no such map; {hint}")
    return FlyPlace(maps[form.map].id, form.x, form.y, form.visited)


def _field_ability(profile: GameProfile, place: int, form: FieldAbilityForm, rules: RuleBook) -> FieldAbility:
    file, at = profile.folder.joinpath(PROFILE_FILE), f"field_abilities.{place}"
    items = {one.key: one.id for one in rules.items.values()}
    moves = {one.key: one.id for one in rules.moves.values()}
    if (form.item is None) == (form.move is None):
        raise broken(file, at, form.ability, "name an item or a move, one of the two")
    if form.item is not None and form.item not in items:
        raise broken(file, f"{at}.item", form.item, f"no item has that name; {nearest_hint(form.item, items)}")
    if form.move is not None and form.move not in moves:
        raise broken(file, f"{at}.move", form.move, f"no move has that name; {nearest_hint(form.move, moves)}")
    if form.machine is not None and form.machine not in items:
        raise broken(file, f"{at}.machine", form.machine, f"no item has that name; {nearest_hint(form.machine, items)}")
    flag = form.badge.engine_flag if form.badge is not None else None
    if flag is not None and flag not in rules.engine_flags:
        hint = nearest_hint(flag, rules.engine_flags)
        raise broken(file, f"{at}.badge.engine_flag", flag, f"no engine flag has that name; {hint}")
    return FieldAbility(
        ability=form.ability,
        item=items[form.item] if form.item is not None else None,
        move=moves[form.move] if form.move is not None else None,
        badge=(profile.layout.index(form.badge.symbol), 1 << form.badge.bit) if form.badge is not None else None,
        machine=form.machine,
        badge_flag=flag,
    )
