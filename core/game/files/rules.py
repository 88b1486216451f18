"""`enums.json`: the rule book of a game (creatures, moves, items, flags, trainers), and how it becomes facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any, Literal

from pydantic import Field

from core.game.facts import EventFlag, FlagPlace, Item, Move, Species, TrainerParty
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.game.item_effects import NOTHING, STATUS_BITS, ItemEffect


class _SpeciesForm(Form):
    const: str
    name: str
    base_stats: dict[Literal["hp", "atk", "def", "spd", "sat", "sdf"], int] | None = None
    """None for what is listed and is no creature: an egg."""
    types: tuple[str, ...] = ()
    catch_rate: int = 0
    base_exp: int = 0
    growth: str = ""
    evolves: tuple[dict[str, int | str], ...] = ()
    learns: tuple[tuple[int, str], ...] = ()


class _MoveForm(Form):
    const: str
    name: str
    type: str
    power: int
    accuracy_pct: int
    pp: int
    effect: str
    effect_chance_pct: int = 0


class _EffectForm(Form):
    heals: int = 0
    cures: tuple[Literal["sleep", "poison", "burn", "freeze", "paralysis", "all"], ...] = ()
    revives: bool = False
    repels_steps: int = 0
    catches: float = 0.0


class _ItemForm(Form):
    const: str
    name: str
    pocket: Literal["ITEM", "BALL", "KEY_ITEM", "TM_HM"]
    price: int
    effect: _EffectForm | None = None


class _FlagForm(Form):
    index: int
    kind: str
    set_at_new_game: bool = False


class _MemberForm(Form):
    level: int
    species: str


class _TrainerForm(Form):
    class_: str
    class_id: int
    id: int
    name: str
    base_reward: int | None = None
    party: tuple[_MemberForm, ...]

    model_config = Form.model_config | {"alias_generator": lambda name: name.removesuffix("_")}


class _ClassForm(Form):
    const: str
    name: str | None = None


class _BitForm(Form):
    symbol: str
    offset: int = 0
    bit: int


class FlyPlaceForm(Form):
    """A place to fly to: its map, the cell where one lands, and its bit of wVisitedSpawns."""

    map: str
    x: int
    y: int
    visited: int


class _RulesForm(Form):
    about: str = ""
    species: dict[int, _SpeciesForm]
    moves: dict[int, _MoveForm]
    types: dict[int, str]
    type_chart: tuple[tuple[str, str, float], ...]
    items: dict[int, _ItemForm]
    learns_by_machine: dict[str, tuple[int, ...]] = Field(default_factory=dict[str, tuple[int, ...]])
    """By the machine's item: the species (their numbers) that can learn its move."""
    event_flags: dict[str, _FlagForm]
    engine_flags: dict[str, _BitForm | None] = Field(default_factory=dict)
    """The flags that pret keeps outside wEventFlags: badges, parts of the Pokegear, what happens once a day.

    Each is a bit of a RAM symbol; null where the place is not known.
    """
    fly_places: tuple[FlyPlaceForm, ...] = ()
    """Where one can fly to, in the order in which the map for FLY goes through them."""
    trainer_classes: dict[int, _ClassForm] = Field(default_factory=dict[int, _ClassForm])
    trainers: dict[str, _TrainerForm] = Field(default_factory=dict)
    maps: dict[str, Any] = Field(default_factory=dict)
    sprites: dict[str, Any] = Field(default_factory=dict)
    movements: dict[str, Any] = Field(default_factory=dict)
    badges: dict[str, Any] = Field(default_factory=dict)
    """Facts for people and for the cartridge's own tests; the program does not read them."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of a game by number or name, as `core.game.game_data.GameData` has them."""

    species: Mapping[int, Species]
    species_ids: Mapping[str, int]
    """Key -> number, eggs included."""
    moves: Mapping[int, Move]
    items: Mapping[int, Item]
    types: Mapping[int, str]
    type_chart: Mapping[tuple[str, str], float]
    event_flags: Mapping[str, EventFlag]
    engine_flags: Mapping[str, FlagPlace | None]
    """Flags outside wEventFlags, by name; None where the place is not known."""
    trainer_classes: Mapping[int, str]
    trainers: Mapping[str, TrainerParty]
    learners: Mapping[str, frozenset[int]]
    """By the key of a machine: the species that can learn its move."""
    fly_places: tuple[FlyPlaceForm, ...]


def read_rules(file: Traversable) -> RuleBook:
    """The rules in an `enums.json`.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, or names what there is not.
    """
    form = read_data_file(file, _RulesForm)
    species_ids = {row.const: number for number, row in form.species.items()}
    types, moves = set(form.types.values()), {row.const for row in form.moves.values()}
    for number, row in form.species.items():
        for name in row.types:
            if name not in types:
                raise broken(
                    file, f"species.{number}.types", name, f"no type has that name; {nearest_hint(name, types)}"
                )
        for _, name in row.learns:
            if name not in moves:
                raise broken(
                    file, f"species.{number}.learns", name, f"no move has that name; {nearest_hint(name, moves)}"
                )
        for way in row.evolves:
            if way.get("how") == "level" and way.get("to") not in species_ids:
                hint = nearest_hint(str(way.get("to")), species_ids)
                raise broken(file, f"species.{number}.evolves", way.get("to"), f"no species has that name; {hint}")
    machines = {row.const for row in form.items.values() if row.pocket == "TM_HM"}
    for key, numbers in form.learns_by_machine.items():
        if key not in machines:
            hint = nearest_hint(key, machines)
            raise broken(file, "learns_by_machine", key, f"no machine has that name; {hint}")
        if unknown := [number for number in numbers if number not in form.species]:
            raise broken(file, f"learns_by_machine.{key}", unknown[0], "no species has that number")
    for key, row in form.trainers.items():
        for member in row.party:
            if member.species not in species_ids:
                hint = nearest_hint(member.species, species_ids)
                raise broken(file, f"trainers.{key}.party", member.species, f"no species has that name; {hint}")
    return RuleBook(
        species={
            number: Species(
                id=number,
                key=row.const,
                name=row.name,
                types=row.types,
                base_stats={**row.base_stats},
                catch_rate=row.catch_rate,
                base_exp=row.base_exp,
                learns=row.learns,
                evolves=_grown(row, species_ids),
            )
            for number, row in form.species.items()
            if row.base_stats is not None
        },
        species_ids=species_ids,
        moves={
            number: Move(number, row.const, row.name, row.type, row.power, row.accuracy_pct, row.pp, row.effect)
            for number, row in form.moves.items()
        },
        items={
            number: Item(number, row.const, row.name, row.pocket, row.price, _effect(row.effect))
            for number, row in form.items.items()
        },
        types=form.types,
        type_chart={(attacking, defending): factor for attacking, defending, factor in form.type_chart},
        event_flags={
            name: EventFlag(name, row.index, row.kind, row.set_at_new_game) for name, row in form.event_flags.items()
        },
        engine_flags={
            name: FlagPlace(row.symbol, row.offset, 1 << row.bit) if row is not None else None
            for name, row in form.engine_flags.items()
        },
        fly_places=form.fly_places,
        learners={key: frozenset(numbers) for key, numbers in form.learns_by_machine.items()},
        trainer_classes={number: row.name or row.const for number, row in form.trainer_classes.items()},
        trainers={
            key: TrainerParty(
                row.class_,
                row.id,
                tuple((member.level, species_ids[member.species]) for member in row.party),
                row.class_id,
            )
            for key, row in form.trainers.items()
        },
    )


def _grown(form: _SpeciesForm, species_ids: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
    """What a species becomes by growing: (level, species id)."""
    ways = (way for way in form.evolves if way.get("how") == "level")
    return tuple((int(way["param"]), species_ids[str(way["to"])]) for way in ways)


def _effect(form: _EffectForm | None) -> ItemEffect:
    if form is None:
        return NOTHING
    cures = 0
    for name in form.cures:
        cures |= STATUS_BITS[name]
    return ItemEffect(form.heals, cures, form.revives, form.repels_steps, form.catches)
