"""Arenas: worlds in which several models act at the same time, as PettingZoo parallel environments."""
