"""Goals from Fernvale's milestones and from needs, on states of the running game."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.ram import RamSnapshot
from core.game.state import GameState
from core.goal_planner import GoalKind, GoalOrientedPlanner
from core.rules import RulePlayer
from core.rules.planning.lane_memory import LaneMemory
from core.rules.values import ON_THE_WAY
from core.vocabulary import OptionKind

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    yield env
    env.close()


@pytest.fixture(scope="module")
def planner(env: EnhancedPyBoyPokemonCrystalEnv) -> GoalOrientedPlanner:
    return GoalOrientedPlanner(env.rom.game, env.rom.game.milestones)


def reached_before(env: EnhancedPyBoyPokemonCrystalEnv, milestone_id: str) -> list[str]:
    ids = [one.id for one in env.rom.game.milestones]
    return ids[: ids.index(milestone_id)]


def after_starter(env: EnhancedPyBoyPokemonCrystalEnv) -> GameState:
    """The first free moment with a creature."""
    _, info = env.reset(seed=0)
    player = RulePlayer(env.rom.game, 0)
    for _ in range(300):
        state: GameState = info["game_state"]
        if state.party and state.is_free:
            return state
        _, _, _, _, info = env.step(int(player.act(state, player.choose(state)).button))
    raise AssertionError("no creature after 300 steps")


def test_every_required_milestone_has_an_objective_or_asks_a_level(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    milestones = env.rom.game.milestones
    story = env.rom.game.objectives
    silent = {
        one.id for one in milestones if not one.optional and not story.objectives(one) and not story.wanted_level(one)
    }
    assert silent == {"boat_ready", "egg_hatched"}, "a call and an egg come by themselves"


def test_first_goal_is_the_first_milestone_ahead(
    env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner
) -> None:
    _, info = env.reset(seed=0)
    state = info["game_state"]
    goal = planner.current_goal(state, reached_before(env, "downstairs"))
    assert goal is not None and goal.kind is GoalKind.STORY and goal.milestone_id == "downstairs"
    assert goal.option.kind is OptionKind.GO_TO and "Home" in goal.text


def test_the_starter_is_a_choice_of_three_that_the_seed_settles(
    env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner
) -> None:
    _, info = env.reset(seed=0)
    state, reached = info["game_state"], reached_before(env, "starter")
    firsts = {planner.goals(state, reached, LaneMemory(), seed)[0].option.key for seed in range(6)}
    assert len(firsts) == 3 and all(key.startswith("talk:WORKSHOP:") for key in firsts)


@pytest.mark.parametrize(("starter", "ball"), [(1, 2), (2, 3), (3, 4)])
def test_a_starter_that_is_set_is_the_only_one_on_offer(
    env: EnhancedPyBoyPokemonCrystalEnv, starter: int, ball: int
) -> None:
    env.restart(seed=0)
    player = RulePlayer(env.rom.game, seed=5, starter=starter)
    offered: set[str] = set()
    while not env.state.party and env.episode_steps < 300:
        options = player.options(env.state)
        offered |= {option.key for option in options if option.key.startswith("talk:WORKSHOP:")}
        env.advance(int(player.act(env.state, options[0]).button))
    (member,) = env.state.party
    balls = {f"talk:WORKSHOP:{one}" for one in (2, 3, 4)}
    assert offered & balls == {f"talk:WORKSHOP:{ball}"}
    assert env.rom.game.species[member.species].types[0] == ("LEAF", "FIRE", "WATER")[starter - 1]


def test_of_two_ways_to_a_milestone_the_nearer_comes_first(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """The seed chooses among the people of one map, never between here and a town far away."""
    _, info = env.reset(seed=0)
    game, state = env.rom.game, info["game_state"]
    milestone = next(one for one in game.milestones if one.id == "parcel")
    (near,) = {one.map for one in game.objectives.objectives(milestone)}
    far = game.map_by_key("HIGHSTEAD")
    assert far is not None
    teller = replace(far.objects[-1], event=None, sets=("EVENT_GOT_PARCEL",), outcomes=())
    here = game.maps[near]
    freely = tuple(replace(one, outcomes=()) if "EVENT_GOT_PARCEL" in one.sets else one for one in here.objects)
    told = {near: replace(here, objects=freely), far.id: replace(far, objects=(*far.objects[:-1], teller))}
    other = replace(game, maps={**game.maps, **told})
    planner = GoalOrientedPlanner(other, other.milestones)
    reached = reached_before(env, "parcel")
    for seed in range(4):
        first, second = planner.goals(state, reached, LaneMemory(), seed)[:2]
        assert first.option.position is not None and first.option.position.map == near
        assert second.option.position is not None and second.option.position.map == far.id


def test_who_is_not_there_yet_is_made_to_appear(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """The story leads to whoever clears the flag that hides the one it is about."""
    _, info = env.reset(seed=0)
    game, state = env.rom.game, info["game_state"]
    milestone = next(one for one in game.milestones if one.id == "parcel")
    (parcel,) = game.objectives.objectives(milestone)
    hiding = next(name for name, flag in game.event_flags.items() if state.has_flag(flag.index))
    here = game.maps[parcel.map]
    giver = next(one for one in here.objects if one.id == parcel.object_id)
    shower = next(one for one in here.objects if one.id != parcel.object_id and one.event is None)
    changed = {
        giver.id: replace(giver, event=hiding, outcomes=()),
        shower.id: replace(shower, clears=(hiding,), outcomes=()),
    }
    objects = tuple(changed.get(one.id, one) for one in here.objects)
    other = replace(game, maps={**game.maps, here.id: replace(here, objects=objects)})
    planner = GoalOrientedPlanner(other, other.milestones)
    first = planner.goals(state, reached_before(env, "parcel"), LaneMemory(), seed=0)[0]
    assert (first.kind, first.milestone_id, first.option.value) == (GoalKind.STORY, "parcel", ON_THE_WAY.story)
    assert first.option.key == f"talk:{here.key}:{shower.id}"


def test_every_errand_of_the_story_is_pressing_and_looking_around_is_not(
    env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner
) -> None:
    """A model's answer on the way holds while the pressing options are the same (`OptionCache`)."""
    _, info = env.reset(seed=0)
    goals = planner.goals(info["game_state"], reached_before(env, "starter"), LaneMemory(), seed=0)
    story = [goal.option for goal in goals if goal.kind is GoalKind.STORY]
    others = [goal.option for goal in goals if goal.kind is GoalKind.EXPLORE]
    assert len(story) == 3 and others
    assert all(option.value >= ON_THE_WAY.pressing for option in story)
    assert all(option.value < ON_THE_WAY.pressing for option in others)


def test_a_tired_lead_rests_before_the_story_goes_on(
    env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner
) -> None:
    state = after_starter(env)
    reached = reached_before(env, "gatehouse")
    healthy = planner.current_goal(state, reached)
    assert healthy is not None and healthy.kind is GoalKind.STORY
    hp = state.rom.layout.index("wPartyMon1HP")
    data = bytearray(state.snapshot.data)
    data[hp : hp + 2] = bytes((0, 2))
    tired = planner.current_goal(GameState(RamSnapshot(bytes(data)), state.rom), reached)
    assert tired is not None and tired.kind is GoalKind.HEAL and tired.option.kind is OptionKind.HEAL


def test_a_lost_battle_asks_for_training(env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner) -> None:
    state = after_starter(env)
    memory = LaneMemory()
    memory.wanted_level = state.party[0].level + 2
    goal = planner.goals(state, reached_before(env, "gatehouse"), memory)[0]
    assert goal.kind is GoalKind.TRAIN and str(memory.wanted_level) in goal.text


def test_an_abandoned_objective_is_left_alone_and_something_else_is_tried(
    env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner
) -> None:
    _, info = env.reset(seed=0)
    state, reached, memory = info["game_state"], reached_before(env, "downstairs"), LaneMemory()
    first = planner.goals(state, reached, memory)[0]
    memory.abandon(first.option)
    second = planner.goals(state, reached, memory)[0]
    assert second.option.key != first.option.key
    memory.step += 401
    assert planner.goals(state, reached, memory)[0].option.key == first.option.key


def test_taken_things_are_no_objective(env: EnhancedPyBoyPokemonCrystalEnv, planner: GoalOrientedPlanner) -> None:
    _, info = env.reset(seed=0)
    state = info["game_state"]
    flag = env.rom.game.event_flags["EVENT_STARTER_LEAF_TAKEN"].index
    data = bytearray(state.snapshot.data)
    data[state.rom.layout.index("wEventFlags") + flag // 8] |= 1 << flag % 8
    taken = GameState(RamSnapshot(bytes(data)), state.rom)
    goals = planner.goals(taken, reached_before(env, "starter"), LaneMemory())
    assert len([goal for goal in goals if goal.kind is GoalKind.STORY]) == 2


def test_without_a_world_there_is_nothing_to_plan(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    _, info = env.reset(seed=0)
    assert GoalOrientedPlanner().current_goal(info["game_state"], ()) is None


def test_a_game_that_began_in_the_middle_does_not_go_back_to_places_behind_it(planner: GoalOrientedPlanner) -> None:
    milestone = planner.next_milestone(["starter", "parcel", "beat_wyn", "first_region"])
    assert milestone is not None and milestone.id == "level_6"
    milestone = planner.next_milestone(["starter", "parcel", "beat_wyn", "first_region", "level_6"])
    assert milestone is not None and milestone.id == "lark_road"
