"""What scripts, and the gates between a map's parts, say as rows of world.json."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cartridge.tools.maps import Gate
from cartridge.tools.script_effects import Effects
from cartridge.tools.script_outcomes import Chase, Outcome

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class MapScripts:
    """What the scripts of one map do, by their names."""

    effects: dict[str, Effects]
    outcomes: dict[str, tuple[Outcome, ...]]
    chases: dict[str, Chase]


def effects_row(effects: Effects | None) -> Json:
    """What a planner wants to know of a script; nothing where there is nothing to tell."""
    if effects is None:
        return {}
    row: Json = {"sets": list(effects.sets)} if effects.sets else {}
    if effects.gives:
        row["gives"] = list(effects.gives)
    if effects.sells:
        row["sells"] = list(effects.sells)
    if effects.fights:
        row["fights"] = list(effects.fights)
    if effects.badges:
        row["badges"] = list(effects.badges)
    if effects.calls:
        row["calls"] = list(effects.calls)
    if effects.radio is not None:
        row["radio"] = effects.radio
    return row | ({"heals": True} if effects.heals else {})


def scripted_row(name: str | None, scripts: MapScripts) -> Json:
    """The same with its conditions, and the chase that it makes."""
    row = effects_row(scripts.effects.get(name or ""))
    outcomes = scripts.outcomes.get(name or "", ())
    if any(one.conditions or one.answers or one.options for one in outcomes):
        row["outcomes"] = [outcome_row(one) for one in outcomes]
    chase = scripts.chases.get(name or "")
    if chase is not None:
        row["chase"] = {
            "symbol": chase.symbol,
            "first": chase.first,
            "last": chase.last,
            "moves": [list(move) for move in chase.moves],
        }
    return row


def outcome_row(outcome: Outcome) -> Json:
    """Its fields that are not empty."""
    return {one.name: list(value) for one in fields(outcome) if (value := getattr(outcome, one.name))}


def hole_outcomes(name: str, scripts: MapScripts) -> list[Json]:
    """What a boulder that falls brings about: whoever pushes it needs the move for it."""
    return [outcome_row(one) | {"moves": ["STRENGTH"]} for one in scripts.outcomes[name]]


def gate_row(gate: Gate) -> Json:
    row: Json = {"from_area": gate.start, "to_area": gate.end}
    for key, names in (("needs", gate.needs), ("without", gate.without), ("moves", gate.moves)):
        if names:
            row[key] = list(names)
    return row | ({"one_way": True} if gate.one_way else {})
