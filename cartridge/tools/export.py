"""The world as data for whoever plays: maps, rules and milestones in the form of the Crystal facts that the env reads.

Written to `core/game/data/fernvale/`: world.json, enums.json, milestones.json. Its profile.json is written by hand.
"""

from __future__ import annotations

import json
from typing import Any

from cartridge.tools.art import people, tilesets
from cartridge.tools.blocks import BuiltMap
from cartridge.tools.content import STATS, Content, Item, ItemEffect
from cartridge.tools.maps import (
    ENVIRONMENTS,
    LEADS_BACK,
    MOVEMENTS,
    TIMES,
    Kind,
    Map,
    Person,
    spawn_places,
)
from cartridge.tools.milestones import Milestone, read_milestones
from cartridge.tools.script_effects import chases_by_script, effects_of, effects_of_lines, outcomes_by_script
from cartridge.tools.script_outcomes import CARDS, HATCHING
from cartridge.tools.script_rows import (
    Json,
    MapScripts,
    effects_row,
    gate_row,
    hole_outcomes,
    outcome_row,
    scripted_row,
)
from cartridge.tools.scripts import GEAR_BITS, read_calls

FOLDER = "core/game/data/fernvale"
CURES = {
    ItemEffect.CURE_POISON: "poison",
    ItemEffect.CURE_BURN: "burn",
    ItemEffect.CURE_SLEEP: "sleep",
    ItemEffect.CURE_PARALYSIS: "paralysis",
    ItemEffect.CURE_ALL: "all",
}


def _dump(document: Json) -> bytes:
    """One entry of the inner tables a line: short diffs, readable rows."""
    parts = []
    for key, value in document.items():
        if isinstance(value, dict) and value:
            rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
        elif isinstance(value, list) and value:
            parts.append(f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(row) for row in value) + "\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("utf-8")


def _connection(found: Map, direction: str, maps: dict[str, Map]) -> Json:
    """Where one arrives: a fixed coordinate across the edge, the other one shifted."""
    name, offset = found.connections[direction]
    target = maps[name]
    shifted = f"{{}}{-offset:+d}" if offset else "{}"
    arrival: Json = {
        "south": {"arrive_y": 0, "arrive_x": shifted.format("x")},
        "north": {"arrive_y": target.height - 1, "arrive_x": shifted.format("x")},
        "west": {"arrive_x": target.width - 1, "arrive_y": shifted.format("y")},
        "east": {"arrive_x": 0, "arrive_y": shifted.format("y")},
    }[direction]
    head = {"direction": direction, "target": name, "target_group": target.group, "target_number": target.number}
    return head | {"offset_blocks": offset / 2 if offset % 2 else offset // 2, "offset_steps": offset} | arrival


def _person(number: int, person: Person, content: Content, scripts: MapScripts) -> Json:
    row: Json = {"id": number, "x": person.x, "y": person.y, "sprite": f"SPRITE_{person.sprite.upper()}"}
    row["sprite_id"] = people.NAMES.index(person.sprite) + 1
    row |= {
        "movement": person.movement,
        "type": f"OBJECTTYPE_{person.kind.name.replace('_', '')}",
        "sight": person.sight,
    }
    row["event"] = None if person.kind == Kind.TRAINER else person.flag
    row["script"] = person.script
    row |= scripted_row(person.script, scripts)
    if person.item:
        row |= {"item": person.item, "qty": 1}
    if person.trainer:
        trainer = content.trainers[person.trainer]
        row |= {"trainer_class": trainer.class_name, "trainer_id": trainer.number, "trainer_const": trainer.constant}
        row["beat_event"] = person.flag
    return row


def _map(found: Map, number: int, built: BuiltMap, maps: dict[str, Map], content: Content) -> Json:
    row: Json = {"group": found.group, "number": found.number, "name": found.name}
    row |= {"width_blocks": found.width // 2, "height_blocks": found.height // 2}
    row |= {"width_steps": found.width, "height_steps": found.height}
    row |= {"tileset_id": tilesets.NAMES.index(found.tileset) + 1, "tileset": found.tileset}
    row |= {"environment_id": ENVIRONMENTS[found.environment], "environment": found.environment}
    row |= {"landmark_id": number, "landmark": found.name, "border_block": built.blocks[0], "region": "fernvale"}
    row["spawn"] = found.spawn
    row["home"] = list(found.home) if found.home else None
    row["connections"] = [_connection(found, direction, maps) for direction in found.connections]
    row["warps"] = [
        {
            "id": i,
            "x": warp.x,
            "y": warp.y,
            "target": warp.target,
            "target_group": maps[warp.target].group,
            "target_number": maps[warp.target].number,
            "target_warp": -1 if warp.target_warp == LEADS_BACK else warp.target_warp,
        }
        for i, warp in enumerate(found.warps, 1)
    ]
    badges = badge_flags(maps)
    scripts = MapScripts(effects_of(found), outcomes_by_script(found, badges), chases_by_script(found, badges))
    row["coord_events"] = [
        {"x": step.x, "y": step.y, "script": step.script} | scripted_row(step.script, scripts)
        for step in found.steps
        if not step.boulder
    ]
    if holes := [step for step in found.steps if step.boulder]:
        row["boulder_holes"] = [
            {"object": hole.boulder, "x": hole.x, "y": hole.y, "outcomes": hole_outcomes(hole.script, scripts)}
            for hole in holes
        ]
    signs: list[Json] = [
        {"x": sign.x, "y": sign.y, "type": "BGEVENT_READ", "script": sign.script} | scripted_row(sign.script, scripts)
        for sign in found.signs
    ]
    signs += [
        {"x": hidden.x, "y": hidden.y, "type": "BGEVENT_ITEM", "item": hidden.item, "event": hidden.flag}
        for hidden in found.hidden
    ]
    row["bg_events"] = signs
    if found.is_elevator:
        row["elevator"] = True
    row["objects"] = [_person(i, person, content, scripts) for i, person in enumerate(found.people, 1)]
    if found.load_script:
        row["on_load"] = [outcome_row(one) for one in scripts.outcomes[found.load_script]]
    if found.areas:
        row["areas"] = {
            name: {kind: list(numbers) for kind, numbers in one.items()} for name, one in found.areas.items()
        }
    if found.gates:
        row["gates"] = [gate_row(gate) for gate in found.gates]
    row["collision"] = ["".join(f"{value:02X}" for value in line) for line in built.collision]
    if found.wild:
        row["wild"] = {
            "grass": {
                "rate_of_256": {time: found.wild[time].rate for time in TIMES},
                **{time: [[level, name] for level, name in found.wild[time].slots] for time in TIMES},
            }
        }
    return row


def world(content: Content, maps: dict[str, Map], built: dict[str, BuiltMap]) -> Json:
    """All maps by constant."""
    about = (
        "Coordinates are steps (wXCoord, wYCoord); a block is 2x2 steps; warps count from 1; objects[].id is the index "
        "in wMapObjects (0 is the player); collision has two hex digits a step, as the map-reading rule gives them."
    )
    rows = {
        constant: _map(found, i, built[constant], maps, content) for i, (constant, found) in enumerate(maps.items(), 1)
    }
    calls = {call.head.words[1]: effects_row(effects_of_lines(call)) for call in read_calls()}
    calls[HATCHING] = {"sets": ["EVENT_EGG_HATCHED"]}
    return {"about": about, "phone_calls": calls, "maps": rows}


def _species(content: Content) -> Json:
    rows: Json = {}
    for i, creature in enumerate(content.creatures.values(), 1):
        stats = dict(zip(("hp", "atk", "def", "spd", "sat", "sdf"), creature.stats, strict=True))
        evolves = (
            [{"how": "level", "param": creature.evolves[0], "to": creature.evolves[1]}] if creature.evolves else []
        )
        rows[str(i)] = {
            "const": creature.name,
            "name": creature.name,
            "base_stats": stats,
            "types": list(creature.types),
            "catch_rate": creature.catch_rate,
            "base_exp": creature.base_exp,
            "growth": "GROWTH_MEDIUM_FAST",
            "evolves": evolves,
            "learns": [[level, move] for level, move in creature.learns],
        }
    return rows


def _moves(content: Content) -> Json:
    return {
        str(i): {
            "const": constant,
            "name": move.name,
            "type": move.type,
            "power": move.power,
            "accuracy_pct": move.accuracy_percent,
            "pp": move.pp,
            "effect": f"EFFECT_{move.effect.name}",
            "effect_chance_pct": move.chance_percent,
        }
        for i, (constant, move) in enumerate(content.moves.items(), 1)
    }


def _items(content: Content) -> Json:
    return {
        str(i): {"const": constant, "name": item.name, "pocket": item.pocket, "price": item.price} | _item_effect(item)
        for i, (constant, item) in enumerate(content.items.items(), 1)
    }


def _item_effect(item: Item) -> Json:
    """What an item does for whom it is used on; nothing for keys and for what is only sold."""
    match item.effect:
        case ItemEffect.HEAL:
            effect: Json = {"heals": item.amount}
        case ItemEffect.REVIVE:
            effect = {"revives": True}
        case ItemEffect.REPEL:
            effect = {"repels_steps": item.amount}
        case ItemEffect.CATCH:
            effect = {"catches": item.amount / 10}
        case cure if cure in CURES:
            effect = {"cures": [CURES[cure]]}
        case _:
            return {}
    return {"effect": effect}


def _flags(content: Content) -> Json:
    return {
        flag.name: {
            "index": flag.index,
            "kind": flag.kind,
            "set_at_new_game": flag.name == "EVENT_INITIALIZED",
        }
        for flag in content.flags.values()
    }


def _trainers(content: Content) -> Json:
    return {
        trainer.constant: {
            "class": trainer.class_name,
            "class_id": trainer.class_number,
            "id": trainer.number,
            "name": trainer.name,
            "base_reward": trainer.base_reward,
            "party": [{"level": level, "species": name} for level, name in trainer.party],
        }
        for trainer in content.trainers.values()
    }


def enums(content: Content, maps: dict[str, Map]) -> Json:
    """Every table of the rules, numbers as string keys."""
    chart = [[attacker, defender, tenths / 10] for attacker, defender, tenths in content.chart]
    return {
        "about": "Numbers and names of Fernvale, in the form of the Crystal tables. Stats: " + ", ".join(STATS) + ".",
        "maps": {name: {"group": one.group, "number": one.number, "name": one.name} for name, one in maps.items()},
        "species": _species(content),
        "moves": _moves(content),
        "types": {str(number): name for name, number in content.types.items()},
        "type_chart": chart,
        "items": _items(content),
        "learns_by_machine": {
            f"HM_{move}": [i for i, one in enumerate(content.creatures.values(), 1) if move in one.machines]
            for move in content.machines
        },
        "event_flags": _flags(content),
        "engine_flags": {
            name: {"symbol": "wJohtoBadges", "offset": 0, "bit": bit} for bit, name in badge_flags(maps).items()
        }
        | {CARDS[name]: {"symbol": "wPokegearFlags", "offset": 0, "bit": bit} for name, bit in GEAR_BITS.items()},
        "trainers": _trainers(content),
        "trainer_classes": {str(number): {"const": name} for name, number in content.classes.items()},
        "sprites": {str(i): f"SPRITE_{name.upper()}" for i, name in enumerate(people.NAMES, 1)},
        "movements": {str(number): name for name, number in MOVEMENTS.items()},
        "badges": _badges(maps),
        "fly_places": [
            {"map": name, "x": home[0], "y": home[1], "visited": number}
            for number, name in enumerate(spawn_places(maps))
            if (home := maps[name].home)
        ],
    }


def _badges(maps: dict[str, Map]) -> dict[str, Any]:
    """Who gives which bit of wJohtoBadges, read from the scripts of the leaders."""
    bits: dict[str, dict[str, str]] = {}
    for found in maps.values():
        effects = effects_of(found)
        for person in found.people:
            given = effects.get(person.script or "")
            if given is None:
                continue
            for bit in given.badges:
                const = next(flag for flag in given.sets if flag.endswith("_BADGE")).removeprefix("EVENT_")
                leader = given.fights[0].removeprefix("LEADER_")
                bits[str(bit)] = {"const": const.replace("_", ""), "leader": leader, "map": found.constant}
    return {"johto": {"symbol": "wJohtoBadges", "bits": bits}}


def badge_flags(maps: dict[str, Map]) -> dict[int, str]:
    """Bit of wJohtoBadges -> the badge as an engine flag, as Crystal's data name them."""
    bits = _badges(maps)["johto"]["bits"]
    return {int(bit): f"ENGINE_{row['const']}" for bit, row in bits.items()}


def _condition(words: list[str]) -> Json:
    kind, name, *rest = words
    match kind:
        case "map":
            return {"type": "map_reached", "map": name}
        case "flag":
            return {"type": "event_flag", "name": name}
        case "item":
            return {"type": "item_owned", "item": name}
        case _:
            return {"type": "value", "symbol": name, "op": rest[0], "value": int(rest[1])}


def _milestone(number: int, milestone: Milestone) -> Json:
    return {
        "n": number,
        "id": milestone.id,
        "name": milestone.name,
        "region": "fernvale",
        "optional": milestone.optional,
        "order": "fixed",
        "mode": "all" if milestone.needs_all else "any",
        "detect": [_condition(words) for words in milestone.conditions],
    }


def milestones() -> Json:
    """The story as predicates on RAM, in order."""
    rows = [_milestone(i, one) for i, one in enumerate(read_milestones(), 1)]
    return {"about": "Latch a milestone the first time its condition is true.", "milestones": rows}


def documents(content: Content, maps: dict[str, Map], built: dict[str, BuiltMap]) -> dict[str, bytes]:
    """The three files by path."""
    return {
        f"{FOLDER}/world.json": _dump(world(content, maps, built)),
        f"{FOLDER}/enums.json": _dump(enums(content, maps)),
        f"{FOLDER}/milestones.json": _dump(milestones()),
    }
