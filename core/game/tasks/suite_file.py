"""`tasks.json`: a suite of tasks as data, of a game's folder or a file of one's own (docs/tasks.md has its form)."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from core import exceptions
from core.game.files.conditions import ConditionBuilder, ConditionForm, Named
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.game.game_data import GameData
from core.game.milestones import Milestone
from core.game.profile import GameProfile, RomProfile
from core.game.tasks.start_states import read_states, states_beside
from core.game.tasks.task import ShortTask, StartRule, TaskKind, TaskSuite
from core.vocabulary import GameMode

SUITE_FILE: Final = "tasks.json"
DEFAULT_HORIZON: Final = 500
"""Steps of a task before anybody has measured it."""
_MODES: Final = {"free": GameMode.FREE, "battle": GameMode.BATTLE}
_Id = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class _StartForm(Form):
    seed: int = Field(default=0, ge=0)
    after: str | None = None
    when: tuple[ConditionForm, ...] = ()
    mode: Literal["free", "battle"] = "free"
    file: str | None = None


class _SuccessForm(Form):
    mode: Literal["any", "all"] = "all"
    detect: tuple[ConditionForm, ...] = Field(min_length=1)


class _TaskForm(Form):
    id: _Id
    kind: TaskKind
    words: str = Field(min_length=1)
    start: str
    success: _SuccessForm
    rules_steps: int | None = Field(default=None, ge=1)
    horizon: int = Field(default=DEFAULT_HORIZON, ge=1)


class SuiteForm(Form):
    """What the file may hold."""

    about: str = ""
    game: str
    rom_sha1: str = ""
    starts: dict[_Id, _StartForm]
    tasks: tuple[_TaskForm, ...]


def suite_of(profile: GameProfile) -> Traversable:
    """The suite in the folder of a game; `core.exceptions.ConfigurationError` where the game has none."""
    file = profile.data_folder.joinpath(SUITE_FILE)
    if not file.is_file():
        raise exceptions.ConfigurationError(
            f"there are no tasks of {profile.title} in this program: name a file of yours with --suite"
        )
    return file


def load_suite(profile: RomProfile, game: GameData, path: Path | None = None) -> TaskSuite:
    """The suite in the file `path`, or that of the ROM's game, with the states that lie beside it.

    Raises `core.exceptions.EnvironmentError` as `read_suite` does, and where states miss or are those of another ROM.
    """
    file = suite_of(profile.game) if path is None else path
    suite = read_suite(file, game)
    folder = profile.game.data_folder if path is None else path.parent
    states = read_states(folder.joinpath(states_beside(file)))
    if not profile.sha1 == suite.rom_sha1 == states.rom_sha1:
        raise exceptions.EnvironmentError(
            f"the tasks in {file} begin in states of the ROM with SHA-1 {states.rom_sha1}, and this ROM has "
            f"{profile.sha1}: take that ROM, or make the states anew with `crystal-agent tasks make`"
        )
    if missing := sorted({task.start for task in suite.tasks} - set(states.starts)):
        raise exceptions.EnvironmentError(
            f"the states beside {file} lack {missing[0]!r}: make them with `crystal-agent tasks make`"
        )
    return replace(suite, moments=states.starts)


def read_suite(file: Traversable | Path, game: GameData) -> TaskSuite:
    """The suite in a file, without its states, all its names looked up in the game.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, of another game, or that
    names what there is not.
    """
    form = read_data_file(file, SuiteForm)
    if form.game != game.name:
        raise broken(file, "game", form.game, f"the ROM is one of {game.name}")
    builder = ConditionBuilder(file, game.layout, _names_of(game))
    known = [one.id for one in game.milestones]
    starts: dict[str, StartRule] = {}
    for key, row in form.starts.items():
        if row.after is not None and row.after not in known:
            hint = nearest_hint(row.after, known)
            raise broken(file, f"starts.{key}.after", row.after, f"no milestone has that id; {hint}")
        when = tuple(builder.condition(f"starts.{key}.when.{at}", one) for at, one in enumerate(row.when))
        starts[key] = StartRule(row.seed, row.after, when, _MODES[row.mode], row.file)
    tasks: list[ShortTask] = []
    for number, row in enumerate(form.tasks):
        place = f"tasks.{number}"
        if row.id in known or row.id in [one.id for one in tasks]:
            raise broken(file, f"{place}.id", row.id, "a milestone or an earlier task has the same id")
        if row.start not in starts:
            hint = nearest_hint(row.start, starts)
            raise broken(file, f"{place}.start", row.start, f"no start has that name; {hint}")
        detect = enumerate(row.success.detect)
        wanted = Milestone(
            id=row.id,
            name=row.words,
            number=len(known) + 1,
            optional=False,
            needs_all=row.success.mode == "all",
            only_after=None,
            conditions=tuple(builder.condition(f"{place}.success.detect.{at}", one) for at, one in detect),
            goal=row.words,
            is_task=True,
        )
        tasks.append(ShortTask(row.id, row.kind, row.words, row.start, wanted, row.rules_steps, row.horizon))
    return TaskSuite(str(file), form.rom_sha1, starts, tuple(tasks))


def _names_of(game: GameData) -> Named:
    return Named(
        maps={one.key: one for one in game.maps.values()},
        items={one.key: one for one in game.items.values()},
        event_flags=game.event_flags,
        species={one.key: one.id for one in game.species.values()},
        moves={one.key: one.id for one in game.moves.values()},
    )
