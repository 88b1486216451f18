"""What is seen: fades at doors, clean openings of other screens, the raft, the colours of the day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.stage import Stage, at

NIGHT_HOUR, DAY_HOUR = 22, 12
BLANK = 250
"""Mean brightness of a screen that is as good as empty."""


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    yield stage
    stage.console.close()


def picture(stage: Stage) -> np.ndarray:
    """The next frame, red, green and blue."""
    stage.console.pyboy.tick(1, True)
    return stage.console.pyboy.screen.ndarray[:, :, :3].astype(np.int16)


def brightness(stage: Stage, frames: int) -> list[float]:
    return [float(picture(stage).mean()) for _ in range(frames)]


def test_a_door_fades_to_white_and_back(town: Stage) -> None:
    door = next(warp for warp in town.walker.world["HAZEL_HOLLOW"]["warps"] if warp["target"] == "HOME")
    town.walker.go(door["x"], door["y"] + 1)
    town.console.pyboy.button_press("up")
    seen = brightness(town, 60)
    town.console.pyboy.button_release("up")
    white = seen.index(max(seen))
    before, after = seen[white - 10 : white], [value for value in seen[white:] if value < BLANK]
    assert max(seen) > BLANK
    assert len({round(value) for value in before if value < BLANK}) >= 3, "two paler pictures lead to white"
    assert after[0] > after[-1] + 10, "the new map comes out of the white"


def test_a_fight_opens_without_a_stray_picture(town: Stage) -> None:
    """Between the empty screen and the first letter the screen is the one of the fight, never anything else."""
    town.run_script(OPERATIONS.index("wild"), town.species("PIPKIT"), 5, OPERATIONS.index("end"))
    frames = [picture(town) for _ in range(60)]
    empty = next(i for i, frame in enumerate(frames) if frame.mean() > BLANK - 5)
    opened = next(i for i in range(empty, 60) if frames[i].mean() < BLANK - 5)
    top = frames[opened][:96]
    assert all(np.array_equal(frame[:96], top) for frame in frames[opened:])


def test_the_raft_is_seen_on_water_only(town: Stage) -> None:
    town.give_key_item("RAFT")
    town.walker.go(7, 15)
    walking = town.console.read("wPlayerSprite")
    town.walker.talk("left")
    rafts = {number for number, name in town.walker.enums["sprites"].items() if name == "SPRITE_RAFT"}
    assert str(town.console.read("wPlayerSprite")) in rafts
    on_water = picture(town)[60:76, 64:80]
    town.walker.step("right")
    town.walker.step("right")
    assert town.console.read("wPlayerSprite") == walking
    town.walker.step("left")
    town.console.tick(4)
    assert not np.array_equal(picture(town)[60:76, 64:80], on_water)


def test_night_is_darker_than_day(town: Stage) -> None:
    means = {}
    for hour in (DAY_HOUR, NIGHT_HOUR):
        town.poke("hHours", hour)
        town.walker.step("down")
        town.walker.step("up")
        means[hour] = picture(town).mean()
    assert means[NIGHT_HOUR] < 0.8 * means[DAY_HOUR]


def test_who_stands_behind_an_edge_is_seen_at_once(town: Stage) -> None:
    """The item ball near the western end of Fern Path, before anybody moves there."""
    town.walker.leave(23, 8, "right")
    assert town.walker.map == "FERN_PATH"
    others = town.console.bytes("wShadowOAM")[8:]
    assert any(others[0::4])
