"""Fernvale's pictures: they fit the console, mean what the authors of maps were told, and are the same on every run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cartridge.tools.art import (
    collision,
    creatures,
    font,
    frame,
    palettes,
    people,
    pixels,
    sketch,
    tilesets,
    title,
)

ROOT = Path(__file__).resolve().parent.parent
ALL_PICTURES = """
import hashlib
from cartridge.tools.art import creatures, font, frame, palettes, people, tilesets, title
picture = title.tiles_and_map()
parts = [font.tiles(), frame.tiles(), picture.tiles, picture.tile_ids, picture.attributes]
parts += [people.tiles(name) for name in people.NAMES]
parts += [view(name) for name in creatures.NAMES for view in (creatures.front, creatures.back)]
parts += [palettes.encode(palettes.SETS[name]) for name in palettes.SETS]
sets = [tilesets.build(name) for name in tilesets.NAMES]
parts += [repr((tileset.tiles, sorted(tileset.cells.items()))).encode() for tileset in sets]
print(hashlib.sha256(b"".join(parts)).hexdigest())
"""


def tile(tiles: bytes, number: int) -> bytes:
    return tiles[number * 16 : number * 16 + 16]


def decoded(encoded: bytes) -> pixels.Grid:
    """The inverse of the encoding, written a second time."""
    return [
        [(encoded[2 * y] >> bit & 1) + 2 * (encoded[2 * y + 1] >> bit & 1) for bit in range(7, -1, -1)]
        for y in range(8)
    ]


def published_cells() -> list[tuple[str, str, int]]:
    """(tileset, character, collision) of every row of the tables in the art package's README."""
    found, heading = [], ""
    for line in (ROOT / "cartridge/tools/art/README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("###"):
            heading = line.removeprefix("###").strip()
        elif heading in tilesets.NAMES and (row := re.match(r"\| `(.)` \| .*? \| 0x([0-9A-F]{2})\b", line)):
            found.append((heading, row[1], int(row[2], 16)))
    return found


def test_a_tile_is_encoded_as_the_console_wants_it() -> None:
    grid = pixels.parse(
        ["........", "--------", "++++++++", "########", ".-+#.-+#", "#.......", ".......#", "#+-.#+-."]
    )
    encoded = pixels.encode_tile(grid)
    assert encoded[:8] == bytes.fromhex("0000 ff00 00ff ffff")
    assert decoded(encoded) == grid


@pytest.mark.parametrize("rows", [["....", "..."], ["..x."]])
def test_a_grid_that_is_no_grid_is_refused(rows: list[str]) -> None:
    with pytest.raises(ValueError, match="row"):
        pixels.parse(rows)


def test_every_letter_is_drawn_once() -> None:
    tiles = font.tiles()
    assert len(tiles) == 128 * 16
    drawn = [tile(tiles, code - 0x80) for code in font.CODES.values() if code >= 0x80]
    assert all(any(letter) for letter in drawn)
    assert len(set(drawn)) == len(drawn)
    assert any(decoded(tile(tiles, font.CODES["p"] - 0x80))[7]), "p hangs below the line"


def test_letters_have_the_codes_of_the_charmap() -> None:
    codes = font.CODES
    assert (codes["A"], codes["z"], codes["0"], codes["9"], codes[" "]) == (0x80, 0xB9, 0xF6, 0xFF, 0x7F)
    assert (codes["▶"], codes["▷"], codes["▼"], codes["?"], codes["!"]) == (0xED, 0xEC, 0xEE, 0xE6, 0xE7)


def test_bar_pieces_fill_pixel_by_pixel() -> None:
    tiles = frame.tiles()
    assert len(tiles) == 32 * 16
    filled = [sum(row.count(2) for row in decoded(tile(tiles, piece))[3:6]) // 3 for piece in range(9)]
    assert filled == list(range(9))
    assert not any(tile(tiles, 0x7F - 0x60)), "0x7F is the space"


@pytest.mark.parametrize("name", tilesets.NAMES)
def test_a_tileset_fits_the_console(name: str) -> None:
    tileset = tilesets.build(name)
    count, rest = divmod(len(tileset.tiles), 16)
    assert rest == 0
    assert 0 < count <= 0x60
    for cell in tileset.cells.values():
        assert all(0 <= number < count for number in cell.tiles)
        assert 0 <= cell.palette < 8


@pytest.mark.parametrize(("tileset", "character", "value"), published_cells())
def test_a_cell_is_what_authors_were_told(tileset: str, character: str, value: int) -> None:
    assert tilesets.build(tileset).cells[character].collision == value


def test_all_outdoor_and_indoor_characters_are_published() -> None:
    told = {(tileset, character) for tileset, character, _ in published_cells()}
    for name in ("outdoor", "indoor"):
        assert {character for set_name, character in told if set_name == name} == set(tilesets.build(name).kinds)


def test_dressing_draws_shores_and_never_moves_a_wall() -> None:
    tileset = tilesets.build("outdoor")
    rows = [".....", ".~~~.", ".~~~.", ".~~~.", "....."]
    dressed = tileset.dress(rows)
    for row, bare in zip(dressed, rows, strict=True):
        assert [tileset.cells[one].collision for one in row] == [tileset.cells[one].collision for one in bare]
    middle, corner = dressed[2][2], dressed[1][1]
    assert middle == "~"
    assert corner != middle
    assert tileset.cells[corner].tiles[3] == tileset.cells[middle].tiles[3], "the inner quarter has no shore"
    assert len({dressed[y][x] for y in (1, 2, 3) for x in (1, 2, 3)}) == 9


def test_walls_take_their_colour_from_the_roof() -> None:
    tileset = tilesets.build("outdoor")
    home, healer = (tileset.dress([roof * 3, roof * 3, "WDW", "..."]) for roof in "RG")
    assert tileset.cells[home[2][1]].palette == palettes.EARTH
    assert tileset.cells[healer[2][1]].palette == palettes.HEALER
    assert tileset.cells[healer[2][1]].collision == collision.DOOR


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="unequal"):
        tilesets.build("indoor").dress(["...", ".."])


@pytest.mark.parametrize("name", people.NAMES)
def test_people_have_six_pictures(name: str) -> None:
    assert len(people.tiles(name)) == people.TILES_EACH * 16
    assert 0 <= people.palette(name) < 8
    standing, step, from_behind, _, side, _ = people.pictures(name)
    if name in people.PEOPLE:
        assert standing != step
        assert standing != from_behind
        assert side != pixels.mirror(side)


def test_creatures_are_all_different() -> None:
    pictures = [view(name) for name in creatures.NAMES for view in (creatures.front, creatures.back)]
    assert {len(picture) for picture in pictures} == {25 * 16}
    assert len(set(pictures)) == len(pictures)
    assert creatures.NAMES[:3] == ("MOSSBIT", "CINDREL", "RIPPAD")
    assert all(len(name) <= 10 and name.isascii() and name.isupper() for name in creatures.NAMES)
    for name in creatures.NAMES:
        light, dark, ink = (sum(palettes.rgb888(colour)) for colour in creatures.palette(name)[1:])
        assert light > dark > ink, f"{name}: the colours go from light to ink"


def test_a_sketch_that_is_not_understood_names_its_line() -> None:
    for line in ("star light 1,1 2,2", "oval pink 20,20 5,5", "oval light", "stamp nothing 1,1", "oval light a,b 5,5"):
        with pytest.raises(ValueError, match=re.escape(line)):
            sketch.draw([line], sketch.FRONT, {})


def test_a_mirrored_shape_is_even_and_the_back_is_larger() -> None:
    lines = ["oval* dark 12,20 5,8", "limb* light 8,30,2 4,36,2"]
    grid = sketch.draw(["oval light! 12,30 5,5", "oval light! 28,30 5,5"], sketch.FRONT, {})
    assert grid == pixels.mirror(grid)
    front, back = (sketch.draw(lines, view, {}) for view in (sketch.FRONT, sketch.BACK))
    assert sum(shade > 0 for row in back for shade in row) > sum(shade > 0 for row in front for shade in row)


def test_the_title_is_cut_into_tiles_without_loss() -> None:
    picture, canvas = title.tiles_and_map(), title.canvas()
    assert len(picture.tiles) <= 0x60 * 16
    assert len(picture.tile_ids) == len(picture.attributes) == 360
    letters = {code: letter for letter, code in font.CODES.items()}
    prompt = ""
    for place, (number, attribute) in enumerate(zip(picture.tile_ids, picture.attributes, strict=True)):
        y, x = divmod(place, 20)
        if number >= 0x80:
            prompt += letters[number]
            continue
        square = decoded(tile(picture.tiles, number))
        if attribute & title.FLIP_X:
            square = pixels.mirror(square)
        assert square == pixels.cut(canvas, x * 8, y * 8, 8, 8)
    assert prompt == title.PROMPT.replace(" ", "")


def test_palettes_are_fifteen_bits_and_night_is_darker_than_day() -> None:
    for light in (*palettes.SETS.values(), palettes.OBJECTS):
        assert len(palettes.encode(light)) == 64
        assert all(0 <= colour < 0x8000 for four in light for colour in four)
    day, night = (sum(palettes.rgb888(four[0])[1] for four in palettes.SETS[name]) for name in ("day", "night"))
    assert night < day


def test_pictures_are_the_same_in_every_process() -> None:
    digests = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", ALL_PICTURES],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout.strip())
    assert len(digests) == 1
    assert len(digests.pop()) == len(hashlib.sha256().hexdigest())


@pytest.mark.parametrize(
    ("arguments", "driver", "said"),
    [(["--rom", "no_such_file.gbc"], "offscreen", "no_such_file.gbc"), ([], "offscreen", "no screen found")],
)
def test_playing_says_in_one_line_why_it_cannot(arguments: list[str], driver: str, said: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "cartridge.play", *arguments],
        cwd=tmp_path,
        env={**os.environ, "SDL_VIDEODRIVER": driver, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    ours = [line for line in run.stderr.splitlines() if "XDG_RUNTIME_DIR" not in line]
    assert len(ours) == 1
    assert said in ours[0]
    assert list(tmp_path.iterdir()) == []
