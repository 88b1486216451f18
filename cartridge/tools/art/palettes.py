"""Palettes: every colour of Fernvale, as RGB555 integers (red in the low bits), four to a palette.

Shade 0 of a background palette is the ground it stands on, shade 3 its ink. The day is warm and light; morning and
night are derived from it by one tint, so that a changed colour of the day changes all three.
"""

from __future__ import annotations

Palette = tuple[int, int, int, int]

GRASS, EARTH, WATER, ROSE, STONE, PATH, HEALER, TEXT = range(8)
"""Background palettes of the world by number.

HEALER also colours the HP bar: shade 1 the empty groove, 2 the filling.
"""

RED, BLUE, GREEN, BROWN, VIOLET, WHITE, PINK, GREY = range(8)
"""Object palettes by number, named for their cloth."""

PAPER, INK = 0xFCFCF4, 0x20202C
LAWN, SAND, CREAM, GLASS = 0xC4EC9C, 0xF8ECC0, 0xF8E8C8, 0xB8E0F0
FLOOR = 0xF8F0D4
SKIN = 0xFCD4A8


def rgb555(colour: int) -> int:
    """0xRRGGBB as the console's 15 bits."""
    red, green, blue = colour >> 19 & 31, colour >> 11 & 31, colour >> 3 & 31
    return red | green << 5 | blue << 10


def rgb888(value: int) -> tuple[int, int, int]:
    """A 15-bit colour as 8-bit red, green, blue, for looking at it elsewhere."""
    red, green, blue = (value >> shift & 31 for shift in (0, 5, 10))
    return red << 3 | red >> 2, green << 3 | green >> 2, blue << 3 | blue >> 2


def palette(first: int, second: int, third: int, fourth: int) -> Palette:
    """Four 0xRRGGBB colours as one palette."""
    return rgb555(first), rgb555(second), rgb555(third), rgb555(fourth)


def encode(palettes: tuple[Palette, ...]) -> bytes:
    """Eight bytes a palette, little-endian, in the order that the palette ports take."""
    return b"".join(colour.to_bytes(2, "little") for four in palettes for colour in four)


def tint(
    palettes: tuple[Palette, ...], percent: tuple[int, int, int], spared: tuple[int, ...] = (TEXT,)
) -> tuple[Palette, ...]:
    """The palettes seen in another light: red, green and blue scaled by percent, but for the spared ones."""

    def lit(value: int) -> int:
        red, green, blue = (
            (value >> shift & 31) * share // 100 for shift, share in zip((0, 5, 10), percent, strict=True)
        )
        return min(red, 31) | min(green, 31) << 5 | min(blue, 31) << 10

    return tuple(
        four if number in spared else (lit(four[0]), lit(four[1]), lit(four[2]), lit(four[3]))
        for number, four in enumerate(palettes)
    )


def pale(palettes: tuple[Palette, ...], percent: int) -> tuple[Palette, ...]:
    """The palettes on their way to white: every colour that much nearer to it."""

    def near(value: int) -> int:
        parts = ((value >> shift & 31, shift) for shift in (0, 5, 10))
        return sum((part + (31 - part) * percent // 100) << shift for part, shift in parts)

    return tuple((near(four[0]), near(four[1]), near(four[2]), near(four[3])) for four in palettes)


_TEXT = palette(PAPER, 0xB8B8B8, 0x686870, INK)
_HEALER = palette(PAPER, 0xC8DCC8, 0x38B060, 0x1C3C34)

BACKGROUND: tuple[Palette, ...] = (
    palette(LAWN, 0x84CC6C, 0x3C9454, 0x184038),
    palette(GLASS, CREAM, 0xC89868, 0x4C3028),
    palette(0xD8F0F8, 0x88C0F0, 0x4880D0, 0x20386C),
    palette(LAWN, 0xF89880, 0xD04848, 0x58203C),
    palette(0xE8E4DC, 0xC0B8B8, 0x847C90, 0x382C48),
    palette(LAWN, SAND, 0xD0A468, 0x5C4030),
    _HEALER,
    _TEXT,
)
"""The world by day."""

OBJECTS: tuple[Palette, ...] = (
    palette(PAPER, SKIN, 0xDC4444, 0x30202C),
    palette(PAPER, SKIN, 0x3C70D0, 0x20243C),
    palette(PAPER, SKIN, 0x3CA058, 0x183428),
    palette(PAPER, SKIN, 0xA06438, 0x382018),
    palette(PAPER, SKIN, 0x9858B8, 0x301C3C),
    palette(PAPER, SKIN, 0xF4F4F4, 0x2C2C44),
    palette(PAPER, SKIN, 0xF084A0, 0x502438),
    palette(PAPER, 0xECE8E4, 0x9890A0, 0x28283C),
)
"""People and things by day. Shade 0 is never seen."""

_INDOOR: tuple[Palette, ...] = (
    palette(FLOOR, 0x84CC6C, 0x3C9454, 0x184038),
    palette(FLOOR, 0xE4BC84, 0xAC7048, 0x482C28),
    palette(FLOOR, 0xC8E4F4, 0x6498D4, 0x283C6C),
    palette(FLOOR, 0xF8B090, 0xD05858, 0x58203C),
    palette(FLOOR, 0xD4D0D8, 0x8C88A0, 0x342C48),
    palette(FLOOR, 0xE4D8B4, 0xC0A078, 0x483830),
    palette(FLOOR, 0xF0DEB0, 0xDCC08C, 0x483830),
    _TEXT,
)
_CAVE: tuple[Palette, ...] = (
    palette(0xC8B498, 0x988068, 0x5C4C4C, 0x241C2C),
    palette(0xC8B498, 0xA87C54, 0x70483C, 0x301C24),
    palette(0x90C0D8, 0x5090C0, 0x305898, 0x182850),
    palette(0xC8B498, 0xE09050, 0xB04838, 0x401828),
    palette(0xB0A8B0, 0x807888, 0x504858, 0x201C2C),
    palette(0xC8B498, 0xD8D0A8, 0x9878A0, 0x443050),
    _HEALER,
    _TEXT,
)
_TOWER: tuple[Palette, ...] = (
    palette(0xE0D8E8, 0x84CC6C, 0x3C9454, 0x184038),
    palette(0xE0D8E8, 0xC8A070, 0x8C5840, 0x3C2028),
    palette(0xE4F0F8, 0x98C8F0, 0x5088D0, 0x202C60),
    palette(0xF8E8D0, 0xF0A068, 0xB83C4C, 0x481830),
    palette(0xE0D8E8, 0xB0A4C4, 0x746890, 0x2C2048),
    palette(0xF8F0C0, 0xF0C860, 0xB88830, 0x503020),
    _HEALER,
    _TEXT,
)
_BATTLE: tuple[Palette, ...] = (
    palette(PAPER, 0xA8D88C, 0x4C9C58, INK),
    palette(PAPER, 0xF0B078, 0xB86040, INK),
    palette(PAPER, 0xC8DCC8, 0x38B060, INK),
    palette(PAPER, 0xE4DCC0, 0xE8B020, INK),
    palette(PAPER, 0xE4CCC8, 0xDC4040, INK),
    palette(PAPER, 0xC8D4E4, 0x4C84E0, INK),
    palette(PAPER, 0xE8DCC0, 0xC8B488, INK),
    _TEXT,
)
_TITLE: tuple[Palette, ...] = (
    palette(0xFCF4D8, 0xA4D878, 0x3C9454, 0x143C38),
    palette(0xFCF4D8, 0xF8D060, 0xE08838, 0x143C38),
    palette(0xFCF4D8, 0xB8E4E0, 0x68B0C8, 0x143C38),
    palette(0xA4D878, 0x68B868, 0x2C7850, 0x143C38),
    palette(0xFCF4D8, 0xF0B8A0, 0xD86858, 0x143C38),
    palette(0xFCF4D8, 0xD8D8B8, 0xA0A888, 0x143C38),
    palette(0xFCF4D8, 0xD8D8B8, 0x3C9454, 0x143C38),
    palette(0xFCF4D8, 0xC8C8A8, 0x708070, 0x143C38),
)

SETS: dict[str, tuple[Palette, ...]] = {
    "day": BACKGROUND,
    "morning": tint(BACKGROUND, (100, 92, 82)),
    "night": tint(BACKGROUND, (48, 54, 84)),
    "indoor": _INDOOR,
    "cave": _CAVE,
    "dark": tint(_CAVE, (30, 30, 40)),
    "forest": tint(BACKGROUND, (76, 90, 78)),
    "tower": _TOWER,
    "battle": _BATTLE,
    "title": _TITLE,
}
"""Background sets by name.

In ``battle``: 0 own creature, 1 foe, 2-4 HP bar green, amber, red, 5 experience, 6 ground, 7 text.
"""

FADE = (0, 40, 75)
"""How pale the colours are at each level of a fade, in percent of the way to white; then the screen goes dark."""
