"""The mountain route between the cave and Highstead, walked in the running game."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cartridge.stage import STRONG, Stage, at
from tests.cartridge.test_gates import flag, go_to_map

CAVE_EXIT = 7
"""The warp of the cave that leads out, from 1."""


@pytest.fixture
def town() -> Iterator[Stage]:
    stage = at("town")
    stage.poke("wPartyMon1HP", *STRONG)
    yield stage
    stage.console.close()


def test_the_way_from_the_cave_to_the_town_crosses_the_pass(town: Stage) -> None:
    walker = town.walker
    go_to_map(town, "CAIRN_CAVE", CAVE_EXIT)
    walker.leave(29, 21, "down")
    assert walker.map == "KESTREL_PASS"
    walker.leave(35, 4, "right")
    assert walker.place == ("HIGHSTEAD", 0, 4), "the neighbours' edges meet without a step between"
    walker.leave(0, 4, "left")
    assert walker.place == ("KESTREL_PASS", 35, 4)
    walker.enter("CAIRN_CAVE")
    assert walker.place == ("CAIRN_CAVE", 29, 21)


def test_the_shelf_is_reached_by_a_hop_and_left_by_another(town: Stage) -> None:
    walker = town.walker
    go_to_map(town, "KESTREL_PASS", 1)
    walker.go(27, 7)
    walker.step("down")
    assert walker.place == ("KESTREL_PASS", 27, 9)
    assert not flag(town, "EVENT_KESTREL_PASS_TONIC")
    walker.talk("right")
    assert flag(town, "EVENT_KESTREL_PASS_TONIC")
    walker.step("down")
    assert walker.place == ("KESTREL_PASS", 27, 11)
    walker.step("up")
    assert walker.place == ("KESTREL_PASS", 27, 11), "nobody climbs a ledge"


@pytest.mark.parametrize(
    ("place", "event"),
    [((19, 17), "EVENT_BEAT_SCREE"), ((20, 11), "EVENT_BEAT_CLOVER"), ((21, 5), "EVENT_BEAT_LINNET")],
)
def test_trainers_on_the_path_walk_up_and_fight(town: Stage, place: tuple[int, int], event: str) -> None:
    go_to_map(town, "KESTREL_PASS", 1)
    index = town.walker.enums["event_flags"][event]["index"]
    town.poke("wEventFlags", town.console.read("wEventFlags", index // 8) & ~(1 << index % 8), offset=index // 8)
    trainer = next(one for one in town.walker.world["KESTREL_PASS"]["objects"] if one.get("beat_event") == event)
    town.walker.go(*place)
    assert flag(town, event)
    assert (trainer["x"], trainer["y"]) not in town.walker.people(), "the trainer came to the player"
