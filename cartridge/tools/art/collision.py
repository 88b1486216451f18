"""Collision bytes: what a step does to the one who walks onto it. The values are those that Crystal's engine uses."""

from __future__ import annotations

FLOOR = 0x00
WALL = 0x07
ROUGH_GROUND = 0x08
CUT_TREE = 0x12
TALL_GRASS = 0x18
SEA = 0x21
"""Water too rough for a raft."""
ICE = 0x23
WHIRLPOOL = 0x24
WATER = 0x29
WATERFALL = 0x33
PIT = 0x60
CARPET_DOWN = 0x70
DOOR = 0x71
LADDER = 0x72
STAIRCASE = 0x7A
CAVE_MOUTH = 0x7B
CARPET_RIGHT = 0x7E
COUNTER = 0x90
BOOKSHELF = 0x91
COMPUTER = 0x93
GOODS_SHELF = 0x96
TELEVISION = 0x97
WINDOW = 0x9D
HOP_RIGHT = 0xA0
HOP_LEFT = 0xA1
HOP_DOWN = 0xA3
WALL_RIGHT = 0xB0
WALL_LEFT = 0xB1
WALL_UP = 0xB2
WALL_DOWN = 0xB3
