"""Who goes to and fro gets nowhere: it is noticed, told, and another option is offered to the model for a while."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.agent.teacher import LaneTeacher
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.prompts.brief import Brief
from core.prompts.journal import RESULTS_KEPT, STALE_TRIES, STALL_CHOICES, LaneJournal
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import GameMode, MapId, Option

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
TO, FRO = "Explore Home", "Explore Hazel Hollow"


@pytest.fixture(scope="module")
def places() -> list[GameState]:
    """The first free moment on each of the first three maps of a game: its story goes on with each."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    found: dict[MapId, GameState] = {}
    try:
        state = env.restart(seed=0)
        player = RulePlayer(state.game, 0)
        while len(found) < 3:
            if state.mode is GameMode.FREE:
                found.setdefault(state.map_id, state)
            state = env.advance(int(player.act(state, player.choose(state)).button)).state
    finally:
        env.close()
    return list(found.values())


def to_and_fro(journal: LaneJournal, one: GameState, other: GameState, times: int) -> None:
    """Each choice is settled by the next, so the last is still open."""
    for _ in range(times):
        journal.chose(FRO, one)
        journal.chose(TO, other)


def test_a_way_that_was_led_before_is_in_vain_and_soon_stale(places: list[GameState]) -> None:
    room, home, hollow = places
    journal = LaneJournal(room.game)
    journal.chose("Go down", room)
    to_and_fro(journal, home, room, 1)
    journal.chose("a look", home)
    assert not journal.vain and not journal.stale, "each way has been led for the first time since the milestone"
    to_and_fro(journal, home, room, STALE_TRIES)
    journal.chose("a look", home)
    assert dict(journal.vain) == {TO: STALE_TRIES, FRO: STALE_TRIES, "a look": 1}
    assert journal.stale == {TO, FRO}
    for _ in range(RESULTS_KEPT):
        journal.chose("a look", home)
    assert journal.stale == {"a look"}, "others have been tried since"
    journal.chose("Go out", hollow)
    assert not journal.vain and not journal.stale, "a milestone was reached"


def test_to_and_fro_is_a_stall_that_asks_for_a_reflection(places: list[GameState]) -> None:
    room, home, _ = places
    writer = PromptWriter(room.game, brief=Brief(notebook=True, reflection=True))
    to_and_fro(writer.journal, home, room, 2 + STALL_CHOICES // 2)
    writer.journal.chose("a look", home)
    assert "Nothing has come of your latest choices: «Explore" in writer.describe(home)


def test_what_is_gained_on_the_way_makes_it_a_new_one(places: list[GameState]) -> None:
    room, home, _ = places
    journal = LaneJournal(room.game)
    to_and_fro(journal, home, room, 1)
    journal.chose(FRO, home)
    journal.chose("Go out", places[2])  # a milestone
    to_and_fro(journal, home, room, 1)
    journal.chose("a look", home)
    assert not journal.vain


class Stubborn:
    """A manager that takes the same option wherever it is listed, and else the first."""

    available = True

    def __init__(self, option: str) -> None:
        self._option = option
        self.asked: list[tuple[str, ...]] = []

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice:
        self.asked.append(tuple(options))
        return Choice(options.index(self._option) if self._option in options else 0, 0.9)


def test_a_model_is_offered_other_options_than_stale_ones(places: list[GameState]) -> None:
    room = places[0]
    player = RulePlayer(room.game, 0)
    options = [one.label for one in player.options(room)]
    manager, writer = Stubborn(options[0]), PromptWriter(room.game)
    teacher = LaneTeacher(player, manager, writer)
    teacher.reset()

    def choose_once() -> str:
        teacher.act(room, ask_model=lambda _matters: True, stuck=False)
        teacher.judge_end(ended=True)
        assert teacher.option is not None
        return teacher.option.label

    chosen = [choose_once() for _ in range(STALE_TRIES + 2)]
    assert chosen == [options[0]] * (STALE_TRIES + 1) + [options[1]], "a kept answer is asked about again"
    assert options[0] in manager.asked[0] and options[0] not in manager.asked[-1]


class TwoOptions(RulePlayer):
    """Rules that see no more than two options."""

    def options(self, state: GameState) -> tuple[Option, ...]:
        return super().options(state)[:2]


def test_what_is_stale_is_offered_where_little_else_is(places: list[GameState]) -> None:
    room = places[0]
    player = TwoOptions(room.game, 0)
    manager, writer = Stubborn(""), PromptWriter(room.game)
    teacher = LaneTeacher(player, manager, writer)
    teacher.reset()
    labels = [one.label for one in player.options(room)]
    for _ in range(STALE_TRIES + 1):
        writer.chose(labels[0], room)
    assert writer.stale() == {labels[0]}
    teacher.act(room, ask_model=lambda _matters: True, stuck=False)
    assert manager.asked == [tuple(labels)]
