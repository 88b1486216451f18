"""Conditions of a game's data as tests of a snapshot's bytes: one small language for milestones and for tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Annotated, Final, Literal

from pydantic import Field

from core import exceptions
from core.game.facts import EventFlag, GameMap, Item
from core.game.files.form import Form, broken, nearest_hint
from core.game.files.layout import RamLayout
from core.game.milestones import Condition, Test
from core.game.party import EGG
from core.vocabulary import MapId

POCKETS: Final = {"ITEM": ("wItems", 2), "BALL": ("wBalls", 2), "KEY_ITEM": ("wKeyItems", 1)}
"""By pocket: its list behind the count, and the bytes of an entry. Machines are counted otherwise: not looked for."""
LIST_END: Final = 0xFF
FLAGS: Final = "wEventFlags"
MOVES_KNOWN: Final = 4


class _MapForm(Form):
    type: Literal["map_reached"]
    map: str


class _PlaceForm(Form):
    type: Literal["place"]
    map: str
    x: tuple[int, int] = Field(description="The first and the last column, in steps.")
    y: tuple[int, int] = Field(description="The first and the last row, in steps.")


class _EventFlagForm(Form):
    type: Literal["event_flag"]
    name: str


class _BitForm(Form):
    type: Literal["engine_flag", "badge"]
    name: str
    symbol: str
    offset: int = 0
    mask: int


class _ItemForm(Form):
    type: Literal["item_owned"]
    item: str
    count: int = Field(default=1, ge=1, le=99)


class _SpeciesForm(Form):
    type: Literal["species_owned"]
    species: str


class _MoveForm(Form):
    type: Literal["move_known"]
    move: str


class _HealthForm(Form):
    type: Literal["party_healthy"]


class _ValueForm(Form):
    type: Literal["value"]
    symbol: str
    offset: int = 0
    op: Literal[">=", "<=", "==", "!=", "bit0"]
    value: int


class _SceneForm(Form):
    type: Literal["scene_id"]
    map: str
    symbol: str
    op: Literal[">=", "==", "bit0"]
    value: int
    const: str = ""


ConditionForm = Annotated[
    _MapForm
    | _PlaceForm
    | _EventFlagForm
    | _BitForm
    | _ItemForm
    | _SpeciesForm
    | _MoveForm
    | _HealthForm
    | _ValueForm
    | _SceneForm,
    Field(discriminator="type"),
]
"""What may stand in a list of conditions; docs/games.md and docs/tasks.md have the table."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the rest of a game's files call the things that a condition may be about."""

    maps: Mapping[str, GameMap]
    items: Mapping[str, Item]
    event_flags: Mapping[str, EventFlag]
    species: Mapping[str, int]
    moves: Mapping[str, int]


class ConditionBuilder:
    """Makes the conditions of one file; each raises `core.exceptions.EnvironmentError` for a name that nothing has."""

    def __init__(self, file: Traversable, layout: RamLayout, named: Named) -> None:
        self._file = file
        self._layout = layout
        self._named = named

    def condition(self, place: str, form: ConditionForm) -> Condition:
        """The test of a form; `place` is where in the file it stands."""
        match form:
            case _MapForm():
                known = self._named.maps.get(form.map)
                if known is None:
                    raise self._unknown(f"{place}.map", form.map, "map", self._named.maps)
                return self._map(known)
            case _PlaceForm():
                known = self._named.maps.get(form.map)
                if known is None:
                    raise self._unknown(f"{place}.map", form.map, "map", self._named.maps)
                return self._place(known, form.x, form.y)
            case _EventFlagForm():
                flag = self._named.event_flags.get(form.name)
                if flag is None:
                    raise self._unknown(f"{place}.name", form.name, "event flag", self._named.event_flags)
                return self._bit(form.type, form.name, self._index(place, FLAGS, flag.index // 8), 1 << flag.index % 8)
            case _BitForm():
                return self._bit(form.type, form.name, self._index(place, form.symbol, form.offset), form.mask)
            case _ItemForm():
                item = self._named.items.get(form.item)
                if item is None:
                    raise self._unknown(f"{place}.item", form.item, "item", self._named.items)
                if item.pocket not in POCKETS:
                    raise broken(self._file, f"{place}.item", form.item, f"the pocket {item.pocket} is not looked into")
                return self._item(item, form.count)
            case _SpeciesForm():
                if form.species not in self._named.species:
                    raise self._unknown(f"{place}.species", form.species, "species", self._named.species)
                return self._species(form.species, self._named.species[form.species])
            case _MoveForm():
                if form.move not in self._named.moves:
                    raise self._unknown(f"{place}.move", form.move, "move", self._named.moves)
                return self._move(form.move, self._named.moves[form.move])
            case _HealthForm():
                return self._health()
            case _ValueForm():
                return self._value(form, self._index(place, form.symbol, form.offset))
            case _SceneForm():
                return self._value(form, self._index(place, form.symbol, 0))

    def _unknown(self, place: str, name: str, what: str, known: Iterable[str]) -> exceptions.EnvironmentError:
        return broken(self._file, place, name, f"no {what} has that name; {nearest_hint(name, known)}")

    def _index(self, place: str, symbol: str, offset: int) -> int:
        """Where a byte of a symbol lies in a snapshot."""
        if symbol not in self._layout.symbols:
            raise self._unknown(f"{place}.symbol", symbol, "RAM symbol", self._layout.symbols)
        if not 0 <= offset < self._layout.size(symbol):
            raise broken(self._file, f"{place}.offset", offset, f"{symbol} has {self._layout.size(symbol)} bytes")
        try:
            return self._layout.index(symbol) + offset
        except ValueError as error:
            raise broken(self._file, f"{place}.symbol", symbol, str(error)) from error

    def _map(self, known: GameMap) -> Condition:
        group, number = self._layout.index("wMapGroup"), self._layout.index("wMapNumber")
        pair = tuple(known.id)
        return Condition(
            "map_reached",
            lambda data: (data[group], data[number]) == pair,
            (group, number),
            MapId(*pair),
            known.name,
        )

    def _place(self, known: GameMap, x: tuple[int, int], y: tuple[int, int]) -> Condition:
        group, number = self._layout.index("wMapGroup"), self._layout.index("wMapNumber")
        column, row = self._layout.index("wXCoord"), self._layout.index("wYCoord")
        pair = tuple(known.id)

        def stands(data: bytes) -> bool:
            return (data[group], data[number]) == pair and x[0] <= data[column] <= x[1] and y[0] <= data[row] <= y[1]

        cell = (x[0] + x[1]) // 2, (y[0] + y[1]) // 2
        return Condition("place", stands, (group, number, column, row), MapId(*pair), known.name, cell=cell)

    @staticmethod
    def _bit(kind: str, name: str, index: int, mask: int) -> Condition:
        return Condition(kind, lambda data: bool(data[index] & mask), (index,), name=name)

    @staticmethod
    def _value(form: _ValueForm | _SceneForm, index: int) -> Condition:
        value = form.value
        tests: dict[str, Test] = {
            ">=": lambda data: data[index] >= value,
            "<=": lambda data: data[index] <= value,
            "!=": lambda data: data[index] != value,
            "==": lambda data: data[index] == value,
            "bit0": lambda data: data[index] & 1 == value,
        }
        return Condition(form.type, tests[form.op], (index,), name=form.symbol, value=value)

    def _item(self, item: Item, count: int) -> Condition:
        """Every pocket's list ends with 255, and an id never stands where a quantity does by chance."""
        symbol, step = POCKETS[item.pocket]
        start, end = self._layout.span(symbol)
        number = item.id

        def owns(data: bytes) -> bool:
            for place in range(start, end, step):
                if data[place] == LIST_END:
                    return False
                if data[place] == number:
                    return step == 1 or data[place + 1] >= count
            return False

        return Condition("item_owned", owns, tuple(range(start, end)), name=item.key, value=count)

    def _members(self) -> tuple[int, int, int, int, int]:
        """Where the party lies: its count, its list of species, its structs, the size of one, the end of them."""
        first, end = self._layout.span("wPartyMons")
        size = self._layout.record("party_struct").size
        return self._layout.index("wPartyCount"), self._layout.index("wPartySpecies"), first, size, end

    def _species(self, key: str, number: int) -> Condition:
        count, species, first, size, end = self._members()
        most = (end - first) // size

        def owns(data: bytes) -> bool:
            return number in data[species : species + min(data[count], most)]

        return Condition("species_owned", owns, (count, *range(species, species + most)), name=key, value=number)

    def _move(self, key: str, number: int) -> Condition:
        count, _, first, size, end = self._members()
        moves, most = first + self._layout.record("party_struct").offset("moves"), (end - first) // size

        def knows(data: bytes) -> bool:
            starts = range(moves, moves + size * min(data[count], most), size)
            return any(number in data[start : start + MOVES_KNOWN] for start in starts)

        return Condition("move_known", knows, (count, *range(first, end)), name=key, value=number)

    def _health(self) -> Condition:
        count, species, first, size, end = self._members()
        record, most = self._layout.record("party_struct"), (end - first) // size
        hp, full, status = (record.offset(name) for name in ("hp", "max_hp", "status"))

        def is_well(data: bytes) -> bool:
            members = min(data[count], most)
            for slot in range(members):
                start = first + slot * size
                if data[species + slot] == EGG:
                    continue
                if data[start + hp : start + hp + 2] != data[start + full : start + full + 2] or data[start + status]:
                    return False
            return members > 0

        return Condition("party_healthy", is_well, (count, *range(species, end)))
