"""Classes of environments by name: what `env_class` of a config asks for."""

from __future__ import annotations

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.registry import Registry, must_derive_from

ENV_CLASSES: Registry[type[EnhancedPyBoyPokemonCrystalEnv]] = Registry(
    "env class", fault=must_derive_from(EnhancedPyBoyPokemonCrystalEnv)
)
ENV_CLASSES.register("crystal")(EnhancedPyBoyPokemonCrystalEnv)
