"""Making the pocket model: examples that do not give the answer away, training that teaches and repeats, calibration,
and the bundled model itself where it is there.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.question import check_options, question_text
from agents.llm.registry import POCKET_FOLDER, load_text_model
from agents.llm.scoring import TokenQuestion
from agents.llm.small_model import ModelShape, create_model, save_folder, train_tokenizer
from core.protocols import Choice
from core.worlds.registry import make_world
from trainer.pocket.calibrate import best_temperature, reliability
from trainer.pocket.card import Report, write_card
from trainer.pocket.collect import CollectionSettings, collect
from trainer.pocket.examples import Example, example_of, fingerprint, read_examples, without_twins, write_examples
from trainer.pocket.fit import FitExample, FitSettings, fit, lessons_of, scores_of
from trainer.pocket.judge import play_games
from trainer.pocket.maker import make
from trainer.pocket.text_worlds import TEXT_WORLDS, answers_best_first, judge_worlds, world_examples

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
TINY = ModelShape(width=48, layers=2, heads=2, key_value_heads=1, feed_forward=96, context_length=512, vocabulary=512)
SOME_PLAY = CollectionSettings(games=3, steps_per_game=800, problems_per_world=2)
HAS_POCKET = (POCKET_FOLDER / "model.safetensors").is_file()


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def played() -> list[Example]:
    return list(collect(ROM, SOME_PLAY, quiet))


def test_collection_repeats_and_its_order_tells_nothing(played: list[Example]) -> None:
    again = list(collect(ROM, SOME_PLAY, quiet))
    assert fingerprint(played) == fingerprint(again)
    assert all(list(example.options) == sorted(example.options) for example in played)
    assert len({example.chosen for example in played}) > 2, "the right answer is not always at the same place"
    assert {example.situation for example in played} >= {"overworld", "battle", *TEXT_WORLDS}


def test_examples_survive_a_file_and_twins_are_merged(tmp_path: Path) -> None:
    examples = [example_of("where?", options, "overworld") for options in (["b", "a"], ["b", "a"], ["a", "b"])]
    assert [example.options[example.chosen] for example in examples] == ["b", "b", "a"]
    write_examples(tmp_path / "e.jsonl", examples)
    assert read_examples(tmp_path / "e.jsonl") == examples
    (kept,) = without_twins(examples)
    assert kept.options[kept.chosen] == "b", "two against one"


@pytest.mark.parametrize("name", TEXT_WORLDS)
def test_of_the_listed_answers_only_the_first_solves(name: str) -> None:
    world = make_world(name, {})
    for seed in range(5):
        rng = random.Random(seed)
        state = world.initial(seed)
        for role in world.roles:
            best, *others = answers_best_first(world, state, role, rng)
            assert len(others) >= 2
            right = world.play(state, role, best)
            for answer in others:
                turn = world.play(state, role, answer)
                assert turn.local_reward + turn.team_reward < right.local_reward + right.team_reward
                assert not turn.success
            state = right.state
        assert right.success


class Knows:
    """Chooses what the examples teach."""

    def __init__(self, examples: list[Example]) -> None:
        self.answers = {(example.prompt, example.options): example.chosen for example in examples}

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        return Choice(self.answers[prompt, tuple(options)], 1.0)


class Careless:
    """Takes any of the listed answers, and like a real model will not be asked for one that is empty."""

    def __init__(self) -> None:
        self.random = random.Random(0)

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        check_options(options)
        return Choice(self.random.randrange(len(options)), 1.0)


def test_a_state_that_nothing_can_save_is_lost_and_not_asked_about() -> None:
    scores = judge_worlds(Careless(), problems=25, first_seed=400_000)
    assert all(0.0 < score.solved < 1.0 for score in scores)


def test_who_knows_the_examples_solves_every_problem() -> None:
    examples = list(world_examples(10, first_seed=50, stray_share=0.0))
    scores = judge_worlds(Knows(examples), problems=10, first_seed=50)
    assert [score.world for score in scores] == list(TEXT_WORLDS)
    assert all(score.solved == 1.0 for score in scores)
    assert all(score.solved_by_chance <= 0.6 for score in scores)


def test_making_a_model_leaves_a_whole_folder(tmp_path: Path) -> None:
    """Everything from play to card, far too short to learn much."""
    fitting = FitSettings(steps=3, batch=4, warm_up_steps=1, threads=1)
    collection = CollectionSettings(games=2, steps_per_game=120, problems_per_world=2)
    report = make(tmp_path / "made", ROM, collection, fitting, 3, 1, 2, 1, quiet)
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert list(tmp_path.iterdir()) == [tmp_path / "made"], "nothing unjudged is left beside it"
    assert names >= {"model.safetensors", "README.md", "report.json", "calibration.json", "reliability.png"}
    assert report.examples > 20 and len(report.worlds) == len(TEXT_WORLDS)
    model = HuggingFaceModel(str(tmp_path / "made"))
    assert 0 <= model.choose("You stand before two doors.", ["Go left", "Go right"]).index <= 1


def test_the_bundled_card_says_what_was_measured(tmp_path: Path) -> None:
    report = TypeAdapter(Report).validate_json((POCKET_FOLDER / "report.json").read_text(encoding="utf-8"))
    write_card(tmp_path, report)
    assert (POCKET_FOLDER / "README.md").read_text(encoding="utf-8") == (tmp_path / "README.md").read_text("utf-8")


def toy_examples() -> list[Example]:
    """The right way is the one that the prompt names."""
    ways = ("north", "south", "east", "west")
    return [
        Example(
            f"Case {case}. The treasure lies {ways[case % 4]}.", tuple(f"Go {way}" for way in ways), case % 4, "toy"
        )
        for case in range(64)
    ]


def taught(folder: Path, seed: int) -> tuple[HuggingFaceModel, list[FitExample]]:
    examples = toy_examples()
    tokenizer = train_tokenizer((question_text(e.prompt, e.options) for e in examples), TINY.vocabulary)
    save_folder(folder, tokenizer, create_model(tokenizer, TINY, seed))
    model = HuggingFaceModel(str(folder))
    lessons = lessons_of(examples, model.tokenize)
    fit(model.model, lessons, FitSettings(steps=60, batch=16, warm_up_steps=5, threads=1), seed, quiet)
    model.forget_prefix()
    return model, lessons


def test_training_teaches_and_repeats(tmp_path: Path) -> None:
    first, lessons = taught(tmp_path / "first", seed=1)
    second, _ = taught(tmp_path / "second", seed=1)
    for one, other in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other), "the same seed gives the same weights to the bit"
    right = [
        int(scores.argmax()) == lesson.chosen
        for scores, lesson in zip(scores_of(first.model, lessons), lessons, strict=True)
    ]
    assert sum(right) >= 0.95 * len(right)
    choice = first.choose("Case 99. The treasure lies east.", ["Go east", "Go north", "Go south", "Go west"])
    assert choice.index == 0


def test_the_temperature_makes_confidence_honest() -> None:
    """Scores three times too sharp: the temperature found is 3, and the error of the confidence falls."""
    generator = torch.Generator().manual_seed(0)
    true_scores = torch.randn((3000, 4), generator=generator)
    chosen = torch.multinomial(true_scores.softmax(1), 1, generator=generator)[:, 0]
    question = TokenQuestion((1,), ((2,), (3,), (4,), (5,)))
    lessons = [FitExample(question, int(answer), "toy") for answer in chosen]
    scores = list(3.0 * true_scores)
    temperature = best_temperature(scores, lessons)
    assert temperature == pytest.approx(3.0, rel=0.1)
    before = reliability(scores, lessons, 1.0)
    after = reliability(scores, lessons, temperature)
    assert after.accuracy == before.accuracy
    assert after.expected_calibration_error < 0.03 < 0.15 < before.expected_calibration_error


@pytest.mark.skipif(not HAS_POCKET, reason="the pocket model is not there; make it with python -m trainer.pocket")
class TestThePocketModel:
    @pytest.mark.timeout(900)  # programs of the code world each run in a process of their own
    def test_it_is_small_and_keeps_what_its_card_says(self) -> None:
        size = sum(path.stat().st_size for path in POCKET_FOLDER.iterdir())
        assert size <= 12_000_000
        report = json.loads((POCKET_FOLDER / "report.json").read_text(encoding="utf-8"))
        model = load_text_model("pocket")
        assert isinstance(model, HuggingFaceModel)
        assert model.model.num_parameters() == report["parameters"] <= 5_000_000
        examples = without_twins(
            collect(ROM, CollectionSettings(games=5, steps_per_game=2000, first_seed=900_000), quiet)
        )
        right = [model.choose(e.prompt, e.options).index == e.chosen for e in examples]
        assert sum(right) / len(right) >= report["reliability"]["accuracy"] - 0.08

    @pytest.mark.nightly
    @pytest.mark.timeout(3600)
    def test_alone_it_reaches_the_first_badge(self) -> None:
        """New games in which the model chooses every option: 18 of 20 at least."""
        seeds = range(600_000, 600_020)
        games = play_games("pocket", 2048, ROM, seeds, 12_000, print, workers=2, final_milestone="tide_badge")
        assert sum(game.badges > 0 for game in games) >= 18
