"""The Go-Explore archive with real states of Fernvale: filing, drawing, bounds, and many processes in one folder."""

from __future__ import annotations

import multiprocessing
import zlib
from pathlib import Path

import numpy as np
import pytest

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.go_explore_archive import (
    LOOK_AGAIN_EVERY,
    MAGIC,
    MOST_BYTES,
    ArchiveCell,
    GoExploreArchive,
    GoExploreSchedule,
)
from core.env.lanes.lane_history import StartPoint
from core.rules import RulePlayer
from core.vector_env import VectorEnv
from core.vocabulary import GameMode
from tests.game_states import ROM_PATH, first_state, with_ram

SHA1 = "0123456789abcdef0123"


def play_by_rules(env: EnhancedPyBoyPokemonCrystalEnv, steps: int) -> None:
    player = RulePlayer(env.rom.game, seed=1)
    option = None
    env.restart(seed=3)
    for _ in range(steps):
        option = option or player.choose(env.state)
        press = player.act(env.state, option)
        option = None if press.done else option
        env.advance(press.button)


def test_states_are_filed_and_an_episode_begins_in_one(tmp_path: Path) -> None:
    archive = GoExploreArchive(tmp_path, SHA1)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", go_explore=archive)
    play_by_rules(env, 250)
    cells = archive.cells()
    assert len(cells) >= 3 and cells == sorted(cells) and len({cell.reached for cell in cells}) >= 2
    assert len({(cell.map_group, cell.map_number) for cell in cells}) >= 2
    dice = np.random.default_rng(0)
    starts = [archive.draw(dice) for _ in range(6)]
    for start in starts:
        assert start is not None
        state = env.restart(seed=1, options={"start_state": start.state, "reached": start.reached})
        assert set(start.reached) <= set(env.milestones)
        assert state.position.map in env.rom.game.maps
    farthest = max(starts, key=lambda start: len(start.reached) if start else 0)
    assert farthest is not None and len(farthest.reached) == cells[-1].reached
    env.restart(seed=1, options={"start_state": farthest.state, "reached": farthest.reached})
    assert not any(event.name == "milestone" for event in env.advance(8).events), "what was reached pays nothing again"
    env.restart(seed=1)
    assert len(env.milestones) < len(farthest.reached), "without options an episode begins at the start"
    env.close()


def test_workers_share_an_archive_and_evaluation_does_not_draw(tmp_path: Path) -> None:
    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        archive = GoExploreArchive(tmp_path, SHA1)
        return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", go_explore=archive)

    dice = np.random.default_rng(0)
    with VectorEnv(make_env, 2, 2) as env, VectorEnv(make_env, 2, 1) as evaluation:
        step = env.reset([0, 1])
        for _ in range(60):
            step = env.step([int(dice.choice(np.flatnonzero(mask))) for mask in step.masks])
        first = evaluation.reset([4, 5])
        start = GoExploreArchive(tmp_path, SHA1).draw(dice)
        assert start is not None
        began = env.reset_lane(1, 4, start)
        assert set(start.reached) <= set(began.reached(1))
        again = evaluation.reset([4, 5])
        assert np.array_equal(first.ram, again.ram)


def test_only_free_states_of_new_cells_are_wanted(tmp_path: Path) -> None:
    archive, state = GoExploreArchive(tmp_path, SHA1), first_state()
    cell = archive.wants(state, 1)
    assert cell is not None and cell == ArchiveCell.of(state, 1) == ArchiveCell.from_file_name(cell.file_name)
    archive.add(cell, StartPoint(b"state", ("free_control",)))
    assert archive.wants(state, 1) is None
    assert archive.wants(state, 2) is not None, "more progress is another cell"
    assert archive.wants(with_ram(state, {"wXCoord": state.position.x ^ 8}), 1) is not None
    busy = with_ram(state, {"wScriptRunning": 0xFF})
    assert busy.mode is not GameMode.FREE and archive.wants(busy, 2) is None
    assert GoExploreArchive(tmp_path, SHA1).wants(state, 1) is None, "another process knows it, too"
    assert GoExploreArchive(tmp_path, "f" * 40).cells() == [], "another ROM has an archive of its own"


def test_what_others_have_filed_is_seen_after_so_many_new_cells(tmp_path: Path) -> None:
    archive, state = GoExploreArchive(tmp_path, SHA1), first_state()
    assert archive.wants(state, 1) is not None, "it has looked, and the folder is empty"
    GoExploreArchive(tmp_path, SHA1).add(ArchiveCell.of(state, 1), StartPoint(b"state", ()))
    wanted = [archive.wants(state, 1) is not None for _ in range(LOOK_AGAIN_EVERY + 1)]
    assert wanted == [True] * LOOK_AGAIN_EVERY + [False]


def test_a_cell_is_a_square_of_eight_steps() -> None:
    state = with_ram(first_state(), {"wMapGroup": bytes((2, 9)), "wXCoord": 23, "wYCoord": 8})
    cell = ArchiveCell.of(state, 4)
    assert cell == ArchiveCell(4, 2, 9, 2, 1)
    assert cell.file_name == "004-002-009-02-01.go_explore"


def test_room_is_made_on_the_most_crowded_level_the_first_of_two(tmp_path: Path) -> None:
    archive = GoExploreArchive(tmp_path, SHA1, max_states=5)
    filed = [ArchiveCell(reached, 1, 1, square, 0) for reached, square in ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1))]
    for cell in filed:
        archive.add(cell, StartPoint(b"state", ()))
    assert archive.cells() == filed
    archive.add(ArchiveCell(4, 1, 1, 0, 0), StartPoint(b"state", ()))
    assert archive.cells() == [filed[0], *filed[2:], ArchiveCell(4, 1, 1, 0, 0)]


def test_only_states_that_reached_a_milestone_are_drawn_and_each_draw_is_counted(tmp_path: Path) -> None:
    archive, dice = GoExploreArchive(tmp_path, SHA1), np.random.default_rng(0)
    for number, reached in enumerate((("a",), ("a", "b"), ("a", "c")), 1):
        archive.add(ArchiveCell(number, 1, 1, 0, 0), StartPoint(bytes((number,)), reached))
    starts = [archive.draw(dice, after="b") for _ in range(5)]
    assert [start is not None and start.state for start in starts] == [b"\x02"] * 5
    assert archive.draw(dice, after="d") is None
    assert archive.draws() == {"002-001-001-00-00.go_explore": 5}
    other = GoExploreArchive(tmp_path, SHA1)
    other.restore_draws({**archive.draws(), "no cell": 3})
    assert other.draws() == archive.draws()


def test_the_archive_is_bounded_and_keeps_every_progress(tmp_path: Path) -> None:
    archive = GoExploreArchive(tmp_path, SHA1, max_states=10)
    for reached in (1, 2, 3):
        for square in range(12):
            archive.add(ArchiveCell(reached, 1, 1, square, 0), StartPoint(b"x", ()))
            assert len(archive.cells()) <= 10
    assert {cell.reached for cell in archive.cells()} == {1, 2, 3}


def test_the_farthest_is_drawn_most_often_and_every_cell_in_turn(tmp_path: Path) -> None:
    archive, dice = GoExploreArchive(tmp_path, SHA1), np.random.default_rng(0)
    assert archive.draw(dice) is None
    for reached in (1, 2, 3):
        for square in range(2):
            archive.add(ArchiveCell(reached, 1, 1, square, 0), StartPoint(bytes((reached, square)), ()))
    drawn = [start.state for _ in range(400) if (start := archive.draw(dice)) is not None]
    by_level = [sum(state[0] == level for state in drawn) for level in (1, 2, 3)]
    assert by_level[2] > 170 and by_level[1] > 70 and by_level[0] > 70
    farthest = [state[1] for state in drawn if state[0] == 3]
    assert abs(farthest.count(0) - farthest.count(1)) <= 1


def write_and_draw(folder: Path, number: int) -> None:
    archive, dice = GoExploreArchive(folder, SHA1, max_states=15), np.random.default_rng(number)
    for _ in range(150):
        content = bytes(dice.integers(0, 256, 2000, dtype=np.uint8))
        archive.add(ArchiveCell(*(int(dice.integers(6)) for _ in range(5))), StartPoint(content * 2, ("a", "b")))
        start = archive.draw(dice)
        assert start is None or (start.state[:2000] == start.state[2000:] and start.reached == ("a", "b"))


def test_processes_write_and_draw_at_once(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=write_and_draw, args=(tmp_path, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    archive = GoExploreArchive(tmp_path, SHA1)
    assert 10 <= len(archive.cells()) <= 15
    assert not list(archive.folder.glob(".*")), "nothing is left aside"


def test_the_schedule() -> None:
    schedule = GoExploreSchedule(first_share=0.2, last_share=0.6, episodes=100)
    assert [schedule.share(episode) for episode in (0, 50, 100, 900)] == pytest.approx([0.2, 0.4, 0.6, 0.6])


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(exceptions.ConfigurationError, match="max_states is 0"):
        GoExploreArchive(tmp_path, SHA1, max_states=0)
    with pytest.raises(exceptions.ConfigurationError, match=r"last_share is 1\.5"):
        GoExploreSchedule(last_share=1.5)
    with pytest.raises(exceptions.ConfigurationError, match="episodes is 0"):
        GoExploreSchedule(episodes=0)
    archive, cell = GoExploreArchive(tmp_path, SHA1), ArchiveCell(1, 1, 1, 0, 0)
    archive.add(cell, StartPoint(b"x", ()))
    path = archive.folder / cell.file_name
    for content in (b"", b"something else", path.read_bytes()[:-3]):
        path.write_bytes(content)
        with pytest.raises(exceptions.EnvironmentError, match="is no state of the Go-Explore archive"):
            archive.draw(np.random.default_rng(0))
    (tmp_path / "file").write_text("x")
    with pytest.raises(exceptions.EnvironmentError, match="cannot write the Go-Explore archive"):
        GoExploreArchive(tmp_path / "file", SHA1).add(cell, StartPoint(b"x", ()))


def test_what_is_not_an_archives_own_is_neither_read_nor_removed(tmp_path: Path) -> None:
    archive = GoExploreArchive(tmp_path, SHA1, max_states=1)
    archive.folder.mkdir(parents=True)
    theirs = (
        "1-1-1-1-1.go_explore",
        "001-001-001-01.go_explore",
        "\u0661-1-1-1-1.go_explore",
        "0001-001-001-01-01.go_explore",
        "9" * 90 + ".go_explore",
    )
    for name in theirs:
        (archive.folder / name).write_text("mine")
    for square in range(3):
        archive.add(ArchiveCell(1, 1, 1, square, 0), StartPoint(b"state", ()))
    assert len(archive.cells()) == 1
    assert {path.name for path in archive.folder.iterdir()} > set(theirs)


@pytest.mark.parametrize(
    "content",
    [
        b'{"reached": "badge"}\n' + zlib.compress(b"state"),
        b'{"reached": [1]}\n' + zlib.compress(b"state"),
        b'{"reached": []}\n' + zlib.compress(b"state")[:-3],
        b'{"reached": []}\n' + zlib.compress(bytes(MOST_BYTES + 1)),
        b"[" * 100_000 + b"\n" + zlib.compress(b"state"),
        b'{"reached": ' + b"9" * 5000 + b"}\n" + zlib.compress(b"state"),
    ],
)
def test_a_crafted_state_is_refused(tmp_path: Path, content: bytes) -> None:
    archive = GoExploreArchive(tmp_path, SHA1)
    cell = ArchiveCell(1, 1, 1, 1, 1)
    archive.add(cell, StartPoint(b"state", ()))
    (archive.folder / cell.file_name).write_bytes(MAGIC + content)
    with pytest.raises(EnvironmentError, match="is no state of the Go-Explore archive"):
        archive.draw(np.random.default_rng(0))
