"""Ready configurations by name: a world, and how far its roles have weights of their own.

Names are `<world>_<level>` with the levels `single_agent` (one role, no tool), `single_policy` (one model for all
roles), `lora` (an adapter per role) and `two_policy` (a model per role). Each call hands out a fresh dict that the
caller may change; `trainer/at_grpo/settings.py` says what the keys mean.
"""

from __future__ import annotations

import difflib
from typing import Any

from core.exceptions import ConfigurationError

Config = dict[str, Any]

_LEVELS = {"single_agent": "single", "single_policy": "shared", "lora": "lora", "two_policy": "full"}
_WORLDS: dict[str, Config] = {
    "plan_path": {"world_options": {"size": 10, "max_rounds": 1}},
    "frozen_lake": {"world_options": {"max_rounds": 1}},
    "sokoban": {"world_options": {"size": 6, "max_rounds": 1}},
    "sudoku": {"world_options": {"max_rounds": 1}, "warm_start_steps": 300},
    "math": {"world_options": {"max_rounds": 1}, "max_new_tokens": 24},
    "crystal": {"world_options": {"max_rounds": 3}, "max_new_tokens": 16, "batch_size": 8, "eval_episodes": 50},
    "code": {"world_options": {"max_rounds": 2}, "max_new_tokens": 64, "batch_size": 8, "eval_episodes": 20},
}
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
    """All names that `get_preset` knows. The code world has no single agent: its roles are what it is about."""
    return [f"{world}_{level}" for world in _WORLDS for level in _LEVELS if (world, level) != ("code", "single_agent")]


def get_preset(name: str) -> Config:
    """The configuration of that name. Raises `ConfigurationError` that names the nearest one."""
    if name not in preset_names():
        near = difflib.get_close_matches(name, preset_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(preset_names())}"
        raise ConfigurationError(f"no configuration is called {name!r}; {hint}")
    world = next(world for world in _WORLDS if name.startswith(f"{world}_"))
    level = name.removeprefix(f"{world}_")
    special = _WORLDS[world]
    options = dict(special["world_options"])
    if level == "single_agent":
        options["with_planner" if world == "crystal" else "with_tool"] = False
    return {**_COMMON, **special, "world": world, "world_options": options, "specialisation": _LEVELS[level]}


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
