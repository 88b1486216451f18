"""The env as Gymnasium, Stable-Baselines3 and the documented API want it, on the real cartridge."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.console import Console
from core.env.masks import action_mask
from core.env.observation import STATE_VARIABLE_NAMES
from core.env.policy_env import PolicyViewEnv
from core.game.menu import MenuKind
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Button, GameMode, Option
from tests.game_states import ROM_PATH


@pytest.fixture
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    made = EnhancedPyBoyPokemonCrystalEnv(str(ROM_PATH))
    yield made
    made.close()


def random_action(env: EnhancedPyBoyPokemonCrystalEnv, dice: np.random.Generator) -> int:
    return int(dice.choice(np.flatnonzero(env.action_masks())))


@pytest.mark.parametrize("observation_type", ["multi_modal", "screen", "state"])
def test_gymnasium_checker(observation_type: str) -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type=observation_type)
    gymnasium_check_env(env, skip_render_check=True)
    env.close()


def test_sb3_checker_on_the_policy_view() -> None:
    env_checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env = PolicyViewEnv(EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state"))
    env_checker.check_env(env, warn=True)
    env.close()


def test_documented_observation(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    observation, info = env.reset(seed=3)
    assert observation["screen"].shape == (144, 160, 3) and observation["screen"].dtype == np.uint8
    assert len(np.unique(observation["screen"].reshape(-1, 3), axis=0)) > 3, "a picture in colour"
    assert observation["state_variables"].shape == (25,) == (len(STATE_VARIABLE_NAMES),)
    context = observation["strategic_context"]
    assert set(context) == {"current_goal", "context_summary", "action_suggestions"}
    assert context["current_goal"] and isinstance(context["action_suggestions"], list)
    assert isinstance(info["game_state"], GameState)
    assert info["action_mask"].shape == (9,) and info["milestones"][0] == "free_control"
    place = info["game_state"].position
    assert tuple(observation["state_variables"][:2]) == (place.x, place.y)


def test_every_observation_of_a_random_run_lies_in_its_space(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    dice = np.random.default_rng(0)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    total = 0.0
    for _ in range(600):
        observation, reward, terminated, truncated, info = env.step(random_action(env, dice))
        assert env.observation_space.contains(observation)
        assert env.policy_space.contains(env.policy_observation())
        assert sum(event.amount for event in info["reward_events"]) == pytest.approx(reward)
        assert not terminated and not truncated
        total += reward
    assert total > 0, "random play sees something new"


def test_one_seed_one_game_and_other_seeds_other_games() -> None:
    def play(seed: int) -> list[bytes]:
        env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
        dice = np.random.default_rng(7)
        seen = [env.restart(seed=seed).snapshot.data]
        for _ in range(200):
            seen.append(env.advance(random_action(env, dice)).state.snapshot.data)
        env.close()
        return seen

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_nearly_every_seed_is_a_game_of_its_own(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """Or a hundred evaluation games would be few games, and training would have met them all."""
    dice = {env.restart(seed=seed).snapshot.data for seed in range(100)}
    assert len(dice) >= 90


def test_a_button_is_pressed_and_released(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    env.reset(seed=0)
    for button in Button:
        env.step(button)
        assert env.state.byte("hJoypadDown") == 0


def test_walking_changes_the_position_by_one_step(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    _, info = env.reset(seed=0)
    start = info["game_state"].position
    for _ in range(2):
        env.step(Button.DOWN)
    assert (env.state.position.x, env.state.position.y) in {(start.x, start.y + 1), (start.x, start.y + 2)}
    assert env.state.mode is GameMode.FREE and env.state.facing is Button.DOWN


@pytest.mark.parametrize("action", [-1, 9, 2.5, "A", None])
def test_what_is_no_action_is_refused(env: EnhancedPyBoyPokemonCrystalEnv, action: Any) -> None:
    env.reset(seed=0)
    with pytest.raises(exceptions.DecisionValidationError, match="0 to 8"):
        env.step(action)


def test_step_before_reset_says_so(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)


def test_truncates_at_max_steps() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=3)
    env.reset(seed=0)
    assert [env.step(8)[3] for _ in range(3)] == [False, False, True]
    env.reset(seed=0)
    assert env.step(8)[3] is False
    env.close()


def test_the_final_milestone_ends_an_episode_as_won() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", final_milestone="outside")
    rules = RulePlayer(env.rom.game, seed=0)
    state = env.restart(seed=0)
    option = rules.choose(state)
    for _ in range(200):
        step = rules.act(state, option)
        outcome = env.advance(step.button)
        state = outcome.state
        if outcome.terminated:
            break
        option = rules.choose(state) if step.done else option
    assert env.milestones[-1] == "outside" and outcome.terminated and not outcome.truncated
    env.close()
    with pytest.raises(exceptions.ConfigurationError, match="no milestone is called 'outsid'"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, final_milestone="outsid")


def test_reward_is_the_documented_override() -> None:
    seen: list[tuple[GameState, GameState, int]] = []

    class Mine(EnhancedPyBoyPokemonCrystalEnv):
        def _calculate_reward(self, current_state: GameState, previous_state: GameState, action: int) -> float:
            seen.append((current_state, previous_state, action))
            return super()._calculate_reward(current_state, previous_state, action) + 10.0

    env = Mine(str(ROM_PATH), headless=True, observation_type="multi_modal")
    _, info = env.reset(seed=0)
    _, reward, *_, after = env.step(5)
    assert reward >= 10.0
    assert seen == [(after["game_state"], info["game_state"], 5)]
    env.close()


def test_save_state_branches_the_game(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    env.reset(seed=0)
    for _ in range(3):
        env.step(Button.DOWN)
    here, saved = env.state.position, env.save_state()
    env.step(Button.UP)
    env.step(Button.UP)
    env.reset(seed=0, options={"start_state": saved})
    assert env.state.position == here
    env.reset(seed=0)
    assert env.state.position != here


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_foreign_start_states_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.state"
    path.write_bytes(content)
    with pytest.raises(exceptions.EnvironmentError, match=r"some\.state.* has \d+ bytes"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, start_state=path)
    with pytest.raises(exceptions.EnvironmentError, match=r"absent\.state.*No such file"):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, start_state=tmp_path / "absent.state")


def test_truncated_start_state_is_refused(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    saved = env.save_state()
    with pytest.raises(exceptions.EnvironmentError, match="bytes"):
        env.reset(options={"start_state": saved[:-1]})
    env.reset(seed=0)
    assert env.state.mode is GameMode.FREE


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"observation_type": "pixels"}, "observation_type is 'pixels'"),
        ({"max_steps": 0}, "max_steps is 0"),
        ({"render_mode": "ansi"}, "render_mode is 'ansi'"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(exceptions.ConfigurationError, match=named):
        EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, **arguments)


def test_close_leaves_no_file(tmp_path: Path) -> None:
    rom = tmp_path / "game.gbc"
    shutil.copy(ROM_PATH, rom)
    here = Path.cwd()
    before = set(os.listdir(here))
    env = EnhancedPyBoyPokemonCrystalEnv(rom)
    env.reset(seed=0)
    env.step(0)
    env.close()
    env.close()
    assert os.listdir(tmp_path) == ["game.gbc"]
    assert set(os.listdir(here)) == before


def test_fast_reads_equal_public_reads(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    env.reset(seed=0)
    console = env._console
    assert console._wram is not None, "the direct view of WRAM was not found in this PyBoy"
    dice = np.random.default_rng(1)
    for _ in range(20):
        env.step(random_action(env, dice))
        fast = console.snapshot()
        view, console._wram = console._wram, None
        assert console.snapshot() == fast
        console._wram = view


def test_the_policys_screen_shows_the_game() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="screen")
    env.reset(seed=0)
    first = env.policy_observation()
    assert first["screen"].shape == (1, 72, 80) and first["screen"].std() > 5
    for _ in range(3):
        env.advance(Button.DOWN)
    assert (env.policy_observation()["screen"] != first["screen"]).any()
    env.close()


def test_a_reset_takes_any_keyword_and_says_what_it_does_not_know() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    with pytest.warns(UserWarning, match=r"reset\(sead=...\) changes nothing; did you mean 'seed'"):
        _, info = env.reset(seed=3, sead=1)
    assert info["idle_frames"] == env.reset(seed=3)[1]["idle_frames"]
    env.close()


def test_it_is_a_gymnasium_env(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    assert isinstance(env, gym.Env)
    assert env.action_space == gym.spaces.Discrete(9)


def test_states_of_another_format_or_without_a_game_are_refused(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    saved = env.save_state()
    with pytest.raises(exceptions.EnvironmentError, match="state format 9"):
        env.reset(options={"start_state": b"\x09" + saved[1:]})
    title = Console(env.rom.profile)
    title.wait(30)
    with pytest.raises(exceptions.EnvironmentError, match="no game is running"):
        env.reset(options={"start_state": title.save_state()})
    title.close()
    env.reset(seed=0)
    assert env.state.mode is GameMode.FREE


def test_battle_seen_through_the_env(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """The rules play into the first battle: what the state says of it must hang together."""
    env.reset(seed=3)
    player = RulePlayer(env.rom.game, seed=1)
    kinds: dict[MenuKind, GameState] = {}
    option: Option | None = None
    for _ in range(600):
        state = env.state
        if state.battle is not None and state.menu is not None:
            kinds.setdefault(state.menu.kind, state)
            if MenuKind.BATTLE_MOVES in kinds:
                break
        option = option or player.choose(state)
        press = player.act(state, option)
        option = None if press.done else option
        env.step(press.button)
    main, moves = kinds[MenuKind.BATTLE_MAIN], kinds[MenuKind.BATTLE_MOVES]
    for state in (main, moves):
        battle = state.battle
        assert battle is not None and state.mode is GameMode.BATTLE
        lead = state.party[battle.active_slot]
        assert (battle.own.species, battle.own.level, battle.own.moves) == (lead.species, lead.level, lead.moves)
        assert battle.enemy.species in state.game.species and 0 < battle.enemy.hp <= battle.enemy.max_hp
    assert main.menu is not None and main.menu.items[0] == "FIGHT" and main.menu.items[3] == "RUN"
    assert moves.menu is not None and moves.battle is not None
    assert moves.menu.items == tuple(moves.game.moves[move].name for move in moves.battle.own.moves)
    assert set(np.flatnonzero(action_mask(main))) == {Button.A, Button.DOWN, Button.RIGHT}
    assert not action_mask(moves)[[Button.START, Button.SELECT, Button.LEFT, Button.RIGHT, Button.NONE]].any()


def test_a_watched_game_is_the_same_game(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    watched = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, headless=False, observation_type="state")
    plain = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    watched._console._emulator.set_emulation_speed(0)
    assert watched.restart(seed=4) == plain.restart(seed=4)
    dice = np.random.default_rng(2)
    for _ in range(30):
        action = random_action(plain, dice)
        assert watched.advance(action).state == plain.advance(action).state
    watched.close()
    plain.close()
