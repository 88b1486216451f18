"""`milestones.json`: the story of a game as predicates on RAM, and how they become tests of a snapshot's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Annotated, Final, Literal

from pydantic import Field

from core import exceptions
from core.game.facts import EventFlag, GameMap, Item
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.game.files.layout import RamLayout
from core.game.milestones import Condition, Milestone, Test
from core.vocabulary import MapId

POCKETS: Final = {"ITEM": ("wItems", 2), "BALL": ("wBalls", 2), "KEY_ITEM": ("wKeyItems", 1)}
"""By pocket: its list behind the count, and the bytes of an entry. Machines are counted otherwise: not looked for."""
LIST_END: Final = 0xFF
FLAGS: Final = "wEventFlags"


class _MapForm(Form):
    type: Literal["map_reached"]
    map: str


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


class _ValueForm(Form):
    type: Literal["value"]
    symbol: str
    op: Literal[">=", "==", "bit0"]
    value: int


class _SceneForm(Form):
    type: Literal["scene_id"]
    map: str
    symbol: str
    op: Literal[">=", "==", "bit0"]
    value: int
    const: str = ""


_ConditionForm = Annotated[
    _MapForm | _EventFlagForm | _BitForm | _ItemForm | _ValueForm | _SceneForm, Field(discriminator="type")
]


class _MilestoneForm(Form):
    n: int
    id: str
    name: str
    goal: str | None = None
    region: str
    optional: bool = False
    order: Literal["fixed", "free"] = "fixed"
    mode: Literal["any", "all"] = "any"
    only_after: str | None = None
    detect: tuple[_ConditionForm, ...]


class _MilestonesForm(Form):
    about: str = ""
    milestones: tuple[_MilestoneForm, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What the rest of a game's files call the things that a condition may be about."""

    maps: Mapping[str, GameMap]
    items: Mapping[str, Item]
    event_flags: Mapping[str, EventFlag]


def read_milestones(file: Traversable, layout: RamLayout, named: Named) -> tuple[Milestone, ...]:
    """The milestones in a `milestones.json`, from power-on to the game's end.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, or names what there is not.
    """
    rows = read_data_file(file, _MilestonesForm).milestones
    ids: set[str] = set()
    for row in rows:
        if row.id in ids:
            raise broken(file, f"milestones.{row.n - 1}.id", row.id, "an earlier one has the same id")
        ids.add(row.id)
    builder = _ConditionBuilder(file, layout, named)
    milestones: list[Milestone] = []
    for number, row in enumerate(rows, start=1):
        place = f"milestones.{number - 1}"
        if row.only_after is not None and row.only_after not in ids:
            hint = nearest_hint(row.only_after, ids)
            raise broken(file, f"{place}.only_after", row.only_after, f"no milestone has that id; {hint}")
        conditions = tuple(builder.condition(f"{place}.detect.{at}", form) for at, form in enumerate(row.detect))
        milestones.append(
            Milestone(
                id=row.id,
                name=row.name,
                goal=row.goal or row.name,
                number=number,
                optional=row.optional,
                needs_all=row.mode == "all",
                only_after=row.only_after,
                conditions=conditions,
                any_order=row.order == "free",
            )
        )
    return tuple(milestones)


class _ConditionBuilder:
    def __init__(self, file: Traversable, layout: RamLayout, named: Named) -> None:
        self._file = file
        self._layout = layout
        self._named = named

    def condition(self, place: str, form: _ConditionForm) -> Condition:
        match form:
            case _MapForm():
                known = self._named.maps.get(form.map)
                if known is None:
                    raise self._unknown(f"{place}.map", form.map, "map", self._named.maps)
                return self._map(known)
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
                return self._item(item)
            case _ValueForm() | _SceneForm():
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

    @staticmethod
    def _bit(kind: str, name: str, index: int, mask: int) -> Condition:
        return Condition(kind, lambda data: bool(data[index] & mask), (index,), name=name)

    @staticmethod
    def _value(form: _ValueForm | _SceneForm, index: int) -> Condition:
        value = form.value
        tests: dict[str, Test] = {
            ">=": lambda data: data[index] >= value,
            "==": lambda data: data[index] == value,
            "bit0": lambda data: data[index] & 1 == value,
        }
        return Condition(form.type, tests[form.op], (index,), name=form.symbol, value=value)

    def _item(self, item: Item) -> Condition:
        """Every pocket's list ends with 255, and an id never stands where a quantity does by chance."""
        symbol, step = POCKETS[item.pocket]
        start, end = self._layout.span(symbol)
        number = item.id

        def owns(data: bytes) -> bool:
            for place in range(start, end, step):
                if data[place] == LIST_END:
                    return False
                if data[place] == number:
                    return True
            return False

        return Condition("item_owned", owns, tuple(range(start, end)), name=item.key)
