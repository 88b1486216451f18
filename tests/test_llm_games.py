"""The benchmark of games that a model plays: who chooses is counted, notes too, and no game is played twice."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.llm.settings import LanguageModelSettings
from benchmarks.llm_games import CHANCE, FIRST_SEED, RULES, Game, main, play, read_games, table
from tests.llm_servers.server import ModelServer

STEPS = 250
GAME = Game(CHANCE, "", FIRST_SEED, 1500, 9, 20, 16, 4, 3.2, 0, 0, 0.5, 1.0)


def test_the_rules_are_asked_nothing_and_chance_answers_everything() -> None:
    rules, chance = (play(player, LanguageModelSettings(), "", FIRST_SEED, STEPS) for player in (RULES, CHANCE))
    assert rules.asked == rules.answered == 0 < rules.milestones
    assert 0 < chance.answered == chance.asked
    assert 0 < chance.as_rules_by_chance < chance.answered
    assert chance.milestones < rules.milestones
    again = play(CHANCE, LanguageModelSettings(), "", FIRST_SEED, STEPS)
    assert replace(again, cpu_s=0.0) == replace(chance, cpu_s=0.0)


def test_what_a_served_model_chooses_and_notes_is_counted() -> None:
    with ModelServer() as server:  # takes the last option, so it goes nowhere
        server.note = "the stairs are in the corner"
        settings = LanguageModelSettings(cache_path=None, notebook=True, reflection=True)
        game = play(f"llamacpp/some@{server.url}", settings, "notebook, reflection", FIRST_SEED, 2 * STEPS)
        assert len(server.seen) == game.asked == game.answered == game.notes > 6
        assert set(game.said) == {server.note}
        assert game.prompt_tokens > game.completion_tokens > 0
    asking = [seen for seen in server.seen if "what went wrong and what to try instead" in str(seen.body)]
    assert len(asking) == game.reflections > 0
    assert game.median_s > 0


def test_a_game_in_the_file_is_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "games.jsonl"
    monkeypatch.setattr(sys, "argv", ["", str(file), "--player", RULES, "--games", "1", "--steps", "30"])
    main()
    kept = file.read_text(encoding="utf-8")
    main()
    assert file.read_text(encoding="utf-8") == kept and len(read_games(file)) == 1


def test_the_table_has_a_row_for_each_player_and_memory() -> None:
    games = [
        GAME,
        replace(GAME, seed=FIRST_SEED + 1, milestones=11, answered=4, as_rules=4, as_rules_by_chance=0.8),
        replace(GAME, memory="notebook", notes=7, said=7 * ("east",), prompt_tokens=3200, completion_tokens=480),
    ]
    first, second = table(games)[2:]
    cells = [cell.strip() for cell in first.split("|")[1:-1]]
    assert cells[:6] == ["`chance`", "-", "2", "1,500", "9, 11", "20 of 40"]
    assert cells[7].startswith("40% (22% to ") and cells[8] == "20%"
    assert [cell.strip() for cell in second.split("|")[1:-1]][1::8] == ["notebook", "7"]
    assert [cell.strip() for cell in second.split("|")[1:-1]][10:] == ["1", "0", "200", "30"]
