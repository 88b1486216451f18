"""Corrections of the rules' values: what they are made of, how they are kept, how an agent plays by them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from agents.heads.agent import HeadsAgent
from agents.heads.options.residual import RESIDUAL_FILE, OptionResidual, load_residual, save_residual
from agents.heads.options.traits import TRAITS, chance_against, option_traits
from agents.heads.saved_heads import WEIGHTS_FILE, Heads, load_heads, save_heads
from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.lane_transitions import LaneInputs
from core.agent.standings import Deed, SegmentOutcome, Situation
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError
from core.rules import RulePlayer
from core.vocabulary import AgentMode, GameMode, Option, OptionKind, Source
from tests.game_states import ROM_PATH
from trainer.bundle import residual_learning
from trainer.bundle.corrected_play import SITUATION, CorrectedGame, play_corrected, read_game, write_game
from trainer.bundle.residual_fit import fit_costs
from trainer.bundle.residual_learning import (
    ResidualLearning,
    ResidualReport,
    corrected,
    is_better,
    learn_residual,
)
from trainer.bundle.taught_game import TaughtGame

NOTHING = OptionResidual(np.zeros(len(TRAITS)))
STAYS = OptionResidual.of({"train": 2.0})
TINY = ResidualLearning(rounds=2, games=2, judged_games=2)


def quiet(line: str) -> None:
    del line


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", final_milestone="gatehouse")
    yield env
    env.close()


def test_traits_tell_kinds_of_options_apart_and_stay_within_bounds(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    told: dict[OptionKind, set[str]] = {}

    def choose(taught: TaughtGame, options: Sequence[Option]) -> int:
        traits = option_traits(taught.state, options)
        assert traits.shape == (len(options), len(TRAITS)) and np.abs(traits).max() <= 1
        for option, row in zip(options, traits, strict=True):
            told.setdefault(option.kind, set()).update(np.array(TRAITS)[row != 0])
        return 0

    taught = TaughtGame(env, 0, 1, choose)
    taught.player.lists_more = True
    taught.begin(4)
    while not taught.press(taught.look().wanted.action).terminated:
        assert env.episode_steps < 1500
    names = {kind: {name.split(",")[0] for name in traits} for kind, traits in told.items()}
    expected = {"heal": "heal", "train": "train", "pick_up": "pick up", "buy": "buy", "manage": "potion"}
    assert {kind: names[OptionKind(kind)] for kind in expected} == {kind: {name} for kind, name in expected.items()}
    measures = (OptionKind.GO_TO, OptionKind.TALK, OptionKind.FIGHT, OptionKind.RUN)
    assert not any(names[kind] for kind in measures), "the story measures all else, and fights are the rules'"
    assert {"train, levels lacking", "train, chance to win"} <= told[OptionKind.TRAIN]


def test_more_is_listed_only_for_who_asks_and_the_rules_choose_as_before(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    listed: list[list[str]] = []

    def choose(taught: TaughtGame, options: Sequence[Option]) -> int:
        listed[-1] += [option.key for option in options]
        return 0

    for lists_more in (False, True):
        listed.append([])
        taught = TaughtGame(env, 0, 1, choose)
        taught.player.lists_more = lists_more
        taught.begin(4)
        while not taught.press(taught.look().wanted.action).terminated:
            assert env.episode_steps < 1500
        listed[-1] += [str(env.episode_steps)]
    (plain, more), potion = listed, "use:TONIC"
    assert potion in more and potion not in plain
    assert plain[-1] == more[-1], "the same game"


def test_a_stronger_party_has_a_better_chance_against_trainers_of_a_level(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    taught = TaughtGame(env, 0, 1)
    taught.begin(4)
    while not taught.state.party or taught.state.mode is not GameMode.FREE:
        taught.press(taught.look().wanted.action)
    chances = [chance_against(taught.state, level) for level in (4, 6, 17)]
    assert 1 > chances[0] > chances[1] > chances[2] >= 0
    assert chance_against(taught.state, 99) == 0.5, "there is none of that level"


def test_without_weights_it_plays_as_the_rules_and_with_some_it_does_not(
    env: EnhancedPyBoyPokemonCrystalEnv, tmp_path: Path
) -> None:
    rules, same, other = (play_corrected(env, residual, 4, 0, 700) for residual in (None, NOTHING, STAYS))
    assert (rules.steps, rules.reached) == (same.steps, same.reached) and len(rules.at) == 0 < len(same.at)
    assert not same.contrasts.any() and not same.gaps.any()
    assert other.contrasts.any() and other.gaps.max() > 0 and (other.gaps >= 0).all()
    assert (np.diff(other.at) > 0).all() and (np.diff(other.milestones) >= 0).all()
    write_game(tmp_path / "game.npz", other)
    again = read_game(tmp_path / "game.npz")
    assert all(np.array_equal(getattr(again, name), getattr(other, name)) for name in CorrectedGame.__slots__)
    (tmp_path / "game.npz").write_bytes(b"no arrays")
    with pytest.raises(CheckpointError, match="delete the file"):
        read_game(tmp_path / "game.npz")


def straying_game(dice: np.random.Generator, steps_of: dict[str, float], count: int = 40) -> CorrectedGame:
    """Ten steps from choice to choice, and what the traits of what was chosen cost beside."""
    contrasts = np.zeros((count, len(TRAITS)))
    gaps = np.zeros(count)
    for row in range(count):
        if dice.random() < 0.5:
            contrasts[row, dice.integers(len(TRAITS))] = 1.0
            gaps[row] = 0.1
    costs = 10 + 100 * gaps + contrasts @ [steps_of.get(name, 0.0) for name in TRAITS] + dice.normal(size=count)
    at = np.cumsum(np.concatenate([[0], costs])).round().astype(np.int64)
    situations = dice.normal(size=(count, len(SITUATION)))
    return CorrectedGame(0, int(at[-1]), True, at[:-1], np.arange(count) // 4, situations, contrasts, gaps)


def test_what_choices_cost_is_found_in_games_that_stray() -> None:
    dice = np.random.default_rng(0)
    known = {"heal": 60.0, "potion": -80.0}
    costs = fit_costs([straying_game(dice, known) for _ in range(60)])
    found = dict(zip(TRAITS, costs.traits, strict=True))
    assert found["heal"] == pytest.approx(60, abs=25) and found["potion"] == pytest.approx(-80, abs=25)
    assert all(abs(steps) < 25 for name, steps in found.items() if name not in known)
    assert costs.weights[TRAITS.index("potion")] > 0 > costs.weights[TRAITS.index("heal")]
    assert np.count_nonzero(costs.weights) < 6, "what may be dice has no weight"
    assert 0 < costs.deviating < costs.choices == 2400
    nothing = fit_costs([straying_game(dice, known, count=0)])
    assert nothing.choices == 0 and not nothing.weights.any()


def test_corrections_come_back_from_their_file_by_the_names_of_traits(tmp_path: Path) -> None:
    path = tmp_path / RESIDUAL_FILE
    assert load_residual(path) is None
    save_residual(path, STAYS)
    loaded = load_residual(path)
    assert loaded is not None and np.array_equal(loaded.weights, STAYS.weights)
    save_file({"weights": np.array([0.5, 2.0])}, path, metadata={"traits": json.dumps(["heal", "buy"])})
    loaded = load_residual(path)
    assert loaded is not None and loaded.weights[[TRAITS.index("buy"), TRAITS.index("train")]].tolist() == [2.0, 0.0]
    save_heads(tmp_path / WEIGHTS_FILE, Heads.fresh(0))
    beside = load_heads(tmp_path / WEIGHTS_FILE).residual
    assert beside is not None and np.array_equal(beside.weights, loaded.weights)


@pytest.mark.parametrize(
    ("weights", "metadata", "complaint"),
    [
        ([1.0], {"traits": '["moon"]'}, "know 'moon'"),
        ([np.nan], {"traits": '["buy"]'}, "numbers that are none"),
        ([1.0, 2.0], {"traits": '["buy"]'}, "cannot be read"),
        ([1.0], {"traits": "3"}, "cannot be read"),
        ([1.0], {}, "cannot be read"),
    ],
)
def test_other_corrections_are_refused_in_one_line(
    tmp_path: Path, weights: list[float], metadata: dict[str, str], complaint: str
) -> None:
    path = tmp_path / RESIDUAL_FILE
    save_file({"weights": np.array(weights)}, path, metadata=metadata)
    with pytest.raises(CheckpointError, match=complaint):
        load_residual(path)
    path.write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_residual(path)


def shares(env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads, mode: AgentMode, **more: object) -> dict[str, float]:
    """Who chose, in a few hundred steps."""
    state = AgentState(TeacherCurriculum.of(None), told_rules_only=True)
    if more.pop("rules_won", False):
        for kind in ("go_to", "talk", "train", "heal", "fight", "catch"):
            for name in ("overworld", "battle"):
                for player, cost in ((Source.RULES, 10), (Source.POLICY, 90)):
                    situation = Situation(Deed.CHOOSE, name, kind, "1")
                    for _ in range(30):
                        state.standings.learn(SegmentOutcome(situation, player, True, cost))
    agent = HeadsAgent(
        heads,
        None,
        AdaptiveStrategySystem(seed=0),
        mode=mode,
        seed=5,
        frozen_state=state,
        **more,  # type: ignore[arg-type]
    )
    agent.attach_lanes([RulePlayer(env.rom.game, 0, starter=1)])
    env.restart(seed=4)
    for _ in range(260):
        seen = {part: array[None] for part, array in env.policy_observation().items()}
        (decision,) = agent.decide(LaneInputs(seen, env.action_masks()[None]), lambda _lane: env.state)
        agent.observe(0, decision, env.advance(decision.action).reward, done=False)
    return agent.statistics()["choices"]


def test_a_frozen_agent_chooses_by_the_corrections_where_nobody_knows_better(
    env: EnhancedPyBoyPokemonCrystalEnv,
) -> None:
    plain, heads = Heads.fresh(0), replace(Heads.fresh(0), residual=STAYS)
    by_rules: dict[str, object] = {"trusts_buttons": False}
    assert shares(env, heads, AgentMode.ADAPTIVE, **by_rules) == {"policy": 1.0}
    assert shares(env, plain, AgentMode.ADAPTIVE, **by_rules) == {"rules": 1.0}
    assert shares(env, heads, AgentMode.ADAPTIVE, corrects=False, **by_rules) == {"rules": 1.0}
    assert shares(env, heads, AgentMode.ADAPTIVE, shows_prior=False, **by_rules) == {"rules": 1.0}
    assert shares(env, heads, AgentMode.ADAPTIVE, rules_won=True, **by_rules)["rules"] > 0.5


def test_learning_goes_on_where_it_was_and_keeps_the_rules_where_nothing_is_gained(tmp_path: Path) -> None:
    """To the parcel the rules walk straight, so there is nothing to gain."""
    said: list[str] = []

    def learned() -> tuple[OptionResidual | None, ResidualReport]:
        return learn_residual(ROM_PATH, TINY, 200, "fern_path", tmp_path, 1, said.append, 1)

    residual, report = learned()
    assert residual is None and not report.is_taken and "not taken" in said[-1]
    assert [one.reached for one in report.rounds] == [2, 2] and report.rounds[1].choices > 4
    assert len(report.found) == len(report.rules) == 2 and report.steps > 800
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 8
    assert learned() == (None, report) and {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    for path in sorted(files)[3:]:  # killed in the second round
        path.unlink()
    assert learned()[1] == report and set(tmp_path.iterdir()) == set(files)


def test_what_was_learned_lies_beside_the_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "heads.safetensors"
    save_heads(weights, Heads.fresh(0))
    learning = replace(TINY, rounds=1)

    def made(learning: ResidualLearning) -> tuple[Path, ResidualReport]:
        return corrected(weights, ROM_PATH, tmp_path / "work", learning, 200, "fern_path", 1, quiet, 1)

    assert made(replace(learning, rounds=0)) == (weights, ResidualReport()), "nothing was asked for"
    assert made(learning)[0] == weights, "nothing was gained"
    monkeypatch.setattr(residual_learning, "LEAST_GAIN", -9.0)
    path, report = made(learning)
    heads = load_heads(path)
    assert path.name == WEIGHTS_FILE and heads.residual is not None and report.is_taken
    assert heads.residual.weights.tolist() == list(report.weights.values())
    assert made(learning)[0] == path


def test_what_is_taken_is_shorter_and_gets_there_as_often() -> None:
    def games(*steps: int) -> list[CorrectedGame]:
        game = straying_game(np.random.default_rng(0), {})
        return [replace(game, steps=one, reached=one < 8000) for one in steps]

    rules = games(3000, 4000)
    assert is_better(games(2500, 3800), rules)
    assert not is_better(games(3000, 3960), rules), "a hundredth may be luck"
    assert not is_better(games(100, 8000), rules)
