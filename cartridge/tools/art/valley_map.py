"""The map of Fernvale for the handbook: every large map as the game draws it, put together, with its name.

    python -m cartridge.tools.art.valley_map docs/images/fernvale_map.png

Neighbours stand side by side as one walks between them; what is entered through a door or a cave mouth stands apart.
Not part of the build; needs Pillow.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from cartridge.tools.art import palettes, tilesets
from cartridge.tools.art.contact_sheet import picture_of_map, picture_of_text
from cartridge.tools.map_pictures import surrounded
from cartridge.tools.maps import BORDER_STEPS, Map, read_maps

STEP_PIXELS, SMALL_STEP_PIXELS = 16, 5
GROUND = (32, 40, 48)
MARGIN_STEPS = 2
PLACES = {
    "HAZEL_HOLLOW": (0, 33),
    "LARK_ROAD": (62, 36),
    "HIGHSTEAD": (214, 34),
    "TIDE_GYM": (2, 6),
    "STONE_GYM": (20, 6),
    "TOWER_1F": (43, 6),
    "TOWER_2F": (69, 6),
    "TOWER_3F": (88, 14),
    "TOWER_LAMP": (212, 62),
    "CAIRN_CAVE": (141, 27),
    "CAIRN_HEIGHTS": (177, 62),
    "CAIRN_DEPTHS": (143, 54),
    "LAMBS_WOOD": (60, 90),
    "SALT_HARBOUR": (88, 86),
    "WAREHOUSE": (154, 88),
    "SALT_GYM": (182, 91),
    "ROLLING_CAVE": (46, 117),
    "ROLLING_CAVE_B1": (80, 118),
    "DARK_CAVE": (112, 117),
    "NARROWS": (138, 117),
    "FALLS": (168, 114),
    "ICE_CAVERN": (194, 117),
    "SUMMIT": (220, 112),
}
"""Where the first map of a connected piece, or a map on its own, has its top left corner, in steps."""

Corner = tuple[int, int]


def corners(maps: dict[str, Map]) -> dict[str, Corner]:
    """The top left step of every map of the picture, neighbours included."""
    found = dict(PLACES)
    waiting = list(PLACES)
    while waiting:
        name = waiting.pop()
        here, (x, y) = maps[name], found[name]
        for direction, (target, offset) in here.connections.items():
            there = maps[target]
            place = {
                "east": (x + here.width, y + offset),
                "west": (x - there.width, y + offset),
                "south": (x + offset, y + here.height),
                "north": (x + offset, y - there.height),
            }[direction]
            if target not in found:
                found[target] = place
                waiting.append(target)
    return found


def picture_of_place(maps: dict[str, Map], found: Map) -> Image.Image:
    """A map without its border, but drawn with it, so that edges are as in the game."""
    whole = picture_of_map(tilesets.build(found.tileset), surrounded(maps, found), palettes.SETS[found.palettes])
    edge = BORDER_STEPS * STEP_PIXELS
    size = (found.width * STEP_PIXELS, found.height * STEP_PIXELS)
    small = (found.width * SMALL_STEP_PIXELS, found.height * SMALL_STEP_PIXELS)
    return whole.crop((edge, edge, edge + size[0], edge + size[1])).resize(small, Image.Resampling.LANCZOS)


def valley() -> Image.Image:
    """The whole picture."""
    maps = read_maps()
    places = corners(maps)
    left, top = (min(place[i] for place in places.values()) - MARGIN_STEPS for i in (0, 1))
    right = max(x + maps[name].width for name, (x, _) in places.items()) + MARGIN_STEPS
    bottom = max(y + maps[name].height for name, (_, y) in places.items()) + MARGIN_STEPS
    picture = Image.new("RGB", ((right - left) * SMALL_STEP_PIXELS, (bottom - top) * SMALL_STEP_PIXELS), GROUND)
    for name, (x, y) in places.items():
        picture.paste(
            picture_of_place(maps, maps[name]), ((x - left) * SMALL_STEP_PIXELS, (y - top) * SMALL_STEP_PIXELS)
        )
    for name, (x, y) in places.items():
        label = picture_of_text([maps[name].name])
        middle = (x - left) * SMALL_STEP_PIXELS + (maps[name].width * SMALL_STEP_PIXELS - label.width) // 2
        picture.paste(label, (max(0, middle), max(0, (y - top) * SMALL_STEP_PIXELS - label.height // 3)))
    return picture


def main() -> None:
    """Write the picture in few colours, to keep the file small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, help="the PNG to write")
    path = parser.parse_args().picture
    valley().convert("P", palette=Image.Palette.ADAPTIVE, colors=96).save(path, optimize=True)


if __name__ == "__main__":
    main()
