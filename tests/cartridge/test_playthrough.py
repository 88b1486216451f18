"""The first region can be played to its end by a plain set of rules, from power on, with each starter."""

from __future__ import annotations

import json

import pytest

from tests.cartridge.console import Console
from tests.cartridge.walker import FACTS, Walker

GRASS = ((8, 3), (11, 3))
TRAINING_LEVEL = 8


def flag_index(walker: Walker, name: str) -> int:
    return walker.enums["event_flags"][name]["index"]


def to_fern_path(walker: Walker) -> None:
    """From anywhere in the first region."""
    while walker.map != "FERN_PATH":
        if walker.map == "HAZEL_HOLLOW":
            walker.leave(23, 8, "right")
        elif walker.map == "WORKSHOP":
            walker.leave(4, 11, "down")
        elif walker.map == "HOME_UPSTAIRS":
            walker.enter("HOME")
        else:
            walker.leave(4, 7, "down")


def rest(walker: Walker) -> None:
    """Walks to the Rest House and lets the nurse heal."""
    if walker.map == "FERN_PATH":
        walker.leave(0, 6, "left")
    if walker.map == "HAZEL_HOLLOW":
        walker.enter("REST_HOUSE")
    if walker.map == "REST_HOUSE":
        walker.go(4, 4)
        walker.talk("up")


def train(walker: Walker, level: int) -> None:
    """Fights in the tall grass until the first pal has that level."""
    console = walker.console
    for turn in range(2000):
        if console.read("wPartyMon1Level") >= level:
            return
        if console.word("wPartyMon1HP") * 3 < console.word("wPartyMon1MaxHP"):
            rest(walker)
        to_fern_path(walker)
        walker.go(*GRASS[turn % 2])
    raise AssertionError("training never ended")


def go_back_until(walker: Walker, x: int, y: int) -> None:
    """Walks to a step of Fern Path, again after every white-out."""
    for _ in range(20):
        to_fern_path(walker)
        if walker.go(x, y):
            return
    raise AssertionError(f"{x},{y} was never reached")


@pytest.mark.parametrize("ball_x", [6, 7, 8])
def test_the_first_region_can_be_finished(ball_x: int) -> None:
    console = Console()
    console.boot()
    walker = Walker(console)
    assert walker.map == "HOME_UPSTAIRS"
    walker.enter("HOME")
    walker.leave(4, 7, "down")
    walker.enter("WORKSHOP")
    walker.go(ball_x, 4)
    walker.talk("up")
    assert console.read("wPartyCount") == 1
    walker.go(4, 4)
    walker.talk("up")
    assert console.flag(flag_index(walker, "EVENT_GOT_PARCEL"))
    to_fern_path(walker)
    go_back_until(walker, 5, 3)
    walker.talk("left")
    assert console.flag(flag_index(walker, "EVENT_FERN_PATH_TONIC"))
    train(walker, TRAINING_LEVEL)
    go_back_until(walker, 33, 6)
    walker.enter("GATEHOUSE")
    walker.go(4, 4)
    walker.talk("up")
    milestones = json.loads((FACTS / "milestones.json").read_text(encoding="utf-8"))["milestones"]
    assert "first_region" in [milestone["id"] for milestone in milestones]
    assert console.flag(flag_index(walker, "EVENT_FIRST_REGION_DONE"))
    print(f"ball {ball_x}: {console.frames} frames, level {console.read('wPartyMon1Level')}")
    console.close()
