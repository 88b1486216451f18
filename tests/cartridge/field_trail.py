"""Stages on the trail of the field moves, and the rules playing from there until a milestone is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cartridge.tools.scripts import OPERATIONS
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.milestones import Condition, Milestone
from core.game.objectives import Objectives
from core.game.state import GameState
from core.rules import RulePlayer
from tests.cartridge.stage import Stage, at
from tests.game_states import ROM_PATH

ALL_BADGES = 0b111


@dataclass(frozen=True, slots=True)
class Start:
    """Where a case begins: a warp of a map, who is in the party beside the first pal, and what is owned."""

    map: str
    warp: int = 1
    cell: tuple[int, int] | None = None
    """Another cell to arrive at than the warp's own."""
    pals: tuple[tuple[str, int], ...] = ()
    """(creature, level)"""
    items: tuple[str, ...] = ()
    badges: int = ALL_BADGES
    flags: tuple[str, ...] = ()
    visited: tuple[str, ...] = ()
    """Maps to which one can fly."""
    knows: dict[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    """Place in the party -> moves that it knows."""


def staged(start: Start) -> Stage:
    """A console where the case begins, everybody strong and nobody wild about."""
    if start.cell is None:
        return _arrived(start, at("town"))
    scout = staged(replace(start, cell=None))
    bank, row = scout.console.read("wMapScriptsBank"), scout.console.pointer("wCurMapWarpEventsPointer")
    row += 5 * (start.warp - 1)
    scout.console.close()
    stage = at("town")
    memory = stage.console.pyboy.memory
    own = memory[bank, row], memory[bank, row + 1]
    memory[bank, row], memory[bank, row + 1] = start.cell[::-1]
    _arrived(start, stage)
    memory[bank, row], memory[bank, row + 1] = own
    return stage


def _arrived(start: Start, stage: Stage) -> Stage:
    """From town to the warp of the case, in a script's place."""
    place = stage.walker.world[start.map]
    code: list[int] = []
    for species, level in start.pals:
        code += [OPERATIONS.index("give_creature"), stage.species(species), level]
    for item in start.items:
        code += [OPERATIONS.index("give_item"), stage.item(item), 1]
    stage.poke("wJohtoBadges", start.badges)
    stage.poke("wVisitedSpawns", visited_bits(stage, start.visited))
    for name in start.flags:
        number = stage.walker.enums["event_flags"][name]["index"]
        stage.poke("wEventFlags", stage.console.read("wEventFlags", number // 8) | 1 << number % 8, offset=number // 8)
    code += [OPERATIONS.index("warp"), place["group"], place["number"], start.warp, OPERATIONS.index("end")]
    stage.run_script(*code)
    stage.until(lambda: stage.walker.map == start.map)
    stage.until(stage.free)
    stage.walker.settle()
    for slot, moves in start.knows.items():
        numbers = [stage.move(move) for move in moves]
        stage.poke("wPartyMons", *numbers, offset=48 * slot + 2)
        stage.poke("wPartyMons", *(20 for _ in numbers), offset=48 * slot + 23)
    stage.poke("wRepelEffect", 255)
    stage.poke("wPartyMon1Level", 90)
    stage.poke("wPartyMon1HP", 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0)
    return stage


def visited_bits(stage: Stage, names: Sequence[str]) -> int:
    """The first byte of wVisitedSpawns for these maps."""
    return sum(1 << place["visited"] for place in stage.walker.enums["fly_places"] if place["map"] in names)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    state: GameState
    steps: int
    labels: tuple[str, ...]
    """The reasons of the presses, each once, in their order."""


def milestone(kind: str, name: str, state: GameState) -> Milestone:
    """To be on a map ("map_reached") or to have a flag ("event_flag")."""
    layout = state.game.layout
    if kind == "map_reached":
        place = next(one.id for one in state.game.maps.values() if one.key == name)
        group, number = layout.index("wMapGroup"), layout.index("wMapNumber")
        condition = Condition(
            kind, lambda data: (data[group], data[number]) == (place.group, place.number), (group, number), place, name
        )
    else:
        flag = state.game.event_flags[name].index
        at_byte, mask = layout.index("wEventFlags") + flag // 8, 1 << flag % 8
        condition = Condition(kind, lambda data: bool(data[at_byte] & mask), (at_byte,), None, name)
    return Milestone("wanted", "What is wanted", 1, False, False, None, (condition,), "Get there")


def play(
    stage: Stage, kind: str, name: str, most_steps: int, seed: int = 0, until: Callable[[GameState], bool] | None = None
) -> Played:
    """The rules play from a stage until a milestone is reached (or `until` holds). Fails after `most_steps`."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    labels: dict[str, None] = {}
    try:
        state = env.restart(seed=seed, options={"start_state": stage.console.save()})
        wanted = milestone(kind, name, state)
        game = replace(state.game, milestones=(wanted,), objectives=Objectives(state.game.maps, (wanted,)))
        player = RulePlayer(game, seed)
        option = player.choose(state)
        for step in range(most_steps):
            if until(state) if until is not None else bool(player.milestones):
                return Played(state, step, tuple(labels))
            press = player.act(state, option)
            labels[press.reasoning] = None
            state = env.advance(press.button).state
            option = player.choose(state) if press.done else option
            player.options(state)
        raise AssertionError(f"not reached in {most_steps} steps: {state.position}, {shown(state, labels)}")
    finally:
        env.close()
        stage.console.close()


def shown(state: GameState, labels: Sequence[str] | dict[str, None]) -> str:
    return "\n".join([*state.screen_lines, *list(labels)[-8:]])
