"""Walking and talking take the frames that Crystal takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cartridge.console import Console

STEP, TURN, HOP = 16, 8, 32
SLACK = 1
"""The button is seen in the frame after it is pressed."""


@pytest.fixture(scope="module")
def home() -> bytes:
    """The state at the first free step, facing down at (3,3)."""
    console = Console()
    console.boot()
    console.tick(20)
    state = console.save()
    console.close()
    return state


@pytest.fixture
def console(home: bytes) -> Iterator[Console]:
    console = Console()
    console.load(home)
    yield console
    console.close()


def frames_until(console: Console, condition: Callable[[], bool], limit: int = 200) -> int:
    for count in range(limit):
        if condition():
            return count
        console.tick(1)
    raise AssertionError("it never happened")


def test_a_step_ahead_takes_sixteen_frames(console: Console) -> None:
    console.pyboy.button_press("down")
    frames = frames_until(console, lambda: console.read("wYCoord") == 4)
    assert STEP <= frames <= STEP + SLACK


def test_steps_in_a_row_take_sixteen_frames_each(console: Console) -> None:
    console.pyboy.button_press("down")
    frames_until(console, lambda: console.read("wYCoord") == 4)
    assert frames_until(console, lambda: console.read("wYCoord") == 5) == STEP
    assert frames_until(console, lambda: console.read("wYCoord") == 6) == STEP


def test_a_turn_from_rest_costs_eight_frames(console: Console) -> None:
    console.pyboy.button_press("right")
    frames = frames_until(console, lambda: console.read("wXCoord") == 4)
    assert STEP + TURN <= frames <= STEP + TURN + SLACK


def test_a_change_of_direction_on_the_way_is_free(console: Console) -> None:
    console.pyboy.button_press("down")
    frames_until(console, lambda: console.read("wMapEventStatus") == 1)
    console.pyboy.button_release("down")
    console.pyboy.button_press("right")
    frames_until(console, lambda: console.read("wYCoord") == 4)
    assert frames_until(console, lambda: console.read("wXCoord") == 4) == STEP


def test_a_tap_turns_without_a_step(console: Console) -> None:
    console.press("right", 2, 40)
    assert console.read("wPlayerDirection") == 12
    assert (console.read("wXCoord"), console.read("wYCoord")) == (3, 3)


def test_turning_is_a_player_event(console: Console) -> None:
    console.pyboy.button_press("right")
    console.tick(3)
    assert console.read("wScriptRunning") == 9
    assert console.read("wMapEventStatus") == 0


def test_object_coordinates_lead_and_map_coordinates_follow(console: Console) -> None:
    console.pyboy.button_press("down")
    frames_until(console, lambda: console.read("wMapEventStatus") == 1)
    assert console.read("wPlayerMapY") == 4 + 4
    assert console.read("wYCoord") == 3


def test_a_wall_does_not_move_anybody(console: Console) -> None:
    console.pyboy.button_press("up")
    console.tick(60)
    assert (console.read("wXCoord"), console.read("wYCoord")) == (3, 3)
    assert console.read("wPlayerDirection") == 4


@pytest.mark.parametrize(("held", "frames_a_letter"), [(False, 3), (True, 1)])
def test_letters(console: Console, held: bool, frames_a_letter: int) -> None:
    console.press("up", 2, 20)
    console.pyboy.button_press("a")
    console.tick(2)
    if not held:
        console.pyboy.button_release("a")
    frames_until(console, lambda: console.tile(3, 14) != 0x7F)
    assert frames_until(console, lambda: console.tile(6, 14) != 0x7F) == 3 * frames_a_letter
