"""Making the bundled policy: lessons that repeat and survive a file, cloning that teaches, stages that go on, the card;
and the bundled policy itself where it is there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from agents.heads.button_view import PLACE_OF
from agents.heads.lessons import Lessons, joined, read_lessons, write_lessons
from agents.heads.options.learner import OptionLearningSettings
from agents.heads.saved_heads import BUNDLED_FOLDER, STANDINGS_FILE, WEIGHTS_FILE, Heads, load_heads, load_standings
from core.env.policy_features import MAP_START, map_code
from core.exceptions import CheckpointError, ConfigurationError
from core.game.game_data import load_game
from core.game.profile import identify_rom
from tests.utils import create_test_trainer
from trainer.bundle.card import CARD_FILE, REPORT_FILE, BundleReport, write_bundle_card
from trainer.bundle.collect import BundleCollection, collect, play_by_rules
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings, button_agreement, clone_button_head, clone_option_head, option_agreement
from trainer.bundle.held_out import lessons_without
from trainer.bundle.judge import WHOLE_GAME_PLAYERS, HeadGame, JudgedPlayer, Judging, score_of
from trainer.bundle.maker import make
from trainer.bundle.moments import read_moments
from trainer.bundle.option_learning import OptionLearning
from trainer.bundle.plan import BundlePlan, planned
from trainer.bundle.residual_learning import ResidualLearning
from trainer.bundle.situations import TakingTurns
from trainer.commands.app import app
from trainer.evaluation.map_folds import maps_named

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
SOME = BundleCollection(games=3, steps_per_game=400, final_milestone="tide_badge")
SHORT = CloningSettings(button_epochs=8, option_epochs=60, button_batch=128, option_batch=32)
HAS_BUNDLE = (BUNDLED_FOLDER / WEIGHTS_FILE).is_file()


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    return collect(ROM, SOME, tmp_path_factory.mktemp("work"), quiet, 1)[0]


def same(first: Lessons, second: Lessons) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in Lessons.__slots__)


def test_lessons_repeat_and_survive_a_file(lessons: Lessons, tmp_path: Path) -> None:
    first = play_by_rules(ROM, SOME, 0).lessons
    assert same(first, play_by_rules(ROM, SOME, 0).lessons)
    assert len(lessons) == 3 * SOME.steps_per_game and len(first) == SOME.steps_per_game
    write_lessons(tmp_path / "game.npz", first)
    assert same(first, read_lessons(tmp_path / "game.npz"))
    assert [path.name for path in tmp_path.iterdir()] == ["game.npz"]
    (tmp_path / "game.npz").write_bytes(b"half a file")
    with pytest.raises(CheckpointError, match="delete the file"):
        read_lessons(tmp_path / "game.npz")


def test_lessons_of_several_games_keep_their_choices_at_their_steps(lessons: Lessons) -> None:
    parts = [play_by_rules(ROM, SOME, game).lessons for game in range(3)]
    both = joined(parts)
    assert same(both, lessons)
    row = len(parts[0].chosen)
    assert both.choice_steps[row] == parts[1].choice_steps[0] + len(parts[0])
    assert (np.diff(both.choice_steps) >= 0).all() and (both.option_counts > 1).all()
    assert (both.chosen == 0).all(), "the rules list what they like best first"
    assert both.teaches_press.mean() > 0.9


def test_maps_are_held_out_with_their_steps_and_choices(lessons: Lessons) -> None:
    game = load_game(identify_rom(ROM).game)
    keys = {place.key for place in game.maps.values()}
    thirds = [set(maps_named(game, [f"fold:{number}"])) for number in range(3)]
    assert set().union(*thirds) == keys and sum(map(len, thirds)) == len(keys)
    assert min(map(len, thirds)) > 0.2 * len(keys)
    with pytest.raises(ConfigurationError, match=r"no map of fernvale is called 'FERN_PAHT'; did you mean 'FERN_PATH'"):
        maps_named(game, ["FERN_PAHT"])
    less = lessons_without(lessons, game, ["FERN_PATH"])
    assert 0 < len(less) < len(lessons) and 0 < len(less.chosen) < len(lessons.chosen)
    assert len(lessons_without(less, game, ["FERN_PATH"])) == len(less)
    code = map_code(next(place.id for place in game.maps.values() if place.key == "FERN_PATH"))
    start = PLACE_OF["features"].start + MAP_START
    seen = lessons.vectors[:, start : start + len(code)].astype(np.float32)
    assert len(lessons) - len(less) == (seen == code).all(axis=1).sum()
    where = less.choice_steps[-1]
    assert any((less.vectors[where] == lessons.vectors[step]).all() for step in lessons.choice_steps)


def test_games_that_are_there_are_not_played_again(tmp_path: Path) -> None:
    fewer = replace(SOME, games=1, steps_per_game=60)
    collect(ROM, fewer, tmp_path, quiet, 1)
    (folder,) = tmp_path.iterdir()
    before = (folder / "game_0000.npz").stat().st_mtime_ns
    said: list[str] = []
    more, moments = collect(ROM, replace(fewer, games=2), tmp_path, said.append, 1)
    assert (folder / "game_0000.npz").stat().st_mtime_ns == before
    assert said[0] == "1 games are there from an earlier run" and len(said) == 2
    assert len(more) == 120 and moments == read_moments(folder / "game_0000.moments.npz")
    collect(ROM, replace(fewer, steps_per_game=61), tmp_path, quiet, 1)
    assert len(list(tmp_path.iterdir())) == 2, "other settings, other games"


def test_cloning_teaches_presses_ends_and_choices_and_repeats(lessons: Lessons) -> None:
    heads, again = Heads.fresh(1), Heads.fresh(1)
    presses_before, _ = button_agreement(heads.button, lessons)
    for one in (heads, again):
        clone_button_head(one.button, lessons, SHORT, 1, quiet)
    clone_option_head(heads.option, lessons, SHORT, 1, quiet)
    presses, ends = button_agreement(heads.button, lessons)
    assert presses_before < 0.5 < 0.85 < presses and ends > 0.9
    assert presses == button_agreement(again.button, lessons)[0]
    assert option_agreement(heads.option, lessons, shows_prior=True) > 0.9
    assert option_agreement(heads.option, lessons, shows_prior=False) > 0.5


def test_making_a_policy_leaves_it_whole_and_a_second_call_goes_on_from_there(tmp_path: Path) -> None:
    """Everything from play to card, far too short to learn much."""
    plan = BundlePlan(
        BundleCollection(games=2, steps_per_game=200),
        CloningSettings(button_epochs=1, option_epochs=1, recoded_share=0.5),
        Aggregation(segments=2),
        OptionLearning(rounds=1, games=2, groups=1, branches=2, settings=OptionLearningSettings(critic_epochs=1)),
        Judging(games=1, steps_per_game=40),
        opening=BundleCollection(games=1, steps_per_game=100, run_seed=105),
        turns=TakingTurns(1, 60),
        whole_judging=Judging(1, 50, players=WHOLE_GAME_PLAYERS),
        residual=ResidualLearning(rounds=1, games=2, judged_games=1),
    )
    said: list[str] = []

    def made(plan: BundlePlan) -> BundleReport:
        return make(tmp_path / "made", ROM, tmp_path / "work", plan, 1, said.append)

    report = made(plan)
    assert any(line.startswith("taking turns, game 0: stopped after 60 steps, ") for line in said)
    files = {WEIGHTS_FILE, STANDINGS_FILE, CARD_FILE, REPORT_FILE}
    assert {path.name for path in (tmp_path / "made").iterdir()} == files
    assert len(load_standings(tmp_path / "made")) > 0
    assert load_heads(tmp_path / "made" / WEIGHTS_FILE).game == report.game == "fernvale"
    assert (report.final_milestone, report.judged_milestone) == ("tern", "tide_badge")
    assert report.labelled_steps > 500, "and those of its own segments"
    assert [(one.games, one.transitions > 0) for one in report.rounds] == [(2, True)]
    assert len(report.corrections.rounds) == 1 and not report.corrections.is_taken
    assert [one.player for one in report.scores] == [one.value for one in JudgedPlayer]
    assert [one.player for one in report.whole_scores] == [one.value for one in WHOLE_GAME_PLAYERS]
    assert {one.steps for one in report.games} == {40} and {one.steps for one in report.whole_games} == {50}
    assert "new games of at most 50 steps to `tern`" in (tmp_path / "made" / CARD_FILE).read_text("utf-8")
    weights = (tmp_path / "made" / WEIGHTS_FILE).read_bytes()
    said.clear()
    second = made(plan)
    assert second.games == report.games
    assert (tmp_path / "made" / WEIGHTS_FILE).read_bytes() == weights
    assert sum("from an earlier run" in line for line in said) == 9, "every stage, and the heads of two of them"
    made(replace(plan, turns=TakingTurns(0)))
    assert not (tmp_path / "made" / STANDINGS_FILE).exists(), "a table of other heads must not lie beside these"
    short = planned(replace(plan, opening=None), load_game(identify_rom(ROM).game))
    assert short.collection.final_milestone == short.judged_milestone == "tide_badge"
    with pytest.raises(ConfigurationError, match="no milestone 'moon'"):
        made(replace(plan, collection=replace(plan.collection, final_milestone="moon")))


def test_a_score_counts_games_that_did_not_get_there_as_slower() -> None:
    games = [HeadGame("x", n, n < 3, 1000 + n, 10, n, 2.0, 0.1 * n, 0.5) for n in range(4)]
    score = score_of(games)
    assert (score.reached, score.games, score.longest_stay) == (3, 4, 3)
    assert score.median_steps == 1001.5
    assert score_of(games[2:]).median_steps is None
    assert score.taught == "15%, 50%"
    assert score.interval == (pytest.approx(0.3006, abs=1e-3), pytest.approx(0.9544, abs=1e-3))


@pytest.mark.skipif(not HAS_BUNDLE, reason="the bundled policy is not made yet")
@pytest.mark.parametrize("checkpoint", ["bundled", str(BUNDLED_FOLDER)])
def test_the_bundled_policy_plays_from_a_config_without_a_language_model(tmp_path: Path, checkpoint: str) -> None:
    trainer = create_test_trainer(episodes=1, temp_dir=tmp_path)
    trainer.close()
    arguments = ["evaluate", "--config", str(tmp_path / "config.json"), "--checkpoint", checkpoint, "--json"]
    arguments += ["--episodes", "2", "--max-steps", "300"]
    arguments += [word for mode in ("adaptive", "rl_only", "rules_only") for word in ("--mode", mode)]
    shown = CliRunner().invoke(app, arguments, catch_exceptions=False)
    found = json.loads(shown.stdout)
    assert found["adaptive"]["avg_milestones"] > 5 and found["rl_only"]["avg_milestones"] > 5
    assert found["rules_only"]["avg_milestones"] > 5
    assert found["rl_only"]["llm_calls"] == 0


@pytest.mark.skipif(not HAS_BUNDLE, reason="the bundled policy is not made yet")
def test_the_bundled_card_says_what_was_measured(tmp_path: Path) -> None:
    report = TypeAdapter(BundleReport).validate_json((BUNDLED_FOLDER / REPORT_FILE).read_bytes())
    write_bundle_card(tmp_path, report)
    assert (BUNDLED_FOLDER / CARD_FILE).read_text(encoding="utf-8") == (tmp_path / CARD_FILE).read_text("utf-8")
    assert sum(path.stat().st_size for path in BUNDLED_FOLDER.iterdir()) < 4_000_000
