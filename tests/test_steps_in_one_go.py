"""What a worker does for many lanes or steps in one go comes out as if it were done one by one."""

from __future__ import annotations

import numpy as np
import pytest

from agents.heads import button_view
from agents.heads.actor_critic import HEADS_SPACE
from agents.heads.agent import HeadsAgent
from agents.heads.goal_field import GoalFields
from agents.heads.learner import HeadsLearner
from agents.heads.rollout import HeadsRollout
from agents.heads.saved_heads import load_bundled
from agents.learning.settings import LearnerSettings
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.pyboy_env import Outcome
from core.rules import RulePlayer
from tests.game_states import ROM_PATH
from trainer.fleet.worker_lanes import WorkerLanes
from trainer.play.player import LanePlayer
from trainer.play.seats import Seat, Seating, WatchedSeat
from trainer.play.stages import LearnStage

LANES, STEPS = 2, 48


class Doubled(EnhancedPyBoyPokemonCrystalEnv):
    """Has an `advance` of its own."""

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        super().advance(action, render)
        return super().advance(action, render)


def env() -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=1000)


def rollout_of(learner: HeadsLearner) -> HeadsRollout:
    assert isinstance(learner._rollout, HeadsRollout)
    return learner._rollout


def test_a_learner_that_is_shown_many_steps_at_once_sees_what_one_sees_step_by_step() -> None:
    settings = LearnerSettings(rollout_steps=STEPS)
    at_once, one_by_one = (HeadsLearner(HEADS_SPACE, LANES, settings, seed=0) for _ in range(2))
    agent = HeadsAgent(at_once.heads, None, AdaptiveStrategySystem(seed=0), mode="adaptive", seed=0)
    agent.attach_policy(at_once)
    agent.direct(0.5, None)
    lanes = WorkerLanes([env() for _ in range(LANES)])
    agent.attach_lanes([RulePlayer(lanes.rom.game, seed=lane) for lane in range(LANES)])
    later = LearnStage(Seating([WatchedSeat(agent, range(LANES), at_once)]), waits=True)
    now = LearnStage(Seating([WatchedSeat(agent, range(LANES), one_by_one)]))
    player = LanePlayer(lanes, Seating([WatchedSeat(agent, range(LANES), at_once)]))
    player.begin(range(LANES), [STEPS // 2, 1000])
    for step in range(STEPS):
        played = player.step()
        later.after_step(played)
        now.after_step(played)
        if step == STEPS // 2 - 1:
            assert played.truncated[0], "a lane's last view is kept, too"
            player.restart(0, 7, 1000)
    lanes.close()
    assert rollout_of(at_once).filled == 0
    later.hand_over()
    one, other = rollout_of(at_once), rollout_of(one_by_one)
    assert one.filled == other.filled == STEPS
    for key, array in one.observations.items():
        assert np.array_equal(array, other.observations[key]) and array.any()
    for name in ("masks", "actions", "behaviour_probabilities", "teacher_actions", "rewards", "truncated"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert one.truncated_at == other.truncated_at == [(STEPS // 2 - 1, 0)]
    places = [(step, lane) for step, lane, _ in one.choices]
    assert places and places == [(step, lane) for step, lane, _ in other.choices]


def test_lanes_that_are_pressed_together_play_as_each_would_alone() -> None:
    together, alone = WorkerLanes([env() for _ in range(LANES)]), [env() for _ in range(LANES)]
    together.reset(range(LANES))
    for seed, one in enumerate(alone):
        one.restart(seed=seed)
    dice = np.random.default_rng(0)
    for _ in range(STEPS):
        actions = np.array([dice.choice(np.flatnonzero(one.action_masks())) for one in alone])
        played = together.step(actions)
        for lane, one in enumerate(alone):
            outcome, view = one.advance(int(actions[lane])), one.policy_observation()
            assert together.game_state(lane).snapshot.data == outcome.state.snapshot.data
            assert played.rewards[lane] == np.float32(outcome.reward)
            assert np.array_equal(played.masks[lane], outcome.mask)
            assert all(np.array_equal(played.observations[part][lane], seen) for part, seen in view.items())
    assert [len(history.actions) for history in together.histories] == [STEPS] * LANES
    together.close()
    for one in alone:
        one.close()


def test_an_env_with_an_advance_of_its_own_is_played_by_it() -> None:
    lanes = WorkerLanes([Doubled(ROM_PATH, observation_type="state", max_steps=1000)])
    lanes.reset([0])
    lanes.step(np.array([4]))
    assert lanes.envs[0].episode_steps == 2
    lanes.close()


def test_agents_that_play_in_the_same_lanes_make_the_way_to_a_goal_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = GoalFields()
    monkeypatch.setattr(button_view, "_FIELDS", fields)
    known, lanes = [], WorkerLanes([env()])
    for _ in range(2):
        agent = HeadsAgent(load_bundled(), None, AdaptiveStrategySystem(seed=0), mode="rl_only", seed=0)
        agent.attach_lanes([RulePlayer(lanes.rom.game, seed=0)])
        player = LanePlayer(lanes, Seating([Seat(agent, range(1))]))
        player.begin([0], [1000])
        for _ in range(STEPS):
            player.step()
        known.append(tuple(fields._fields))
    lanes.close()
    assert known[0] and known[0] == known[1]
