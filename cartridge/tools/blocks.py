"""Blocks: the 2x2 steps that a map is stored in, with tiles, attributes and collision per block, as in Crystal.

Authors draw in steps. Equal groups of 2x2 steps become one block; maps of a tileset share a set of at most 256 blocks,
and a new set is begun when one is full. Block 0 is solid everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cartridge.tools.art import collision, tilesets
from cartridge.tools.map_pictures import changed, surrounded
from cartridge.tools.maps import BORDER_STEPS, Map

WALL = 0x07
FLOOR = 0x00
MAX_SET = 256
WARPS = (0x60, 0x68, *range(0x70, 0x80))
"""Collision bytes that can take one to another map: pits, doors, stairs, cave mouths, mats."""

CHANGES = {collision.CUT_TREE: ".", collision.WHIRLPOOL: "s"}
"""Collision of what can be taken away to the character of what is left there."""

LEDGES = {0xA0: (-1, 0), 0xA1: (1, 0), 0xA2: (0, 1), 0xA3: (0, -1)}
"""Collision of a drawn ledge to where one stands before hopping over it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a map: four tile numbers (rows first), a palette and a collision byte."""

    tiles: tuple[int, int, int, int]
    palette: int
    collision: int


Block = tuple[Step, Step, Step, Step]


@dataclass(slots=True)
class BlockSet:
    """The blocks of one tileset, or of some of its maps."""

    tileset: str
    blocks: dict[Block, int] = field(default_factory=dict)

    def changes(self) -> bytes:
        """Three bytes for each step that can change: its block, its quarter, the block after that; ended by 0."""
        left = _steps_left(self.tileset)
        rows = bytearray()
        for block, number in self.blocks.items():
            for quarter, after in _changed(block, left):
                rows += bytes([number, quarter, self.blocks[after]])
        return bytes(rows) + b"\0"

    def tiles(self) -> bytes:
        """16 bytes a block: four rows of four tiles."""
        return b"".join(self._rows(block, lambda step, i: step.tiles[i]) for block in self.blocks)

    def attributes(self) -> bytes:
        """16 bytes a block: the palette of each tile."""
        return b"".join(self._rows(block, lambda step, _: step.palette) for block in self.blocks)

    def collision(self) -> bytes:
        """Four bytes a block: top left, top right, bottom left, bottom right."""
        return bytes(step.collision for block in self.blocks for step in block)

    @staticmethod
    def _rows(block: Block, value) -> bytes:
        out = bytearray()
        for upper in (0, 2):
            for row in (0, 2):
                for step in block[upper : upper + 2]:
                    out += bytes([value(step, row), value(step, row + 1)])
        return bytes(out)


@dataclass(frozen=True, slots=True)
class BuiltMap:
    """A map in blocks, border included, and the set they are from."""

    blocks: bytes
    set: BlockSet
    collision: list[list[int]]
    """By step, [y][x], without the border."""
    changes: tuple[tuple[int, int], ...] = ()
    """For each change of the map: the place among `blocks`, and the block that stands there once its flag is set."""


def _steps_left(tileset: str) -> dict[int, Step]:
    """By collision of what can be taken away: the step without it."""
    cells = tilesets.build(tileset).cells
    found = {code: cells[character] for code, character in CHANGES.items() if character in cells}
    return {code: Step(cell.tiles, cell.palette, cell.collision) for code, cell in found.items()}


def _changed(block: Block, left: dict[int, Step]) -> list[tuple[int, Block]]:
    """The quarters of a block that can change, each with the block after that."""
    return [
        (quarter, (*block[:quarter], left[step.collision], *block[quarter + 1 :]))  # type: ignore[misc]
        for quarter, step in enumerate(block)
        if step.collision in left
    ]


def _with_changes(blocks: dict[Block, None], left: dict[int, Step]) -> dict[Block, None]:
    """The blocks and all that they can become."""
    waiting = list(blocks)
    for block in waiting:
        waiting += [after for _, after in _changed(block, left) if after not in waiting]
    return dict.fromkeys(waiting)


def _collisions(cells: list[list[tilesets.Cell]], where: str) -> list[list[int]]:
    """Crystal's ledges are walls; the step before one carries the hop. Authors draw only the ledge."""
    grid = [[cell.collision for cell in row] for row in cells]
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            if cell.collision not in LEDGES:
                continue
            grid[y][x] = WALL
            dx, dy = LEDGES[cell.collision]
            before_x, before_y = x + dx, y + dy
            if not (0 <= before_y < len(cells) and 0 <= before_x < len(row)):
                continue
            before = cells[before_y][before_x].collision
            if before == FLOOR or before == 0x18:
                grid[before_y][before_x] = cell.collision
            elif before != WALL and before not in LEDGES:
                raise ValueError(f"{where}: nobody can stand before the ledge at {x - BORDER_STEPS},{y - BORDER_STEPS}")
    return grid


def _steps(maps: dict[str, Map], found: Map, tileset: tilesets.Tileset) -> list[list[Step]]:
    rows = surrounded(maps, found)
    strangers = {character for row in rows for character in row} - tileset.cells.keys()
    if strangers:
        raise ValueError(f"{found.path.name}: the tileset {found.tileset} has no cells {sorted(strangers)}")
    cells = [[tileset.cells[character] for character in row] for row in tileset.dress(rows)]
    grid = _collisions(cells, found.path.name)
    return [[Step(cell.tiles, cell.palette, grid[y][x]) for x, cell in enumerate(row)] for y, row in enumerate(cells)]


def _groups(steps: list[list[Step]]) -> list[list[Block]]:
    """Steps, two by two."""
    return [
        [(steps[y][x], steps[y][x + 1], steps[y + 1][x], steps[y + 1][x + 1]) for x in range(0, len(steps[0]), 2)]
        for y in range(0, len(steps), 2)
    ]


def build_blocks(maps: dict[str, Map]) -> dict[str, BuiltMap]:
    """All maps in blocks, by constant."""
    open_sets: dict[str, BlockSet] = {}
    built: dict[str, BuiltMap] = {}
    for constant, found in maps.items():
        steps = _steps(maps, found, tilesets.build(found.tileset))
        groups = _groups(steps)
        places = [((one.x + BORDER_STEPS) // 2, (one.y + BORDER_STEPS) // 2) for one in found.changes]
        other = [
            _groups(_steps(maps, changed(found, one), tilesets.build(found.tileset)))[y][x]
            for one, (x, y) in zip(found.changes, places, strict=True)
        ]
        wanted = dict.fromkeys([*(block for row in groups for block in row), *other])
        wanted = _with_changes(wanted, _steps_left(found.tileset))
        current = open_sets.get(found.tileset)
        if current is None or len(current.blocks) + len(wanted.keys() - current.blocks.keys()) > MAX_SET:
            solid = Step((0, 0, 0, 0), 0, WALL)
            current = open_sets[found.tileset] = BlockSet(found.tileset, {(solid, solid, solid, solid): 0})
        for block in wanted:
            current.blocks.setdefault(block, len(current.blocks))
        inner = steps[BORDER_STEPS:-BORDER_STEPS]
        for warp in found.warps:
            collision = inner[warp.y][warp.x + BORDER_STEPS].collision
            if collision not in WARPS:
                raise warp.line.error(
                    f"{warp.x},{warp.y} is no door, stairs, cave mouth or mat (collision {collision:#04x})"
                )
        built[constant] = BuiltMap(
            bytes(current.blocks[block] for row in groups for block in row),
            current,
            [[step.collision for step in row[BORDER_STEPS:-BORDER_STEPS]] for row in inner],
            tuple((y * len(groups[0]) + x, current.blocks[block]) for (x, y), block in zip(places, other, strict=True)),
        )
    return built
