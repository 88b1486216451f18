"""What a press of a direction should lead to, by the collision map, the people in RAM and the atlas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.game import terrain
from core.game.facts import Warp
from core.game.game_data import GameData
from core.game.state import GameState
from core.game.terrain import OFFSET
from core.navigation.exits import exits_of
from core.navigation.map_ground import Cell, MapGround
from core.vocabulary import Button, Position


class Motion(StrEnum):
    """What a direction does."""

    TURN = "turn"
    STEP = "step"
    BUMP = "bump"
    PERSON = "person"
    """Somebody stands there."""
    WARP = "warp"
    EDGE = "edge"
    """Onto the next map."""
    UNSURE = "unsure"
    """A hop onto somebody: by the published rule it is made, and Fernvale refuses it."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is believed of one press."""

    motion: Motion
    ahead: Cell
    """The cell in front."""
    cell: Cell
    """Where the player stands afterwards if the map stays the same; for a turn, where a step would lead."""
    arrival: Position | None = None
    """Where a warp or an edge leads; None where the atlas does not say."""


def expectation_of(game: GameData, state: GameState, button: Button) -> Expectation:
    """What `button`, a direction, should do to a free player."""
    place, ground = state.position, _ground(game, state)
    here, (dx, dy) = (place.x, place.y), OFFSET[button]
    ahead = (here[0] + dx, here[1] + dy)
    moved = ground.move(*here, button)
    cell = here if moved is None else moved[:2]
    if state.facing is not button:
        return Expectation(Motion.TURN, ahead, cell)
    if ahead in ground.people:
        return Expectation(Motion.PERSON, ahead, here)
    if cell in ground.people:
        return Expectation(Motion.UNSURE, ahead, cell)
    if cell != here:
        if ground.warps_on_arrival(*cell):
            return Expectation(Motion.WARP, ahead, here, _landing(game, place, cell))
        return Expectation(Motion.STEP, ahead, cell)
    if here in ground.warps and terrain.WARP_CARPETS.get(ground.byte(*here)) is button:
        return Expectation(Motion.WARP, ahead, here, _landing(game, place, here))
    if not _is_inside(ahead, ground) and ground.bears(state.collision_at(*ahead)):
        return Expectation(Motion.EDGE, ahead, here, _across(game, place, button, state.map_size_steps))
    return Expectation(Motion.BUMP, ahead, here)


def leads_away(game: GameData, state: GameState, cell: Cell) -> bool:
    """Whether the player may leave the map by stepping onto a cell, or from it."""
    ground = _ground(game, state)
    return cell in ground.warps or not _is_inside(cell, ground)


def _ground(game: GameData, state: GameState) -> MapGround:
    """The ground for one step now: water bears only those who already ride."""
    people = frozenset((one.x, one.y) for one in state.people if one.visible)
    cells, warps = state.collision.cells, game.warp_cells(state.map_id)
    return MapGround(cells, people=people, warps=warps, can_surf=state.is_surfing)


def _is_inside(cell: Cell, ground: MapGround) -> bool:
    height, width = ground.collision.shape
    return 0 <= cell[0] < width and 0 <= cell[1] < height


def _landing(game: GameData, place: Position, cell: Cell) -> Position | None:
    """Where the warp of a cell leads; None for "back to where you came from" and for elevators."""
    known = game.maps[place.map]
    warp: Warp | None = next((one for one in known.warps if (one.x, one.y) == cell), None)
    target = None if warp is None or known.is_elevator else game.maps.get(warp.target)
    if warp is None or target is None or not 1 <= warp.target_warp <= len(target.warps):
        return None
    landing = target.warps[warp.target_warp - 1]
    return Position(target.id, landing.x, landing.y)


def _across(game: GameData, place: Position, button: Button, size: tuple[int, int]) -> Position | None:
    """Where the edge ahead leads."""
    for exit_ in exits_of(game, place.map) if place.map in game.maps else ():
        if exit_.edge is button and exit_.is_at_edge(place, *size):
            along_x, along_y = place.x - exit_.x, place.y - exit_.y
            return Position(exit_.to_map, exit_.arrival[0] + along_x, exit_.arrival[1] + along_y)
    return None
