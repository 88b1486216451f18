"""The heads as the learned half of a run: who holds an option, what is kept of it, and that a run is whole."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from agents.heads.actor_critic import HEADS_SPACE, NO_LABEL
from agents.heads.agent import HeadsAgent
from agents.heads.button_view import PLANES_SHAPE, SITUATION_PLANES, SITUATION_SIZE, VIEW_SIZE
from agents.heads.holding import MOST_HELD_STEPS, Holding
from agents.heads.learner import HeadsLearner, OverlappedHeadsLearner
from agents.heads.lesson_ring import LessonFolder
from agents.heads.look import drawn
from agents.heads.options.credit import choice_advantages
from agents.heads.options.view import OPTION_SIZE
from agents.heads.rollout import HeadsRollout, ListedOptions
from agents.heads.saved_heads import Heads, load_bundled, load_heads, save_heads
from agents.heads.settings import HeadsSettings
from agents.learning.settings import LearnerSettings
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.agent.lane_transitions import LaneTransitions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError, ConfigurationError
from core.rules import RulePlayer
from core.vocabulary import ACTION_COUNT, AgentMode, Option, OptionKind, Source
from tests.game_states import ROM_PATH
from tests.test_fleet import rows
from tests.utils import create_test_trainer, generate_test_config
from trainer.commands.app import app
from trainer.curriculum import Curriculum
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.settings import load_settings

SMALL: dict[str, Any] = {
    "policy": "heads",
    "heads": {"lessons_batch": 32, "choices_batch": 8},
    "lanes": 2,
    "workers": 2,
    "eval_episodes": 0,
    "max_steps_per_episode": 40,
}


def option(key: str) -> Option:
    return Option(OptionKind.GO_TO, key, key)


# -- who holds an option ----------------------------------------------------------------------------------------


def test_an_option_is_held_to_its_end_and_goes_on_with_its_holder_after_a_fight() -> None:
    holding, dice = Holding(), np.random.default_rng(0)
    holding.begin_game(0.5, 0.0, dice)
    walks, holders = [option(f"go:{number}") for number in range(40)], []
    for walk in walks:
        holding.take(walk, True, 0.5, dice)
        holder = holding.heads
        holders.append(holder)
        for _ in range(5):
            holding.take(walk, True, 0.5, dice)
            assert holding.heads is holder, "it is not tossed for within an option"
        holding.take(option("fight"), False, 0.5, dice)
        holding.take(option("dialog"), False, 0.5, dice)
        holding.take(walk, True, 0.5, dice)
        assert holding.heads is holder, "the fight was somebody else's, the walk is not"
    assert 8 < sum(holders) < 32


def test_heads_give_back_what_takes_too_long_and_a_sure_share_uses_no_dice() -> None:
    holding, dice = Holding(), np.random.default_rng(0)
    before = dice.bit_generator.state
    holding.begin_game(0.0, 0.0, dice)
    walk = option("go")
    for _ in range(MOST_HELD_STEPS + 1):
        holding.take(walk, True, 0.0, dice)
        assert holding.heads
    holding.take(walk, True, 0.0, dice)
    assert not holding.heads
    assert dice.bit_generator.state == before
    holding.begin_game(1.0, 1.0, dice)
    assert holding.strays and not holding.heads_next


def transition(values: list[float], labels: list[int], choices: list[ListedOptions | None]) -> LaneTransitions:
    lanes = len(values)
    seen = {
        "vector": np.full((lanes, VIEW_SIZE), 0, np.float16) + np.array(values, np.float16)[:, None],
        "planes": np.zeros((lanes, *PLANES_SHAPE), np.float16),
        "label": np.array([[label, 1] for label in labels], np.int8),
        "choice": np.array([*choices, None], dtype=object)[:-1],
    }
    actions = np.array([max(0, label) for label in labels])
    return LaneTransitions(
        seen,
        np.ones((lanes, ACTION_COUNT), np.bool_),
        actions,
        np.ones(lanes),
        actions,
        np.ones(lanes),
        np.ones(lanes),
        np.zeros(lanes, np.bool_),
        np.zeros(lanes, np.bool_),
        seen,
    )


def choice(fact: float, liked: int | None) -> ListedOptions:
    return ListedOptions(np.full((3, OPTION_SIZE), fact, np.float32), liked, 0, 0.5)


def test_a_rollout_of_two_workers_has_the_labels_and_choices_of_both() -> None:
    parts = [HeadsRollout(HEADS_SPACE, 2, 1, ACTION_COUNT) for _ in range(2)]
    parts[0].add(transition([1.0], [4], [choice(0.1, 1)]))
    parts[0].add(transition([2.0], [NO_LABEL], [choice(0.2, 1)]))
    parts[1].add(transition([3.0], [5], [None]))
    parts[1].add(transition([4.0], [6], [choice(0.4, None)]))
    whole = HeadsRollout(HEADS_SPACE, 4, 2, ACTION_COUNT)
    whole.extend(parts)
    whole.extend(parts)
    lessons = whole.lessons()
    assert lessons.vectors[:, 0].tolist() == [1, 3, 4, 1, 3, 4], "what has no label teaches nothing"
    assert lessons.presses.tolist() == [4, 5, 6, 4, 5, 6] and lessons.ends.all()
    assert lessons.choice_steps.tolist() == [0, 3] and lessons.chosen.tolist() == [1, 1]
    assert np.allclose(lessons.options[:, :3], 0.1, atol=1e-3) and not lessons.options[:, 3:].any()
    whole.clear()
    assert not whole.choices


# -- one environment, as documented -----------------------------------------------------------------------------


def test_get_action_and_update_teach_the_heads_what_the_rules_do(tmp_path: Path) -> None:
    settings = LearnerSettings(rollout_steps=64, minibatch_size=32, epochs=2, learning_rate=2e-3)
    learner = HeadsLearner(HEADS_SPACE, 1, settings, seed=0)
    learner.study_by(HeadsSettings(lessons_batch=64, choices_batch=8), tmp_path)
    agent = HeadsAgent(learner.heads, None, AdaptiveStrategySystem(seed=0), mode="adaptive", seed=0)
    agent.attach_policy(learner)
    agent.direct(0.5, None)
    losses, sources = [], set()
    with EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=700) as env:
        observation, info = env.reset(seed=3)
        done = truncated = False
        while not (done or truncated):
            action = agent.get_action(observation, info)
            decision = agent.last_decision(0)
            assert decision is not None and info["action_mask"][action] and 0 < decision.behaviour_probability <= 1
            sources.add(decision.source)
            observation, reward, done, truncated, info = env.step(action)
            agent.update(observation, action, float(reward), observation, done or truncated, truncated, info)
            while learner.finished_updates:
                losses.append(learner.finished_updates.popleft())
    assert sources == {Source.RULES, Source.POLICY}
    assert len(losses) >= 9
    assert losses[-1].teacher_agreement > losses[0].teacher_agreement + 0.2, "it presses as the rules would"
    assert learner.agreement > 0.5
    assert len(list(tmp_path.glob("*.npz"))) == learner.updates


def test_only_labels_are_learned_where_rewards_do_not_count() -> None:
    """At a reward scale of 0 the gradient of a rollout without labels reaches the critic alone."""
    settings = LearnerSettings(rollout_steps=2, minibatch_size=2, epochs=1)
    moved = {}
    for scale in (0.0, 1.0):
        learner = HeadsLearner(HEADS_SPACE, 1, settings, seed=0)
        learner.policy.optimizer = torch.optim.Adam(learner.policy.parameters(), lr=1e-3)  # decays no weights
        learner.reward_scale = scale
        before = learner.heads.button.press.weight.clone()
        critic = learner.policy.value_net.weight.clone()
        learner.observe(transition([0.5], [NO_LABEL], [None]))
        learner.observe(replace(transition([0.1], [NO_LABEL], [None]), actions=np.array([3]), rewards=np.array([-1.0])))
        learner.update()
        moved[scale] = not torch.equal(learner.heads.button.press.weight, before)
        assert not torch.equal(learner.policy.value_net.weight, critic)
    assert moved == {0.0: False, 1.0: True}


# -- runs -------------------------------------------------------------------------------------------------------


def trained(folder: Path, episodes: int, resumes: bool = False, **changes: Any) -> HybridLLMRLTrainer:
    """A closed trainer after a small run."""
    trainer = create_test_trainer(temp_dir=folder, **{**SMALL, **changes})
    try:
        if resumes:
            trainer.restore("latest")
        trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": episodes})
    finally:
        trainer.close()
    return trainer


def written_heads(run: Path) -> Path:
    """Those that a command takes out of the run's newest checkpoint."""
    words = ["policy", "heads", str(run / "heads"), "--config", str(run / "config.json")]
    answer = CliRunner().invoke(app, words, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return run / "heads/heads.safetensors"


def weights(trainer: HybridLLMRLTrainer) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in trainer.learner.tensors().items()}


def test_the_same_seed_gives_the_same_run_and_its_checkpoint_holds_both_heads(tmp_path: Path) -> None:
    one, other = (trained(tmp_path / name, 4) for name in ("one", "other"))
    assert rows(tmp_path / "one/decisions.db") == rows(tmp_path / "other/decisions.db")
    first, second = weights(one), weights(other)
    assert one.learner.updates > 0 and all(np.array_equal(first[name], second[name]) for name in first)
    for part in ("button.press.weight", "button.ends.weight", "option.score.0.weight"):
        assert f"policy.features_extractor.{part}" in first
    assert isinstance(one.learner, OverlappedHeadsLearner) and isinstance(one.agent, HeadsAgent)
    assert len(list((tmp_path / "one/checkpoints/lessons").glob("*.npz"))) == one.learner.updates


def test_a_run_goes_on_with_its_weights_and_lessons(tmp_path: Path) -> None:
    before = trained(tmp_path, 3)
    kept, files = weights(before), before.learner.state_dict()["lesson_files"]
    assert files >= 1
    trainer = create_test_trainer(temp_dir=tmp_path, **SMALL)
    trainer.restore("latest")
    assert all(np.array_equal(value, kept[name]) for name, value in weights(trainer).items())
    assert trainer.learner.state_dict() == before.learner.state_dict()
    trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": 5})
    trainer.close()
    taken_out = load_heads(written_heads(tmp_path))
    assert taken_out.game == "fernvale"
    press = weights(trainer)["policy.features_extractor.button.press.weight"]
    assert np.array_equal(taken_out.button.press.weight.detach().numpy(), press.astype(np.float16))
    assert trainer.learner.state_dict()["lesson_files"] > files
    student = trainer.learner._student  # type: ignore[attr-defined]
    read = LessonFolder(tmp_path / "checkpoints/lessons").read(student._lesson_files, 10_000)
    assert len(student._ring) == len(read) > 0, "those of before the stop are among them"


def test_every_mode_is_evaluated_in_the_fleet_as_in_this_process(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **{**SMALL, "eval_episodes": 2, "workers": 1})
    summary = trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": 2})
    trainer.close()
    assert set(summary["evaluation_by_mode"]) == {"adaptive", "rl_only", "rules_only"}
    assert summary["evaluation_untrained"]["mode"] == "rl_only"
    assert summary["evaluation_by_mode"]["rl_only"]["episodes"] == 2


def test_heads_that_do_not_do_what_the_rules_do_are_not_trusted_with_the_rules_options() -> None:
    learner = HeadsLearner(HEADS_SPACE, 1, LearnerSettings(rollout_steps=4), seed=0)
    agent = HeadsAgent(learner.heads, None, AdaptiveStrategySystem(seed=0), mode="adaptive", seed=0)
    agent.attach_policy(learner)
    with EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=40) as env:
        pressed = {}
        for agreement in (0.5, 0.99):
            learner.agreement = agreement
            for mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY, AgentMode.RULES_ONLY):
                twin = agent.for_evaluation([RulePlayer(env.rom.game, 0)], mode)
                observation, info = env.reset(seed=1)
                sources = set()
                for _ in range(30):
                    action = twin.get_action(observation, info)
                    decision = twin.last_decision(0)
                    assert decision is not None
                    sources.add(decision.source)
                    observation, _, _, _, info = env.step(action)
                pressed[agreement, mode] = sources
    assert pressed[0.5, AgentMode.ADAPTIVE] == {Source.RULES} == pressed[0.99, AgentMode.RULES_ONLY]
    assert pressed[0.99, AgentMode.ADAPTIVE] == {Source.POLICY} == pressed[0.5, AgentMode.RL_ONLY]


def test_a_run_may_begin_with_the_bundled_heads_or_those_of_a_folder(tmp_path: Path) -> None:
    bundled = load_bundled()
    trainer = create_test_trainer(temp_dir=tmp_path / "a", **{**SMALL, "heads": {"start_from": "bundled"}})
    assert isinstance(trainer.learner, HeadsLearner)
    assert torch.equal(trainer.learner.heads.button.press.weight, bundled.button.press.weight)
    trainer.close()
    (tmp_path / "own").mkdir()
    own = Heads.fresh(5)
    save_heads(tmp_path / "own/heads.safetensors", own)
    trainer = create_test_trainer(temp_dir=tmp_path / "b", **{**SMALL, "heads": {"start_from": str(tmp_path / "own")}})
    assert isinstance(trainer.learner, HeadsLearner)
    assert torch.equal(trainer.learner.heads.option.score[0].weight, own.option.score[0].weight.half().float())
    trainer.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"observation_type": "screen"}, "policy is 'heads', which reads numbers"),
        ({"heads": {"start_from": "nowhere"}}, "there is no heads.safetensors in it"),
    ],
)
def test_what_heads_cannot_begin_with_is_said_before_anything_is_made(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        create_test_trainer(temp_dir=tmp_path, **{**SMALL, **changes})
    assert not (tmp_path / "decisions.db").exists()


def test_a_run_of_another_policy_cannot_go_on_with_heads(tmp_path: Path) -> None:
    trained(tmp_path, 2, policy="sb3")
    trainer = create_test_trainer(temp_dir=tmp_path, **SMALL)
    with pytest.raises(CheckpointError, match="policy"):
        trainer.restore("latest")
    trainer.close()


def test_stages_of_learning_say_who_plays_and_whether_rewards_count(tmp_path: Path) -> None:
    stages = [
        {"reward_threshold": 1.0, "min_episodes": 1, "llm_confidence": 0.5, "strategy_preference": "balanced", **more}
        for more in ({"learning": "cloning"}, {"learning": "segments"}, {"learning": "rewards"}, {})
    ]
    path = generate_test_config(tmp_path, curriculum={"stages": stages})
    curriculum, told = Curriculum(load_settings(path).curriculum), []
    for stage in range(4):
        curriculum.stage_index = stage
        directive = curriculum.directive()
        told.append((directive.learning, directive.teacher_share, directive.reward_scale))
    assert told == [("cloning", 1.0, 0.0), ("segments", 0.5, 0.0), ("rewards", 0.5, 1.0), ("rewards", 0.5, 1.0)]


def test_what_is_drawn_is_what_numpy_would_draw() -> None:
    dice, other = np.random.default_rng(3), np.random.default_rng(3)
    for row in np.random.default_rng(0).dirichlet(np.ones(9), size=200):
        assert drawn(row, dice) == other.choice(9, p=row / row.sum())
    assert drawn(np.array([0.0, 1.0, 0.0]), dice) == 1


def test_a_choice_is_credited_with_all_that_comes_until_the_next_one() -> None:
    rollout = HeadsRollout(HEADS_SPACE, 4, 1, ACTION_COUNT)
    for reward, listed in ((1.0, choice(0.1, None)), (2.0, None), (4.0, choice(0.2, None)), (8.0, None)):
        played = transition([0.0], [NO_LABEL], [listed])
        rollout.add(replace(played, rewards=np.array([reward]), terminated=np.array([reward == 8.0])))
    values = np.array([[10.0], [20.0], [40.0], [80.0]], np.float32)
    (_, _, _, first), (step, _, _, second) = choice_advantages(rollout, values, 0.5)
    assert first == 1.0 + 0.5 * 2.0 + 0.25 * 40.0 - 10.0
    assert step == 2 and second == 4.0 + 0.5 * 8.0 - 40.0, "nothing comes after the end of a game"


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_without_a_teacher_the_option_head_learns_what_pays(scale: float) -> None:
    """The first of three options pays, the others do not; nobody labels anything."""
    settings = LearnerSettings(rollout_steps=32, minibatch_size=32, epochs=4, learning_rate=3e-3, discount=0.5)
    learner, dice = HeadsLearner(HEADS_SPACE, 1, settings, seed=0), np.random.default_rng(0)
    learner.reward_scale = scale
    facts = np.eye(3, OPTION_SIZE, dtype=np.float32)

    def chances() -> np.ndarray:
        with torch.inference_mode():
            seen = torch.zeros(1, SITUATION_SIZE), torch.zeros(1, SITUATION_PLANES, *PLANES_SHAPE[1:])
            logits = learner.heads.option(*seen, torch.from_numpy(facts[None]), torch.ones(1, 3, dtype=torch.bool))
        return torch.softmax(logits[0].double(), dim=0).numpy()

    before = chances()[0]
    for _ in range(8):
        now = chances()
        for _ in range(32):
            taken = drawn(now, dice)
            played = transition([0.0], [NO_LABEL], [ListedOptions(facts, None, taken, float(now[taken]))])
            learner.observe(replace(played, rewards=np.array([float(taken == 0)])))
        learner.update()
    assert chances()[0] > 0.9 if scale else abs(chances()[0] - before) < 0.1


def test_a_long_run_keeps_no_more_files_than_there_is_room_for(tmp_path: Path) -> None:
    learner = HeadsLearner(HEADS_SPACE, 1, LearnerSettings(rollout_steps=4, minibatch_size=4, epochs=1), seed=0)
    learner.study_by(HeadsSettings(kept_lessons=10, lessons_batch=4), tmp_path)
    for _ in range(8):
        for press in range(4):
            learner.observe(transition([0.1], [press], [None]))
        learner.update()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000006.npz", "000007.npz", "000008.npz"]


def test_alone_from_the_start_nobody_labels_and_the_run_is_whole(tmp_path: Path) -> None:
    trainer = trained(tmp_path, 3, agent_mode="rl_only")
    assert trainer.learner.updates > 0
    read = LessonFolder(tmp_path / "checkpoints/lessons").read(trainer.learner.updates, 1000)
    assert len(read) == 0
    with sqlite3.connect(tmp_path / "decisions.db") as connection:
        others = connection.execute("select sum(llm_steps + rules_steps), sum(policy_steps) > 0 from episodes")
        assert others.fetchone() == (0, 1)
