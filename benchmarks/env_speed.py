"""How much of the emulator's speed is left after the env: python -m benchmarks.env_speed [--rounds 7] [--write]

All loops play the same recorded actions of masked random play from the same start, interleaved; medians:
  (a) the bare loop: press 8 frames, release 16, nothing drawn, nothing read;
  (b) our env: RAM snapshot, state, reward, mask and the policy view;
  (c) our vector env with two workers, all lanes in step and with two halves in flight;
  (d) Gymnasium's AsyncVectorEnv (shared memory) and SB3's SubprocVecEnv around the same env, a process a lane.
CPU time is that of all processes concerned. On a busy machine compare the CPU columns; wall time then says little.
With --write the result takes the place of the last one in docs/env_speed.md.
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
from stable_baselines3.common.vec_env import SubprocVecEnv

from benchmarks.busy_rom import write_busy_rom
from benchmarks.env_speed_report import Loop, Measurement, as_table, write_into_docs
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.console import Console
from core.env.emulator.frame_cost import FIXED_FRAMES, HOLD_FRAMES
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


@dataclass(frozen=True, slots=True)
class Lap:
    """Microseconds an action that one pass over the recorded actions took."""

    cpu_us: float
    wall_us: float


class Stopwatch:
    """Measures a lap of this process: `lap` after having played `steps` actions since it was made."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def lap(self, steps: int) -> Lap:
        cpu_s, wall_s = time.process_time() - self._cpu_s, time.perf_counter() - self._wall_s
        return Lap(cpu_s / steps * 1e6, wall_s / steps * 1e6)


def bare_loop(env: EnhancedPyBoyPokemonCrystalEnv, console: Console, actions: list[int]) -> Lap:
    """The emulator alone."""
    env.restart(seed=0)
    console.load_state(env.save_state())
    buttons = [Button(action) for action in actions]
    watch = Stopwatch()
    for button in buttons:
        console.press(button, HOLD_FRAMES, FIXED_FRAMES, render=False)
    return watch.lap(len(actions))


def whole_env(env: EnhancedPyBoyPokemonCrystalEnv, actions: list[int]) -> Lap:
    """The env with the policy view."""
    view = env.policy_observation()
    env.restart(seed=0)
    watch = Stopwatch()
    for action in actions:
        env.advance(action)
        env.write_policy_view(view)
    return watch.lap(len(actions))


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
    """A vector env: how to reset it, how all its lanes play some actions, and what that took."""

    name: str
    processes: tuple[int, ...]
    reset: Callable[[], object]
    play: Callable[[list[np.ndarray]], object]
    close: Callable[[], object]
    laps: list[Lap] = field(default_factory=list)

    def run(self, actions: list[int]) -> None:
        """Let all lanes play the recorded actions, and note the time of a step of one lane."""
        self.reset()
        batches = [np.full(LANES, action) for action in actions]
        cpu_s, wall_s = all_cpu_s(self.processes), time.perf_counter()
        self.play(batches)
        wall_s, cpu_s = time.perf_counter() - wall_s, all_cpu_s(self.processes) - cpu_s
        steps = len(actions) * LANES
        self.laps.append(Lap(cpu_s / steps * 1e6, wall_s / steps * 1e6))


def in_step(step: Callable[[np.ndarray], object]) -> Callable[[list[np.ndarray]], None]:
    """All lanes play an action, then all the next."""

    def play(batches: list[np.ndarray]) -> None:
        for actions in batches:
            step(actions)

    return play


def in_halves(env: VectorEnv, batches: list[np.ndarray]) -> None:
    """One half plays while the other is looked at."""
    slices = [slice(lanes.start, lanes.stop) for lanes in env.halves]
    for half, lanes in enumerate(slices):
        env.send(half, batches[0][lanes])
    for actions in batches[1:]:
        for half, lanes in enumerate(slices):
            env.receive(half)
            env.send(half, actions[lanes])
    for half in range(len(slices)):
        env.receive(half)


def contenders(rom: Path) -> list[Contender]:
    """(c) and (d)."""
    makers: list[Callable[[], gym.Env[Any, Any]]] = [functools.partial(LeanEnv, rom) for _ in range(LANES)]
    ours = VectorEnv(functools.partial(make_env, rom=rom), LANES, WORKERS)
    gymnasium = AsyncVectorEnv(makers, shared_memory=True, copy=False, context="fork")
    sb3 = SubprocVecEnv(makers, start_method="fork")
    return [
        Contender(
            f"(c) our vector env, {WORKERS} workers",
            ours.worker_processes(),
            lambda: ours.reset([0] * LANES),
            in_step(ours.step),
            ours.close,
        ),
        Contender(
            f"(c) our vector env, {WORKERS} workers, two halves in flight",
            ours.worker_processes(),
            lambda: ours.reset([0] * LANES),
            functools.partial(in_halves, ours),
            ours.close,
        ),
        Contender(
            f"(d) Gymnasium `AsyncVectorEnv`, shared memory, {LANES} processes",
            tuple(process.pid for process in gymnasium.processes if process.pid is not None),
            gymnasium.reset,
            in_step(gymnasium.step),
            gymnasium.close,
        ),
        Contender(
            f"(d) SB3 `SubprocVecEnv`, {LANES} processes",
            tuple(process.pid for process in sb3.processes if process.pid is not None),
            sb3.reset,
            in_step(sb3.step),
            sb3.close,
        ),
    ]


def measure(name: str, rom: Path, rounds: int, steps: int) -> Measurement:
    """All loops on one ROM."""
    others = contenders(rom)
    env = make_env(0, rom)
    console = Console(env.rom.profile)
    actions = record_actions(env, steps)
    bare: list[Lap] = []
    full: list[Lap] = []
    resets: list[float] = []
    saves: list[float] = []
    try:
        for _ in range(rounds):
            bare.append(bare_loop(env, console, actions))
            full.append(whole_env(env, actions))
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
    overheads = [after.cpu_us - before.cpu_us for before, after in zip(bare, full, strict=True)]
    return Measurement(
        name,
        rounds,
        steps,
        LANES,
        bare=loop("(a) bare emulator: press, tick, nothing read", bare),
        env=loop("(b) our env: state, reward, mask, policy view", full),
        vectors=tuple(loop(contender.name, contender.laps) for contender in others),
        overhead_us=statistics.median(overheads),
        reset_ms=statistics.median(resets) / 1000,
        save_ms=statistics.median(saves) / 1000,
    )


def loop(name: str, laps: list[Lap]) -> Loop:
    """The medians of one loop."""
    return Loop(name, statistics.median(lap.cpu_us for lap in laps), statistics.median(lap.wall_us for lap in laps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rom", type=Path, help="only this ROM instead of Fernvale and the busy one")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved repetitions; the median counts")
    parser.add_argument("--steps", type=int, default=2000, help="actions per loop and repetition")
    parser.add_argument("--write", action="store_true", help="put the result into docs/env_speed.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        roms = {"Fernvale": FERNVALE, "busy ROM": write_busy_rom(Path(folder) / "busy.gbc")}
        if arguments.rom is not None:
            roms = {arguments.rom.name: arguments.rom}
        measured = []
        for name, rom in roms.items():
            measured.append(measure(name, rom, arguments.rounds, arguments.steps))
            Terminal().print(as_table(measured[-1]))
            Terminal().print(measured[-1].remarks(), soft_wrap=True)
    if arguments.write:
        write_into_docs(measured)


if __name__ == "__main__":
    main()
