"""Arenas: environments in which several models act at the same time (PettingZoo's parallel API)."""
