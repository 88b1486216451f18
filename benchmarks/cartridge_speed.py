"""How many frames of Fernvale one core emulates in a second: python -m benchmarks.cartridge_speed [--rounds 7]

The rules play a new game for a while; the emulator alone then repeats their presses, nothing drawn, nothing read, and
the time of each press counts for what the game was doing: walking, fighting, talking, a menu, loading a map. The title
is measured apart. Two cartridges made for the purpose bound what can be expected of this machine in the same minute:
one waits for the next frame and does nothing else, the other never rests. Times are of the processor, rounds are
interleaved, medians count. The exit status is 1 when play as a whole is slower than the limit, 40,000 frames a second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console as Terminal
from rich.table import Table

from benchmarks.busy_rom import write_busy_rom, write_resting_rom
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.console import Console
from core.env.emulator.frame_cost import FIXED_FRAMES, HOLD_FRAMES, FrameCost
from core.game.profile import identify_rom
from core.rules import RulePlayer
from core.vocabulary import Button

FERNVALE = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
LIMIT = 40_000
"""Frames a second of one core, in play."""
BLOCK_FRAMES = 6_000
TITLE_FRAMES = 200
PLAY = "play as a whole"
RESTING = "a cartridge that rests"
Speeds = dict[str, list[float]]
"""Frames a second of each round, by what ran."""


@dataclass(frozen=True)
class Recording:
    """Presses from a saved state on, each with the mode in which the game was."""

    start: bytes
    presses: tuple[tuple[Button, str], ...]


def record(steps: int, seed: int) -> Recording:
    """A new game by the rules."""
    env = EnhancedPyBoyPokemonCrystalEnv(
        FERNVALE, observation_type="state", frame_cost=FrameCost.FIXED, max_steps=steps + 1
    )
    env.restart(seed=seed)
    start, presses = env.save_state(), []
    player = RulePlayer(env.rom.game, seed=seed)
    for _ in range(steps):
        step = player.act(env.state, player.choose(env.state))
        presses.append((step.button, f"  {env.state.mode.value.replace('_', ' ')}"))
        env.advance(int(step.button))
    env.close()
    return Recording(start, tuple(presses))


def repeat(console: Console, recording: Recording) -> dict[str, float]:
    """Frames a second in each mode and as a whole."""
    console.load_state(recording.start)
    frames: dict[str, int] = defaultdict(int)
    spent_ns: dict[str, int] = defaultdict(int)
    for button, mode in recording.presses:
        began_ns = time.process_time_ns()
        console.press(button, HOLD_FRAMES, FIXED_FRAMES, render=False)
        spent_ns[mode] += time.process_time_ns() - began_ns
        frames[mode] += FIXED_FRAMES
    frames[PLAY], spent_ns[PLAY] = sum(frames.values()), sum(spent_ns.values())
    return {mode: 1e9 * count / spent_ns[mode] for mode, count in frames.items()}


def wait(console: Console) -> float:
    """Frames a second without a button."""
    began_s = time.process_time()
    console.wait(BLOCK_FRAMES)
    return BLOCK_FRAMES / (time.process_time() - began_s)


def measure(rounds: int, steps: int, seed: int) -> Speeds:
    """All rounds."""
    recording = record(steps, seed)
    consoles: dict[str, Console] = {}
    with tempfile.TemporaryDirectory() as folder:
        roms = {
            RESTING: write_resting_rom(Path(folder) / "resting.gbc"),
            "a cartridge that never rests": write_busy_rom(Path(folder) / "busy.gbc"),
            "Fernvale's title": FERNVALE,
            PLAY: FERNVALE,
        }
        for name, path in roms.items():
            consoles[name] = Console(identify_rom(path))
            consoles[name].wait(TITLE_FRAMES)
    speeds: Speeds = defaultdict(list)
    for _ in range(rounds):
        for name, console in consoles.items():
            if name != PLAY:
                speeds[name].append(wait(console))
        for mode, speed in repeat(consoles[PLAY], recording).items():
            speeds[mode].append(speed)
    for console in consoles.values():
        console.close()
    return speeds


def report(speeds: Speeds) -> bool:
    """Prints the table; whether play reaches the limit."""
    resting = statistics.median(speeds[RESTING])
    table = Table(title="Frames a second of one core, medians")
    for heading in ("what", "frames/s", "of a resting cartridge"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    order = sorted(speeds, key=lambda name: (name.startswith("  "), name != RESTING))
    for name in order:
        speed = statistics.median(speeds[name])
        table.add_row(name, f"{speed:,.0f}", f"{speed / resting:.0%}")
    reached = statistics.median(speeds[PLAY]) >= LIMIT
    terminal = Terminal()
    terminal.print(table)
    terminal.print(f"{PLAY}: {'at least' if reached else 'LESS than'} {LIMIT:,} frames a second", soft_wrap=True)
    return reached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved repetitions; the median counts")
    parser.add_argument("--steps", type=int, default=3000, help="presses that are recorded")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(0 if report(measure(arguments.rounds, arguments.steps, arguments.seed)) else 1)


if __name__ == "__main__":
    main()
