"""How much of the emulator's speed is left after training: python -m benchmarks.training_speed [--rounds 3] [--write]

All contenders play in turns, round by round; medians:
  (a) bare loops: the emulator alone, one loop on every core, the presses of a game that the rules played;
  (b) the env alone: our vector env, a worker on every core, any allowed button;
  (c) training with the config's settings: no language model, the bundled one, a server that takes two seconds for an
      answer, and reinforcement learning alone; the first two with 1 worker, 2, and so on up to one for every core; the
      first one also in a Ray cluster of this machine, where the extra `ray` is installed.
A training is one run that goes on from round to round (`train` with more episodes): playing, deciding, learning, the
record and the resume points are in its time, its start and its evaluations are not. Every contender has a process of
its own; its CPU time is that of the process and of all that it started. On a busy machine compare the shares of (a) by
CPU time; wall time then says little. At the end it says what the bars come to (`BARS`): the shares of speed that a
training is to keep. --policy trains with another one than the config's. With --write the result takes the place of the
last one in docs/training_speed.md. It takes about five minutes on two cores at rest.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil
from rich.console import Console as Terminal

from benchmarks.training_speed_report import Bar, Line, Measurement, Reached, as_table, write_into_docs
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.console import Console
from core.env.emulator.frame_cost import FIXED_FRAMES, HOLD_FRAMES
from core.rules import RulePlayer
from core.vector_env import VectorEnv
from core.vocabulary import Button
from tests.llm_servers.server import ModelServer
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config
from trainer.run.machine import usable_cores

ROOT = Path(__file__).resolve().parent.parent
FERNVALE = ROOT / "cartridge" / "fernvale.gbc"
SERVER_S = 2.0
BARE, NO_MODEL, POCKET, RAY, SERVER = "bare loops", "no language model", "`pocket`", "Ray", "server"
BARS = (
    Bar(NO_MODEL, BARE, 0.40),
    Bar(POCKET, BARE, 0.35),
    Bar(SERVER, NO_MODEL, 0.95),
    Bar(RAY, NO_MODEL, 0.85),
)
"""Each with a worker on every core."""
WARM_UP_ROUNDS = 1
"""Rounds that do not count: the rules and the archive of ground get to know the first maps."""


class Player(Protocol):
    """What a contender's process holds."""

    def play(self) -> int:
        """Plays a round and returns its steps, all lanes together."""
        ...

    def close(self) -> None: ...


class BareLoop:
    """(a), one of the loops."""

    def __init__(self, steps: int) -> None:
        self._presses: list[Button] = []
        env = EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state", max_steps=10 * steps)
        env.restart(seed=0)
        self._start = env.save_state()
        player = RulePlayer(env.rom.game, seed=0)
        for _ in range(steps):
            self._presses.append(player.act(env.state, player.choose(env.state)).button)
            env.advance(int(self._presses[-1]))
        self._console = Console(env.rom.profile)
        env.close()

    def play(self) -> int:
        """The recorded presses once more, nothing drawn, nothing read."""
        self._console.load_state(self._start)
        for button in self._presses:
            self._console.press(button, HOLD_FRAMES, FIXED_FRAMES, render=False)
        return len(self._presses)

    def close(self) -> None:
        self._console.close()


class EnvAlone:
    """(b)."""

    def __init__(self, steps: int, lanes: int, workers: int) -> None:
        def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
            return EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state", max_steps=1_000_000_000)

        self._env = VectorEnv(make_env, lanes, workers)
        self._masks = self._env.reset(list(range(lanes))).masks
        self._dice = np.random.default_rng(0)
        self._steps = steps // lanes

    def play(self) -> int:
        """Any allowed button in every lane."""
        for _ in range(self._steps):
            actions = np.where(self._masks, self._dice.random(self._masks.shape), -1.0).argmax(axis=1)
            self._masks = self._env.step(actions).masks
        return self._steps * self._env.lanes

    def close(self) -> None:
        self._env.close()


class Training:
    """(c)."""

    def __init__(self, config: dict[str, Any], steps: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="training_speed_")
        path = Path(self._folder.name) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        self._trainer = create_trainer_from_config(path)
        self._lanes = config["lanes"]
        self._episode_steps = steps // self._lanes
        self._episodes = 0
        self._steps = 0
        self._trainer.register_callback("episode_end", self._count)

    def play(self) -> int:
        """One episode more in every lane, all of one length."""
        self._episodes += self._lanes
        self._steps = 0
        self._trainer.train(
            total_episodes=self._episodes,
            max_steps_per_episode=self._episode_steps,
            save_interval=1_000_000,
            eval_interval=0,
        )
        return self._steps

    def _count(self, _trainer: object, _episode: int, metrics: dict[str, Any]) -> None:
        self._steps += metrics["episode_length"]

    def close(self) -> None:
        self._trainer.close()
        self._folder.cleanup()


@dataclass(frozen=True, slots=True)
class Lap:
    """A round of one contender, in microseconds a step."""

    wall_us: float
    cpu_us: float


@dataclass
class Contender:
    """Processes that play the same thing at the same time, and what they took."""

    name: str
    makers: Sequence[Callable[[], Player]]
    kind: str = ""
    """What bars call it, where there is one for it."""
    laps: list[Lap] = field(default_factory=list)
    _processes: list[tuple[psutil.Process, Connection]] = field(default_factory=list)

    def start(self) -> None:
        """Starts its processes and waits until they are ready."""
        fork = multiprocessing.get_context("fork")
        for make in self.makers:
            ours, theirs = fork.Pipe()
            process = fork.Process(target=_serve, args=(make, theirs), name=self.name)
            process.start()
            assert process.pid is not None
            self._processes.append((psutil.Process(process.pid), ours))
        for _, pipe in self._processes:
            pipe.recv()

    def run(self, *, counts: bool) -> None:
        """A round of all its processes."""
        cpu_s, began_s = self._cpu_s(), time.perf_counter()
        for _, pipe in self._processes:
            pipe.send("play")
        steps = sum(pipe.recv() for _, pipe in self._processes)
        wall_s, cpu_s = time.perf_counter() - began_s, self._cpu_s() - cpu_s
        if counts:
            self.laps.append(Lap(wall_s / steps * 1e6, cpu_s / steps * 1e6))

    def stop(self) -> None:
        """Ends its processes."""
        for process, pipe in self._processes:
            pipe.send("close")
            process.wait()
        self._processes.clear()

    def shares(self, other: Contender) -> tuple[float, float]:
        """Its share of another one's speed by wall and by CPU time: medians of the rounds."""
        rounds = list(zip(other.laps, self.laps, strict=True))
        wall_share = statistics.median(theirs.wall_us / ours.wall_us for theirs, ours in rounds)
        return wall_share, statistics.median(theirs.cpu_us / ours.cpu_us for theirs, ours in rounds)

    def line(self, bare: Contender) -> Line:
        """Its medians, and its shares of the bare loops' speed."""
        wall_share, cpu_share = self.shares(bare)
        return Line(
            self.name,
            wall_us=statistics.median(lap.wall_us for lap in self.laps),
            cpu_us=statistics.median(lap.cpu_us for lap in self.laps),
            wall_share=wall_share,
            cpu_share=cpu_share,
        )

    def _cpu_s(self) -> float:
        """CPU seconds of its processes, and of all that they started, so far."""
        return sum(_tree_cpu_s(process) for process, _ in self._processes)


def _tree_cpu_s(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            spent = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has ended meanwhile: its parent has its time among that of its children
        total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def _serve(make: Callable[[], Player], pipe: Connection) -> None:
    player = make()
    pipe.send("ready")
    while pipe.recv() == "play":
        pipe.send(player.play())
    player.close()


def config_of(**changes: Any) -> dict[str, Any]:
    """The project's config with changes, as dict; nothing is shown and nothing evaluated."""
    config = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
    fixed = {"rom_path": str(FERNVALE), "log_level": "ERROR", "eval_episodes": 0, "final_milestone": None}
    return config | fixed | changes


def contenders(steps: int, most_workers: int, server_url: str, policy: str | None = None) -> list[Contender]:
    """All of them, (a) first; `policy` is the trainings', None the config's."""
    lanes = config_of()["lanes"]
    own = {} if policy is None else {"policy": policy}

    def training(name: str, kind: str = "", **changes: Any) -> Contender:
        config = config_of(**own, **changes)
        kind = kind if changes["workers"] == most_workers else ""
        return Contender(f"(c) {name}", [lambda: Training(config, steps)], kind=kind)

    found = [
        Contender(
            f"(a) {most_workers} bare loops", [lambda: BareLoop(steps // most_workers)] * most_workers, kind=BARE
        ),
        Contender(f"(b) the env alone, {most_workers} workers", [lambda: EnvAlone(steps, lanes, most_workers)]),
    ]
    counts = sorted({1, *(2**power for power in range(1, 10) if 2**power < most_workers), most_workers})
    for workers in counts:
        word = "worker" if workers == 1 else "workers"
        found.append(training(f"{NO_MODEL}, {workers} {word}", NO_MODEL, llm_model="none", workers=workers))
        found.append(training(f"{POCKET}, {workers} {word}", POCKET, llm_model="pocket", workers=workers))
    if find_spec("ray") is not None:
        name = f"no language model, {most_workers} workers in a Ray cluster"
        found.append(training(name, RAY, llm_model="none", workers=most_workers, cluster="local"))
    slow = f"vllm/slow@{server_url}"
    found.append(
        training(f"a server of {SERVER_S:.0f} s, {most_workers} workers", SERVER, llm_model=slow, workers=most_workers)
    )
    alone = {"llm_model": "none", "agent_mode": "rl_only", "workers": most_workers}
    found.append(training(f"reinforcement learning alone, {most_workers} workers", **alone))
    return found


def measure(rounds: int, steps: int, workers: int, policy: str | None = None) -> Measurement:
    """All contenders, interleaved."""
    with ExitStack() as stack:
        server = stack.enter_context(ModelServer())
        server.delay_s = SERVER_S
        found = contenders(steps, workers, server.url, policy)
        for contender in found:
            contender.start()
            stack.callback(contender.stop)
        for number in range(WARM_UP_ROUNDS + rounds):
            for contender in found:
                contender.run(counts=number >= WARM_UP_ROUNDS)
    lines = tuple(contender.line(found[0]) for contender in found)
    return Measurement(rounds, steps, config_of()["lanes"], usable_cores(), lines, judged(found))


def judged(found: Sequence[Contender]) -> tuple[Reached, ...]:
    """What the bars come to; those of contenders that did not take part are left out."""
    by_kind = {contender.kind: contender for contender in found}
    both = [(bar, by_kind.get(bar.what), by_kind.get(bar.of)) for bar in BARS]
    return tuple(Reached(bar, *one.shares(other)) for bar, one, other in both if one is not None and other is not None)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved repetitions; the median counts")
    parser.add_argument("--steps", type=int, default=8192, help="steps of a contender in a round, all lanes together")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="the most workers, by default the cores")
    parser.add_argument("--policy", choices=("heads", "sb3"), help="of the trainings, instead of the config's")
    parser.add_argument("--write", action="store_true", help="put the result into docs/training_speed.md")
    arguments = parser.parse_args()
    measured = measure(arguments.rounds, arguments.steps, arguments.workers, arguments.policy)
    Terminal().print(as_table(measured))
    Terminal().print(measured.remarks(), soft_wrap=True)
    for reached in measured.bars:
        Terminal().print(str(reached), soft_wrap=True)
    if arguments.write:
        write_into_docs(measured)


if __name__ == "__main__":
    main()
