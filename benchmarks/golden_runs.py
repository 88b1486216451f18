"""Golden runs: what short runs of everything came to, recorded before a change of structure and played again after it.

    python -m benchmarks.golden_runs record before.json      # play every part and write the results
    python -m benchmarks.golden_runs compare before.json     # play again, print each difference; exit code 1 if any
    python -m benchmarks.golden_runs compare before.json --only default_run --only rules

A change that is meant to change nothing must leave these files equal, number for number. Record and compare on one
machine with one set of library versions: another processor or another torch may round differently. The script uses
documented doors only (`create_trainer_from_config`, the env, `crystal-agent`, `core_srl`, `pettingllms`) and reads
decision records with `sqlite3` and checkpoints with `safetensors`, so that it outlives a move of what lies behind them.

What is kept of a run: rewards and milestones by episode, evaluations, a hash of every column of every table of the
decision record (ids spelt out as words, rows in the order of their keys), and one hash of all weights, optimizer
moments included (of the sorted tensors, so that a new name of a tensor changes nothing). Left out: times, names of
runs, paths.

Nothing here depends on the clock. The bundled language model answers in the agent's own thread, so `patience_s` never
cuts an answer off; no server is asked. The learner studies beside the play, and its weights come into play at a fixed
step. Each part is played in a process of its own with one thread for torch, in an empty folder, so its cache of answers
is empty as well. All parts take about five minutes on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.golden_digests import record_digest, weights_digest, without_clock
from benchmarks.golden_teams import ARENAS, GROUND_RUNS, play_arena, play_at_grpo, play_on_cartridge

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "numpy", "pyboy", "stable-baselines3", "sb3-contrib", "transformers", "peft")

Digest = dict[str, Any]
Part = Callable[[Path], Digest]


def write_config(folder: Path, **changes: Any) -> Path:
    """The project's `config.json` with `changes`, in a folder where all that it names will lie."""
    config = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
    config |= {"rom_path": str(ROOT / config["rom_path"]), "log_level": "WARNING", **changes}
    path = folder / "config.json"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")
    return path


def train(config: Path, total_episodes: int, resume: bool = False) -> Digest:
    """Trains as `run_training.py` does; `resume` goes on with the run that lies in the config's folder."""
    from trainer.hybrid_llm_rl_trainer import create_trainer_from_config

    wanted = json.loads(config.read_text(encoding="utf-8"))
    episodes: list[dict[str, Any]] = []
    trainer = create_trainer_from_config(config)
    try:
        if resume and not trainer.load_checkpoint("latest"):
            raise SystemExit(f"{config.parent} holds no run to go on with")
        trainer.register_callback("episode_end", lambda _, number, numbers: episodes.append({"n": number, **numbers}))
        summary = trainer.train(
            total_episodes=total_episodes,
            max_steps_per_episode=wanted["max_steps_per_episode"],
            save_interval=wanted["save_interval"],
            eval_interval=wanted["eval_interval"],
            curriculum_patience=wanted["curriculum"]["advancement_patience"],
        )
    finally:
        trainer.close()
    folder = config.parent
    checkpoints = folder / wanted["save_dir"]
    return {
        "episodes": without_clock(episodes),
        "summary": without_clock(summary),
        "record": record_digest(folder / wanted["decision_db_path"]),
        "weights": weights_digest(checkpoints / (checkpoints / "latest").read_text(encoding="utf-8").strip()),
        "checkpoints": sorted(path.name for path in checkpoints.iterdir() if path.is_dir()),
    }


def default_run(folder: Path) -> Digest:
    """The default run, cut off after 12 episodes, with its evaluations."""
    return train(write_config(folder), total_episodes=12)


def other_settings(folder: Path) -> Digest:
    """What the default run leaves out: archive of states, adaptive frames, fast text, evaluations between episodes, a
    curriculum that moves, and a run that is taken up again."""
    curriculum = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))["curriculum"]
    stages = [{**stage, "min_episodes": 2, "reward_threshold": 1.0} for stage in curriculum["stages"]]
    stages[1] |= {"max_steps": 160, "go_explore_share": 0.8}
    config = write_config(
        folder,
        initial_strategy="balanced",
        max_steps_per_episode=240,
        final_milestone=None,
        save_interval=2,
        eval_interval=3,
        eval_episodes=2,
        keep_checkpoints=2,
        lanes=3,
        workers=1,
        start_cache="starts",
        fast_options=True,
        frame_cost="adaptive",
        go_explore={"folder": "go_explore", "max_states": 40, "first_share": 0.3, "last_share": 0.8, "episodes": 8},
        curriculum={**curriculum, "stages": stages},
        learner={"rollout_steps": 64, "minibatch_size": 64, "epochs": 2, "teacher_half_life": 4000, "target_kl": 0.05},
    )
    return {"first": train(config, total_episodes=5), "taken_up_again": train(config, total_episodes=9, resume=True)}


def rules(folder: Path) -> Digest:
    """The rules alone in three games of 800 steps; the record has the hash of the state at every step."""
    config = write_config(
        folder,
        llm_model="none",
        agent_mode="rules_only",
        final_milestone=None,
        max_steps_per_episode=800,
        eval_episodes=1,
        lanes=3,
    )
    return train(config, total_episodes=3)


def evaluate(folder: Path) -> Digest:
    """`crystal-agent evaluate` of a small frozen agent in each mode."""
    config = write_config(folder, max_steps_per_episode=500, lanes=2, eval_episodes=1)
    train(config, total_episodes=2)
    modes = ("adaptive", "rl_only", "rules_only", "llm_only")
    asked = [word for mode in modes for word in ("--mode", mode)]
    command = ["evaluate", "--config", str(config), "--episodes", "3", "--max-steps", "400", "--json", *asked]
    return without_clock(json.loads(crystal_agent(*command)))


def crystal_agent(*arguments: str) -> str:
    """What the command line prints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["crystal-agent"].split(":")
    call = f"from {module} import {function}; {function}()"
    done = subprocess.run([sys.executable, "-c", call, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"crystal-agent {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def env(folder: Path) -> Digest:
    """The environment alone under random buttons, with both costs of an action."""
    return {cost: random_buttons(cost, steps=400) for cost in ("fixed", "adaptive")}


def random_buttons(frame_cost: str, steps: int) -> Digest:
    """Hashes of what the env returns to seeded buttons that its mask allows."""
    import numpy as np

    from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv

    world = EnhancedPyBoyPokemonCrystalEnv(
        str(ROOT / "cartridge" / "fernvale.gbc"),
        headless=True,
        observation_type="multi_modal",
        frame_cost=frame_cost,
    )
    dice = np.random.default_rng(3)
    seen, masks, rewards = hashlib.sha256(), hashlib.sha256(), []
    try:
        observation, info = world.reset(seed=3)
        for _ in range(steps):
            for piece in pieces(observation):
                seen.update(piece)
            masks.update(np.asarray(info["action_mask"], dtype=np.uint8).tobytes())
            action = int(dice.choice(np.flatnonzero(info["action_mask"])))
            observation, reward, terminated, truncated, info = world.step(action)
            rewards.append(float(reward))
            if terminated or truncated:
                observation, info = world.reset()
    finally:
        world.close()
    return {
        "observations": seen.hexdigest()[:16],
        "masks": masks.hexdigest()[:16],
        "rewards": [[step, reward] for step, reward in enumerate(rewards) if reward],
    }


def pieces(value: Any) -> Iterator[bytes]:
    """The bytes of a nested observation, in the order of its sorted keys."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield key.encode()
            yield from pieces(value[key])
    elif hasattr(value, "tobytes"):
        yield f"{value.dtype}{value.shape}".encode()
        yield value.tobytes()
    else:
        yield json.dumps(value, sort_keys=True, default=str).encode()


PARTS: dict[str, Part] = {
    "env": env,
    "rules": rules,
    "default_run": default_run,
    "other_settings": other_settings,
    "evaluate": evaluate,
    "cartridge_cooperative": lambda folder: play_on_cartridge(folder, GROUND_RUNS["cooperative"]),
    "cartridge_competitive": lambda folder: play_on_cartridge(folder, GROUND_RUNS["competitive"]),
    "cartridge_hierarchical": lambda folder: play_on_cartridge(folder, GROUND_RUNS["hierarchical"]),
    "arenas": lambda folder: {name: play_arena(folder / name, name) for name in ARENAS},
    "at_grpo": play_at_grpo,
}


def play(names: list[str]) -> Digest:
    """What each part comes to, each in a process of its own."""
    found: Digest = {}
    for name in names:
        begun_s = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix=f"golden_{name}_") as folder:
            result = Path(folder) / "result.json"
            subprocess.run(
                [sys.executable, "-m", "benchmarks.golden_runs", "part", name, str(result)],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            found[name] = json.loads(result.read_text(encoding="utf-8"))
        print(f"{name}: {time.perf_counter() - begun_s:.0f} s", file=sys.stderr, flush=True)
    return found


def machine() -> dict[str, str]:
    """What may explain differences that no change of the project explains."""
    return {
        "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def differences(recorded: Any, played: Any, place: str = "") -> Iterator[str]:
    """A line for each value that is not the same, with the way to it."""
    if isinstance(recorded, dict) and isinstance(played, dict):
        for key in sorted({*recorded, *played}):
            inner = f"{place}.{key}" if place else key
            if key not in played:
                yield f"{inner}: recorded {short(recorded[key])}, not there now"
            elif key not in recorded:
                yield f"{inner}: not recorded, now {short(played[key])}"
            else:
                yield from differences(recorded[key], played[key], inner)
    elif isinstance(recorded, list) and isinstance(played, list) and len(recorded) == len(played):
        for index, (before, now) in enumerate(zip(recorded, played, strict=True)):
            yield from differences(before, now, f"{place}[{index}]")
    elif recorded != played:
        yield f"{place}: recorded {short(recorded)}, now {short(played)}"


def short(value: Any) -> str:
    """A value for people, cut off."""
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."


def compare(file: Path, only: list[str] | None) -> int:
    """Plays what the file holds again; prints each difference and returns the exit code."""
    recorded = json.loads(file.read_text(encoding="utf-8"))
    for line in differences(recorded["machine"], machine()):
        print(f"note, another machine: {line}")
    names = only or list(recorded["parts"])
    if missing := [name for name in names if name not in recorded["parts"]]:
        raise SystemExit(f"{file} holds no {', '.join(missing)}; it holds {', '.join(recorded['parts'])}")
    lines = list(differences({name: recorded["parts"][name] for name in names}, play(names)))
    for line in lines:
        print(line)
    print(f"{len(lines)} differences in {len(names)} parts" if lines else f"all {len(names)} parts are the same")
    return 1 if lines else 0


def main() -> None:
    """Records or compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("record", "compare"):
        command = commands.add_parser(name)
        command.add_argument("file", type=Path)
        command.add_argument("--only", action="append", choices=list(PARTS), help="A part; again for several.")
    part = commands.add_parser("part", help="One part, in this process.")
    part.add_argument("name", choices=list(PARTS))
    part.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "compare":
        raise SystemExit(compare(arguments.file, arguments.only))
    if arguments.command == "part":
        with tempfile.TemporaryDirectory(prefix="golden_") as folder:
            found = PARTS[arguments.name](Path(folder))
    else:
        found = {"machine": machine(), "parts": play(arguments.only or list(PARTS))}
    arguments.file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
