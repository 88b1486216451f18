"""Makes what a suite of tasks needs: its save states, and the steps that the rules take.

The states are moments of games that the rules play, so they can be made again from the ROM; the same ROM and suite give
the same bytes. What is done is kept in a folder, and the same call goes on there.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from core.env.emulator.console import EMULATOR
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.task_env import TaskEnv
from core.exceptions import ConfigurationError
from core.game.game_data import load_game
from core.game.profile import RomProfile, identify_rom
from core.game.state import GameState
from core.game.tasks.start_states import StartStates, read_states, states_beside, write_states
from core.game.tasks.suite_file import read_suite, suite_of
from core.game.tasks.task import ShortTask, StartRule, TaskStart, TaskSuite
from core.rules import RulePlayer
from core.vocabulary import GameMode, Option
from core.whole_files import written_aside
from trainer.play.episode_seeds import training_seed
from trainer.play.processes import map_in_processes
from trainer.tasks.players import TaskGame, TaskPlayer, play_task

LONGEST_GAME: Final = 30_000
"""Steps of a game in which states are looked for."""
MEASURED_SEEDS: Final = 5
PATIENCE_STEPS: Final = 2_500
"""A task on which the rules take longer is none that they solve."""
LEAST_HORIZON: Final = 40
TENTH: Final = 10
_GAMES_SEED: Final = 200
"""Draws the games in which states are looked for."""
Say = Callable[[str], None]
_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")


def make(rom_path: Path, suite_path: Path | None, work: Path, workers: int, say: Say) -> None:
    """Writes the states beside the suite, and horizons and the rules' steps into it.

    Raises ConfigurationError for a start that never comes and for a task that is done before it begins or that the
    rules do not solve: nothing but `work` has been written to by then.
    """
    profile = identify_rom(rom_path)
    file = Path(str(suite_of(profile.game))) if suite_path is None else suite_path
    suite = read_suite(file, load_game(profile.game))
    work.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{profile.sha1} {EMULATOR} {_told(suite)}".encode()).hexdigest()[:12]
    trial = work / f"{name}.{file.name}"
    kept = work / states_beside(trial)
    states = read_states(kept) if kept.is_file() else _recorded(rom_path, file, profile, suite, workers, say)
    write_states(kept, states)
    say(f"{len(states.starts)} states, {kept.stat().st_size / 1e6:.1f} MB")
    _write_suite(file, trial, profile.sha1, {})
    games = _measured(rom_path, trial, suite, states, work / "rules", workers, say)
    measured = {task.id: _numbers([one for one in games if one.task == task.id]) for task in suite.tasks}
    if unsolved := [key for key, one in measured.items() if one is None]:
        raise ConfigurationError(
            f"the rules do not solve {', '.join(unsolved)} in each of {MEASURED_SEEDS} games of {PATIENCE_STEPS} "
            "steps: begin nearer, or ask for something that they can do"
        )
    write_states(file.parent / states_beside(file), states)
    _write_suite(file, file, profile.sha1, {key: one for key, one in measured.items() if one is not None})


def _each(work: Callable[[_Asked], _Found], asked: Sequence[_Asked], workers: int) -> Iterable[_Found]:
    """What `work` makes of each, in their order; in this process where there is one worker."""
    return map(work, asked) if workers == 1 else map_in_processes(work, asked, workers)


def _told(suite: TaskSuite) -> str:
    """Of all that the states hang on."""
    tests = {
        key: (
            one.seed,
            one.after,
            one.mode,
            one.file,
            [repr((c.kind, c.name, c.value, c.map, c.reads)) for c in one.when],
        )
        for key, one in suite.starts.items()
    }
    return json.dumps(tests, sort_keys=True, default=str)


def _recorded(rom_path: Path, file: Path, profile: RomProfile, suite: TaskSuite, workers: int, say: Say) -> StartStates:
    seeds = sorted({rule.seed for rule in suite.starts.values() if rule.file is None})
    found: dict[str, TaskStart] = {}
    for seed, some in zip(seeds, _each(partial(_look_in_game, rom_path, file), seeds, workers), strict=True):
        say(f"game {seed}: {len(some)} states")
        found.update(some)
    for key, rule in suite.starts.items():
        if rule.file is not None:
            found[key] = _own_state(rom_path, file.parent / rule.file)
    if missing := sorted(set(suite.starts) - set(found)):
        raise ConfigurationError(
            f"the moment of the start {missing[0]!r} never came: its conditions do not fit the game"
        )
    return StartStates(profile.sha1, EMULATOR, found)


def _look_in_game(rom_path: Path, file: Path, seed: int) -> dict[str, TaskStart]:
    """One game by the rules, and the states of those moments that come in it."""
    env = EnhancedPyBoyPokemonCrystalEnv(rom_path, observation_type="state", max_steps=LONGEST_GAME)
    try:
        suite = read_suite(file, env.rom.game)
        state = env.restart(seed=training_seed(_GAMES_SEED, seed))
        player, option = RulePlayer(env.rom.game, seed), None
        wanted = {key: rule for key, rule in suite.starts.items() if rule.seed == seed and rule.file is None}
        found: dict[str, TaskStart] = {}
        ended = False
        while wanted and not ended:
            come = [key for key, rule in wanted.items() if _is_moment(rule, state, env.milestones)]
            if come:
                moment = TaskStart(env.save_state(), env.milestones)
                for key in come:
                    found[key] = moment
                    del wanted[key]
            chosen: Option = option or player.choose(state)
            press = player.act(state, chosen)
            option = None if press.done else chosen
            outcome = env.advance(int(press.button))
            state, ended = outcome.state, outcome.terminated or outcome.truncated
        return found
    finally:
        env.close()


def _is_moment(rule: StartRule, state: GameState, reached: Sequence[str]) -> bool:
    if rule.after is not None and rule.after not in reached:
        return False
    ready = state.is_free if rule.mode is GameMode.FREE else state.mode is rule.mode and state.menu is not None
    return ready and all(condition.test(state.snapshot.data) for condition in rule.when)


def _own_state(rom_path: Path, file: Path) -> TaskStart:
    env = EnhancedPyBoyPokemonCrystalEnv(rom_path, observation_type="state", start_state=file)
    try:
        env.restart(seed=0)
        return TaskStart(env.save_state(), env.milestones)
    finally:
        env.close()


def _measured(
    rom_path: Path,
    trial: Path,
    suite: TaskSuite,
    states: StartStates,
    folder: Path,
    workers: int,
    say: Say,
) -> list[TaskGame]:
    """The rules' games of all tasks; those that are in `folder` are not played again."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {task.id: folder / f"{task.id}_{_asked(trial, task, states)}.json" for task in suite.tasks}
    missing = [key for key, path in paths.items() if not path.is_file()]
    known = TypeAdapter(list[TaskGame])
    play = partial(_play_by_rules, rom_path, trial)
    for key, games in zip(missing, _each(play, missing, workers), strict=True):
        with written_aside(paths[key]) as aside:
            aside.write_text(json.dumps([asdict(one) for one in games]), encoding="utf-8")
        ends = ", ".join(f"{one.steps}{'' if one.success else ' (not done)'}" for one in games)
        say(f"{key}: {ends}")
    return [one for path in paths.values() for one in known.validate_json(path.read_bytes())]


def _asked(trial: Path, task: ShortTask, states: StartStates) -> str:
    """Of all that a game of the task hangs on."""
    rows = json.loads(trial.read_bytes())["tasks"]
    row = next(one for one in rows if one["id"] == task.id)
    digest = hashlib.sha256(states.starts[task.start].state)
    digest.update(json.dumps([states.rom_sha1, row["success"]]).encode())
    return digest.hexdigest()[:12]


def _play_by_rules(rom_path: Path, trial: Path, task: str) -> list[TaskGame]:
    env = TaskEnv(rom_path, suite=trial, observation_type="state")
    try:
        games: list[TaskGame] = []
        for seed in range(MEASURED_SEEDS):
            games.append(play_task(env, TaskPlayer.RULES, task, seed, most_steps=PATIENCE_STEPS))
            if games[-1].success and games[-1].steps <= 1:
                raise ConfigurationError(f"the task {task!r} is done before it begins: ask for something else")
        return games
    finally:
        env.close()


def _numbers(games: Sequence[TaskGame]) -> dict[str, int] | None:
    """The rules' median steps, and about twice as many as the horizon; None where they did not solve it each time."""
    if not all(one.success for one in games):
        return None
    steps = [one.steps for one in games]
    middle = round(statistics.median(steps))
    most = max(LEAST_HORIZON, 2 * middle, round(1.25 * max(steps)))
    return {"rules_steps": middle, "horizon": TENTH * math.ceil(most / TENTH)}


def _write_suite(source: Path, target: Path, rom_sha1: str, measured: dict[str, dict[str, int]]) -> None:
    """The suite with these numbers in it, in the form in which it stands in the project: a line a task."""
    content: dict[str, Any] = json.loads(source.read_bytes())
    content["rom_sha1"] = rom_sha1
    for row in content["tasks"]:
        row.update(measured.get(row["id"], {}))
    with written_aside(target) as aside:
        aside.write_text(_laid_out(content), encoding="utf-8")


def _laid_out(content: dict[str, Any]) -> str:
    lines: list[str] = []
    for key in ("about", "game", "rom_sha1"):
        if key in content:
            lines.append(f"{json.dumps(key)}: {json.dumps(content[key], ensure_ascii=False)}")
    starts = ",\n  ".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in content["starts"].items())
    lines.append(f'"starts": {{\n  {starts}\n}}')
    tasks = ",\n  ".join(_row(row) for row in content["tasks"])
    lines.append(f'"tasks": [\n  {tasks}\n]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _row(row: dict[str, Any]) -> str:
    """Two lines: what is asked, then where it begins and when it is done."""
    first = ", ".join(
        f"{json.dumps(key)}: {json.dumps(row[key], ensure_ascii=False)}" for key in ("id", "kind", "words")
    )
    rest = {key: value for key, value in row.items() if key not in ("id", "kind", "words")}
    return "{" + first + ",\n   " + json.dumps(rest, ensure_ascii=False)[1:]
