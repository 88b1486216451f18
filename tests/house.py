"""The house rules that a machine can check, as functions of a tree of Python files: each returns its complaints.

`tests/test_architecture.py` holds the project against them, and plants a fault for each to see it found.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

FLOORS = {"core": 0, "agents": 1, "trainer": 2, "pettingllms": 3, "core_srl": 3, "run_training": 3, "crystal_worlds": 3}
"""A module may import its own floor and the floors below."""
CORE_ARROWS: dict[str, frozenset[str]] = {
    "arenas": frozenset(),
    "history": frozenset(),
    "game": frozenset(),
    "navigation": frozenset({"game"}),
    "prompts": frozenset({"game"}),
    "rules": frozenset({"game", "navigation"}),
    "env": frozenset({"game", "navigation"}),
    "agent": frozenset({"game", "history", "prompts", "rules"}),
    "worlds": frozenset({"env", "game", "navigation", "prompts", "rules"}),
}
"""The rooms of core, and which others each may import. All may import the modules at core's top."""
DOOR_PACKAGES = ("pettingllms", "core_srl", "crystal_worlds")
CORE_DOORS = frozenset(
    {
        "core.adaptive_strategy_system",
        "core.decision_history_analyzer",
        "core.enhanced_pyboy_env",
        "core.game_state_analyzer",
        "core.goal_planner",
        "core.hybrid_agent",
        "core.vector_env",
    }
)
"""Documented import names: re-exports only, for users. The product imports from the rooms."""
FENCES = {
    "pyboy": ("core.env.emulator.console", "cartridge.play"),
    "sdl2": ("trainer.watching.window", "cartridge.play"),
    "starlette": ("trainer.live_page",),
    "uvicorn": ("trainer.live_page",),
    "imageio_ffmpeg": ("trainer.watching.film",),
    "stable_baselines3": ("agents",),
    "sb3_contrib": ("agents",),
    "transformers": ("agents", "trainer.at_grpo.trl_recipe"),  # TRL takes its callbacks
    "trl": ("trainer.at_grpo.trl_recipe",),
    "openai": ("agents",),
    "anthropic": ("agents",),
    "vllm": ("agents",),
    "torch": ("agents", "trainer"),
}
"""A vendor library is imported only by modules of this name, or of a package of this name."""
MOST_LINES = 400
MOST_FILES_OF_A_ROOM = 26
"""Files side by side in one folder that can still be read as a list."""


@dataclass(frozen=True)
class Module:
    """One Python file of the product."""

    name: str
    source: str
    is_package: bool

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, filename=self.name)

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Absolute names of what the file imports, inside functions too: modules, and names inside of modules."""
        found: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found.append("." * node.level + (node.module or ""))
                found += [f"{node.module}.{alias.name}" for alias in node.names]
        return tuple(found)

    @property
    def floor(self) -> str:
        return self.name.split(".")[0]


@dataclass(frozen=True)
class House:
    """All modules of the product by name."""

    modules: dict[str, Module]

    @classmethod
    def at(cls, root: Path) -> House:
        """Reads the tree below `root`."""
        paths = [path for floor in FLOORS for path in sorted((root / floor).rglob("*.py"))]
        if (root / "run_training.py").exists():
            paths.append(root / "run_training.py")
        modules = {}
        for path in paths:
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            modules[name] = Module(name, path.read_text(encoding="utf-8"), is_package)
        return cls(modules)

    def arrows(self) -> Iterator[tuple[Module, Module]]:
        """Who imports whom, within the product."""
        for module in self.modules.values():
            for name in dict.fromkeys(module.imports):
                if name in self.modules and name != module.name:
                    yield module, self.modules[name]

    def room(self, module: Module) -> str:
        """ "core.game" for all that lies below that folder; a module at the top of its floor is its own room."""
        parts = module.name.split(".")
        below_folder = len(parts) > 2 or (len(parts) == 2 and module.is_package)
        return ".".join(parts[:2]) if below_folder else module.name


def imports_go_one_way(house: House) -> list[str]:
    """core <- agents <- trainer <- doors."""
    return [
        f"{module.name} imports {name}: that goes upward"
        for module in house.modules.values()
        for name in module.imports
        if FLOORS.get(name.split(".")[0], -1) > FLOORS[module.floor]
    ]


def imports_are_absolute(house: House) -> list[str]:
    """One way to write an import."""
    return [
        f"{module.name} has a relative import; write the full name"
        for module in house.modules.values()
        if any(name.startswith(".") for name in module.imports)
    ]


def rooms_of_core_follow_the_plan(house: House) -> list[str]:
    """Rooms import the rooms that the plan names; modules at the top of core import each other only."""
    wrong: list[str] = []
    for module, other in house.arrows():
        if module.floor != "core" or other.floor != "core" or module.name in CORE_DOORS or module.name == "core":
            continue
        here, there = house.room(module).partition(".")[2], house.room(other).partition(".")[2]
        if here == there or (there not in CORE_ARROWS and other.name not in CORE_DOORS):
            continue
        if there not in CORE_ARROWS.get(here, frozenset()):
            wrong.append(f"{module.name} imports {other.name}: there is no arrow from core/{here} to core/{there}")
    return wrong


def every_room_of_core_is_planned(house: House) -> list[str]:
    """A new folder in core is a decision: `CORE_ARROWS` says what it may import."""
    rooms = {house.room(module) for module in house.modules.values() if module.floor == "core"}
    folders = {room.partition(".")[2] for room in rooms if room in house.modules and house.modules[room].is_package}
    return [f"core/{name} is in no plan: add it to CORE_ARROWS" for name in sorted(folders - {""} - set(CORE_ARROWS))]


def nobody_uses_a_door(house: House) -> list[str]:
    """Doors are for users; the product imports from the rooms, so that a door can never be in the middle of a way."""
    return [
        f"{module.name} imports the door {other.name}; import from the room"
        for module, other in house.arrows()
        if other.name in CORE_DOORS or (other.floor in DOOR_PACKAGES and module.floor not in DOOR_PACKAGES)
    ]


def doors_hold_no_definitions(house: House) -> list[str]:
    """A door is a docstring, imports and `__all__`."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
    return [
        f"{module.name}:{node.lineno} defines something in a door"
        for module in house.modules.values()
        if module.floor in DOOR_PACKAGES or module.name in CORE_DOORS
        for node in module.tree.body
        if not isinstance(node, allowed)
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "__all__")
    ]


def there_are_no_circles(house: House) -> list[str]:
    """Of modules, by all imports, those inside functions included."""
    return _circles({module.name: set() for module in house.modules.values()}, house.arrows(), lambda one: one.name)


def rooms_form_no_circles(house: House) -> list[str]:
    """Of folders: whoever reads a room needs to know those below it, never those above."""
    return _circles({house.room(module): set() for module in house.modules.values()}, house.arrows(), house.room)


def _circles(
    graph: dict[str, set[str]], arrows: Iterator[tuple[Module, Module]], node_of: Callable[[Module], str]
) -> list[str]:
    for module, other in arrows:
        if node_of(module) != node_of(other):
            graph[node_of(module)].add(node_of(other))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"circle: {' -> '.join(reversed(error.args[1]))}"]
    return []


def vendors_stay_behind_fences(house: House) -> list[str]:
    """Each vendor library has one place, so that another can take its place there."""
    return [
        f"{module.name} imports {vendor}, which only {' and '.join(inside)} may"
        for vendor, inside in FENCES.items()
        for module in house.modules.values()
        if any(name.split(".")[0] == vendor for name in module.imports)
        and not any(module.name == place or module.name.startswith(place + ".") for place in inside)
    ]


def the_product_needs_no_tests(house: House) -> list[str]:
    """What proves and measures the product is not part of it."""
    return [
        f"{module.name} imports {name}"
        for module in house.modules.values()
        for name in module.imports
        if name.split(".")[0] in ("tests", "benchmarks", "examples")
    ]


def files_stay_short(house: House) -> list[str]:
    """Near the limit, look for the noun inside that wants a file of its own."""
    return [
        f"{module.name} has {lines} lines; look for the noun inside that wants a file of its own"
        for module in house.modules.values()
        if (lines := len(module.source.splitlines())) > MOST_LINES
    ]


def rooms_stay_small(house: House) -> list[str]:
    """A folder with too many files side by side is no room but a hall."""
    files: defaultdict[str, int] = defaultdict(int)
    for module in house.modules.values():
        files[module.name if module.is_package else module.name.rpartition(".")[0]] += 1
    return [
        f"{name} has {count} files; put some into a room"
        for name, count in files.items()
        if count > MOST_FILES_OF_A_ROOM
    ]


def public_classes_have_one_meaning(house: House) -> list[str]:
    """A class name that stands for two things in one product gets two names."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module in house.modules.values():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module.name)
    return [
        f"class {name} stands for two things: {', '.join(found)}" for name, found in places.items() if len(found) > 1
    ]


def names_across_rooms(house: House) -> dict[str, set[str]]:
    """By room of core: the names that other rooms import from it, which is what a reader of those must learn."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in house.modules.values():
        if module.floor != "core" or module.name in CORE_DOORS:
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ImportFrom) or node.module not in house.modules:
                continue
            for alias in node.names:
                target = house.modules.get(f"{node.module}.{alias.name}", house.modules[node.module])
                if target.floor == "core" and house.room(target) != house.room(module):
                    found[house.room(target)].add(alias.name)
    return dict(found)


RULES: tuple[Callable[[House], list[str]], ...] = (
    imports_go_one_way,
    imports_are_absolute,
    rooms_of_core_follow_the_plan,
    every_room_of_core_is_planned,
    nobody_uses_a_door,
    doors_hold_no_definitions,
    there_are_no_circles,
    rooms_form_no_circles,
    vendors_stay_behind_fences,
    the_product_needs_no_tests,
    files_stay_short,
    rooms_stay_small,
    public_classes_have_one_meaning,
)
