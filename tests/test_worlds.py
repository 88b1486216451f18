"""Text worlds: gold solves, seeds repeat, nothing can be farmed, clues stand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.text.team import Specialisation
from core.worlds.base import TextWorld, WorldTrial
from core.worlds.builtin.code import Code
from core.worlds.builtin.frozen_lake import FrozenLake
from core.worlds.builtin.math import calculate
from core.worlds.builtin.plan_path import PlanPath
from core.worlds.builtin.sudoku import Sudoku, solutions
from core.worlds.gymnasium_text import GymnasiumTextEnv
from core.worlds.registry import TEXT_WORLDS, make_world
from core.worlds.sandbox import missing_protection
from trainer.at_grpo.presets import get_preset, preset_names
from trainer.at_grpo.settings import settings_of

ROOT = Path(__file__).resolve().parent.parent


def trials() -> Iterator[tuple[TextWorld, WorldTrial]]:
    """What the registered worlds state that can be tried here."""
    for name in TEXT_WORLDS.names():
        for trial in TEXT_WORLDS.resolve(name).trials:
            yield make_world(name, trial.options), trial


TRIALS = list(trials())
WORLDS = [world for world, _ in TRIALS]
IDS = [f"{world.name}-{len(world.roles)}" for world in WORLDS]


def test_every_world_is_registered_under_its_own_name_and_its_file() -> None:
    files = {path.stem for path in (ROOT / "core/worlds/builtin").glob("*.py")} - {"__init__"}
    assert set(TEXT_WORLDS.built_in_names()) == files
    for name in files:
        assert TEXT_WORLDS.resolve(name).name == name
    assert {world.name for world in WORLDS} >= {"plan_path", "frozen_lake", "sokoban", "sudoku", "math"}


@pytest.mark.parametrize("name", preset_names())
def test_every_configuration_is_one_that_can_be_trained(name: str) -> None:
    settings = settings_of(get_preset(name))
    world = make_world(settings.world, settings.world_options)
    assert (len(world.roles) == 1) == (settings.specialisation is Specialisation.SINGLE)


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_gold_answers_score_full_marks(world: TextWorld) -> None:
    for seed in range(50):
        world.validate(seed)


@pytest.mark.parametrize(("world", "trial"), TRIALS, ids=IDS)
def test_a_seed_is_a_problem(world: TextWorld, trial: WorldTrial) -> None:
    assert world.initial(3) == world.initial(3)
    assert len({world.initial(seed) for seed in range(30)}) >= trial.problems_of_30


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_no_policy_farms_more_than_solving_pays(world: TextWorld) -> None:
    """Random well-formed answers for 60 rounds: what the team got equals what the last state is worth, at most 1."""
    rng = random.Random(0)
    for seed in range(20):
        state, team, local = world.initial(seed), 0.0, 0.0
        for _ in range(60):
            for role in world.roles:
                turn = world.play(state, role, world.practice(seed, role, rng).answer)
                state, team, local = turn.state, team + turn.team_reward, local + turn.local_reward
                assert team <= 1.0 + 1e-9
            if turn.done:
                break
        assert turn.success or team < 1.0
        assert local <= 1.0 + 1e-9, "asking tools again and again pays"


def test_walking_to_and_fro_earns_nothing() -> None:
    world = PlanPath(with_tool=False)
    for seed in range(50):
        state = world.initial(seed)
        total = 0.0
        for move in "UDDUUDDULRRLLRRL" * 4:
            turn = world.play(state, "mover", move)
            if turn.done:
                break
            state, total = turn.state, total + turn.team_reward
        else:
            assert total < 0.5


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
@pytest.mark.parametrize("answer", ["", "I think U", "R" * 50_000 + "?", "\n\n", "bfs; rm", "5555 5555 5555 5555"])
def test_malformed_answers_are_turns_with_a_penalty(world: TextWorld, answer: str) -> None:
    state = world.initial(0)
    for role in world.roles:
        turn = world.play(state, role, answer)
        assert turn.state == state
        assert turn.local_reward < 0 and turn.team_reward == 0 and not turn.done and turn.feedback


def test_a_grid_that_contradicts_its_clues_is_never_solved() -> None:
    world = Sudoku(with_tool=False)
    for seed in range(30):
        state, other = world.initial(seed), world.initial(seed + 1)
        foreign = world.gold(other, "solver")
        if foreign != world.gold(state, "solver"):
            turn = world.play(state, "solver", foreign)
            assert not turn.success and turn.team_reward <= 0.5


def test_every_sudoku_has_one_solution() -> None:
    world = Sudoku(empty_cells=10)
    assert all(len(solutions(world.initial(seed).clues)) == 1 for seed in range(50))


def test_a_tool_call_advances_the_state_that_the_next_role_sees() -> None:
    world = PlanPath()
    state = world.initial(0)
    after = world.play(state, "tool", "bfs").state
    assert world.prompt(after, "mover") != world.prompt(state, "mover")
    assert "Tool bfs:" in world.prompt(after, "mover")


@pytest.mark.parametrize(("world", "trial"), TRIALS, ids=IDS)
def test_practice_is_well_formed_and_gives_no_skill_away(world: TextWorld, trial: WorldTrial) -> None:
    rng = random.Random(1)
    for role in world.roles:
        examples = [world.practice(seed, role, rng) for seed in range(40)]
        assert len({example.answer for example in examples}) >= trial.answers_of_40.get(role, 31)
        is_tool = trial.repeats_tool and role != world.roles[-1]
        if is_tool:
            assert all(world.play(world.initial(0), role, e.answer).local_reward >= 0 for e in examples)
        if trial.repeats_tool and not is_tool:
            repeated = sum(example.answer in example.prompt for example in examples)
            assert 10 <= repeated <= 32


needs_sandbox = pytest.mark.skipif(missing_protection() is not None, reason=f"no sandbox: {missing_protection()}")


@needs_sandbox
def test_code_gold_passes_the_hidden_tests_and_a_seed_is_a_problem() -> None:
    for world in (Code(), Code(steps=2)):
        for seed in range(8):
            world.validate(seed)
        assert world.initial(3) == world.initial(3) != world.initial(4)


@needs_sandbox
def test_code_pays_for_right_programs_and_right_checks_only() -> None:
    world = Code(max_rounds=3)
    state = world.initial(1)
    right = world.play(state, "tester", world.gold(state, "tester"))
    assert right.local_reward == pytest.approx(1.0) and right.team_reward == 0.0
    again = world.play(right.state, "tester", world.gold(state, "tester"))
    assert again.local_reward == 0.0, "the same checks a second time earn nothing"
    twice = world.gold(state, "tester").splitlines()[0]
    assert world.play(state, "tester", "\n".join([twice] * 3)).local_reward == pytest.approx(1 / 3)
    wrong = world.play(right.state, "coder", "def solve(x):\n    return 'seven'")
    assert wrong.team_reward == 0.0 and not wrong.success
    assert "Failed: solve(0) gave 'seven'" in world.prompt(wrong.state, "coder")
    for trick in (
        "def solve(x):\n    return True",
        "import os\nos._exit(0)  # def solve(",
        "class A(int):\n    def __eq__(self, other): return True\ndef solve(x):\n    return A(0)",
        "print(*[1] * 99, sep='\\n')\ndef solve(x): raise ValueError",
    ):
        turn = world.play(state, "coder", trick)
        assert not turn.success and turn.team_reward < 0.5, trick
    for answer in ("", "solve(x) = x", "x" * 5000):
        assert world.play(state, "coder", answer).local_reward < 0
    for answer in ("", "solve(1) == x", "solve(1) == 1\n" * 4):
        assert world.play(state, "tester", answer).local_reward < 0


def test_a_hole_ends_the_attempt_and_costs_all_that_was_won() -> None:
    world = FrozenLake(with_tool=False)
    fell = 0
    for seed in range(30):
        state = world.initial(seed)
        near = world.play(state, "mover", world.gold(state, "mover")[:-1])
        for move in "UDLR":
            turn = world.play(near.state, "mover", move)
            if turn.state.position in state.walls:
                fell += 1
                assert turn.done and not turn.success and near.team_reward + turn.team_reward == pytest.approx(0.0)
    assert fell > 5


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_worlds_are_gymnasium_environments(world: TextWorld) -> None:
    env = GymnasiumTextEnv(world)
    observation, info = env.reset(seed=3)
    again, _ = GymnasiumTextEnv(world).reset(seed=3)
    assert observation == again and env.observation_space.contains(observation)
    state = world.initial(3)
    for _ in range(world.max_rounds):
        for role in world.roles:
            assert info["role"] == role
            answer = world.gold(state, role)
            assert env.action_space.contains(answer)
            state = world.play(state, role, answer).state
            observation, _, terminated, truncated, info = env.step(answer)
            assert env.observation_space.contains(observation)
            if terminated:
                assert info["success"] and not truncated
                return
    pytest.fail("gold answers did not end the episode")


def test_the_calculator_runs_no_code() -> None:
    assert calculate("2+3*(4-1)") == 11
    for rejected in ("2**9", "9" * 61, "__import__('os')", "1/0", "1,2", "(" * 30, "1 2", "012", ""):
        assert calculate(rejected) is None, rejected
