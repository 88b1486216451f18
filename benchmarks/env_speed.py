"""How much of the emulator's speed is left after the env: python -m benchmarks.env_speed [--rounds 7]

All loops play the same recorded actions of masked random play from the same start, interleaved; medians:
  (a) the bare loop: press 8 frames, release 16, nothing drawn, nothing read;
  (b) our env: RAM snapshot, state, reward, mask and the policy view;
  (c) our vector env with two workers;
  (d) Gymnasium's AsyncVectorEnv (shared memory) and SB3's SubprocVecEnv around the same env, a process a lane.
CPU time is that of all processes concerned. On a busy machine compare the CPU columns; wall time then says little.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv
from rich.console import Console as Terminal
from rich.table import Table
from stable_baselines3.common.vec_env import SubprocVecEnv

from benchmarks.busy_rom import write_busy_rom
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.console import Console
from core.game.frame_cost import FIXED_FRAMES, HOLD_FRAMES
from core.vector_env import VectorEnv
from core.vocabulary import Button

FERNVALE = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
LANES = 8
WORKERS = 2


class LeanEnv(gym.Env[dict[str, Any], int]):
    """What our workers do for a lane, as a plain env: no documented observation, only the mask in `info`."""

    def __init__(self, rom: Path) -> None:
        self.game = make_env(0, rom)
        self.observation_space = self.game.policy_space
        self.action_space = self.game.action_space
        self.render_mode = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.game.restart(seed=0)
        return self.game.policy_observation(), {"action_mask": self.game.action_masks()}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        outcome = self.game.advance(action)
        mask = {"action_mask": outcome.mask}
        return self.game.policy_observation(), outcome.reward, outcome.terminated, outcome.truncated, mask


def make_env(lane: int, rom: Path) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(rom, observation_type="state", max_steps=1_000_000)


def record_actions(env: EnhancedPyBoyPokemonCrystalEnv, steps: int) -> list[int]:
    """Masked random play: the walk that all loops repeat."""
    dice = np.random.default_rng(0)
    env.restart(seed=0)
    actions = []
    for _ in range(steps):
        actions.append(int(dice.choice(np.flatnonzero(env.action_masks()))))
        env.advance(actions[-1])
    return actions


def bare_loop_us(env: EnhancedPyBoyPokemonCrystalEnv, console: Console, actions: list[int]) -> float:
    """CPU microseconds an action of the emulator alone."""
    env.restart(seed=0)
    console.load_state(env.save_state())
    buttons = [Button(action) for action in actions]
    start = time.process_time()
    for button in buttons:
        console.press(button, HOLD_FRAMES, FIXED_FRAMES, render=False)
    return (time.process_time() - start) / len(actions) * 1e6


def env_us(env: EnhancedPyBoyPokemonCrystalEnv, actions: list[int]) -> float:
    """CPU microseconds a step of the env with the policy view."""
    view = env.policy_observation()
    env.restart(seed=0)
    start = time.process_time()
    for action in actions:
        env.advance(action)
        env.write_policy_view(view)
    return (time.process_time() - start) / len(actions) * 1e6


def reset_and_save_us(env: EnhancedPyBoyPokemonCrystalEnv) -> tuple[float, float]:
    """CPU microseconds of a reset and of a save state."""
    start = time.process_time()
    for _ in range(10):
        env.restart(seed=0)
    middle = time.process_time()
    for _ in range(10):
        env.save_state()
    return (middle - start) / 10 * 1e6, (time.process_time() - middle) / 10 * 1e6


def all_cpu_s(processes: Iterable[int]) -> float:
    """CPU seconds of this process and of others so far."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


@dataclass
class Contender:
    """A vector env: how to reset and step all its lanes, and what it took, in microseconds a step of one lane."""

    name: str
    processes: tuple[int, ...]
    reset: Callable[[], object]
    step: Callable[[np.ndarray], object]
    close: Callable[[], object]
    wall_us: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def run(self, actions: list[int]) -> None:
        """Let all lanes play the recorded actions, and note the time."""
        self.reset()
        cpu_s, wall_s = all_cpu_s(self.processes), time.perf_counter()
        for action in actions:
            self.step(np.full(LANES, action))
        steps = len(actions) * LANES
        self.wall_us.append((time.perf_counter() - wall_s) / steps * 1e6)
        self.cpu_us.append((all_cpu_s(self.processes) - cpu_s) / steps * 1e6)


def contenders(rom: Path) -> list[Contender]:
    """(c) and (d)."""
    makers = [functools.partial(LeanEnv, rom) for _ in range(LANES)]
    ours = VectorEnv(functools.partial(make_env, rom=rom), LANES, WORKERS)
    gymnasium = AsyncVectorEnv(makers, shared_memory=True, copy=False, context="fork")
    sb3 = SubprocVecEnv(makers, start_method="fork")
    return [
        Contender(
            f"(c) our vector env, {WORKERS} workers",
            ours.worker_processes(),
            lambda: ours.reset([0] * LANES),
            ours.step,
            ours.close,
        ),
        Contender(
            "(d) Gymnasium AsyncVectorEnv",
            tuple(process.pid for process in gymnasium.processes),
            gymnasium.reset,
            gymnasium.step,
            gymnasium.close,
        ),
        Contender(
            "(d) SB3 SubprocVecEnv",
            tuple(process.pid for process in sb3.processes),
            sb3.reset,
            sb3.step,
            sb3.close,
        ),
    ]


def measure(name: str, rom: Path, rounds: int, steps: int) -> None:
    """All loops on one ROM; prints a table."""
    others = contenders(rom)
    env = make_env(0, rom)
    console = Console(env.rom.profile)
    actions = record_actions(env, steps)
    bare: list[float] = []
    full: list[float] = []
    resets: list[float] = []
    saves: list[float] = []
    try:
        for _ in range(rounds):
            bare.append(bare_loop_us(env, console, actions))
            full.append(env_us(env, actions))
            reset, save = reset_and_save_us(env)
            resets.append(reset)
            saves.append(save)
            for contender in others:
                contender.run(actions[: steps // LANES])
    finally:
        for contender in others:
            contender.close()
        env.close()
        console.close()
    report(name, statistics.median(bare), full, others)
    overheads = [after - before for before, after in zip(bare, full, strict=True)]
    reset_ms, save_ms = statistics.median(resets) / 1000, statistics.median(saves) / 1000
    Terminal().print(
        f"(b) over (a), round by round: {statistics.median(overheads):.0f} us. "
        f"A reset takes {reset_ms:.1f} ms, a save state {save_ms:.1f} ms.",
        soft_wrap=True,
    )


def report(name: str, bare: float, full: list[float], others: list[Contender]) -> None:
    """Print the table."""
    table = Table(title=f"{name}: microseconds an action of {FIXED_FRAMES} frames, medians, {LANES} lanes")
    for heading in ("loop", "CPU us", "share of (a)", "steps/s of a core", "wall us", "steps/s"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    rows: list[tuple[str, float, float | None]] = [
        ("(a) bare emulator", bare, None),
        ("(b) our env", statistics.median(full), None),
    ]
    rows += [(each.name, statistics.median(each.cpu_us), statistics.median(each.wall_us)) for each in others]
    for label, cpu, wall in rows:
        walls = ("-", "-") if wall is None else (f"{wall:.0f}", f"{1e6 / wall:.0f}")
        table.add_row(label, f"{cpu:.0f}", f"{bare / cpu:.0%}", f"{1e6 / cpu:.0f}", *walls)
    Terminal().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rom", type=Path, help="only this ROM instead of Fernvale and the busy one")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved repetitions; the median counts")
    parser.add_argument("--steps", type=int, default=2000, help="actions per loop and repetition")
    arguments = parser.parse_args()
    if arguments.rom is not None:
        measure(arguments.rom.name, arguments.rom, arguments.rounds, arguments.steps)
        return
    measure("Fernvale", FERNVALE, arguments.rounds, arguments.steps)
    with tempfile.TemporaryDirectory() as folder:
        measure("Busy ROM", write_busy_rom(Path(folder) / "busy.gbc"), arguments.rounds, arguments.steps)


if __name__ == "__main__":
    main()
