"""RAM that makes no sense: the env gives a sane state or a clear error, and never an exception out of `step`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.observation import strategic_context
from core.game.ram import RAM_SIZE, WRAM_SIZE, RamSnapshot
from core.game.rewards import reward_events
from core.game.state import GameState
from core.vocabulary import Button, MapId
from tests.game_states import ROM_PATH, filled, first_state, rom_tables, with_party, with_ram

UNKNOWN_MAP = MapId(99, 99)
EGG = 253


@pytest.fixture
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    made = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH)
    made.reset(seed=0)
    yield made
    made.close()


def put(env: EnhancedPyBoyPokemonCrystalEnv, state: GameState) -> None:
    """Write a state's work RAM into the running machine."""
    wram = env._console._wram
    assert wram is not None
    wram[:] = state.snapshot.array[:WRAM_SIZE]


def party_of_eggs() -> GameState:
    state = with_party(first_state(), *((species, 5, 0, 20) for species in range(1, 7)))
    return with_ram(state, {"wPartySpecies": bytes((EGG,) * 6) + b"\xff"})


def spoilt(noise: random.Random, changes: int) -> GameState:
    data = bytearray(first_state().snapshot.data)
    for _ in range(changes):
        data[noise.randrange(RAM_SIZE)] = noise.randrange(256)
    return GameState(RamSnapshot(bytes(data)), rom_tables())


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(with_ram(first_state(), {"wMapGroup": bytes(UNKNOWN_MAP)}), id="unknown map"),
        pytest.param(with_ram(first_state(), {"wXCoord": 255, "wYCoord": 255}), id="off the map"),
        pytest.param(with_ram(first_state(), {"wMapWidth": 255, "wMapHeight": 255}), id="a map larger than RAM"),
        pytest.param(with_ram(first_state(), {"wPartyCount": b"\0\xff"}), id="empty party"),
        pytest.param(with_ram(first_state(), {"wPartyCount": 255}), id="too large a party"),
        pytest.param(party_of_eggs(), id="party of eggs"),
        pytest.param(filled(0x00), id="all 00"),
        pytest.param(filled(0xFF), id="all FF"),
    ],
)
def test_steps_over_senseless_ram(env: EnhancedPyBoyPokemonCrystalEnv, state: GameState) -> None:
    put(env, state)
    for action in (8, 5, 0, 1, 8):
        observation, reward, _, _, info = env.step(action)
        assert env.observation_space.contains(observation)
        assert env.policy_space.contains(info["policy_view"])
        assert np.isfinite(reward) and info["action_mask"].any()
    env.reset(seed=0)
    assert env.state.is_free, "the next episode is a good one again"


def test_eggs_are_nobody_who_fights() -> None:
    state = party_of_eggs()
    assert [member.is_egg for member in state.party] == [True] * 6
    assert state.party_hp_fraction == 1.0 and not state.all_fainted


def test_rewards_between_random_states_are_finite(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    noise = random.Random(8)
    previous = first_state()
    env.memory.start(previous)
    for number in range(200):
        current = spoilt(noise, 400) if number % 2 else GameState(RamSnapshot(noise.randbytes(RAM_SIZE)), rom_tables())
        assert all(np.isfinite(event.amount) for event in reward_events(previous, current, env.memory))
        words = strategic_context(current, env.tracker.next, env.action_masks())
        assert env.observation_space["strategic_context"].contains(words)
        previous = current


def test_steps_while_ram_is_being_spoilt(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """The game itself may hang or reset from it; the env goes on."""
    noise = random.Random(9)
    for _ in range(60):
        wram = env._console._wram
        assert wram is not None
        for _ in range(20):
            wram[noise.randrange(WRAM_SIZE)] = noise.randrange(256)
        observation, reward, *_ = env.step(noise.choice(list(Button)))
        assert env.observation_space.contains(observation) and np.isfinite(reward)
    env.reset(seed=0)
    assert env.state.is_free


def test_a_start_state_on_an_unknown_map_is_refused(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    wram = env._console._wram
    assert wram is not None
    start = rom_tables().layout.index("wMapGroup")
    wram[start : start + 2] = UNKNOWN_MAP
    with pytest.raises(exceptions.EnvironmentError, match=r"map 99\.99, which this game does not have"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, start_state=env.save_state())


def test_a_start_state_on_a_map_of_another_size_is_refused(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """Another game may have a map of the same number: then its size tells."""
    env.reset(seed=0)
    env.reset(seed=0, options={"start_state": env.save_state()})
    wram = env._console._wram
    assert wram is not None
    wram[rom_tables().layout.index("wMapWidth")] += 1
    with pytest.raises(exceptions.EnvironmentError, match=r"\d+ x \d+ steps in this game, and \d+ x \d+ in it"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, start_state=env.save_state())
    env.reset(seed=0)
