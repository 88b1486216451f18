"""The benchmark of skills: every cell is a run that can be made, and a single agent is one role."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.at_grpo_skill import (
    LEVEL,
    METHODS,
    UNTRAINED,
    WITHOUT,
    WORLDS,
    config_of,
    main,
    result_path,
    with_as_many_answers,
)
from trainer.at_grpo.settings import LOWEST_RATE_SHARE, settings_of


@pytest.mark.parametrize("world", list(WORLDS))
def test_each_cell_is_a_run_that_can_be_made(world: str) -> None:
    model = "models/any" if world.startswith("model_") else "small"
    for method in METHODS:
        settings = settings_of(config_of(world, method, 2, model=model))
        roles = settings.make_world().roles
        alone = LEVEL.get(method) == "single"
        assert len(roles) == (1 if alone else 2) and settings.seed == 2 and settings.model == model
        assert (settings.specialisation == "single") == (alone and model == "small"), "adapters learn of a large model"
        if method not in UNTRAINED:
            assert settings.specialisation != "full" or model == "small", "copies of a large model do not fit"


@pytest.mark.parametrize("without", list(WITHOUT))
def test_what_is_left_out_of_the_relay_is_left_out_for_all_methods(without: str) -> None:
    for method in ("shared", "single_agent"):
        whole, less = config_of("relay", method, 0), config_of("relay", method, 0, without)
        assert whole != less and settings_of(less).make_world().roles == settings_of(whole).make_world().roles
    assert result_path("relay", 0, "shared", without) != result_path("relay", 0, "shared")


def test_a_pretrained_model_has_worlds_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--worlds", "model_path"], ["--worlds", "relay", "--model", "models/any"]):
        with pytest.raises(SystemExit, match="2"):
            main(words)
        assert "model_path and model_sudoku need --model" in capsys.readouterr().err


@pytest.mark.parametrize("world", ["relay", "crystal"])
def test_a_single_agent_samples_as_many_answers_as_the_team_and_its_rate_falls_as_far(world: str) -> None:
    for answers in (5_000, 90_000):
        settings, iterations = with_as_many_answers(settings_of(config_of(world, "single_agent", 0)), answers)
        of_an_iteration = settings.batch_size * settings.candidates
        assert (iterations - 1) * of_an_iteration < answers <= iterations * of_an_iteration
        assert settings.rate_share(iterations) == pytest.approx(LOWEST_RATE_SHARE)
        assert settings.rate_share(iterations // 2) > 0.4


def test_a_single_agent_without_its_team_is_told_what_to_run_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.at_grpo_skill.FOLDER", tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["--worlds", "relay", "--methods", "single_agent", "--seeds", "0"])
    assert "run per_role" in capsys.readouterr().err and not list(tmp_path.iterdir()), "nothing was made"
