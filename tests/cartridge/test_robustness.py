"""Whatever is pressed: no hang, no impossible place, no overrun of vblank or stack; and the same again next time."""

from __future__ import annotations

import random

import pytest

from tests.cartridge.console import BUTTONS, Console

ACTIONS = 20_000
HOLD, RELEASE = 8, 16
STUCK_ACTIONS = 400
"""After so many random actions something must have changed."""
LATE_LINE = 0xFFF3
STACK = range(0xC000, 0xC100)
LEAST_FREE_STACK = 32


def act(console: Console, chooser: random.Random) -> None:
    console.press(chooser.choice(BUTTONS), HOLD, RELEASE)


def signature(console: Console) -> tuple[int, ...]:
    """Place, direction, mode, cursor and text: what a player sees change."""
    names = (
        "wMapGroup",
        "wMapNumber",
        "wXCoord",
        "wYCoord",
        "wPlayerDirection",
        "wBattleMode",
        "wMenuCursorY",
        "wMenuCursorX",
    )
    return (*(console.read(name) for name in names), hash(console.bytes("wTilemap")))


def assert_place(console: Console) -> None:
    if console.read("wMapStatus") != 2 or console.read("hMapEntryMethod"):
        return
    width, height = 2 * console.read("wMapWidth"), 2 * console.read("wMapHeight")
    x, y = console.read("wXCoord"), console.read("wYCoord")
    assert x < width and y < height, f"{x},{y} is outside {width}x{height}"


@pytest.mark.parametrize("seed", [1, 2])
def test_random_buttons_break_nothing(seed: int) -> None:
    console = Console()
    chooser = random.Random(seed)
    console.boot()
    last, since = signature(console), 0
    maps = set()
    for count in range(ACTIONS // 2):
        act(console, chooser)
        assert_place(console)
        maps.add((console.read("wMapGroup"), console.read("wMapNumber")))
        if count % 20 == 0:
            now = signature(console)
            since = 0 if now != last else since + 20
            last = now
            assert since < STUCK_ACTIONS, f"stuck at {now} after {count} actions:\n" + "\n".join(console.screen())
    assert 144 <= console.byte(LATE_LINE) < 153
    free = next(i for i, address in enumerate(STACK) if console.byte(address))
    assert free >= LEAST_FREE_STACK, f"only {free} bytes of the stack were never used"
    assert len(maps) >= 2
    console.close()


def test_same_buttons_give_the_same_ram() -> None:
    digests = []
    for _ in range(2):
        console = Console()
        chooser = random.Random(7)
        console.boot()
        for _ in range(800):
            act(console, chooser)
        digests.append(console.ram_digest())
        console.close()
    assert digests[0] == digests[1]


def test_a_state_goes_on_as_if_never_saved() -> None:
    console = Console()
    console.boot()
    chooser = random.Random(3)
    for _ in range(300):
        act(console, chooser)
    state = console.save()
    chooser = random.Random(5)
    buttons = [chooser.choice(BUTTONS) for _ in range(300)]

    def run(player: Console) -> str:
        for button in buttons:
            player.press(button, HOLD, RELEASE)
        return player.ram_digest()

    first = run(console)
    console.load(state)
    again = run(console)
    fresh = Console()
    fresh.load(state)
    assert first == again == run(fresh)
    console.close()
    fresh.close()
