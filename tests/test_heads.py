"""What the heads see: the way to a goal, the line of an option, the option itself; in Fernvale and on Crystal's RAM."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.heads.agent import HeadsAgent
from agents.heads.button_view import PLACE_OF, VIEW_SIZE, ButtonViews
from agents.heads.goal_field import UNREACHED, GoalFields, on_screen, steps_at
from agents.heads.holding import MOST_HELD_STEPS
from agents.heads.look import Look
from agents.heads.menu_target import MenuTarget, menu_target
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS, PRIOR, option_view
from agents.heads.saved_heads import Heads, load_heads, save_heads
from agents.heads.word_codes import word_code
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.lane_transitions import LaneInputs
from core.agent.repeated_presses import RepeatedPresses
from core.agent.teacher import LaneTeacher, PlainWriter
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.policy_view import FEATURE_COUNT, MAP_SHAPE
from core.exceptions import CheckpointError, ConfigurationError
from core.game.collision import BORDER_STEPS, CollisionMap
from core.game.menu import MenuKind
from core.game.terrain import OUTSIDE
from core.hybrid_agent import HybridAgent
from core.navigation.map_ground import GRASS_COST, MapGround
from core.rules import RulePlayer
from core.rules.menus.shopping import Ware
from core.rules.menus.task_menus import TaskStage
from core.vocabulary import (
    DIRECTION_BUTTONS,
    AgentMode,
    Button,
    BuyItems,
    Decision,
    GameMode,
    MapId,
    Option,
    OptionKind,
    Position,
    Purchase,
    PutFirst,
    Source,
)
from tests.crystal_rows import crystal, crystal_state
from tests.crystal_screens import menu_shown, words_shown, yes_no
from tests.game_states import ROM_PATH
from tests.test_pathfinding import drawn


def whole_map(picture: str) -> tuple[CollisionMap, MapGround]:
    cells = drawn(picture)
    collision = CollisionMap.of_border(np.pad(cells, BORDER_STEPS, constant_values=OUTSIDE))
    return collision, MapGround(collision.cells)


# -- the way to a goal ------------------------------------------------------------------------------------------


def test_distances_are_those_of_walking_there_not_of_walking_back() -> None:
    """A ledge: down in one press, up only around it."""
    collision, ground = whole_map(".... vvv. ###. ....")
    fields = GoalFields()
    below = fields.field(collision, ground, (0, 3))
    assert steps_at(below, 0, 0) == 3, "onto the ledge, and a hop, which takes two"
    above = fields.field(collision, ground, (0, 0))
    assert steps_at(above, 0, 3) == 9, "three to the right, three up, three back"
    assert fields.field(collision, ground, (0, 0)) is above, "it is kept"


def test_tall_grass_counts_as_long_as_the_rules_go_around_it() -> None:
    collision, ground = whole_map('.... ""#. ....')
    field = GoalFields().field(collision, ground, (0, 0))
    assert steps_at(field, 0, 1) == 1
    assert steps_at(field, 0, 2) == 2 + GRASS_COST, "through a step of it: around would be longer"
    assert steps_at(field, 3, 2) == 5


def test_what_is_cut_off_has_no_distance() -> None:
    collision, ground = whole_map("..# ..# ###")
    field = GoalFields().field(collision, ground, (0, 0))
    assert steps_at(field, 1, 1) == 2
    assert steps_at(field, 2, 0) == UNREACHED and steps_at(field, 200, 200) == UNREACHED
    shown = on_screen(field, 1, 1)
    assert shown is not None and shown[4, 4] == 2 and shown[3, 3] == 0
    assert on_screen(field, 200, 0) is None


# -- the line of an option --------------------------------------------------------------------------------------


def test_the_target_of_an_answer_stands_where_the_cursor_has_yet_to_go() -> None:
    yes = Option(OptionKind.ANSWER, "Answer yes", "answer:yes", index=0)
    no = Option(OptionKind.ANSWER, "Answer no", "answer:no", index=1)
    state = crystal_state(yes_no("Do you want it?"))
    assert menu_target(state, yes, None) == MenuTarget(Button.A)
    assert menu_target(state, no, None) == MenuTarget(Button.DOWN)
    assert menu_target(crystal_state(yes_no("Do you want it?", cursor=1)), yes, None) == MenuTarget(Button.UP)
    assert menu_target(crystal_state({}), yes, None) == MenuTarget(), "no menu listens"


def test_the_target_in_a_shop_is_the_ware_and_then_the_number() -> None:
    game = crystal().game
    item = next(one for one in game.items.values() if one.key == "POTION")
    buy = Option(OptionKind.BUY, "Buy", "buy", menu_task=BuyItems((Purchase(item.id, 3),)))
    state = crystal_state(menu_shown(["BUY", "SELL", "QUIT"], cursor=1))
    target = menu_target(state, buy, TaskStage(ware=Ware(item.id, 3)))
    assert (target.toward, target.is_step, target.subject, target.count) == (Button.UP, True, item.name, 3)
    assert menu_target(state, buy, None).is_over


def test_a_member_to_put_first_is_found_in_the_party_and_in_the_small_menu() -> None:
    state = crystal_state(
        {
            **menu_shown(["STATS", "SWITCH", "CANCEL"], cursor=0),
            "wPartyCount": b"\x02",
            "wPartySpecies": b"\x10\x13\xff",
        }
    )
    option = Option(OptionKind.SWITCH, "Put it first", "put_first", menu_task=PutFirst(1))
    target = menu_target(state, option, None)
    assert (target.toward, target.is_step) == (Button.DOWN, True)
    assert menu_target(state, option, TaskStage(is_over=True)) == MenuTarget(is_over=True)


# -- the views --------------------------------------------------------------------------------------------------


def crystal_view(rows: dict[str, bytes], option: Option) -> np.ndarray:
    state = crystal_state(rows)
    player, views, repeats = RulePlayer(crystal().game), ButtonViews(), RepeatedPresses()
    features, crop = np.zeros(FEATURE_COUNT, np.float32), np.zeros(MAP_SHAPE, np.uint8)
    view = views.situation(state, features, crop, player.reached_flags)
    views.add_option(view, state, option, player, repeats.look(state.state_hash, np.ones(9, np.bool_)))
    assert view.vector.shape == (VIEW_SIZE,) and np.isfinite(view.vector).all() and abs(view.vector).max() <= 1.0
    return view.vector


def test_options_texts_and_menus_of_crystal_look_different() -> None:
    go = Option(OptionKind.GO_TO, "Go", "go:a", Position(MapId(24, 4), 3, 4))
    other = Option(OptionKind.TALK, "Talk", "talk:b", Position(MapId(24, 5), 3, 4), index=2)
    free, elsewhere = crystal_view({}, go), crystal_view({}, other)
    for part in ("kind", "index", "place", "key"):
        assert (free[PLACE_OF[part]] != elsewhere[PLACE_OF[part]]).any(), part
    hello, bye = crystal_view(words_shown({14: "Hello"}), go), crystal_view(words_shown({14: "Bye"}), go)
    assert (hello[PLACE_OF["text"]] != bye[PLACE_OF["text"]]).any()
    first, second = (crystal_view(menu_shown(["ONE", "TWO"], cursor=row), go) for row in (0, 1))
    assert (first[PLACE_OF["lines"]] == second[PLACE_OF["lines"]]).all()
    for part in ("line", "cursor"):
        assert (first[PLACE_OF[part]] != second[PLACE_OF[part]]).any(), part


def test_option_facts_of_crystal_fit_their_slots_and_the_prior_is_all_that_the_rules_think() -> None:
    state = crystal_state({})
    options = [Option(OptionKind.TRAIN, "t", f"t:{n}", Position(MapId(24, 4), n, 0), 5, 1 - n / 40) for n in range(30)]
    facts = option_view(state, options)
    assert facts.shape == (OPTION_SLOTS, OPTION_SIZE)
    twice = option_view(state, [options[0], Option(options[0].kind, "t", "t:0", options[0].position, 5, 0.2)])
    assert (twice[0] != twice[1]).nonzero()[0].tolist() == [PRIOR.start + 1, PRIOR.start + 2]


def test_words_have_codes_that_differ_and_stay() -> None:
    codes = {tuple(word_code(word, 12)) for word in ("POTION", "ANTIDOTE", "BALL", "")}
    assert len(codes) == 4
    assert word_code("POTION", 8).tolist() == [-1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0, -1.0]


def test_what_is_seen_tells_what_the_rules_press() -> None:
    """In a game by the rules: in menus they press toward the target, on the way toward nearer cells."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    state = env.restart(seed=4)
    player, views, repeats = RulePlayer(env.rom.game, 1), ButtonViews(), RepeatedPresses()
    teacher = LaneTeacher(player, None, PlainWriter(str))
    teacher.reset()
    in_menus: list[bool] = []
    on_the_way: list[bool] = []
    kinds: set[MenuKind] = set()
    for _ in range(900):
        seen = env.policy_observation()
        view = views.situation(state, seen["features"], seen["map"], player.reached_flags)
        wanted = teacher.act(state, ask_model=lambda _matters: False, stuck=False)
        repetition = repeats.look(state.state_hash, env.action_masks())
        views.add_option(view, state, teacher.option, player, repetition)
        target = view.vector[PLACE_OF["target"]]
        if target[0]:
            pressed = (Button.A, *DIRECTION_BUTTONS)[int(target[1:6].argmax())]
            in_menus.append(pressed == wanted.action)
            assert state.menu is not None
            kinds.add(state.menu.kind)
        nearer = view.vector[PLACE_OF["nearer"]]
        if state.mode is GameMode.FREE and wanted.action in DIRECTION_BUTTONS and nearer.any():
            on_the_way.append(nearer[DIRECTION_BUTTONS.index(Button(wanted.action))] == 1.0)
        repeats.pressed(wanted.action)
        state = env.advance(wanted.action).state
    env.close()
    assert len(kinds) >= 3 and len(in_menus) > 30 and len(on_the_way) > 100
    assert np.mean(in_menus) > 0.9
    assert np.mean(on_the_way) > 0.8, "but for tall grass and people, around which they go"


# -- the weights in a file --------------------------------------------------------------------------------------


def test_heads_come_back_from_their_file(tmp_path: Path) -> None:
    heads = Heads.fresh(3)
    save_heads(tmp_path / "heads.safetensors", heads)
    back = load_heads(tmp_path / "heads.safetensors")
    for ours, theirs in ((heads.button, back.button), (heads.option, back.option)):
        for name, value in ours.state_dict().items():
            assert torch.equal(value.half().float(), theirs.state_dict()[name]), name
    assert 200_000 < heads.parameters < 600_000
    assert [path.name for path in tmp_path.iterdir()] == ["heads.safetensors"]


def test_a_file_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "heads.safetensors"
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_heads(path)
    path.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_heads(path)
    heads = Heads.fresh(0)
    with torch.no_grad():
        heads.option.score[0].bias[0] = float("nan")
    save_heads(path, heads)
    with pytest.raises(CheckpointError, match="damaged"):
        load_heads(path)
    torch.nn.init.zeros_(heads.option.score[0].bias)
    data = bytearray((save_heads(path, heads), path.read_bytes())[1])
    data[data.index(b"go_to") : data.index(b"go_to") + 5] = b"go_at"
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="another version"):
        load_heads(path)


# -- playing ----------------------------------------------------------------------------------------------------


def played(agent: HybridAgent, steps: int, seed: int = 2) -> list[Decision]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    agent.attach_lanes([RulePlayer(env.rom.game, 1)])
    env.restart(seed=seed)
    decisions = []
    for _ in range(steps):
        seen = {part: array[None] for part, array in env.policy_observation().items()}
        (decision,) = agent.decide(LaneInputs(seen, env.action_masks()[None]), lambda _lane: env.state)
        agent.observe(0, decision, env.advance(decision.action).reward, done=False)
        decisions.append(decision)
    env.close()
    return decisions


FROZEN: dict[str, Any] = {"seed": 5, "frozen_state": AgentState(TeacherCurriculum.of(None), told_rules_only=True)}


def heads_agent(mode: AgentMode, heads: Heads | None = None, **more: bool) -> HeadsAgent:
    return HeadsAgent(heads or Heads.fresh(0), None, AdaptiveStrategySystem(seed=0), mode=mode, **FROZEN, **more)


def test_every_button_is_the_heads_and_the_same_seed_plays_the_same() -> None:
    for mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY):
        first, second = played(heads_agent(mode), 250), played(heads_agent(mode), 250)
        assert first == second
        assert {decision.source for decision in first} == {Source.POLICY}
        assert any(decision.option_key for decision in first)
    assert all(decision.teacher_action is None for decision in first), "alone, nobody teaches"


def test_in_the_other_modes_it_is_the_hybrid_agent() -> None:
    plain = HybridAgent(None, AdaptiveStrategySystem(seed=0), mode=AgentMode.RULES_ONLY, **FROZEN)
    assert played(heads_agent(AgentMode.RULES_ONLY), 250) == played(plain, 250)


def test_alone_the_option_head_chooses_and_not_the_rules() -> None:
    """An option head that likes best what the rules like least chooses otherwise from the first choice on."""
    contrary = Heads.fresh(0)
    with torch.no_grad():
        for layer in contrary.option.score:
            if isinstance(layer, torch.nn.Linear):
                layer.weight.zero_()
                layer.bias.zero_()
        first, middle, last = (layer for layer in contrary.option.score if isinstance(layer, torch.nn.Linear))
        first.weight[0, -OPTION_SIZE + PRIOR.start + 1] = 5000.0
        middle.weight[0, 0] = 1.0
        last.weight[0, 0] = -1.0
    chosen: list[int] = []

    class Watched(HeadsAgent):
        def _choose(self, look: Look, state: object, options: object) -> int:
            place = super()._choose(look, state, options)  # type: ignore[arg-type]
            values = [option.value for option in options]  # type: ignore[attr-defined]
            chosen.append(values[place] == min(values))
            return place

    agent = Watched(contrary, None, AdaptiveStrategySystem(seed=0), mode=AgentMode.RL_ONLY, **FROZEN)
    played(agent, 200)
    assert len(chosen) > 3 and np.mean(chosen) > 0.9
    chosen.clear()
    agent = Watched(contrary, None, AdaptiveStrategySystem(seed=0), mode=AgentMode.RL_ONLY, **FROZEN, shows_prior=False)
    played(agent, 200)
    assert np.mean(chosen) < 0.9, "what is hidden cannot be followed"
    chosen.clear()
    played(Watched(contrary, None, AdaptiveStrategySystem(seed=0), mode=AgentMode.ADAPTIVE, **FROZEN), 200)
    assert not chosen


def test_alone_an_option_that_the_head_never_ends_is_left_and_the_rules_press_nothing() -> None:
    heads = Heads.fresh(0)
    with torch.no_grad():
        heads.button.ends.bias.fill_(-50.0)
    decisions = played(heads_agent(AgentMode.RL_ONLY, heads), 2 * MOST_HELD_STEPS)
    assert all(decision.reasoning.startswith("button head") for decision in decisions)
    held = [len(list(steps)) for _, steps in groupby(decisions, lambda decision: decision.option_key)]
    assert max(held) <= MOST_HELD_STEPS + 1, held


def test_untrained_heads_stay_nowhere_for_long() -> None:
    for mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY):
        agent = heads_agent(mode)
        agent.greedy = True
        played(agent, 600)
        assert 1 < agent.statistics()["longest_stay"] <= 30


def test_the_heads_need_rule_players_and_numbers() -> None:
    agent = heads_agent(AgentMode.RL_ONLY)
    with pytest.raises(ConfigurationError, match="not beside a str"):
        agent.attach_lanes(["somebody"])  # type: ignore[list-item]
    agent.attach_lanes([RulePlayer(crystal().game)])
    with pytest.raises(ConfigurationError, match="'features'"):
        agent.decide(
            LaneInputs({"screen": np.zeros((1, 1))}, np.ones((1, 9), np.bool_)), lambda _lane: crystal_state({})
        )
