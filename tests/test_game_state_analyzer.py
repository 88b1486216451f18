"""What an analysis says of plain numbers and of a running game."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import DecisionValidationError
from core.game_state_analyzer import ContextReader, Criticality, GamePhase, GameStateAnalysis
from core.rules import RulePlayer
from core.vocabulary import GameMode
from tests.game_states import first_state, with_party, with_ram

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"


def analysis(hp: int = 20, max_hp: int = 20, **more: object) -> GameStateAnalysis:
    return GameStateAnalysis({"party_hp": [hp], "party_max_hp": [max_hp], "party_levels": [7]} | more)


@pytest.mark.parametrize(
    ("hp", "battle", "expected"),
    [
        (20, "none", Criticality.OPTIMAL),
        (20, "wild", Criticality.MODERATE),
        (12, "none", Criticality.MODERATE),
        (4, "none", Criticality.URGENT),
        (1, "none", Criticality.URGENT),
        (1, "wild", Criticality.EMERGENCY),
        (0, "none", Criticality.EMERGENCY),
    ],
)
def test_criticality_compares_fractions(hp: int, battle: str, expected: Criticality) -> None:
    assert analysis(hp, battle_kind=battle).criticality is expected


def test_five_percent_health_in_battle_is_an_emergency_and_says_so() -> None:
    found = analysis(5, 100, battle_kind="wild", enemy_level=7, enemy_hp=20, enemy_max_hp=20)
    report = found.analyze_battle_state()
    assert report["criticality"] == "emergency" and report["own_hp_fraction"] == 0.05
    assert report["advantage"] == "unfavourable" and report["recommendation"] == "run or heal"


@pytest.mark.parametrize(
    ("variables", "phase"),
    [
        ({}, GamePhase.BEGINNING),
        ({"party_levels": [5]}, GamePhase.STARTER),
        ({"party_levels": [12]}, GamePhase.EXPLORATION),
        ({"party_levels": [5, 3]}, GamePhase.EXPLORATION),
        ({"party_levels": [15], "badges": 1}, GamePhase.GYM_BATTLES),
        ({"party_levels": [40], "badges": 8}, GamePhase.LATE_GAME),
        ({"party_levels": [60], "badges": 16}, GamePhase.POST_GAME),
    ],
)
def test_phase(variables: dict[str, object], phase: GamePhase) -> None:
    assert GameStateAnalysis(variables).phase is phase


def test_exploration_asks_for_healing_below_half() -> None:
    assert analysis(9).analyze_exploration_state()["needs_healing"]
    assert not analysis(11).analyze_exploration_state()["needs_healing"]
    assert not GameStateAnalysis({}).analyze_exploration_state()["needs_healing"]


def test_unknown_names_are_listed_and_wrong_types_refused() -> None:
    assert GameStateAnalysis({"party_size": 3}).unrecognised == ("party_size",)
    with pytest.raises(DecisionValidationError, match="money"):
        GameStateAnalysis({"money": "much"})
    with pytest.raises(DecisionValidationError, match="asleep"):
        GameStateAnalysis({"mode": "asleep"})
    with pytest.raises(DecisionValidationError, match="party_hp"):
        GameStateAnalysis({"party_hp": 3})


def test_context_is_coarse_and_its_own() -> None:
    first, second = analysis(18, player_x=3), analysis(19, player_x=9)
    assert first.context == second.context
    first.context["mode"] = "changed"
    assert first.context == second.context


def test_contexts_that_are_kept_are_those_of_the_moment() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    env.restart(seed=0)
    player, reader, option, seen = RulePlayer(env.rom.game, seed=0), ContextReader(), None, set()
    for _ in range(400):
        context = reader.read(env.state)
        assert context == GameStateAnalysis.from_game_state(env.state).context
        seen.add(tuple(context.values()))
        option = option or player.choose(env.state)
        press = player.act(env.state, option)
        option = None if press.done else option
        env.advance(press.button)
    env.close()
    assert len(seen) > 10 and {battle for *_, battle in seen} >= {"none", "wild"}


def test_contexts_of_fights_tell_kind_and_health_although_the_party_has_not_changed_yet() -> None:
    state = with_party(first_state(), (1, 5, 20, 20))
    reader, found = ContextReader(), []
    for mode, hp, level in [(1, 20, 5), (2, 20, 5), (2, 3, 5), (2, 0, 5), (2, 20, 40), (1, 20, 5)]:
        fight = {"wBattleMode": mode, "wBattleMonHP": bytes((0, hp)), "wBattleMonMaxHP": bytes((0, 20))}
        now = with_ram(state, {"wScriptRunning": 0xFF, "wBattleMonLevel": level, **fight})
        found.append(reader.read(now))
        assert found[-1] == GameStateAnalysis.from_game_state(now).context
    assert [one["battle"] for one in found[:2]] == ["wild", "trainer"]
    assert len({one["hp"] for one in found[1:4]}) == 3 and found[4]["phase"] != found[1]["phase"]


def test_from_a_running_game() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    _, info = env.reset(seed=0)
    state = info["game_state"]
    found = GameStateAnalysis.from_game_state(state)
    env.close()
    assert found.state_hash == state.state_hash and found.mode is GameMode.FREE
    assert found.phase is GamePhase.BEGINNING and not found.unrecognised
    assert state.game.map_name(state.map_id) in found.get_summary()
    assert set(found.context) == {"mode", "map", "phase", "hp", "battle"}
