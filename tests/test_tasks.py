"""Short tasks: the suite of Fernvale as data, its states, the env, words for text agents, files of one's own."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

import core.gymnasium_ids
from core import exceptions
from core.env.task_env import TaskEnv
from core.game.milestones import milestones_behind, next_milestone
from core.game.tasks.start_states import read_states, write_states
from core.game.tasks.suite_file import read_suite
from core.game.tasks.task import Difficulty, TaskKind, TaskSuite
from core.rules import RulePlayer
from core.worlds.task_text import NO_NUMBER, TaskTextEnv, chosen_number
from tests.game_states import ROM_PATH
from trainer.tasks.players import TaskPlayer, play_task

gym.register_envs(core.gymnasium_ids)
SUITE = Path(str(resources.files("core.game").joinpath("data/fernvale/tasks.json")))
STATES = SUITE.with_name("tasks.states.zip")
SAMPLE = (
    "leave_home",
    "take_the_parcel",
    "before_the_rest_house",
    "heal_at_the_rest_house",
    "buy_a_balm",
    "catch_this_gnawlet",
    "the_first_plate",
    "name_the_boat",
    "teach_cut",
)


@pytest.fixture(scope="module")
def env() -> Iterator[TaskEnv]:
    made = TaskEnv(ROM_PATH, observation_type="state")
    yield made
    made.close()


def own_suite(folder: Path, **changes: Any) -> Path:
    """A copy of the suite in a folder, its states beside it, with other content."""
    content = json.loads(SUITE.read_bytes())
    content.update(changes)
    path = folder / "mine.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    shutil.copyfile(STATES, folder / "mine.states.zip")
    return path


def suite(env: TaskEnv) -> TaskSuite:
    return env.suite


def test_there_are_some_sixty_tasks_of_all_kinds_each_measured(env: TaskEnv) -> None:
    tasks = suite(env).tasks
    assert len(tasks) >= 60
    assert set(Counter(task.kind for task in tasks)) == set(TaskKind)
    assert set(Counter(task.difficulty for task in tasks)) == set(Difficulty)
    for task in tasks:
        assert task.rules_steps is not None, task.id
        assert 1.2 * task.rules_steps < task.horizon, task.id
        assert task.words.endswith(".") and len(task.words) < 100, task.id
    assert STATES.stat().st_size < 2_000_000
    assert {task.start for task in tasks} == set(suite(env).starts), "a start that no task begins in"


def test_no_task_is_done_when_it_begins(env: TaskEnv) -> None:
    for task in suite(env).tasks:
        env.restart(seed=1, options={"task": task.id})
        assert not env.success, task.id
        assert env.tracker.next is not None and env.tracker.next.id == task.id
        assert env.max_steps == task.horizon


@pytest.mark.parametrize("task", SAMPLE)
def test_the_rules_do_a_sample_of_them(env: TaskEnv, task: str) -> None:
    game = play_task(env, TaskPlayer.RULES, task, seed=7)
    assert game.success and game.steps < env.suite.task(task).horizon


@pytest.mark.nightly
def test_the_rules_do_all_of_them(env: TaskEnv) -> None:
    games = [play_task(env, TaskPlayer.RULES, task.id, seed) for task in suite(env).tasks for seed in (11, 12)]
    missed = [f"{game.task} ({game.seed})" for game in games if not game.success]
    assert len(missed) <= 0.05 * len(games), missed


def test_the_same_seed_gives_the_same_game_and_random_presses_do_little(env: TaskEnv) -> None:
    first, second = (play_task(env, TaskPlayer.RULES, "win_a_wild_fight", 3) for _ in range(2))
    assert first == second
    lost = play_task(env, TaskPlayer.RANDOM, "fetch_the_pie", 3)
    assert not lost.success and lost.steps == env.suite.task("fetch_the_pie").horizon


def test_a_task_pays_one_when_it_is_done_or_the_events_of_the_game() -> None:
    env = TaskEnv(ROM_PATH, task="leave_the_bedroom", observation_type="state", reward="task")
    paid = []
    for kind in (False, True):
        env._pays_events = kind
        _, info = env.reset(seed=2)
        assert info["task"]["id"] == "leave_the_bedroom" and info["task"]["success"] is False
        player, total, over, terminated = RulePlayer(env.rom.game), 0.0, False, False
        while not over:
            press = player.act(env.state, player.choose(env.state))
            _, reward, terminated, truncated, info = env.step(int(press.button))
            total, over = total + reward, terminated or truncated
        assert info["task"]["success"] is True and terminated
        paid.append(total)
    env.close()
    assert paid[0] == 1.0 and paid[1] > 0 and paid[1] != 1.0


def test_a_task_comes_before_the_story_and_leaves_nothing_behind(env: TaskEnv) -> None:
    plain = TaskEnv(ROM_PATH, observation_type="state")
    story = plain.rom.game
    plain.close()
    task = env.suite.task("beat_west")
    game = task.in_game(story)
    assert game.milestones[:-1] == story.milestones
    assert (wanted := next_milestone(game.milestones, ())) is not None and wanted.id == "beat_west"
    assert next_milestone(game.milestones, ("beat_west",)) == next_milestone(story.milestones, ())
    assert milestones_behind(game.milestones, ("beat_west",)) == ()
    plain_one = replace(game.milestones[-1], is_task=False)
    assert milestones_behind((*story.milestones, plain_one), ("beat_west",)) != (), "the same as part of the story"


def test_an_env_without_a_task_draws_one_at_each_reset(env: TaskEnv) -> None:
    def drawn(seed: int | None) -> str:
        env.restart(seed=seed)
        return env.task.id

    assert len({drawn(seed) for seed in range(8)}) > 4
    assert drawn(5) == drawn(5)
    with pytest.raises(exceptions.ConfigurationError, match="leave start_state and reached out"):
        env.restart(options={"start_state": b"x"})
    with pytest.raises(exceptions.ConfigurationError, match=r"did you mean 'leave_home'\?"):
        env.restart(options={"task": "leave_hom"})
    with pytest.raises(exceptions.ConfigurationError, match="max_steps is the task's own"):
        TaskEnv(ROM_PATH, max_steps=3)
    with pytest.raises(exceptions.ConfigurationError, match="reward is 'much'"):
        TaskEnv(ROM_PATH, reward="much")


def test_conditions_of_tasks_are_true_of_what_they_say(tmp_path: Path, env: TaskEnv) -> None:
    """Each kind, on a state in which it holds and on one in which it does not."""
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"type": "party_healthy"}, "take_the_parcel", "heal_at_the_rest_house"),
        ({"type": "species_owned", "species": "GNAWLET"}, "beat_west", "take_the_parcel"),
        ({"type": "item_owned", "item": "TONIC", "count": 2}, "cross_fern_path", "take_the_parcel"),
        ({"type": "item_owned", "item": "TONIC"}, "cross_fern_path", "take_the_parcel"),
        ({"type": "move_known", "move": "BUMP"}, "cross_fern_path", "leave_home"),
        ({"type": "place", "map": "HOME", "x": [0, 9], "y": [0, 9]}, "leave_home", "leave_the_bedroom"),
        ({"type": "place", "map": "HOME", "x": [0, 9], "y": [0, 9]}, "leave_home", "reach_the_workshop"),
        ({"type": "value", "symbol": "wPartyCount", "op": "<=", "value": 0}, "leave_home", "cross_fern_path"),
        ({"type": "value", "symbol": "wPartyCount", "op": "!=", "value": 0}, "cross_fern_path", "leave_home"),
    ]
    for condition, yes, no in cases:
        path = own_suite(tmp_path, tasks=[row_like("mine", yes, condition)])
        (wanted,) = read_suite(path, env.rom.game).tasks
        for task, expected in ((yes, True), (no, False)):
            env.restart(seed=1, options={"task": task})
            assert wanted.milestone.holds(env.state.snapshot.data) is expected, (condition, task)
    three = row_like("mine", "leave_home", {"type": "item_owned", "item": "TONIC", "count": 9})
    env.restart(seed=1, options={"task": "cross_fern_path"})
    (wanted,) = read_suite(own_suite(tmp_path, tasks=[three]), env.rom.game).tasks
    assert not wanted.milestone.holds(env.state.snapshot.data)


def row_like(name: str, like: str, *detect: dict[str, Any]) -> dict[str, Any]:
    known = next(one for one in json.loads(SUITE.read_bytes())["tasks"] if one["id"] == like)
    return {**known, "id": name, "success": {"detect": list(detect)}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"game": "crystal"}, "game is 'crystal': the ROM is one of fernvale"),
        ({"taks": []}, "taks is an unknown key; did you mean 'tasks'"),
        ({"tasks": [{"id": "Mine!", "kind": "walk"}]}, "tasks.0.id is 'Mine!'"),
        ({"tasks": "beat_west kind fihgt"}, "tasks.0.kind is 'fihgt'"),
        ({"tasks": "beat_west start lark_rode"}, "no start has that name; did you mean 'lark_road'?"),
        ({"tasks": "beat_west id starter"}, "a milestone or an earlier task has the same id"),
        ({"tasks": "beat_west flag EVENT_BEAT_WET"}, "no event flag has that name; did you mean"),
        ({"tasks": "beat_west species GNAWLT"}, "no species has that name; did you mean 'GNAWLET'?"),
        ({"tasks": "beat_west move CUTT"}, "no move has that name; did you mean 'CUT'?"),
    ],
)
def test_a_wrong_suite_is_one_line(tmp_path: Path, env: TaskEnv, change: dict[str, Any], said: str) -> None:
    if isinstance(change.get("tasks"), str):
        like, what, value = change["tasks"].split()
        row = next(one for one in json.loads(SUITE.read_bytes())["tasks"] if one["id"] == like)
        forms = {
            "flag": {"type": "event_flag", "name": value},
            "species": {"type": "species_owned", "species": value},
            "move": {"type": "move_known", "move": value},
        }
        row = {**row, "success": {"detect": [forms[what]]}} if what in forms else {**row, what: value}
        change = {"tasks": [row]}
    with pytest.raises(exceptions.EnvironmentError) as caught:
        read_suite(own_suite(tmp_path, **change), env.rom.game)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_states_are_of_one_rom_and_survive_a_file(tmp_path: Path) -> None:
    known = read_states(STATES)
    write_states(tmp_path / "a.zip", known)
    write_states(tmp_path / "b.zip", known)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert read_states(tmp_path / "a.zip") == known
    path = own_suite(tmp_path)
    TaskEnv(ROM_PATH, suite=path, observation_type="state").close()
    write_states(tmp_path / "mine.states.zip", replace(known, rom_sha1="0" * 40))
    with pytest.raises(exceptions.EnvironmentError, match="begin in states of the ROM with SHA-1 000"):
        TaskEnv(ROM_PATH, suite=path)
    write_states(tmp_path / "mine.states.zip", replace(known, starts={"bedroom": known.starts["bedroom"]}))
    with pytest.raises(exceptions.EnvironmentError, match=r"lack '.*': make them with `crystal-agent tasks make`"):
        TaskEnv(ROM_PATH, suite=path)
    (tmp_path / "mine.states.zip").write_bytes(b"PK no archive")
    with pytest.raises(exceptions.EnvironmentError, match="holds no states of tasks"):
        TaskEnv(ROM_PATH, suite=path)
    (tmp_path / "mine.states.zip").unlink()
    with pytest.raises(exceptions.EnvironmentError, match="cannot read the states of the tasks"):
        TaskEnv(ROM_PATH, suite=path)


def test_a_task_in_words_is_done_by_who_names_numbers() -> None:
    env: Any = gym.make("CrystalHybrid/TasksText-v0", task="take_the_parcel")
    prompt, info = env.reset(seed=4)
    assert "Task: Ask Quill for the parcel." in prompt and "\n1. " in prompt and len(info["options"]) > 1
    _, reward, terminated, _, info = env.step("I would say the first one")
    assert info["feedback"] == NO_NUMBER and info["steps"] == 1 and reward == 0 and not terminated
    total, over = 0.0, False
    while not over:
        prompt, reward, terminated, truncated, info = env.step("**1.**")
        total, over = total + reward, terminated or truncated
    assert total == 1.0 and info["task"]["success"] and prompt == "The task is done."
    env.close()


def test_an_answer_is_a_number_of_the_list() -> None:
    assert [chosen_number(text, 3) for text in ("1", " 3.", "`2`", "0", "4", "one", "", "12")] == [
        *(0, 2, 1),
        *(None,) * 5,
    ]


def test_gymnasium_accepts_the_env_in_words() -> None:
    env = TaskTextEnv(ROM_PATH, task="leave_home")
    check_env(env, skip_render_check=True)
    env.close()
