"""One running cartridge: PyBoy, the start of a game, and how long an action lasts."""
