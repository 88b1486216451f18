"""Classes of environments by name: what `env_class` of a config asks for."""

from __future__ import annotations

import inspect

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.registry import Registry, must_derive_from


def _fault(thing: object) -> str:
    fault = must_derive_from(EnhancedPyBoyPokemonCrystalEnv)(thing)
    return fault or (_constructor_fault(thing) if isinstance(thing, type) else "")


def _constructor_fault(env_class: type) -> str:
    """A training makes every env with the parameters of the built-in one, by name."""
    given = inspect.signature(EnhancedPyBoyPokemonCrystalEnv).parameters
    taken = inspect.signature(env_class).parameters.values()
    if needed := [p.name for p in taken if p.name not in given and p.default is p.empty and p.kind not in _VARIABLE]:
        return f"its constructor needs {', '.join(needed)}, which no training gives: give each a default"
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken):
        return ""
    if refused := [name for name in given if name not in {parameter.name for parameter in taken}]:
        return f"its constructor does not take {', '.join(refused)}: take **settings and hand them on to super()"
    return ""


_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

ENV_CLASSES: Registry[type[EnhancedPyBoyPokemonCrystalEnv]] = Registry("env class", fault=_fault)
ENV_CLASSES.register("crystal")(EnhancedPyBoyPokemonCrystalEnv)
