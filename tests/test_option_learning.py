"""The option head learns from its own choices: time that is discounted by the step, branches, MaskablePPO, stages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE
from agents.heads.options.learner import OptionHeadLearner, OptionLearningSettings, advantages, group_advantages, to_go
from agents.heads.options.rollout import OptionRollout, joined_rollouts
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from agents.heads.saved_heads import Heads, load_heads, save_heads
from core.env.policy_view import MAP_SHAPE
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError
from trainer.bundle.collect import BundleCollection, play_by_rules
from trainer.bundle.moments import Moment, read_moments, write_moments
from trainer.bundle.option_learning import OptionLearning, learn_options
from trainer.bundle.option_play import Episode, play_episode

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"


def rollout_of(steps: list[int], ends: list[int], chosen: list[int] | None = None, group: int = -1) -> OptionRollout:
    """Transitions among three options that look different, drawn with even chances."""
    count = len(steps)
    options = np.zeros((count, OPTION_SLOTS, OPTION_SIZE), np.float16)
    options[:, range(3), range(3)] = 1.0
    lasting = np.array(steps)
    over = np.array([place in ends for place in range(count)])
    episodes = np.concatenate([[0], np.cumsum(over)[:-1]])
    return OptionRollout(
        vectors=np.ones((count, SITUATION_SIZE), np.float16),
        planes=np.zeros((count, SITUATION_PLANES, *MAP_SHAPE[1:]), np.float16),
        options=options,
        option_counts=np.full(count, 3),
        chosen=np.array(chosen or [0] * count),
        temperatures=np.ones(count, np.float32),
        log_probabilities=np.full(count, np.log(1 / 3), np.float32),
        steps=lasting,
        ends=over,
        groups=np.full(count, group),
        episode_steps=np.array([lasting[episodes == one].sum() for one in episodes]),
    )


def test_time_is_discounted_by_the_step_and_not_by_the_choice() -> None:
    rollout = rollout_of([10, 30, 20], ends=[1, 2])
    assert to_go(rollout, 1.0) == pytest.approx([-0.040, -0.030, -0.020])
    discount = 0.99
    cost = [(1 - discount**steps) / (1 - discount) / 1000 for steps in (10, 30, 20)]
    assert to_go(rollout, discount) == pytest.approx([-cost[0] - discount**10 * cost[1], -cost[1], -cost[2]])
    values = np.array([-0.5, -0.3, -0.1], np.float32)
    errors = [-cost[0] + discount**10 * -0.3 + 0.5, -cost[1] + 0.3, -cost[2] + 0.1]
    expected = [errors[0] + discount**10 * 0.9 * errors[1], errors[1], errors[2]]
    assert advantages(rollout, values, discount, 0.9) == pytest.approx(expected)


def test_branches_are_compared_with_their_group_only() -> None:
    groups = [rollout_of([10, 20, 50], ends=[1, 2], group=0), rollout_of([400, 600], ends=[0, 1], group=1)]
    found = group_advantages(joined_rollouts([*groups, rollout_of([5], ends=[0])]))
    assert found == pytest.approx([1, 1, -1, 1, -1, 0]), "the first branch took 30 steps with two choices"


def lesson(seed: int, group: bool) -> OptionRollout:
    """Option 1 takes 5 steps, the others 60; one choice an episode."""
    chosen = np.random.default_rng(seed).integers(3, size=120).tolist()
    steps = [5 if option == 1 else 60 for option in chosen]
    return rollout_of(steps, list(range(120)), chosen, group=0 if group else -1)


def chance_of_the_second(head: torch.nn.Module) -> float:
    rollout = rollout_of([1], [0])
    with torch.inference_mode():
        logits = head(
            torch.from_numpy(rollout.vectors).float(),
            torch.from_numpy(rollout.planes).float(),
            torch.from_numpy(rollout.options).float(),
            torch.arange(OPTION_SLOTS)[None] < 3,
        )
    return float(torch.softmax(logits[0], 0)[1])


@pytest.mark.parametrize("group", [False, True])
def test_the_head_learns_to_choose_what_takes_least_time(group: bool) -> None:
    settings = OptionLearningSettings(learning_rate=2e-3, batch=40, target_kl=1.0, retention_weight=0.0)
    head, again = Heads.fresh(0).option, Heads.fresh(0).option
    before = chance_of_the_second(head)
    for one in (head, again):
        learner = OptionHeadLearner(one, settings, seed=0)
        told = [learner.update(lesson(update, group)) for update in range(3)]
        assert all(one.transitions == 120 and one.approx_kl > 0 for one in told)
    assert before < 0.4 < 0.45 < chance_of_the_second(head), "the draws keep even chances, so the clip ends it early"
    assert chance_of_the_second(head) == chance_of_the_second(again)


def test_retention_holds_the_head_near_what_it_was() -> None:
    free, held = Heads.fresh(0).option, Heads.fresh(0).option
    before = chance_of_the_second(free)
    for head, weight in ((free, 0.0), (held, 30.0)):
        settings = OptionLearningSettings(learning_rate=2e-3, batch=40, target_kl=1.0, retention_weight=weight)
        learner = OptionHeadLearner(head, settings, seed=0)
        for update in range(3):
            learner.update(lesson(update, group=False))
    assert chance_of_the_second(held) - before < 0.3 * (chance_of_the_second(free) - before)


def test_a_learner_goes_on_from_its_tensors_and_refuses_others() -> None:
    settings = OptionLearningSettings(critic_epochs=2)
    whole, halves = Heads.fresh(0).option, Heads.fresh(0).option
    learner = OptionHeadLearner(whole, settings, seed=3)
    learner.update(lesson(0, group=False))
    kept = learner.tensors()
    learner.update(lesson(1, group=False))
    later = OptionHeadLearner(halves, settings, seed=3)
    later.load_tensors(kept)
    later.update(lesson(1, group=False))
    assert chance_of_the_second(whole) == chance_of_the_second(halves)
    with pytest.raises(CheckpointError, match="delete the folder"):
        later.load_tensors({name: value for name, value in kept.items() if "critic" not in name})


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.fixture(scope="module")
def moments() -> tuple[Moment, ...]:
    return play_by_rules(ROM, BundleCollection(games=1, steps_per_game=250, final_milestone="tide_badge"), 0).moments


def test_moments_stand_at_milestones_and_survive_a_file(moments: tuple[Moment, ...], tmp_path: Path) -> None:
    assert len(moments) > 3 and all(one.rules_steps > 0 for one in moments)
    counts = [one.milestones for one in moments]
    assert counts == sorted(set(counts))
    write_moments(tmp_path / "some.npz", moments)
    assert read_moments(tmp_path / "some.npz") == moments
    (tmp_path / "some.npz").write_bytes(b"half a file")
    with pytest.raises(CheckpointError, match="delete the file"):
        read_moments(tmp_path / "some.npz")


def test_an_episode_is_its_transitions(moments: tuple[Moment, ...]) -> None:
    """Every choice is a transition whose chance the head gives again; together they take the episode's time."""
    heads = Heads.fresh(0)
    head = heads.option
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", final_milestone="tide_badge")
    try:
        game = Episode(2, 200, shows_prior=False, temperature=2.0, starter=2)
        played, again = play_episode(env, heads, game), play_episode(env, heads, game)
        branch = play_episode(env, heads, Episode(3, 400, True, 1.0, start=moments[2].start, group=5))
        alone = play_episode(env, heads, replace(game, carried_by_heads=True))
    finally:
        env.close()
    rollout = played.rollout
    assert len(rollout) > 5 and rollout.ends.tolist() == [False] * (len(rollout) - 1) + [True]
    assert rollout.steps.sum() <= played.steps == 200 and (rollout.option_counts > 1).all()
    assert rollout.chosen.tolist() == again.rollout.chosen.tolist()
    with torch.inference_mode():
        logits = head(
            torch.from_numpy(rollout.vectors).float(),
            torch.from_numpy(rollout.planes).float(),
            torch.from_numpy(rollout.options).float(),
            torch.arange(OPTION_SLOTS)[None] < torch.from_numpy(rollout.option_counts)[:, None],
        )
    assert set(rollout.temperatures.tolist()) == {1.0, 2.0}, "in menus and on the way"
    logs = torch.log_softmax(logits / torch.from_numpy(rollout.temperatures)[:, None], dim=1)
    logs = logs.gather(1, torch.from_numpy(rollout.chosen)[:, None]).squeeze(1)
    assert logs.numpy() == pytest.approx(rollout.log_probabilities, abs=5e-3), "numbers are kept in half precision"
    assert set(branch.rollout.groups.tolist()) <= {5}
    assert branch.reached and branch.steps < 400
    assert len(alone.rollout) > 0 and alone.rollout.steps.sum() <= alone.steps == 200
    assert alone.rollout.steps.tolist() != rollout.steps.tolist(), "a button head that knows nothing takes other ways"


def test_learning_goes_on_after_the_last_round_as_if_it_had_not_stopped(
    moments: tuple[Moment, ...], tmp_path: Path
) -> None:
    begin = tmp_path / "begin.safetensors"
    save_heads(begin, Heads.fresh(0))
    settings = OptionLearningSettings(critic_epochs=2)
    learning = OptionLearning(rounds=2, games=2, groups=1, branches=2, settings=settings)
    said: list[str] = []

    def learned(folder: str, rounds: int) -> Path:
        plan = replace(learning, rounds=rounds)
        return learn_options(begin, ROM, plan, 120, "tide_badge", moments, tmp_path / folder, 0, said.append, 1)[0]

    whole = learned("whole", 2)
    learned("halves", 1)
    halves = learned("halves", 2)
    assert "1 rounds are there from an earlier run" in said
    first, last = load_heads(begin), load_heads(whole)
    assert same(last.option, load_heads(halves).option)
    assert not same(last.option, load_heads(learned("halves", 1)).option)
    assert same(first.button, last.button), "which is not learned here"
