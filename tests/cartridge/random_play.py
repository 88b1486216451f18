"""Random buttons with checks after every one: no hang, no impossible place or number, no overrun of vblank or stack.

    python -m tests.cartridge.random_play --actions 500000 --seed 1      # shared evenly among the starting points
    python -m tests.cartridge.random_play --actions 200000 --only bedroom

An action is a button held for 8 of 24 frames, as in the env, chosen evenly among the eight. The first broken rule ends
the run with an `AssertionError` that names the starting point, the seed and the action, so that it can be repeated.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass, field

from cartridge.tools import addresses
from tests.cartridge.console import BUTTONS, LAYOUT, Console
from tests.cartridge.starting_points import STARTING_POINTS, state
from tests.cartridge.walker import Walker

HOLD, RELEASE = 8, 16
CHECK_EVERY = 20
STUCK_ACTIONS = 300
"""After this many random actions something on the screen must have changed."""
STACK = range(addresses.STACK[0], sum(addresses.STACK))
LEAST_FREE_STACK = 100
LATEST_LINE = 153
VBLANK_START = 144
LATEST_LINE_ADDRESS = 0xFFF3
"""fLatestVBlankLine: the latest line at which the work of vblank ended."""
MAX_MONEY = 999_999
MAX_LEVEL = 100
MAX_STACK = 99
PARTY_SLOTS, BOX_SLOTS = 6, 20
POCKETS = {"wNumItems": ("wItems", 20, 2), "wNumBalls": ("wBalls", 12, 2), "wNumKeyItems": ("wKeyItems", 25, 1)}
"""By count: the list, its most entries, and bytes an entry."""
PARTY = LAYOUT.record("party_struct")
PARTY_SIZE = 48


@dataclass
class RandomPlay:
    """One game played with random buttons from a starting point."""

    start: str
    seed: int
    actions: int = 0
    maps: set[tuple[int, int]] = field(default_factory=set)
    badges: int = 0
    least_free_stack: int = len(STACK)
    latest_line: int = 0

    def __post_init__(self) -> None:
        self.console = Console()
        self.console.load(state(self.start))
        self.chooser = random.Random(self.seed)
        walker = Walker(self.console)
        self.sizes = {place: (row["width_steps"], row["height_steps"]) for place, row in _by_number(walker).items()}
        self.last = self.seen()
        self.last_change = 0

    def run(self, actions: int) -> None:
        """Play that many more actions."""
        try:
            for _ in range(actions):
                self.console.press(self.chooser.choice(BUTTONS), HOLD, RELEASE)
                self.actions += 1
                self.check_place()
                if self.actions % CHECK_EVERY == 0:
                    self.check_all()
        except AssertionError as error:
            screen = "\n".join(self.console.screen())
            raise AssertionError(f"{self.start}, seed {self.seed}, action {self.actions}: {error}\n{screen}") from error

    def check_replay(self, actions: int) -> None:
        """The same buttons from here, from a saved state of here, and from that state in another console."""
        saved, dice = self.console.save(), self.chooser.getstate()
        self.run(actions)
        first = self.console.ram_digest()
        for console in (self.console, Console()):
            console.load(saved)
            chooser = random.Random()
            chooser.setstate(dice)
            for _ in range(actions):
                console.press(chooser.choice(BUTTONS), HOLD, RELEASE)
            again = console.ram_digest()
            if console is not self.console:
                console.close()
            assert first == again, f"{self.start}: the same buttons led to another RAM"

    def close(self) -> None:
        self.console.close()

    # ------------------------------------------------------------ the checks

    def seen(self) -> tuple[int, ...]:
        """Place, direction, mode, cursor and text: what a player sees change."""
        names = ("wMapGroup", "wMapNumber", "wXCoord", "wYCoord", "wPlayerDirection", "wBattleMode", "wPlayerState")
        return (*(self.console.read(name) for name in names), hash(self.console.bytes("wTilemap")))

    def check_place(self) -> None:
        """The player stands on a known map; outside of it only in the moment of walking across its edge."""
        read = self.console.read
        if read("wMapStatus") != 2 or read("hMapEntryMethod"):
            return
        place = read("wMapGroup"), read("wMapNumber")
        self.maps.add(place)
        assert place in self.sizes, f"there is no map {place}"
        width, height = self.sizes[place]
        assert (2 * read("wMapWidth"), 2 * read("wMapHeight")) == (width, height), f"map {place} has another size"
        x, y = read("wXCoord"), read("wYCoord")
        assert x < width and y < height, f"{x},{y} is outside of map {place}, {width} x {height}"

    def check_all(self) -> None:
        """What costs more to look at."""
        self.check_change()
        self.check_machine()
        if self.console.read("wGameTimerPaused") & 1:
            self.check_numbers()

    def check_change(self) -> None:
        now = self.seen()
        if now != self.last:
            self.last, self.last_change = now, self.actions
        since = self.actions - self.last_change
        assert since < STUCK_ACTIONS, f"nothing has changed for {since} actions"

    def check_machine(self) -> None:
        """Vblank's self-check, the stack, and where the processor is."""
        console = self.console
        self.latest_line = console.byte(LATEST_LINE_ADDRESS)
        assert VBLANK_START <= self.latest_line < LATEST_LINE, f"vblank's work ended in line {self.latest_line}"
        free = next((i for i, address in enumerate(STACK) if console.byte(address)), len(STACK))
        self.least_free_stack = min(self.least_free_stack, free)
        assert free >= LEAST_FREE_STACK, f"only {free} bytes of the stack were never used"
        registers = console.pyboy.register_file
        assert registers.SP - 1 in STACK, f"the stack pointer is {registers.SP:04X}"
        assert registers.PC < 0x8000 or registers.PC >= 0xFF80, f"the program counter is {registers.PC:04X}"

    def check_numbers(self) -> None:
        """Party, bag and money hold only what a game can come to."""
        console = self.console
        assert int.from_bytes(console.bytes("wMoney"), "big") <= MAX_MONEY, "too much money"
        self.badges = console.read("wJohtoBadges")
        count = console.read("wPartyCount")
        assert count <= PARTY_SLOTS, f"{count} pals"
        assert count == 0 or console.read("wPartySpecies", count) == 255, "the party's list does not end"
        for i in range(count):
            at = i * PARTY_SIZE
            level = console.read("wPartyMons", at + PARTY.offset("level"))
            hp = console.word("wPartyMons", at + PARTY.offset("hp"))
            most = console.word("wPartyMons", at + PARTY.offset("max_hp"))
            assert 1 <= level <= MAX_LEVEL, f"pal {i} has level {level}"
            assert hp <= most, f"pal {i} has {hp} of {most} HP"
        assert console.read("sBoxCount") <= BOX_SLOTS, f"{console.read('sBoxCount')} pals in the box"
        for counter, (pocket, limit, size) in POCKETS.items():
            entries = console.read(counter)
            assert entries <= limit, f"{counter} is {entries}"
            assert console.read(pocket, entries * size) == 255, f"{pocket} with {entries} entries does not end"
            if size == 2:
                amounts = [console.read(pocket, 2 * i + 1) for i in range(entries)]
                assert all(1 <= amount <= MAX_STACK for amount in amounts), f"{pocket} holds {amounts}"


def _by_number(walker: Walker) -> dict[tuple[int, int], dict]:
    return {(row["group"], row["number"]): row for row in walker.world.values()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=30_000, help="in all (30000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=STARTING_POINTS, help="one starting point instead of all")
    options = parser.parse_args()
    starts = [options.only] if options.only else list(STARTING_POINTS)
    cpu_s = time.process_time()
    for start in starts:
        play = RandomPlay(start, options.seed)
        play.run(options.actions // len(starts))
        play.close()
        print(
            f"{start:9} {play.actions:7} actions, {len(play.maps):2} maps, badges {play.badges:02b}, "
            f"stack {play.least_free_stack} bytes free, vblank until line {play.latest_line}",
            flush=True,
        )
    print(f"{time.process_time() - cpu_s:.0f} s of CPU")


if __name__ == "__main__":
    main()
