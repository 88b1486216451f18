"""The text worlds in other projects' forms: PettingZoo's API and the hooks of verifiers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pettingzoo.test import api_test, seed_test

from core.worlds.base import TextWorld
from core.worlds.builtin.plan_path import PlanPath
from core.worlds.builtin.sudoku import Sudoku
from core.worlds.pettingzoo_text import PettingZooTextEnv
from core.worlds.verifiers_form import VerifiersHooks

WORLDS: list[TextWorld[Any]] = [Sudoku(), PlanPath(size=6, max_rounds=3), Sudoku(with_tool=False)]
IDS = ["sudoku", "plan_path", "one role"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # "probably should be Box", "agents named player_0"
@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_pettingzoos_own_api_test(world: TextWorld[Any]) -> None:
    api_test(PettingZooTextEnv(world), num_cycles=40)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pettingzoos_own_seed_test() -> None:
    seed_test(lambda: PettingZooTextEnv(Sudoku()), num_cycles=10)


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_pettingzoo_agents_solve_with_gold_answers(world: TextWorld[Any]) -> None:
    env = PettingZooTextEnv(world)
    env.reset(seed=4)
    state, total = world.initial(4), dict.fromkeys(world.roles, 0.0)
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        total[agent] += reward
        if terminated or truncated:
            assert terminated and not truncated and (agent != world.roles[-1] or info["success"])
            env.step(None)
            continue
        assert observation == {"prompt": world.question(state, agent)}
        answer = world.gold(state, agent)
        state = world.play(state, agent, answer).state
        env.step(answer)
    assert not env.agents
    assert all(worth >= 1.0 - 1e-9 for worth in total.values()), "the team's reward goes to all"


def test_a_pettingzoo_episode_without_end_is_truncated() -> None:
    env = PettingZooTextEnv(Sudoku(max_rounds=1))
    env.reset(seed=1)
    for answer in ("zeros", "nonsense"):
        env.step(answer)
    assert all(env.truncations.values()) and not any(env.terminations.values())


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_the_hooks_of_verifiers_play_a_rollout(world: TextWorld[Any]) -> None:
    async def rollout(answer_of: Any) -> dict[str, Any]:
        """The library's loop: prompt, answer, env_response until a final one."""
        hooks = VerifiersHooks(world)
        row = hooks.rows([9])[0]
        state: dict[str, Any] = {"info": row["info"]}
        await hooks.setup_state(state)
        messages = list(row["prompt"])
        while state.get("final_env_response") is None:
            messages.append({"role": "assistant", "content": answer_of(messages[-1]["content"])})
            messages += await hooks.env_response(messages, state)
        return {"reward": await hooks.reward(state=state, completion=messages), "solved": await hooks.success(state)}

    state = world.initial(9)
    gold = {}
    for role in world.roles:
        gold[world.question(state, role)] = world.gold(state, role)
        state = world.play(state, role, world.gold(state, role)).state
    good = asyncio.run(rollout(gold.__getitem__))
    assert good["solved"] == 1.0 and good["reward"] >= 1.0
    bad = asyncio.run(rollout(lambda prompt: "no"))
    assert bad["solved"] == 0.0 and bad["reward"] < 0.0
    row = VerifiersHooks(world).rows([9])[0]
    assert gold[row["prompt"][0]["content"]] == row["answer"] and json.loads(row["info"])["seed"] == 9
