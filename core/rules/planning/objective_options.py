"""Puts objectives into options: what a person or a language model reads, and where to go for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.rules.planning.goals import ANYWHERE
from core.vocabulary import BuyItems, MapId, Option, OptionKind, Position, Purchase

if TYPE_CHECKING:
    from core.game.facts import MapObject
    from core.game.game_data import GameData
    from core.game.objectives import Objective


class ObjectiveOptions:
    """The options of one game's objectives. Their values are the planner's to set."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._known: dict[Objective, Option] = {}
        self._explorations: dict[MapId, Option] = {}

    def of(self, objective: Objective) -> Option:
        """To talk to, pick up, push, look at or go to what the objective names."""
        option = self._known.get(objective)
        if option is None:
            option = self._known[objective] = self._made(objective)
        return option

    def _made(self, objective: Objective) -> Option:
        place = self._game.map_name(objective.map)
        if objective.object_id is not None:
            thing = self.object_of(objective.map, objective.object_id)
            x, y = (thing.x, thing.y) if thing is not None else (ANYWHERE, ANYWHERE)
            kind = OptionKind.PICK_UP if thing is not None and thing.kind == "item_ball" else OptionKind.TALK
            what = self._describe(objective.map, thing, objective.object_id)
            if objective.buys is not None:
                return self._purchase(objective, Position(objective.map, x, y), f"from {what} in {place}")
            verb = "Pick up" if kind is OptionKind.PICK_UP else "Talk to"
            return Option(
                kind,
                f"{verb} {what} in {place}",
                f"{kind.value}:{self._key_of(objective.map)}:{objective.object_id}",
                Position(objective.map, x, y),
                objective.object_id,
            )
        if objective.cell is not None and objective.pushes is not None:
            hole = Position(objective.map, *objective.cell)
            what = self._describe(objective.map, self.object_of(objective.map, objective.pushes), objective.pushes)
            label = f"Push {what} into the hole at {objective.cell} in {place}"
            key = f"push:{self._key_of(objective.map)}:{objective.pushes}"
            return Option(OptionKind.PUSH, label, key, hole, objective.pushes)
        if objective.cell is not None:
            x, y = objective.cell
            kind = OptionKind.TALK if objective.press_a else OptionKind.GO_TO
            verb = "Look at" if objective.press_a else "Go to"
            label = f"{verb} the spot ({x}, {y}) in {place}"
            return Option(
                kind, label, f"{kind.value}:{self._key_of(objective.map)}:{x},{y}", Position(objective.map, x, y)
            )
        return self.go_to_map(objective.map)

    def _purchase(self, objective: Objective, position: Position, where: str) -> Option:
        """To buy one of what the objective asks for: more is a matter of supplies."""
        item = next(one for one in self._game.items.values() if one.key == objective.buys)
        key = f"{OptionKind.BUY.value}:{self._key_of(objective.map)}:{item.key}"
        wanted = BuyItems((Purchase(item.id, 1),))
        label = f"Buy a {item.name} {where}"
        return Option(OptionKind.BUY, label, key, position, objective.object_id, menu_task=wanted)

    def go_to_map(self, map_id: MapId) -> Option:
        """To go anywhere on a map."""
        label = f"Go to {self._game.map_name(map_id)}"
        return Option(OptionKind.GO_TO, label, f"go_to:{self._key_of(map_id)}", Position(map_id, ANYWHERE, ANYWHERE))

    def explore_map(self, map_id: MapId) -> Option:
        """To go anywhere on a map and see what is there."""
        option = self._explorations.get(map_id)
        if option is None:
            there = self.go_to_map(map_id)
            label = there.label.replace("Go to", "Explore")
            key = f"explore:{self._key_of(map_id)}"
            option = self._explorations[map_id] = replace(there, kind=OptionKind.EXPLORE, key=key, label=label)
        return option

    def object_of(self, map_id: MapId, object_id: int | None) -> MapObject | None:
        """The person or thing of that number on a map; None where there is none."""
        known = self._game.maps.get(map_id)
        return next((one for one in known.objects if one.id == object_id), None) if known is not None else None

    def _key_of(self, map_id: MapId) -> str:
        known = self._game.maps.get(map_id)
        return known.key if known is not None else f"{map_id.group}.{map_id.number}"

    def _describe(self, map_id: MapId, thing: MapObject | None, object_id: int) -> str:
        """What a person sees, in plain words; with the place where the map has several of the kind."""
        if thing is None:
            return f"object {object_id}"
        item = thing.item if thing.kind == "item_ball" else None
        name = thing.name if item is None else f"the {item.replace('_', ' ').lower()}"
        alike = sum((one.name, one.item) == (thing.name, thing.item) for one in self._game.maps[map_id].objects)
        place = f" at ({thing.x}, {thing.y})" if alike > 1 else ""
        return f"{name}{place}"
