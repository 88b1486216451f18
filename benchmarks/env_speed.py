"""How much of the emulator's speed is left after the env: python -m benchmarks.env_speed [--rom ROM] [--rounds 7]

Three loops play the same recorded actions of random play from the same start, interleaved, in CPU time, medians:
  (a) the bare loop: press 8 frames, release 16, nothing drawn, nothing read;
  (b) our env: RAM snapshot, state, reward, mask and the policy view;
  (c) the vector env with two workers, per step and worker, in wall time and in CPU time of all processes.
On a busy machine compare the CPU columns; wall time then says little.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import time
from pathlib import Path

import numpy as np
from rich.console import Console as Terminal
from rich.table import Table

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.console import Console
from core.game.frame_cost import FIXED_FRAMES, HOLD_FRAMES
from core.vector_env import VectorEnv
from core.vocabulary import Button

ROM_PATH = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
LANES = 8
WORKERS = 2


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


def all_cpu_s(vector: VectorEnv) -> float:
    """CPU seconds of this process and of the workers so far."""
    ticks = 0
    for process in vector.worker_processes():
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def vector_us(vector: VectorEnv, actions: list[int]) -> tuple[float, float]:
    """(wall microseconds a step, CPU microseconds a step) with all lanes playing the recorded actions."""
    vector.reset([0] * LANES)
    rounds = len(actions) // 2
    cpu, wall = all_cpu_s(vector), time.perf_counter()
    for action in actions[:rounds]:
        vector.step([action] * LANES)
    steps = rounds * LANES
    return (time.perf_counter() - wall) / steps * 1e6, (all_cpu_s(vector) - cpu) / steps * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rom", type=Path, default=ROM_PATH)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved repetitions; the median counts")
    parser.add_argument("--steps", type=int, default=2000, help="actions per repetition")
    arguments = parser.parse_args()
    env = make_env(0, arguments.rom)
    actions = record_actions(env, arguments.steps)
    console = Console(env.rom.profile)
    bare: list[float] = []
    full: list[float] = []
    wall: list[float] = []
    cpu: list[float] = []
    with VectorEnv(functools.partial(make_env, rom=arguments.rom), LANES, WORKERS) as vector:
        for _ in range(arguments.rounds):
            bare.append(bare_loop_us(env, console, actions))
            full.append(env_us(env, actions))
            wall_us, cpu_us = vector_us(vector, actions)
            wall.append(wall_us)
            cpu.append(cpu_us)
    env.close()
    console.close()
    report(*(statistics.median(times) for times in (bare, full, wall, cpu)))


def report(bare: float, full: float, vector_wall: float, vector_cpu: float) -> None:
    """Print the table."""
    table = Table(title="Microseconds an action of 24 frames (medians)")
    for heading in ("loop", "us/step", "steps/s", "share of (a)", "over (a), us"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    rows = (
        ("(a) bare emulator, CPU", bare),
        ("(b) env: state, reward, mask, policy view, CPU", full),
        (f"(c) vector env, {LANES} lanes, {WORKERS} workers, CPU of all", vector_cpu),
        (f"(c) vector env, {LANES} lanes, {WORKERS} workers, wall", vector_wall),
    )
    for name, cost in rows:
        table.add_row(name, f"{cost:.1f}", f"{1e6 / cost:.0f}", f"{bare / cost:.0%}", f"{cost - bare:+.1f}")
    Terminal().print(table)


if __name__ == "__main__":
    main()
