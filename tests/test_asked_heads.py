"""What makes the heads cheap: asked by arrays, ways seen once, grounds made once, a critic that is taught alone."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.heads.actor_critic import HEADS_SPACE
from agents.heads.asked_heads import AskedHeads
from agents.heads.button_view import PLANES_SHAPE, SITUATION_PLANES, SITUATION_SIZE, VIEW_SIZE, ButtonView
from agents.heads.goal_field import UNREACHED, GoalFields, on_screen, steps_at
from agents.heads.learner import HeadsLearner
from agents.heads.look import Look, drawn
from agents.heads.networks import MASKED_LOGIT
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from agents.heads.saved_heads import Heads
from agents.learning.preparation import prepare
from agents.learning.settings import LearnerSettings
from agents.learning.update import LossWeights, minibatch_losses
from core.agent.calibration import DecisionOutcome
from core.agent.repeated_presses import Repetition
from core.agent.standings import Deed, SegmentOutcome, Situation, Standings
from core.agent.teacher import TeacherAction
from core.game.collision import PLAYER_COLUMN, PLAYER_ROW
from core.rules.field.walked_ground import WalkedGround
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, Button, Source
from tests.game_states import first_state
from tests.test_heads import whole_map
from tests.test_heads_training import transition


def views(count: int) -> list[ButtonView]:
    dice = np.random.default_rng(3)
    return [
        ButtonView(
            dice.uniform(-1, 1, VIEW_SIZE).astype(np.float32), dice.uniform(-1, 1, PLANES_SHAPE).astype(np.float32)
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("is_copied", [False, True])
def test_asked_by_arrays_the_button_head_answers_as_its_network_does_also_after_an_update(is_copied: bool) -> None:
    heads, seen = Heads.fresh(5), views(3)
    asked = AskedHeads(heads)
    if is_copied:
        asked = pickle.loads(pickle.dumps(asked))
        copied = asked._heads
        assert all(
            torch.equal(one, other)
            for one, other in zip(copied.button.parameters(), heads.button.parameters(), strict=True)
        )
        heads = copied
    masks = [np.arange(ACTION_COUNT) % 2 == 0, np.arange(ACTION_COUNT) < 4, np.ones(ACTION_COUNT, np.bool_)]
    for _ in range(2):
        with torch.no_grad():
            logits, ends = heads.button(
                *(torch.from_numpy(np.stack([getattr(one, part) for one in seen])) for part in ("vector", "planes")),
                torch.from_numpy(np.stack(masks)),
            )
            chances, over = asked.presses(seen, masks, 0.3)
            assert np.allclose(chances, torch.softmax(logits / 0.3, 1).numpy(), atol=1e-5)
            assert np.allclose(over, torch.sigmoid(ends).numpy(), atol=1e-5)
            assert not chances[~np.stack(masks)].any()
            for parameter in heads.button.parameters():
                parameter += 0.01


def test_asked_by_arrays_the_option_head_answers_as_its_network_does() -> None:
    heads, (view,) = Heads.fresh(2), views(1)
    options = np.random.default_rng(0).uniform(-1, 1, (5, OPTION_SIZE)).astype(np.float32)
    padded = torch.zeros(1, OPTION_SLOTS, OPTION_SIZE)
    padded[0, :5] = torch.from_numpy(options)
    with torch.no_grad():
        logits = heads.option(
            torch.from_numpy(view.vector[None, :SITUATION_SIZE]),
            torch.from_numpy(view.planes[None, :SITUATION_PLANES]),
            padded,
            torch.arange(OPTION_SLOTS)[None] < 5,
        )
    assert (logits[0, 5:] == MASKED_LOGIT).all()
    chances = AskedHeads(heads).choices(view, options, 0.5)
    assert np.allclose(chances, torch.softmax(logits[0, :5] / 0.5, 0).numpy(), atol=1e-5)
    assert chances.argmax() != chances.argmin()


def test_each_option_is_scored_in_its_own_slot_and_situation() -> None:
    """Only what is listed is scored; a choice is told the same alone and among others."""
    network, dice = Heads.fresh(4).option, torch.Generator().manual_seed(0)
    vectors, planes = torch.rand(3, SITUATION_SIZE, generator=dice), torch.rand(3, SITUATION_PLANES, 9, 10)
    options = torch.rand(3, OPTION_SLOTS, OPTION_SIZE, generator=dice)
    listed = torch.arange(OPTION_SLOTS)[None] < torch.tensor([2, 16, 1])[:, None]
    with torch.no_grad():
        together = network(vectors, planes, options, listed)
        for row in range(3):
            alone = network(*(part[row : row + 1] for part in (vectors, planes, options, listed)))
            assert torch.allclose(together[row], alone[0], atol=1e-5)
        turned = network(vectors, planes, options.flip(1), listed.flip(1))
    assert torch.allclose(turned.flip(1), together, atol=1e-5)


# -- the way to a goal ------------------------------------------------------------------------------------------


def test_a_way_is_seen_from_a_cell_as_the_field_has_it_and_is_kept() -> None:
    collision, ground = whole_map(".... vvv. ###. ....")
    fields = GoalFields()
    goal = (0, 0)
    field = fields.field(collision, ground, goal)
    for cell in ((0, 3), (3, 1), (0, 0)):
        sight = fields.sight(collision, ground, goal, cell)
        shown = on_screen(field, *cell)
        assert sight is not None and shown is not None
        assert sight.steps == steps_at(field, *cell)
        assert ((sight.gains != 0) == np.isfinite(shown)).all()
        assert sight.gains[PLAYER_ROW, PLAYER_COLUMN] == np.float32(0.01)
        nearer = [DIRECTION_BUTTONS[place].name for place in np.flatnonzero(sight.nearer > 0)]
        assert nearer == {(0, 3): ["RIGHT"], (3, 1): ["UP", "LEFT"], (0, 0): []}[cell]
        assert fields.sight(collision, ground, goal, cell) is sight
    assert steps_at(field, 1, 2) == UNREACHED
    assert fields.sight(collision, ground, goal, (1, 2)) is None, "no way leads on from a wall"
    assert fields.sight(collision, ground, (3, 3), (0, 3)) is not None
    assert pickle.loads(pickle.dumps(fields))._fields == {}, "what follows from the ground does not travel"


def test_a_ground_is_made_once_while_nothing_of_it_changes_and_people_stand_on_it() -> None:
    state = first_state()
    known: set[tuple[int, int]] = set()
    grounds = WalkedGround(state.game, lambda _state: known)
    bare, full = grounds.bare(state), grounds.with_people(state, frozenset())
    assert not bare.people and not bare.shunned and bare.warps == state.game.warp_cells(state.map_id)
    assert full.people == {(one.x, one.y) for one in state.people if one.visible}
    assert grounds.bare(state) is bare and grounds.with_people(state, frozenset()) is full
    blocked = grounds.with_people(state, frozenset({(1, 1)}))
    assert blocked.people == full.people | {(1, 1)}
    known.add((2, 2))
    assert (2, 2) in grounds.with_people(state, frozenset()).people, "boulders block, too"
    assert grounds.bare(state) is bare


# -- what is learned --------------------------------------------------------------------------------------------


def learner_with_a_rollout() -> HeadsLearner:
    learner = HeadsLearner(HEADS_SPACE, 2, LearnerSettings(rollout_steps=8, minibatch_size=16, epochs=1), seed=0)
    for step in range(8):
        learner.observe(transition([step / 8, -step / 8], [step % 4, 2], [None, None]))
    return learner


def test_where_only_the_critic_learns_from_the_play_it_learns_the_same_without_the_presses() -> None:
    learner = learner_with_a_rollout()
    policy, settings = learner.policy, learner.settings
    batch = prepare(policy, learner._rollout, settings, keeps_features=True).batch
    found = []
    for one in (batch, replace(batch, features=None)):
        policy.optimizer.zero_grad()
        losses = minibatch_losses(policy, one, settings, LossWeights(reward=0.0))
        losses.total.backward()
        valuing = (*policy.mlp_extractor.value_net.parameters(), *policy.value_net.parameters())
        critic = [one.grad.clone() for one in valuing if one.grad is not None]
        assert len(critic) == len(valuing)
        pressing = [p.grad for p in learner.heads.button.parameters() if p.grad is not None and p.grad.any()]
        assert not pressing
        found.append((losses.value, losses.entropy, critic))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5) and found[0][0] > 0
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-5)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found[0][2], found[1][2], strict=True))


def test_with_rewards_or_a_bound_on_its_change_the_play_teaches_presses_too() -> None:
    learner = learner_with_a_rollout()
    batch = prepare(learner.policy, learner._rollout, learner.settings, keeps_features=True).batch
    for settings, weights in (
        (learner.settings, LossWeights(reward=1.0)),
        (learner.settings, LossWeights(teacher=0.5, reward=0.0)),
    ):
        learner.policy.optimizer.zero_grad()
        minibatch_losses(learner.policy, batch, settings, weights).total.backward()
        press = learner.heads.button.press.weight.grad
        assert press is not None and press.any()
    bounded = replace(learner.settings, target_kl=0.1)
    moved = replace(batch, old_log_probabilities=batch.old_log_probabilities - 0.5)
    assert minibatch_losses(learner.policy, moved, bounded, LossWeights(reward=0.0)).approx_kl > 0.1


# -- between worker and driver ----------------------------------------------------------------------------------


def test_what_workers_report_travels_whole() -> None:
    situation = Situation(Deed.PRESS, "battle", "fight", "3")
    for outcome in (
        SegmentOutcome(situation, Source.POLICY, True, 7, 2),
        DecisionOutcome(Source.RULES, "menu", 0.25, 0.5, -1.5),
    ):
        come = pickle.loads(pickle.dumps(outcome))
        assert come == outcome and type(come) is type(outcome)


def test_a_worker_only_reports_segments_and_the_driver_counts_them() -> None:
    worker, driver = Standings(), Standings()
    worker.reported, worker.only_reports = [], True
    outcome = SegmentOutcome(Situation(Deed.PRESS, "battle", "fight", "3"), Source.POLICY, True, 7)
    worker.learn(outcome)
    assert not len(worker) and worker.reported == [outcome]
    driver.learn(worker.reported[0])
    assert len(driver) == 4


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_sure_press_is_the_teachers_and_uses_one_number_of_the_dice_as_any_other(is_sure: bool) -> None:
    look = Look(ButtonView(), Repetition(np.zeros(ACTION_COUNT, np.bool_), np.ones(ACTION_COUNT, np.bool_), False))
    look.wanted = TeacherAction(Button.START, Source.RULES, 1.0, "")
    look.random_share = 0.0 if is_sure else 1e-9
    assert look.is_sure == is_sure
    dice, other = np.random.default_rng(1), np.random.default_rng(1)
    assert drawn(look.chances(np.zeros(ACTION_COUNT)), dice) == Button.START
    other.random()
    assert dice.bit_generator.state == other.bit_generator.state
    look.allows_teacher = False
    assert not look.is_sure
