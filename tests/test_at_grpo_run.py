"""A run of AT-GRPO as a whole: it goes on exactly where it stopped, frozen roles stay, adapters differ."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.team import Specialisation, build_team, load_team, save_base, save_team
from agents.text.text_policy import Sample, Sampling, TextPolicy, load_policy
from core.exceptions import CheckpointError, ConfigurationError, TrainingError
from core.worlds.builtin.sudoku import Sudoku
from core.worlds.registry import make_world
from tests.tiny_models import make_model
from trainer.at_grpo.settings import LOWEST_RATE_SHARE, settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.checkpoints.checkpoint import CheckpointStore

TINY: dict[str, object] = {
    "world": "math",
    "world_options": {"largest": 10},
    "specialisation": "full",
    "small_width": 32,
    "small_layers": 1,
    "warm_start_steps": 60,
    "batch_size": 4,
    "candidates": 4,
    "eval_episodes": 4,
    "eval_every": 3,
    "max_new_tokens": 10,
}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that all runs of `TINY` start from, made once: it knows the format, so that something is learned."""
    folder = tmp_path_factory.mktemp("taught")
    settings = settings_of(TINY)
    world = make_world(settings.world, settings.world_options)
    shape = small_shape(settings.small_width, settings.small_layers)
    save_base(make_warm_policy(world, shape, settings.warm_start_steps, settings.seed, lambda _: None), folder)
    return folder


def begun(folder: Path, taught: Path) -> Path:
    """A run's folder in which the model to start from lies already."""
    shutil.copytree(taught, folder / "base")
    return folder


def weights_after(folder: Path) -> dict[str, torch.Tensor]:
    return CheckpointStore(folder).load("latest").tensors


@pytest.mark.parametrize("level", ["shared", "full", "lora"])
def test_a_run_in_two_parts_ends_bit_for_bit_as_one_in_one(level: str, taught: Path, tmp_path: Path) -> None:
    settings = settings_of({**TINY, "specialisation": level})
    for name in ("whole", "parts"):
        begun(tmp_path / name, taught)
    ATGRPOTrainer(settings, tmp_path / "whole").train(4)
    ATGRPOTrainer(settings, tmp_path / "parts").train(2)
    with (tmp_path / "parts" / "metrics.jsonl").open("a") as file:  # what a killed run wrote after its resume point
        file.write('{"iteration": 3, "solved": 0.5}\n{"iteration": 4, "sol')
    summary = ATGRPOTrainer(settings, tmp_path / "parts").train(4)
    assert summary.iterations == 4
    whole, parts = weights_after(tmp_path / "whole"), weights_after(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert any(key.startswith("optimizer/") for key in whole), "nothing was learned, so nothing was tested"
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    lines = [json.loads(line) for line in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines if "solved" in line] == [1, 2, 3, 4]


def test_the_learning_rate_rises_over_the_warm_up_and_falls_to_a_share_where_it_stays() -> None:
    settings = settings_of({**TINY, "warmup_iterations": 4, "decay_iterations": 20})
    rates = [settings.rate_share(iteration) for iteration in range(1, 31)]
    assert 0 < rates[0] < 0.2 and max(rates) == rates[4] > 0.75
    assert all(later < earlier for earlier, later in pairwise(rates[4:20]))
    assert rates[19:] == pytest.approx([LOWEST_RATE_SHARE] * 11)
    assert {settings_of(TINY).rate_share(iteration) for iteration in (1, 50)} == {1.0}, "constant unless told"


def test_a_run_learns_at_the_rate_of_its_iteration_also_after_a_stop(taught: Path, tmp_path: Path) -> None:
    def distance(folder: Path, iterations: int, **rates: int) -> float:
        if not folder.exists():
            begun(folder, taught)
        trainer = ATGRPOTrainer(settings_of({**TINY, "specialisation": "shared", **rates}), folder)
        trainer.train(iterations)
        start = load_policy(str(folder / "base")).model.parameters()
        assert trainer.team is not None
        moved = trainer.team.policies["shared"].model.parameters()
        return max(float((new - old).detach().abs().max()) for new, old in zip(moved, start, strict=True))

    usual, first = distance(tmp_path / "usual", 1), distance(tmp_path / "slow", 1, warmup_iterations=9)
    assert first == pytest.approx(usual / 10, rel=0.05), "Adam's first step is as large as the rate"
    low = 1e-3 * LOWEST_RATE_SHARE
    assert distance(tmp_path / "low", 1, decay_iterations=1) == pytest.approx(usual * LOWEST_RATE_SHARE, rel=0.05)
    assert distance(tmp_path / "low", 2, decay_iterations=1) < 3 * low, "the rate is that of the iteration gone on with"


def test_going_on_with_other_settings_is_refused(taught: Path, tmp_path: Path) -> None:
    ATGRPOTrainer(settings_of(TINY), begun(tmp_path, taught)).train(1)
    with pytest.raises(CheckpointError, match=r"learning_rate=0\.001, this one has 0\.5"):
        ATGRPOTrainer(settings_of({**TINY, "learning_rate": 0.5}), tmp_path).train(2)


@pytest.mark.parametrize("level", ["full", "lora"])
def test_a_frozen_role_stays_as_it_was_and_the_other_learns(level: str, taught: Path, tmp_path: Path) -> None:
    settings = settings_of({**TINY, "specialisation": level, "frozen_roles": ["tool"], "learning_rate": 0.01})
    trainer = ATGRPOTrainer(settings, begun(tmp_path, taught))
    trainer.train(1)
    assert trainer.team is not None
    before = {key: value.clone() for key, value in trainer.team.tensors().items()}
    again = ATGRPOTrainer(settings, tmp_path)
    again.train(4)
    assert again.team is not None
    after = again.team.tensors()
    assert all(torch.equal(before[key], after[key]) for key in before if key.startswith("tool/"))
    assert any(not torch.equal(before[key], after[key]) for key in before if key.startswith("reasoner/"))


def test_a_reference_holds_the_policy_near_its_start(taught: Path, tmp_path: Path) -> None:
    moved = {}
    for coefficient in (0.0, 50.0):
        settings = settings_of({**TINY, "specialisation": "shared", "kl_coefficient": coefficient, "epochs": 2})
        folder = begun(tmp_path / str(coefficient), taught)
        ATGRPOTrainer(settings, folder).train(4)
        start, end = load_policy(str(folder / "base")), load_policy(str(folder / "model_4" / "shared"))
        world = make_world(settings.world, settings.world_options)
        prompts = [world.prompt(world.initial(seed), role) for seed in range(8) for role in world.roles]
        samples = start.sample(prompts, Sampling(1.0, 10), torch.Generator().manual_seed(0))
        with torch.no_grad():
            before, _, mask = start.token_log_probabilities(samples)
            after, _, _ = end.token_log_probabilities(samples)
        moved[coefficient] = float(((before - after) * mask).abs().sum() / mask.sum())
    assert 0 < moved[50.0] < 0.7 * moved[0.0], moved


def test_dynamic_sampling_goes_on_while_too_little_is_to_be_learned(taught: Path, tmp_path: Path) -> None:
    """Two candidates of a warm model are often worth the same, so one batch does not do."""
    few = {**TINY, "specialisation": "shared", "candidates": 2, "temperature": 0.3}
    counts = {}
    for most in (0, 3):
        folder = begun(tmp_path / str(most), taught)
        settings = settings_of({**few, "dynamic_sampling": most})
        ATGRPOTrainer(settings, folder).train(2)
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        counts[most] = [line["candidates"] for line in lines if "solved" in line]
    assert all(4 * 2 <= count <= 4 * 2 * 2 for count in counts[0])
    assert max(counts[3]) > max(counts[0]) and max(counts[3]) <= 4 * max(counts[0])


def test_a_run_that_cannot_learn_says_why_and_stops(taught: Path, tmp_path: Path) -> None:
    """Candidates that are one another's twins never differ: a temperature near 0 makes them so."""
    settings = settings_of({**TINY, "world_options": {"largest": 1000}, "temperature": 0.01, "eval_every": 50})
    with pytest.raises(TrainingError, match=r"3 iterations in a row that taught nothing: .* warm_start_steps") as stop:
        ATGRPOTrainer(settings, begun(tmp_path, taught)).train(9)
    assert str(tmp_path / "dialogue.jsonl") in str(stop.value)
    assert CheckpointStore(tmp_path).load("latest").episode == 3, "what was played is kept"


def test_any_model_is_taught_the_form_before_it_learns(tmp_path: Path) -> None:
    """The model is a random one with another program's tokenizer; what it learns is saved with the team only."""
    model = make_model(tmp_path / "model")
    likely = {}
    for level in ("shared", "lora", "full"):
        for steps in (0, 30):
            settings = settings_of(
                {**TINY, "model": str(model), "specialisation": level, "warm_start_steps": steps, "eval_episodes": 1}
                | {"warm_start_learning_rate": 3e-3, "warm_start_batch": 8}
            )
            trainer = ATGRPOTrainer(settings, tmp_path / f"{level}{steps}")
            trainer.train(1)
            assert trainer.team is not None
            world, policy = trainer.world, trainer.team.by_role["reasoner"]
            prompts = [world.question(world.initial(seed), "reasoner") for seed in range(4)]
            assert all(prompt.startswith("Answer this question with one whole number") for prompt in prompts)
            answer = policy.answer_tokens("42")
            samples = [Sample("42", policy.encode(prompt), answer, (), 1.0) for prompt in prompts]
            with torch.no_grad():
                likely[level, steps] = float(policy.token_log_probabilities(samples)[0].mean())
    for level in ("shared", "lora", "full"):
        assert likely[level, 30] > likely[level, 0] + 1.0, likely


def test_a_model_that_was_made_here_reads_prompts_without_instructions(taught: Path, tmp_path: Path) -> None:
    world = ATGRPOTrainer(settings_of(TINY), tmp_path / "small").world
    assert world.question(world.initial(0), "tool") == world.prompt(world.initial(0), "tool")
    told = ATGRPOTrainer(settings_of({**TINY, "instructions": True}), tmp_path / "told").world
    assert told.question(told.initial(0), "tool").endswith("\n\n" + told.prompt(told.initial(0), "tool"))


def test_sampling_is_per_role() -> None:
    settings = settings_of({**TINY, "role_sampling": {"tool": {"temperature": 1.5, "max_new_tokens": 4}}})
    assert settings.sampling_of("tool") == Sampling(1.5, 4)
    assert settings.sampling_of("reasoner") == Sampling(1.0, 10)
    with pytest.raises(ConfigurationError, match="no role 'pilot'"):
        ATGRPOTrainer(settings_of({**TINY, "role_sampling": {"pilot": {}}}), "unused")


@pytest.fixture(scope="module")
def warm() -> tuple[Sudoku, TextPolicy]:
    world = Sudoku()
    return world, make_warm_policy(world, small_shape(width=32, layers=1), 3, 0, lambda _: None)


@pytest.mark.parametrize("level", list(Specialisation))
def test_a_saved_team_answers_as_before(level: Specialisation, warm: tuple[Sudoku, TextPolicy], tmp_path: Path) -> None:
    world, _ = warm
    base = make_warm_policy(world, small_shape(width=32, layers=1), 3, 0, lambda _: None)
    roles = world.roles[:1] if level is Specialisation.SINGLE else world.roles
    save_base(base, tmp_path / "base")
    team = build_team(base, roles, level)
    for name, tensor in team.tensors().items():
        tensor.add_(torch.randn(tensor.shape, generator=torch.Generator().manual_seed(len(name))) * 0.1)
    save_team(team, tmp_path / "model_1", {"note": 1}, tmp_path / "base")
    loaded, notes = load_team(tmp_path / "model_1")
    assert notes == {"note": 1} and loaded.player_of == team.player_of
    prompts = [world.prompt(world.initial(seed), "tool") for seed in range(3)]
    for role in roles:
        one, other = (t.by_role[role].sample(prompts, Sampling(0.0, 8), torch.Generator()) for t in (team, loaded))
        assert [s.tokens for s in one] == [s.tokens for s in other]
    if level in (Specialisation.LORA, Specialisation.FULL):
        by_role = [
            loaded.by_role[role].sample(prompts, Sampling(1.0, 8), torch.Generator().manual_seed(0)) for role in roles
        ]
        assert by_role[0] != by_role[1], "two roles have two policies"


def test_a_small_model_has_one_token_per_move_and_digit(warm: tuple[Sudoku, TextPolicy]) -> None:
    _, policy = warm
    assert len(policy.answer_tokens("1234 3412")) == 8 + 1 + 1
    assert policy.tokenizer.decode(policy.answer_tokens("1234 3412"), skip_special_tokens=True) == "1234 3412"
    assert len(policy.answer_tokens("UDLR--")) == 6 + 1


def test_a_small_model_has_one_token_per_named_cell() -> None:
    world = make_world("plan_path", {"size": 6, "with_tool": False, "named_cells": True})
    policy = make_warm_policy(world, small_shape(width=32, layers=1), 0, 0, lambda _: None)
    assert len(policy.answer_tokens("a1b1b2f6")) == 4 + 1
    assert policy.answer_tokens("f6")[0] in policy.encode("Goal: f6"), "the same token behind a blank"


def test_the_format_stage_of_a_small_model_takes_batches_of_the_size_that_is_set(tmp_path: Path) -> None:
    weights = []
    for batch in (32, 4):
        settings = settings_of({**TINY, "warm_start_steps": 2, "warm_start_batch": batch})
        folder = tmp_path / str(batch)
        ATGRPOTrainer(settings, folder).train(1)
        weights.append(load_policy(str(folder / "base")).model.state_dict())
    assert any(not torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"role_sampling": {"tool": {"temperatur": 1.0}}}, "did you mean 'temperature'"),
        ({"role_sampling": {"tool": {"temperature": -1.0}}}, "'role_sampling.tool.temperature' is -1.0"),
        ({"role_sampling": {"tool": {"max_new_tokens": 0.5}}}, "'role_sampling.tool.max_new_tokens' is 0.5"),
        ({"rollout_server": "http://h:abc/v1"}, "rollout_server: 'http://h:abc/v1' is no address"),
        ({"rollout_server": "http://h:99999/v1"}, "a port from 1 to 65535"),
        ({"learning_rate": 1e300}, "'learning_rate' is 1e+300"),
        ({"batch_size": 10**12}, "'batch_size' is 1000000000000"),
    ],
)
def test_settings_that_no_run_can_have_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings_of({**TINY, **changes})
    assert says in str(refused.value)
