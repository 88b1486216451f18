"""The policy view keeps what has not changed: it must equal, at every step, one that has kept nothing."""

from __future__ import annotations

from collections import deque

import numpy as np

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.policy_features import FEATURE_COUNT, FEATURE_NAMES, LAST_ACTIONS
from core.env.policy_view import MAP_SHAPE, PLANES, PolicyView, policy_space
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState
from core.rules import RulePlayer
from tests.game_states import ROM_PATH, first_state, with_party, with_ram

STEPS = 500


def view_of(
    env: EnhancedPyBoyPokemonCrystalEnv, state: GameState, actions: deque[int]
) -> tuple[np.ndarray, np.ndarray]:
    """What a view that knows only this moment and the last actions says."""
    fresh = PolicyView(env.rom.game)
    for action in actions:
        fresh.note_action(action)
    features, crop = np.empty(FEATURE_COUNT, np.float32), np.empty(MAP_SHAPE, np.uint8)
    fresh.write(state, env.tracker, env.memory.visits, features, crop)
    return features, crop


def assert_fresh(env: EnhancedPyBoyPokemonCrystalEnv, actions: deque[int]) -> None:
    seen = env.policy_observation()
    features, crop = view_of(env, env.state, actions)
    wrong = np.flatnonzero(seen["features"] != features)
    assert not wrong.size, f"{[FEATURE_NAMES[place] for place in wrong]} in {env.state!r}"
    planes = {PLANES[place] for place in np.argwhere(seen["map"] != crop)[:, 0]}
    assert not planes, f"{planes} in {env.state!r}"


def test_a_kept_view_is_a_fresh_one_in_games_by_rules_and_at_random() -> None:
    dice = np.random.default_rng(0)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    modes = set()
    for episode in range(3):
        env.restart(seed=episode)
        player = RulePlayer(env.rom.game, seed=episode)
        actions: deque[int] = deque(maxlen=LAST_ACTIONS)
        option = None
        assert_fresh(env, actions)
        for _ in range(STEPS):
            option = option or player.choose(env.state)
            press = player.act(env.state, option)
            option = None if press.done else option
            is_random = dice.random() < (0.1, 0.5, 1.0)[episode]
            action = int(dice.choice(np.flatnonzero(env.action_masks())) if is_random else press.button)
            actions.append(action)
            env.advance(action)
            modes.add(env.state.mode)
            assert_fresh(env, actions)
    env.close()
    assert len(modes) >= 5, modes


def test_a_kept_view_is_a_fresh_one_in_any_ram() -> None:
    """Random bytes over a real game, so that anything may change between two steps and change back."""
    dice = np.random.default_rng(1)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    env.restart(seed=0)
    kept, moments = PolicyView(env.rom.game), [first_state().snapshot.data]
    features, crop = np.empty(FEATURE_COUNT, np.float32), np.empty(MAP_SHAPE, np.uint8)
    for _ in range(150):
        data = bytearray(moments[int(dice.integers(len(moments)))])
        for place in dice.integers(0, RAM_SIZE, int(dice.integers(0, 400))):
            data[place] = int(dice.integers(256))
        moments.append(bytes(data))
        state = GameState(RamSnapshot(bytes(data)), env.rom)
        kept.write(state, env.tracker, env.memory.visits, features, crop)
        expected = view_of(env, state, deque())
        assert np.array_equal(features, expected[0]) and np.array_equal(crop, expected[1])
    env.close()


def test_possessions_are_shared_until_one_of_them_changes() -> None:
    state = with_party(first_state(), (1, 5, 20, 20))
    same = with_ram(state, {"wXCoord": 3, "wTilemap": 9})
    assert same.possessions is state.possessions and same.party is state.party
    for name, seen in (
        ("wMoney", lambda one: one.money),
        ("wKantoBadges", lambda one: one.badge_count),
        ("wNumItems", lambda one: len(one.items)),
        ("wNumBalls", lambda one: len(one.balls)),
        ("wNumKeyItems", lambda one: len(one.key_items)),
        ("wEventFlags", lambda one: one.event_flags),
        ("wPartyMon1Level", lambda one: one.party),
        ("wPokedexCaught", lambda one: one.caught_count),
        ("wPokedexSeen", lambda one: one.seen_count),
    ):
        before = seen(state)
        changed = with_ram(state, {name: 2})
        assert changed.possessions is not state.possessions, name
        assert seen(changed) != before and seen(state) == before, name


def test_the_view_with_its_picture_takes_at_most_8_kilobytes() -> None:
    parts = policy_space("multi_modal").spaces.values()
    assert sum(np.asarray(part.sample()).nbytes for part in parts) <= 8192
