"""The files of a game's folder: the form of each, and what it becomes (docs/games.md)."""
