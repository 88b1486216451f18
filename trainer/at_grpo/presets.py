"""Ready configurations by name: a world, and how far its roles have weights of their own.

Names are `<world>_<level>` with the levels `single_agent` (one role, no tool), `single_policy` (one model for all
roles), `lora` (an adapter per role) and `two_policy` (a model per role). They are made from the `preset` that a world
states, for all worlds that are registered. Each call hands out a fresh dict that the caller may change;
`trainer/at_grpo/settings.py` says what the keys mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError
from core.nearest import nearest
from core.registry import import_from, is_path
from core.schema import read_object
from core.worlds.base import WorldPreset
from core.worlds.registry import TEXT_WORLDS
from trainer.at_grpo.settings import ATGRPOSettings, settings_of

Config = dict[str, Any]

SINGLE_AGENT = "single_agent"
LEVELS = {SINGLE_AGENT: "single", "single_policy": "shared", "lora": "lora", "two_policy": "full"}
_COMMON: Config = {
    "model": "small",
    "warm_start_steps": 160,
    "learning_rate": 1e-3,
    "batch_size": 16,
    "candidates": 8,
    "alpha": 1.0,
    "temperature": 1.0,
    "max_new_tokens": 36,
    "entropy_coefficient": 0.01,
    "num_iterations": 100,
    "eval_every": 10,
    "eval_episodes": 100,
    "save_every": 50,
    "seed": 0,
}


def preset_names() -> list[str]:
    """All names that `get_preset` knows: each registered world with the levels that it has."""
    return [f"{world}_{level}" for world in TEXT_WORLDS.names() for level in levels_of(world)]


def levels_of(world: str) -> list[str]:
    """The levels of a world by name; none where it has no preset."""
    preset = TEXT_WORLDS.resolve(world, "world").preset
    if preset is None:
        return []
    return [level for level in LEVELS if level != SINGLE_AGENT or preset.alone is not None]


def get_preset(name: str) -> Config:
    """The configuration of that name. Raises `ConfigurationError` that names the nearest one."""
    for world in TEXT_WORLDS.names():
        for level in levels_of(world):
            if name == f"{world}_{level}":
                return world_config(world, level)
    raise ConfigurationError(f"no configuration is called {name!r}; {nearest(name, preset_names())}")


def world_config(world: str, level: str) -> Config:
    """The configuration of a world with a preset (a registered name, or `package.module:Name`) at one level."""
    if level not in levels_of(world):
        raise ConfigurationError(f"{world} has no level {level!r}; {nearest(level, levels_of(world))}")
    preset = TEXT_WORLDS.resolve(world, "world").preset or WorldPreset()
    options = {**preset.options, **((preset.alone or {}) if level == SINGLE_AGENT else {})}
    own = {"world": world, "world_options": options, "specialisation": LEVELS[level]}
    return {**_COMMON, **preset.training, **own}


def settings_named(config_name: str) -> ATGRPOSettings:
    """The settings of a ready configuration, or of a JSON file that has keys of `ATGRPOSettings`; what such a file
    leaves out is what all configurations share.

    A file may name a world of its own as `package.module:Name`; modules in its folder can then be imported. Raises
    `ConfigurationError` for unknown names, keys and values.
    """
    if not config_name.endswith(".json"):
        return settings_of(get_preset(config_name))
    path = Path(config_name)
    data = read_object(path)
    if is_path(str(data.get("world", ""))):
        import_from(path.resolve().parent)
    try:
        return settings_of({**_COMMON, **data})
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def training_defaults() -> Config:
    """What all presets share: the training part, without a world."""
    return dict(_COMMON)


def code_single_policy() -> Config:
    """A tester and a coder played by one model."""
    return get_preset("code_single_policy")


def code_two_policy() -> Config:
    """A tester and a coder with a model each."""
    return get_preset("code_two_policy")


def math_single_policy() -> Config:
    """A tool caller and a reasoner played by one model."""
    return get_preset("math_single_policy")


def math_two_policy() -> Config:
    """A tool caller and a reasoner with a model each."""
    return get_preset("math_two_policy")


def plan_path_single_policy() -> Config:
    """A tool caller and a mover on 10 x 10 grids, played by one model."""
    return get_preset("plan_path_single_policy")


def plan_path_two_policy() -> Config:
    """A tool caller and a mover on 10 x 10 grids, with a model each."""
    return get_preset("plan_path_two_policy")


def sokoban_two_policy() -> Config:
    """A tool caller and a mover in 6 x 6 rooms with one box, with a model each."""
    return get_preset("sokoban_two_policy")


def sudoku_two_policy() -> Config:
    """A tool caller and a solver of 4 x 4 Sudokus, with a model each."""
    return get_preset("sudoku_two_policy")


def crystal_single_policy() -> Config:
    """A planner and a navigator on the cartridge, played by one model."""
    return get_preset("crystal_single_policy")


def crystal_two_policy() -> Config:
    """A planner and a navigator on the cartridge, with a model each."""
    return get_preset("crystal_two_policy")
