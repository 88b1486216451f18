"""Contact sheets: all of Fernvale's pictures as PNG files to look at. Not part of the build; needs Pillow.

python -m cartridge.tools.art.contact_sheet OUTPUT_FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from cartridge.tools.art import creatures, font, frame, palettes, people, pixels, sketch, tilesets, title
from cartridge.tools.art.palettes import Palette

_FIELDS = """
TTTTTTTTTTTTTTTTTTTTTTTT
TTTTTTTTTTTTTTTTTTTTTTTT
TT....RRRR....LLLLLL..TT
TT....RRRR....LLLLLL..TT
TT....WDwW.S..WwDwWW..TT
TTff...._.......__....__
TTff....________________
TT......_......_......TT
T..GGGG._.BBB..__v>...TT
T..GGGG._.BBB...___....T
T..WHDW._.WDM...___.gggg
T....__________.....gggg
T..S......._.....vvvvvgg
TT.++++++.._.......<.ggT
TT.~~~~~~.._..tt.O.<.TTT
T..~~~~~~==_..tt...<..TT
T..~~==~~~.X.....#####TT
T....==...._...f.##E##TT
TTTTT==TTTT_TTTTTTT_TTTT
""".splitlines()[1:]

_ROOMS = """
##########  ##########
#w##P#w###  #w#P###w##
k.T<..tbss  hx:ss::lll
..o....b..  ::::::::::
..rrrr...p  ccccc:p:MM
..rrTr....  :::::::::M
..rroroo..  :TT::::o::
p.........  :TT:::p:::
...mm.....  ...mm.....
""".splitlines()[1:]

_CAVERN = """
####################
####################
##....~~~~~...O..###
##....~~~~~......###
##vvvv....<..gggg###
##........<..gggg###
##.iiii...<..H.../##
##.iiii..##......###
##......####..>..###
########E###########
""".splitlines()[1:]
_HALL = """
##########
#w##w##w##
p.S.rr.S.p
I...rr...I
..iirrX...
I.iirrccc<
..o.rr...>
I...rr...I
....mm....
""".splitlines()[1:]


def picture_of_tiles(tiles: bytes, ids: Sequence[Sequence[int]], colours: Sequence[Sequence[Palette]]) -> Image.Image:
    """An image of rows of tiles, each tile in its palette."""
    image = Image.new("RGB", (len(ids[0]) * 8, len(ids) * 8))
    for row, (row_ids, row_colours) in enumerate(zip(ids, colours, strict=True)):
        for column, (tile, four) in enumerate(zip(row_ids, row_colours, strict=True)):
            for y in range(8):
                low, high = tiles[tile * 16 + y * 2 : tile * 16 + y * 2 + 2]
                for x in range(8):
                    shade = (low >> (7 - x) & 1) | (high >> (7 - x) & 1) << 1
                    image.putpixel((column * 8 + x, row * 8 + y), palettes.rgb888(four[shade]))
    return image


def picture_of_map(tileset: tilesets.Tileset, rows: Sequence[str], light: Sequence[Palette]) -> Image.Image:
    """An image of a map, dressed."""
    ids: list[list[int]] = []
    colours: list[list[Palette]] = []
    for row in tileset.dress(rows):
        cells = [tileset.cells[character] for character in row]
        for half in (0, 2):
            ids.append([tile for cell in cells for tile in cell.tiles[half : half + 2]])
            colours.append([light[cell.palette] for cell in cells for _ in range(2)])
    return picture_of_tiles(tileset.tiles, ids, colours)


def picture_of_text(lines: Sequence[str]) -> Image.Image:
    """An image of a text box with these lines."""
    width = max(map(len, lines)) + 2
    top = [0x79, *[0x7A] * (width - 2), 0x7B]
    bottom = [0x7D, *[0x7A] * (width - 2), 0x7E]
    ids = [top, *([0x7C, *(font.CODES[letter] for letter in line.ljust(width - 2)), 0x7C] for line in lines), bottom]
    tiles = frame.tiles() + font.tiles()
    light = palettes.BACKGROUND[palettes.TEXT]
    return picture_of_tiles(
        tiles, [[code - frame.FIRST_ID for code in row] for row in ids], [[light] * width for _ in ids]
    )


def picture_of_grid(grid: pixels.Grid, colours: Palette, ground: Palette | None = None) -> Image.Image:
    """An image of a grid; shade 0 is the ground's first colour if a ground is given."""
    image = Image.new("RGB", (len(grid[0]), len(grid)))
    for y, row in enumerate(grid):
        for x, shade in enumerate(row):
            image.putpixel((x, y), palettes.rgb888(ground[0] if ground and not shade else colours[shade]))
    return image


def picture_of_people() -> Image.Image:
    """An image of everybody on a lawn, one a row, in all six poses."""
    columns, lawn = 2, palettes.BACKGROUND[palettes.GRASS]
    rows = -(-len(people.NAMES) // columns)
    image = Image.new("RGB", (columns * 6 * 18, rows * 18), palettes.rgb888(lawn[0]))
    for number, name in enumerate(people.NAMES):
        for pose, grid in enumerate(people.pictures(name)):
            place = ((number % columns * 6 + pose) * 18 + 1, number // columns * 18 + 1)
            image.paste(picture_of_grid(grid, palettes.OBJECTS[people.palette(name)], lawn), place)
    return image


def picture_of_creatures(names: Sequence[str], columns: int = 4) -> Image.Image:
    """An image of creatures, front and back side by side."""
    rows = -(-len(names) // columns)
    image = Image.new("RGB", (columns * 88, rows * 44), "white")
    for number, name in enumerate(names):
        for side, view in enumerate((sketch.FRONT, sketch.BACK)):
            grid = creatures.picture(name, view)
            place = (number % columns * 88 + side * 42 + 2, number // columns * 44 + 2)
            image.paste(picture_of_grid(grid, creatures.palette(name)), place)
    return image


def picture_of_title() -> Image.Image:
    """An image of the title screen, as the console puts it together."""
    light, picture = palettes.SETS["title"], title.tiles_and_map()
    tiles = picture.tiles.ljust(font.FIRST_ID * 16, b"\0") + font.tiles()
    whole = Image.new("RGB", (title.COLUMNS * 8, title.ROWS * 8))
    for place, (number, attribute) in enumerate(zip(picture.tile_ids, picture.attributes, strict=True)):
        square = picture_of_tiles(tiles, [[number]], [[light[attribute & 7]]])
        if attribute & title.FLIP_X:
            square = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        whole.paste(square, (place % title.COLUMNS * 8, place // title.COLUMNS * 8))
    return whole


def save(image: Image.Image, path: Path, scale: int = 2) -> None:
    """Save an image enlarged without smoothing."""
    image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(path)


def main(folder: Path) -> None:
    """Write every sheet into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    outdoor = tilesets.build("outdoor")
    for light in ("day", "morning", "night"):
        save(picture_of_map(outdoor, _FIELDS, palettes.SETS[light]), folder / f"outdoor_{light}.png")
    save(picture_of_map(tilesets.build("forest"), _FIELDS, palettes.SETS["forest"]), folder / "forest.png")
    save(picture_of_map(tilesets.build("indoor"), _ROOMS, palettes.SETS["indoor"]), folder / "indoor.png", 3)
    save(picture_of_map(tilesets.build("cave"), _CAVERN, palettes.SETS["cave"]), folder / "cave.png", 3)
    save(picture_of_map(tilesets.build("tower"), _HALL, palettes.SETS["tower"]), folder / "tower.png", 3)
    save(picture_of_creatures(creatures.NAMES), folder / "creatures.png", 3)
    save(picture_of_title(), folder / "title.png", 4)
    save(picture_of_people(), folder / "people.png", 4)
    text = [
        "ABCDEFGHIJKLMNOPQR",
        "STUVWXYZ 012345678",
        "abcdefghijklmnopqr",
        "stuvwxyz9()[]:;&/,",
        "The quick brown",
        "fox jumps!? It's…",
    ]
    save(picture_of_text(text), folder / "text.png", 3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
