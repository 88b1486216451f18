"""With any presses: no hang, no impossible place or number, no overrun of vblank or stack; and the same again."""

from __future__ import annotations

import random

import pytest

from tests.cartridge.console import BUTTONS, Console
from tests.cartridge.random_play import HOLD, RELEASE, RandomPlay
from tests.cartridge.starting_points import STARTING_POINTS

SHORT_ACTIONS, SHORT_REPLAY = 2_000, 50
"""30,000 actions over the starting points, in about 15 seconds."""
LONG_ACTIONS, LONG_REPLAY = 36_000, 500
"""Half a million."""
BADGE_ACTIONS = 200_000


def play_at_random(start: str, seed: int, actions: int, replay: int) -> None:
    play = RandomPlay(start, seed)
    play.run(actions)
    play.check_replay(replay)
    play.close()


@pytest.mark.parametrize("start", STARTING_POINTS)
def test_random_buttons_break_nothing(start: str) -> None:
    play_at_random(start, 1, SHORT_ACTIONS, SHORT_REPLAY)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("start", STARTING_POINTS)
def test_half_a_million_random_buttons_break_nothing(start: str) -> None:
    play_at_random(start, 2, LONG_ACTIONS, LONG_REPLAY)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_random_player_earns_no_badge() -> None:
    play = RandomPlay("bedroom", 3)
    play.run(BADGE_ACTIONS)
    assert play.badges == 0
    play.close()


def test_a_broken_rule_is_found() -> None:
    """The checks can fail: a place off the map, a spoilt number, a dead screen."""
    play = RandomPlay("late", 1)
    play.run(20)
    memory = play.console.pyboy.memory
    memory[0xFFF3] = 255
    with pytest.raises(AssertionError, match="vblank's work ended in line 255"):
        play.check_machine()
    memory[1, 0xDCD7] = 7
    with pytest.raises(AssertionError, match="7 pals"):
        play.check_numbers()
    memory[1, 0xDCB8] = 200
    with pytest.raises(AssertionError, match="outside"):
        play.check_place()
    play.actions, play.last = 10_000, play.seen()
    with pytest.raises(AssertionError, match="nothing has changed"):
        play.check_change()
    play.close()


def test_same_buttons_give_the_same_ram_from_power_on() -> None:
    digests = []
    for _ in range(2):
        console = Console()
        chooser = random.Random(7)
        console.boot()
        for _ in range(800):
            console.press(chooser.choice(BUTTONS), HOLD, RELEASE)
        digests.append(console.ram_digest())
        console.close()
    assert digests[0] == digests[1]
