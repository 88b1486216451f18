"""`crystal-agent doctor`: does this machine have everything that a training needs, and how fast will it be?

Every check is one row: the thing checked, the value seen, and what to do if it is not good. The speed is measured: the
config's env plays for a few seconds, alone and in as many workers as there are cores, and is trained in for as long.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from core.env.emulator.startup import is_battery_save
from core.env.lanes.vector_env import VectorEnv
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import BAD_INPUT_ERRORS, TrainingError
from core.game.battery import BatterySave
from core.game.profile import identify_rom
from core.game.state import RomTables
from trainer.commands.exit_codes import EXIT_CHECK_FAILED
from trainer.commands.printing import print_json, print_progress, print_table
from trainer.commands.registry import COMMANDS
from trainer.model_exam.advice import model_checks
from trainer.run.check import Check, Verdict
from trainer.run.checks import check_writable
from trainer.run.environments import environment_factory
from trainer.run.machine import available_memory_bytes, load_average, usable_cores
from trainer.run.step_cost import LANES_PER_WORKER, StepCost, measure_step_cost
from trainer.settings import Settings, load_settings

LIBRARIES: Final = ("pyboy", "gymnasium", "numpy", "torch", "stable-baselines3", "sb3-contrib")
OLDEST_PYTHON: Final = (3, 11)
WANTED_DISK_BYTES: Final = 2 * 2**30
WORKER_BYTES: Final = 60 * 2**20
LANE_BYTES: Final = 8 * 2**20
"""Memory of a worker process and of one emulator in it, rounded up from measurements."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Results of the measurement."""

    single_steps_per_s: float
    """Steps of one env in this process, per second of CPU time."""
    workers: int
    lanes: int
    steps_per_s: float
    """Steps of all lanes in that many workers, per second of wall time."""


@COMMANDS.register("doctor")
def doctor(
    config: Annotated[Path, typer.Option(help="The config of the training to check.")] = Path("config.json"),
    rom: Annotated[Path | None, typer.Option(help="Another ROM than the config's.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to measure the speed, three times.")] = 3.0,
    llm: Annotated[bool, typer.Option("--llm", help="Examine the config's language model instead.")] = False,
    questions: Annotated[int, typer.Option(min=1, max=200, help="How many questions --llm asks.")] = 12,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Check ROM, emulator, Python, disk and cores; tell the speed to expect, what limits it, and workers and lanes.

    With --llm, put real questions of the game to the configured language model: are its answers accepted, how long do
    they take, what do they cost, and which settings fit it?

    Exits with 1 when a check failed and with 2 when the config itself cannot be read.
    """
    settings = load_settings(config)
    if rom is not None:
        settings = settings.changed(rom_path=rom)
    if llm:
        _show(f"Can {settings.llm_model} play?", model_checks(settings, questions, print_progress), json)
        return
    checks = [*machine_checks(settings), _rom_check(settings)]
    if settings.start_state is not None and checks[-1].verdict is not Verdict.FAILED:
        checks.append(start_check(settings, settings.start_state))
    speed: Speed | None = None
    if all(check.verdict is not Verdict.FAILED for check in checks):
        check, speed = emulator_check(settings, seconds)
        checks.append(check)
    if speed is not None:
        cores = usable_cores()
        cost = measure_step_cost(settings, max(1, settings.lanes // settings.workers), seconds)
        checks += [_speed_check(speed), training_check(settings, cost, cores)]
    _show(f"Can {config} train here?", checks, json)


def _show(title: str, checks: list[Check], json: bool) -> None:
    """Prints the rows. Exits with 1 when a check failed."""
    if json:
        print_json([{"check": c.name, "verdict": c.verdict, "seen": c.seen, "remedy": c.remedy} for c in checks])
    else:
        rows = [(check.name, check.verdict.value, check.seen, check.remedy or "-") for check in checks]
        print_table(title, ("check", "verdict", "seen", "what to do"), rows)
    if any(check.verdict is Verdict.FAILED for check in checks):
        raise typer.Exit(EXIT_CHECK_FAILED)


def machine_checks(settings: Settings) -> Iterator[Check]:
    """Python, libraries, disk, memory and cores."""
    version = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        yield Check("Python", Verdict.GOOD, f"{version} on {platform.system()} {platform.machine()}")
    else:
        yield Check("Python", Verdict.FAILED, version, "use Python 3.11 or newer")
    if hasattr(os, "fork"):
        yield Check("processes", Verdict.GOOD, "workers can be forked")
    else:
        remedy = "training works; Linux, macOS or WSL play in several processes"
        yield Check("processes", Verdict.WARNING, "no fork on this system: lanes are played in one process", remedy)
    yield _libraries_check()
    yield _folder_check("save_dir", settings.save_dir)
    yield _folder_check("decision_db_path", settings.decision_db_path.parent)
    if settings.go_explore is not None:
        yield _folder_check("go_explore", settings.go_explore.folder)
    yield _memory_check(settings)
    cores = usable_cores()
    load = load_average()
    if load > cores / 2:
        yield Check("cores", Verdict.WARNING, f"{cores} usable, load {load:.1f}", "others use them: expect less speed")
    else:
        yield Check("cores", Verdict.GOOD, f"{cores} usable, load {load:.1f}")


def _libraries_check() -> Check:
    seen, missing = [], []
    for name in LIBRARIES:
        try:
            seen.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check(
            "libraries", Verdict.FAILED, f"missing: {', '.join(missing)}", "pip install -e . -c constraints.txt"
        )
    return Check("libraries", Verdict.GOOD, ", ".join(seen))


def _folder_check(name: str, folder: Path) -> Check:
    try:
        check_writable(name, folder)
    except BAD_INPUT_ERRORS as error:
        return Check(name, Verdict.FAILED, str(error), "choose a folder that you may write to")
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    seen = f"{free / 2**30:.1f} GiB free at {there}"
    if free < WANTED_DISK_BYTES:
        return Check(name, Verdict.WARNING, seen, "a long training wants 2 GiB: free some or choose another disk")
    return Check(name, Verdict.GOOD, seen)


def _memory_check(settings: Settings) -> Check:
    available = available_memory_bytes()
    wanted = settings.workers * WORKER_BYTES + settings.lanes * LANE_BYTES
    if available is None:
        return Check("memory", Verdict.WARNING, "this system does not say", f"have {wanted / 2**30:.1f} GiB free")
    seen = f"{available / 2**30:.1f} GiB available, the emulators want {wanted / 2**30:.1f}"
    if available < 2 * wanted:
        return Check("memory", Verdict.WARNING, seen, "use fewer lanes, or close other programs")
    return Check("memory", Verdict.GOOD, seen)


def _rom_check(settings: Settings) -> Check:
    try:
        profile = identify_rom(settings.rom_path, settings.allow_unknown_rom)
    except BAD_INPUT_ERRORS as error:
        return Check("ROM", Verdict.FAILED, str(error), "name another with --rom or in the config")
    return Check("ROM", Verdict.GOOD, f"{profile.title}, {profile.revision}, SHA-1 {profile.sha1[:12]}...")


def start_check(settings: Settings, path: Path) -> Check:
    """Check a battery save; the emulator check, which comes next, tries save states."""
    try:
        content = path.read_bytes()
        rom = RomTables.from_file(settings.rom_path, settings.allow_unknown_rom)
    except OSError as error:
        return Check("start_state", Verdict.FAILED, f"{path}: {error}", "name a file that can be read, or null")
    if not is_battery_save(content, rom):
        return Check("start_state", Verdict.GOOD, f"{path.name}, {len(content):,} bytes, no battery save")
    save = BatterySave(content, rom)
    if save.complaint is not None:
        return Check("start_state", Verdict.FAILED, f"{path.name}: {save.complaint}", "save in the game once more")
    if save.map_complaint is not None:
        remedy = "take a save of this ROM, or set rom_path to the game in which it was made"
        return Check("start_state", Verdict.FAILED, f"{path.name}: {save.map_complaint}", remedy)
    state = save.game_state()
    party = ", ".join(f"{rom.game.species_name(one.species)} {one.level}" for one in state.party) or "nobody"
    seen = (
        f"{state.player_name} in {rom.game.map_name(state.map_id)}, badges {state.badge_count}, party: {party}, "
        f"box: {len(save.box)}"
    )
    return Check("start_state", Verdict.GOOD, seen)


def emulator_check(settings: Settings, seconds: float) -> tuple[Check, Speed | None]:
    """Start the game, play to its first free control, and measure the speed."""
    make_env = environment_factory(settings.model_copy(update={"headless": True}))
    began_s = time.monotonic()
    try:
        env = make_env(0)
    except BAD_INPUT_ERRORS as error:
        return Check("emulator", Verdict.FAILED, str(error), "see the message"), None
    started_s = time.monotonic() - began_s
    try:
        single = _single_speed(env, seconds)
        place = env.state.position
        where = env.rom.game.map_name(place.map)
    finally:
        env.close()
    workers = usable_cores()
    lanes = max(settings.lanes, workers * LANES_PER_WORKER)
    try:
        together = _vector_speed(make_env, lanes, workers, seconds)
    except TrainingError as error:
        return Check("emulator", Verdict.FAILED, str(error), "use fewer lanes"), None
    seen = f"starts in {started_s:.1f} s, plays in {where}"
    return Check("emulator", Verdict.GOOD, seen), Speed(single, workers, lanes, together)


def _random_actions(masks: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """One allowed action a row."""
    return np.where(masks, dice.random(masks.shape), -1.0).argmax(axis=1)


def _single_speed(env: EnhancedPyBoyPokemonCrystalEnv, seconds: float) -> float:
    dice = np.random.default_rng(0)
    env.restart(seed=0)
    view = env.policy_observation()
    steps, began_s, deadline_s = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        env.advance(int(_random_actions(env.action_masks()[None], dice)[0]))
        env.write_policy_view(view)
        steps += 1
    return steps / (time.process_time() - began_s)


def _vector_speed(
    make_env: Callable[[int], EnhancedPyBoyPokemonCrystalEnv], lanes: int, workers: int, seconds: float
) -> float:
    dice = np.random.default_rng(0)
    with VectorEnv(make_env, lanes, workers) as env:
        step = env.reset(list(range(lanes)))
        steps, began_s = 0, time.monotonic()
        while time.monotonic() < began_s + seconds:
            step = env.step(_random_actions(step.masks, dice))
            steps += lanes
        return steps / (time.monotonic() - began_s)


def _speed_check(speed: Speed) -> Check:
    seen = (
        f"{speed.steps_per_s:.0f} steps/s with {speed.workers} workers and {speed.lanes} lanes "
        f"({speed.single_steps_per_s:.0f} per core alone): the emulators, with nobody who decides or learns"
    )
    return Check("speed", Verdict.GOOD, seen)


def training_check(settings: Settings, cost: StepCost, cores: int) -> Check:
    """What a step of training costs, which part of it limits this machine, and the workers and lanes for it."""
    workers = cost.best_workers(cores)
    lanes = max(settings.lanes, workers * LANES_PER_WORKER)
    limit = cost.limit(cores)
    seen = (
        f"about {cost.steps_per_s(workers, cores):.0f} steps/s with {workers} workers: a step takes "
        f"{cost.emulator_s:.6f} s of emulator, {cost.deciding_s:.6f} s of deciding and {cost.learner_s:.6f} s of the "
        f"learner; the {limit} limits this machine; the record and a language model come on top"
    )
    advice = []
    if settings.workers != workers or settings.lanes < workers * LANES_PER_WORKER:
        advice.append(
            f'set "workers": {workers} and "lanes": {lanes}; the config has {settings.workers} and {settings.lanes}'
        )
    if limit == "learner" and workers < cores:
        advice.append(
            f"{cores - workers} cores are left: learner.epochs of less than {settings.learner.epochs} frees more"
        )
    return Check("training", Verdict.WARNING if advice else Verdict.GOOD, seen, "; ".join(advice))
