"""The adaptive frame cost: the same game in fewer steps, watched or not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.frame_cost import FIRST_LOOK_FRAMES, FIXED_FRAMES, LOOK_FRAMES, MOST_FRAMES, can_decide
from core.exceptions import ConfigurationError
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Option
from tests.game_states import ROM_PATH, first_state, with_ram


def make_env(frame_cost: str, observation_type: str = "state") -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type=observation_type, frame_cost=frame_cost)


def press_by_rules(env: EnhancedPyBoyPokemonCrystalEnv) -> Iterator[GameState]:
    """The rules play on and on; the state after each step."""
    env.restart(seed=2)
    player = RulePlayer(env.rom.game, seed=2)
    option: Option | None = None
    while True:
        option = option or player.choose(env.state)
        press = player.act(env.state, option)
        option = None if press.done else option
        yield env.advance(press.button).state


def play_to_starter(frame_cost: str) -> tuple[int, int]:
    """(steps, frames) that the rules need until they own a creature."""
    env = make_env(frame_cost)
    for state in press_by_rules(env):
        assert env.episode_steps < 600, "the rules get their first creature with either cost"
        if state.party:
            break
    steps, frames = env.episode_steps, env.episode_frames
    env.close()
    return steps, frames


def test_the_rules_need_fewer_steps_and_frames() -> None:
    steps, frames = play_to_starter("fixed")
    assert frames == FIXED_FRAMES * steps
    fewer_steps, fewer_frames = play_to_starter("adaptive")
    assert fewer_steps < 0.9 * steps and fewer_frames < 0.9 * frames


def test_a_step_ends_when_something_can_be_decided() -> None:
    env = make_env("adaptive")
    before, seen = 0, set()
    for state in islice(press_by_rules(env), 300):
        took, before = env.episode_frames - before, env.episode_frames
        assert FIRST_LOOK_FRAMES <= took <= MOST_FRAMES and (took - FIRST_LOOK_FRAMES) % LOOK_FRAMES == 0
        assert can_decide(state) or took == MOST_FRAMES
        seen.add(took)
    assert len(seen) > 3
    env.close()


def test_the_same_game_with_and_without_pictures() -> None:
    plain, drawn, dice = make_env("adaptive"), make_env("adaptive", "screen"), np.random.default_rng(1)
    plain.restart(seed=1)
    drawn.reset(seed=1)
    for _ in range(150):
        action = int(dice.choice(np.flatnonzero(plain.action_masks())))
        assert plain.advance(action).state == drawn.step(action)[4]["game_state"]
    plain.close()
    drawn.close()


def test_what_can_be_decided() -> None:
    free = first_state()
    assert can_decide(free)
    assert not can_decide(with_ram(free, {"wMapEventStatus": 1})), "in the middle of a step"
    assert not can_decide(with_ram(free, {"hMapEntryMethod": 0xF1})), "a map is loaded"
    assert not can_decide(with_ram(free, {"wScriptRunning": 0xFF})), "a script runs by itself"
    assert can_decide(with_ram(free, {"wScriptRunning": 0xFF, "wSpriteUpdatesEnabled": 0})), "a full-screen menu"
    box = bytearray(b"\x7f" * 360)
    box[240], box[340] = 0x79, 0x7D
    text = {"wScriptRunning": 0xFF, "wStateFlags": 0x41, "wTilemap": bytes(box)}
    assert not can_decide(with_ram(free, {**text, "wTextboxFlags": 2})), "text is being printed"
    assert can_decide(with_ram(free, {**text, "wTextboxFlags": 0})), "text waits"


def test_an_unknown_cost_is_named() -> None:
    with pytest.raises(ConfigurationError, match="frame_cost is 'quick'"):
        make_env("quick")
