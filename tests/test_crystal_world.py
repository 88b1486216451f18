"""The crystal world: candidates branch exactly, gold walks to the goal, nothing can be farmed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.text.small_policy import make_small_policy, small_shape
from agents.text.team import save_base
from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TRAINING_SEED
from core.worlds.builtin.crystal import DIRECTIONS, PATH_FINDER, Crystal, CrystalState
from core.worlds.cartridge_ground import around_one_bend, as_the_crow_flies, calm_steps, cell_of, steps_to, way_letters
from core.worlds.cartridge_walks import CartridgeWalks, Spot
from trainer.at_grpo.presets import get_preset
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer


@pytest.fixture(scope="module")
def world() -> Iterator[Crystal]:
    made = Crystal()
    yield made
    made.close()


def test_gold_answers_walk_to_the_goal(world: Crystal) -> None:
    for seed in range(12):
        world.validate(seed)
    assert len({world.initial(seed).game.map_id for seed in range(12)}) >= 3, "problems lie on several maps"


def test_free_steps_and_wanted_ones_stand_in_words_in_place_of_the_picture() -> None:
    told = Crystal(with_path_finder=False, told_free_steps=True)
    told.spells_out = False
    for seed in range(4):
        state = told.initial(seed)
        free, goal, *_ = told.question(state, "planner").split("\n")
        free_steps, wanted = _counted(free, "Free:"), _counted(goal, "Goal:")
        assert 0 not in (*free_steps.values(), *wanted.values()), "a name alone says that there are steps"
        straight = as_the_crow_flies(cell_of(state.game), state.goal)
        for word, letter in DIRECTIONS.items():
            steps = len(calm_steps(state.game, letter, 9))
            assert free_steps.get(word, 0) == steps and bool(told._heading(state, word)) == (steps > 0)
            assert wanted.get(word, 0) == straight.count(letter)
    told.close()


def _counted(line: str, name: str) -> dict[str, int]:
    """The directions of a line of a prompt, each with its steps."""
    first, *rest = line.split(" ")
    assert first == name
    return {word: int(count) for word, count in zip(rest[::2], rest[1::2], strict=True)}


def test_examples_of_near_goals_ask_no_path_finder_and_bump_into_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, rng = Crystal(with_path_finder=False, told_free_steps=True, arriving_practice=3), random.Random(0)
    states = [world.initial(seed) for seed in range(8)]

    def no_path_finder(game: object, goal: object) -> str:
        raise AssertionError("the path-finder was asked")

    monkeypatch.setattr("core.worlds.builtin.crystal.way_letters", no_path_finder)
    ahead, alone, arrived = 0, 0, 0
    for number in range(160):
        seed = number % 8
        example = world.practice(seed, "planner", rng)
        free, goal, *_ = example.prompt.split("\n")
        assert example.answer in _counted(free, "Free:"), "a direction that is named is free"
        wanted = _counted(goal, "Goal:")
        ahead += sum(wanted.values()) == wanted.get(example.answer, 0) <= 3
        example = world.practice(seed, "navigator", rng)
        if "To " not in example.prompt:
            walk = world._walks.walk(states[seed].spot, example.answer, (-1, -1))
            assert len(example.answer) <= 6 and (walk.bumps == 0 or len(example.answer) == 1)
            alone += 1
            wanted = dict.fromkeys(DIRECTIONS, 0) | _counted(example.prompt.split("\n")[1], "Goal:")
            across, down = wanted["right"] - wanted["left"], wanted["down"] - wanted["up"]
            x, y = cell_of(states[seed].game)
            arrived += not walk.interruption and cell_of(walk.game) == (x + across, y + down)
    assert 50 < ahead < 130 and 55 < alone < 105 and 0.35 * alone < arrived < 0.75 * alone
    world.close()


def test_a_seed_is_a_problem_for_every_emulator(world: Crystal) -> None:
    other = Crystal()
    for seed in range(4):
        assert other.initial(seed) == world.initial(seed)
    assert len({(world.initial(seed).spot, world.initial(seed).goal) for seed in range(12)}) > 9
    other.close()


def test_candidates_start_in_the_very_same_moment(world: Crystal) -> None:
    """After any earlier walks, a walk ends with the same RAM; and a walk in two parts is the walk in one."""
    walks, nowhere = CartridgeWalks(None, 3), (-1, -1)
    candidates = ["R", "DDLL", "UULR", "LLLL", "DR"]
    first = {steps: walks.walk(Spot(2), steps, nowhere) for steps in candidates}
    fresh = CartridgeWalks(None, 3)
    for steps in reversed(candidates):
        assert fresh.walk(Spot(2), steps, nowhere) == first[steps]
    assert len({walk.game for walk in first.values()}) == len(candidates)
    half = walks.walk(Spot(2), "DD", nowhere)
    assert walks.walk(half.spot, "LL", nowhere).game == first["DDLL"].game
    walks.close()
    fresh.close()


def test_a_letter_is_a_step_whichever_way_one_looks(world: Crystal) -> None:
    walks = CartridgeWalks(None, 3)
    game = walks.openings()[2]
    x, y = cell_of(game)
    walk = walks.walk(Spot(2), "DRLU", (-1, -1))
    assert cell_of(walk.game) == (x, y) and not walk.interruption and not walk.bumps
    assert cell_of(walks.walk(Spot(2), "DDD", (x, y + 2)).game) == (x, y + 2), "the goal ends a walk"
    walks.close()


def test_no_policy_farms_more_than_reaching_the_goal_pays(world: Crystal) -> None:
    rng = random.Random(0)
    for seed in range(4):
        state, team, local = world.initial(seed), 0.0, 0.0
        for _ in range(6):
            for role in world.roles:
                turn = world.play(state, role, world.practice(seed, role, rng).answer)
                state, team, local = turn.state, team + turn.team_reward, local + turn.local_reward
                assert team <= 1.0 + 1e-9 and local <= 1.0 + 1e-9
            if turn.done:
                break
        assert turn.success or team <= 0.5
        assert team == pytest.approx(worth_of(state)), "rewards must add up to what the last state is worth"


def worth_of(state: CrystalState) -> float:
    if state.lost:
        return 0.0
    left = steps_to(state.game.collision, state.goal).get(cell_of(state.game))
    return 0.0 if left is None else 1.0 if left == 0 else 0.5 * (1 - left / state.start_distance)


def test_walking_to_and_fro_and_naming_again_earn_nothing(world: Crystal) -> None:
    for seed in range(2):
        state, team, local = world.initial(seed), 0.0, 0.0
        names = list(DIRECTIONS) * 3 + ["up"]
        last = world.play(state, "planner", "up").local_reward
        for name in names:
            turn = world.play(state, "planner", name)
            state, local = turn.state, local + turn.local_reward
        assert local == pytest.approx(last), "only the last waypoint counts"
        for steps in ("LR", "RL", "UD", "DU") * 3:
            turn = world.play(state, "navigator", steps)
            if turn.done:
                break
            state, team = turn.state, team + turn.team_reward
        assert team <= 0.5


def test_a_door_ends_the_attempt_and_costs_all_that_was_won(world: Crystal) -> None:
    doors = 0
    for seed in range(12):
        state = world.initial(seed)
        for warp in state.game.game.maps[state.game.map_id].warps:
            way = way_letters(state.game, (warp.x, warp.y))
            turn = world.play(state, "navigator", way or "U")
            if turn.feedback.startswith("left the map"):
                doors += 1
                assert turn.done and not turn.success and turn.team_reward == pytest.approx(0.0)
                assert turn.state.game.map_id != state.game.map_id
                break
    assert doors > 2


@pytest.mark.parametrize("answer", ["", "I think U", "R" * 50_000 + "?", "up; rm"])
def test_malformed_answers_are_turns_with_a_penalty(world: Crystal, answer: str) -> None:
    state = world.initial(0)
    for role in world.roles:
        turn = world.play(state, role, answer)
        assert turn.state == state and turn.local_reward < 0 and turn.team_reward == 0 and turn.feedback


def test_what_the_roles_read_shows_the_advanced_moment(world: Crystal) -> None:
    state = world.initial(1)
    before = world.prompt(state, "navigator")
    assert before.count("@") == 1 and "Goal: " in before and len(before.splitlines()) == 11
    assert all(f" {word}" in world.prompt(state, "planner") for word in DIRECTIONS)
    named = world.play(state, "planner", world.gold(state, "planner")).state
    assert named.heading and f": {named.heading}-" in world.prompt(named, "navigator")
    walked = world.play(named, "navigator", named.heading).state
    assert cell_of(walked.game) != cell_of(state.game)
    assert world.prompt(walked, "navigator") != before and "To " not in world.prompt(walked, "navigator")


def test_without_the_path_finder_the_planner_has_to_look(world: Crystal) -> None:
    bare = Crystal(with_path_finder=False)
    state = bare.initial(0)
    assert bare.gold(state, "planner") in DIRECTIONS and "way" not in bare.prompt(state, "planner").split()
    assert bare.play(state, "planner", PATH_FINDER).local_reward < 0
    bare.validate(0)
    bare.close()
    on_the_way = world.play(state, "planner", PATH_FINDER)
    assert on_the_way.local_reward > 0
    assert world.gold(state, "navigator").startswith(on_the_way.state.heading)


def test_a_waypoint_is_where_its_heading_leads_and_no_direction_is_good_in_itself(world: Crystal) -> None:
    best = set()
    for seed in range(12):
        state = world.initial(seed)
        worth = {}
        for word, letter in DIRECTIONS.items():
            turn = world.play(state, "planner", word)
            assert turn.state.heading == letter * len(turn.state.heading)
            walked = world.play(turn.state, "navigator", turn.state.heading or letter)
            worth[word] = turn.local_reward
            if turn.state.heading:
                assert walked.team_reward == pytest.approx(turn.local_reward), "the waypoint was tried in the game"
        best.add(max(worth, key=lambda word: worth[word]))
    assert len(best) >= 3


def test_distances_grow_in_training_and_nowhere_else() -> None:
    world = Crystal(nearest=3, farthest=12, growing_problems=90)
    grown = [world.farthest_of(FIRST_TRAINING_SEED + number) for number in (0, 45, 89, 90)]
    assert grown == [3, 7, 11, 12]
    assert world.farthest_of(FIRST_TRAINING_SEED - 1) == world.farthest_of(2_000_000_000) == 12
    with pytest.raises(ConfigurationError, match="nearest=9"):
        Crystal(nearest=9, farthest=5)


def test_practice_is_well_formed_and_gives_no_skill_away(world: Crystal) -> None:
    rng = random.Random(1)
    examples = [world.practice(seed % 4, "navigator", rng) for seed in range(40)]
    assert len({example.answer for example in examples}) > 30
    assert 10 <= sum(f": {example.answer}" in example.prompt for example in examples) <= 32
    assert {world.practice(0, "planner", rng).answer for _ in range(40)} == {*DIRECTIONS, PATH_FINDER}


def test_letters_of_ways(world: Crystal) -> None:
    assert around_one_bend("RRDDLL") == "RRDD" and around_one_bend("RRR") == "RRR" and around_one_bend("") == ""
    assert as_the_crow_flies((5, 5), (3, 8)) == "LLDDD" and as_the_crow_flies((1, 1), (1, 1)) == ""
    game = world.initial(0).game
    for letter in "UDLR":
        steps = calm_steps(game, letter, 50)
        assert set(steps) <= {letter} and calm_steps(game, letter, 1) == steps[:1]


def test_distances_lead_down_a_ledge_but_not_up(world: Crystal) -> None:
    game = world.initial(0).game
    cells = game.collision.cells.copy()
    cells[:] = 0
    cells[2, :], cells[3, :] = 0xA3, 0x07  # a row from which the player hops down over the edge below it
    collision = replace(game.collision, cells=cells)
    assert (4, 1) in steps_to(collision, (4, 4)) and (4, 4) not in steps_to(collision, (4, 1))


def test_a_team_is_trained_and_judged_on_the_cartridge(world: Crystal, tmp_path: Path) -> None:
    """One small iteration through the trainer; what the tree says is what the emulator does when it is asked again."""
    texts = [world.prompt(world.initial(seed), role) for seed in range(4) for role in world.roles]
    base = make_small_policy([*texts, *DIRECTIONS, "UDLR" * 10], small_shape(width=32, layers=1), 0)
    save_base(base, tmp_path / "base")
    small = {"batch_size": 2, "candidates": 3, "eval_episodes": 2, "max_new_tokens": 6}
    settings = settings_of({**get_preset("crystal_two_policy"), **small})
    summary = ATGRPOTrainer(settings, tmp_path).train(1)
    assert summary.finished and summary.candidates >= 2 * 3 * 2
    lines = [json.loads(line) for line in (tmp_path / "dialogue.jsonl").read_text().splitlines()]
    assert [line["role"] for line in lines[:2]] == list(world.roles)
    state = world.initial(lines[0]["seed"])
    for line in lines:
        assert line["prompt"] == world.prompt(state, line["role"])
        turns = [world.play(state, line["role"], answer["text"]) for answer in line["answers"]]
        rewards = [round(turn.team_reward + turn.local_reward, 4) for turn in turns]
        assert rewards == pytest.approx([answer["reward"] for answer in line["answers"]])
        state = turns[line["best"]].state
