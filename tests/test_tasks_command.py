"""`crystal-agent tasks`: list, play, score, compare, make, and one line for what is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import exceptions
from core.env.task_env import TaskEnv
from core.game.tasks.start_states import read_states
from core.vocabulary import Button
from tests.game_states import ROM_PATH
from tests.test_tasks import SUITE, row_like
from trainer.commands.app import app
from trainer.tasks.maker import make
from trainer.tasks.players import TaskPlayer
from trainer.tasks.scores import TaskScores, read_scores
from trainer.tasks.watched_task import watch_task
from trainer.watching.keys import TerminalKeys, first_press
from trainer.watching.terminal import Terminal

EASY = ("--tasks", "leave_home", "--tasks", "heal_at_the_rest_house")


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["tasks", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    with pytest.raises(exceptions.CrystalHybridError) as caught:
        CliRunner().invoke(app, ["tasks", *arguments], catch_exceptions=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_list_is_by_kind_and_difficulty() -> None:
    rows = json.loads(told("list", "--json"))
    assert len(rows) >= 60 and {"id", "kind", "difficulty", "rules_steps", "horizon", "words"} == set(rows[0])
    heals = json.loads(told("list", "--kind", "heal", "--json"))
    assert heals and heals == [row for row in rows if row["kind"] == "heal"]
    steps = {"easy": 0, "medium": 1, "hard": 2}
    assert [steps[row["difficulty"]] for row in heals] == sorted(steps[row["difficulty"]] for row in heals)
    assert "name_the_boat" in told("list", "--kind", "menu")
    assert "did you mean 'heal'?" in refused("list", "--kind", "hela")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("scores")
    paths = folder / "rules.json", folder / "random.json"
    for path, player in zip(paths, ("rules", "random"), strict=True):
        told("score", "--player", player, *EASY, "--seeds", "2", "--workers", "1", "--out", str(path))
    return paths


def test_a_score_says_what_it_was_measured_with(files: tuple[Path, Path]) -> None:
    scores = read_scores(files[0])
    assert scores.total.successes == scores.total.games == 4 and scores.total.interval[0] > 0.4
    assert set(scores.by_kind) == {"walk", "heal"} and scores.by_kind["heal"].games == 2
    assert scores.player == "rules" and scores.seeds == 2 and scores.versions["pyboy"]
    assert scores.checkpoint is None and len(scores.rom_sha1) == 40
    home = scores.tasks["leave_home"]
    assert home.median_steps is not None and home.median_steps <= home.horizon
    chance = read_scores(files[1])
    assert chance.total.successes < 4 and None in chance.tasks["heal_at_the_rest_house"].steps


def test_tasks_are_chosen_by_the_map_on_which_they_begin() -> None:
    chosen = json.loads(told("score", "--player", "random", "--maps", "REST_HOUSE", "--workers", "1", "--json"))
    assert set(chosen["tasks"]) == {"heal_at_the_rest_house"}
    assert "did you mean 'REST_HOUSE'?" in refused("score", "--player", "random", "--maps", "REST_HOUS")
    wanted = ("--tasks", "leave_home", "--maps", "REST_HOUSE")
    assert "begins on REST_HOUSE" in refused("score", "--player", "random", *wanted)


def test_the_heads_play_in_processes_as_here(tmp_path: Path) -> None:
    found: list[TaskScores] = []
    for workers in ("1", "2"):
        path = tmp_path / f"heads_{workers}.json"
        player = ("--player", "policy", "--workers", workers)
        told(
            "score", *player, "--tasks", "leave_home", "--tasks", "take_the_parcel", "--seeds", "1", "--out", str(path)
        )
        found.append(read_scores(path))
    assert found[0] == found[1] and found[0].checkpoint == "bundled"


def test_scores_compare_by_kind(files: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = map(str, files)
    found = json.loads(told("compare", first, second, "--json"))
    assert found["players"] == ["rules", "random"]
    assert found["by_kind"]["all"][0]["share"] > found["by_kind"]["all"][1]["share"]
    assert {row["task"] for row in found["tasks"]} == {"leave_home", "heal_at_the_rest_house"}
    assert "heal_at_the_rest_house" in told("compare", first, second)
    content = json.loads(files[0].read_bytes())
    other = tmp_path / "other.json"
    for change, said in (
        ({"rom_sha1": "0" * 40}, "of another ROM each"),
        ({"suite_sha256": "0"}, "of another suite each"),
        ({"tasks": {"mine": content["tasks"]["leave_home"]}}, "no task in common"),
        ({"schema_version": 2}, "schema_version: Input should be 1"),
        ({"total": 3}, "holds no scores of `crystal-agent tasks score`: total"),
    ):
        other.write_text(json.dumps({**content, **change}), encoding="utf-8")
        assert said in refused("compare", first, str(other))
    assert "No such file" in refused("compare", first, str(tmp_path / "none.json"))


def test_bad_orders_change_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    before = files[0].read_bytes()
    assert "name a new file" in refused("score", "--player", "rules", "--out", str(files[0]))
    assert files[0].read_bytes() == before
    assert "did you mean 'leave_home'?" in refused("score", "--player", "rules", "--tasks", "leave_hme")
    assert "holds no heads" in refused("score", "--player", "policy", "--checkpoint", str(tmp_path))
    assert "did you mean 'window'?" in refused("play", "leave_home", "--show", "windwo")
    assert "cannot read" in refused("list", "--suite", str(tmp_path / "none.json"))


def test_a_person_plays_with_keys_and_an_agent_is_watched() -> None:
    env = TaskEnv(ROM_PATH, observation_type="state")
    output = io.StringIO()
    viewers = [Terminal(0, output, (80, 40))]
    keys = "\x1b[B" * 9

    def press() -> Button:
        nonlocal keys
        pressed, keys = first_press(keys)
        return pressed if pressed is not Button.NONE or env.state.position.y < 7 else Button.DOWN

    lost = watch_task(env, "leave_home", 0, viewers, 0, press, "bundled")
    assert lost is not None and keys == "" and "Leave the house" in output.getvalue()
    game = watch_task(env, "leave_home", 0, [Terminal(0, io.StringIO(), (80, 40))], 0, TaskPlayer.RULES, "bundled")
    assert game is not None and game.success
    assert watch_task(env, "leave_home", 0, [], 0, press, "bundled", lambda: True) is None
    env.close()


def test_typed_keys_are_buttons() -> None:
    assert first_press("\x1b[Aa") == (Button.UP, "a")
    assert first_press("qA") == (Button.A, "")
    assert first_press("q") == (Button.NONE, "")
    assert first_press("\rs") == (Button.START, "s")
    with pytest.raises(exceptions.EnvironmentError, match="no terminal"):
        TerminalKeys(io.StringIO())


def test_a_task_is_played_in_words_at_the_terminal() -> None:
    result = CliRunner().invoke(app, ["tasks", "play", "leave_home", "--show", "options"], input="1\n" * 20)
    assert result.exit_code == 0 and "The task is done." in result.output


def test_states_are_made_again_from_the_rom_with_the_same_bytes(tmp_path: Path) -> None:
    starts = {"bedroom": {"after": "free_control"}, "saved": {"file": "my.state"}}
    tasks = [row_like("mine", "leave_home", {"type": "map_reached", "map": "HOME"})]
    tasks[0]["start"] = "bedroom"
    tasks.append({**tasks[0], "id": "second", "start": "saved", "success": {"detect": [{"type": "party_healthy"}]}})
    path = tmp_path / "mine.json"
    (tmp_path / "my.state").write_bytes(read_states(SUITE.with_name("tasks.states.zip")).starts["rest_house"].state)
    path.write_text(json.dumps({"game": "fernvale", "starts": starts, "tasks": tasks}), encoding="utf-8")
    said: list[str] = []
    make(ROM_PATH, path, tmp_path / "work", 1, said.append)
    states = (tmp_path / "mine.states.zip").read_bytes()
    row = json.loads(path.read_bytes())["tasks"][0]
    assert row["rules_steps"] < row["horizon"] <= 40 and any(line.startswith("second: ") for line in said)
    again: list[str] = []
    make(ROM_PATH, path, tmp_path / "work", 1, again.append)
    assert again == ["2 states, 0.0 MB"], "nothing is played twice"
    assert (tmp_path / "mine.states.zip").read_bytes() == states
    content = json.loads(path.read_bytes())
    content["tasks"][0]["success"] = {"detect": [{"type": "map_reached", "map": "HOME_UPSTAIRS"}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(exceptions.ConfigurationError, match="is done before it begins"):
        make(ROM_PATH, path, tmp_path / "work", 1, said.append)
    assert (tmp_path / "mine.states.zip").read_bytes() == states
