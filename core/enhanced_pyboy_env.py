"""Documented name: the Gymnasium environment. The code is in `core/env/pyboy_env.py`."""

from __future__ import annotations

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv

__all__ = ["EnhancedPyBoyPokemonCrystalEnv"]
