"""verifiers' own classes play our worlds: traces, rewards and advantages. Needs the package verifiers, no GPU."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.text_policy import Sampling
from core.worlds.base import FIRST_TEST_SEED
from core.worlds.builtin.plan_path import PlanPath
from trainer.at_grpo.asked_tree import AskedGroup
from trainer.at_grpo.warm_start import make_warm_policy

vf: Any = pytest.importorskip("verifiers.v1", reason="verifiers is not installed")
verifiers_tree: Any = pytest.importorskip("trainer.at_grpo.verifiers_tree", reason="verifiers is not installed")
WORLD = {"max_rounds": 2, "size": 5}


class Handler(BaseHTTPRequestHandler):
    """A real model behind the part of OpenAI's interface that a chat needs."""

    policy: Any = None
    lock = threading.Lock()
    generator = torch.Generator().manual_seed(0)
    broken = False

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.broken:
            self.send_error(400, "no model is loaded")
            return
        prompt = self.policy.tokenizer.apply_chat_template(
            asked["messages"], add_generation_prompt=True, return_dict=False
        )
        with self.lock:
            sample = self.policy.sample([tuple(prompt)], Sampling(asked["temperature"], 24), self.generator)[0]
        text = self.policy.tokenizer.decode(sample.tokens, skip_special_tokens=True)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        reply = {"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": [choice]}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    Handler.policy = make_warm_policy(PlanPath(5), small_shape(width=48, layers=1), 80, 0, lambda _: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def episode_of(address: str, candidates: int) -> Any:
    """The first problem, played as `vf-eval crystal-worlds` plays it."""
    wanted = {"id": "crystal-worlds", "world_options": WORLD, "candidates": candidates, "problems": 3}
    wanted["settings"] = {"instructions": False, "advantage_scaling": "none"}
    config = vf.env_config_type("crystal-worlds")(taskset=wanted)
    env = vf.load_environment(config)
    context = vf.ModelContext(
        model="small",
        client=vf.EvalClientConfig(base_url=address),
        sampling=vf.SamplingConfig(temperature=1.0),
    )

    async def play() -> Any:
        async with env.serving():
            return await env.run_episode(next(iter(env.taskset)), context)

    return asyncio.run(play())


def test_every_candidate_is_a_trace_with_its_reward_and_its_advantage(address: str) -> None:
    episode = episode_of(address, 4)
    assert episode.ok, episode.errors
    groups: dict[str, list[Any]] = {}
    for trace in episode.traces:
        groups.setdefault(trace.info["group"], []).append(trace)
    assert len(groups) >= 2 and {len(group) for group in groups.values()} == {4}
    assert {key.split("|")[1] for key in groups} == {"tool", "mover"}
    for group in groups.values():
        rewards = torch.tensor([trace.rewards["at_grpo"].score for trace in group])
        advantages = [trace.nodes[-1].advantages[0] for trace in group]
        assert advantages == pytest.approx((rewards - rewards.mean()).tolist(), abs=1e-5)
    assert any(trace.nodes[-1].advantages[0] for trace in episode.traces)
    assert {trace.metrics["solved"] for trace in episode.traces} <= {0.0, 1.0}


def test_one_candidate_is_played_through_and_compared_with_nothing(address: str) -> None:
    episode = episode_of(address, 1)
    assert episode.ok and len(episode.traces) in (2, 4), episode.errors
    assert all(trace.nodes[-1].advantages is None and trace.rewards["at_grpo"] for trace in episode.traces)
    assert "Tools:" in episode.traces[0].transcript and "Tools:" not in episode.traces[1].transcript


def test_a_model_that_does_not_answer_is_no_bad_answer(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "broken", True)
    episode = episode_of(address, 1)
    assert not episode.ok and "no answer of tool" in episode.last_error.message


def test_traces_say_who_solved_the_problem_and_the_episode_whether_anybody_did(address: str) -> None:
    """By groups whose end is known: a model this small solves nothing for sure."""
    episode = episode_of(address, 2)
    traces = episode.traces[:4]
    for place, success in ((0, False), (2, True)):
        answers = tuple(traces[place : place + 2])
        verifiers_tree._credit(AskedGroup(f"0|tool|{place}", answers, (0.25, 0.75), (-0.25, 0.25), 1, success))
    assert [trace.metrics["solved_by_group"] for trace in traces] == [0.0, 0.0, 1.0, 1.0]
    assert [trace.rewards["at_grpo"].score for trace in traces] == [0.25, 0.75, 0.25, 0.75]
    assert [trace.nodes[-1].advantages[0] for trace in traces] == [-0.25, 0.25, -0.25, 0.25]
    assert {trace.metrics["solved"] for trace in traces} <= {0.0, 1.0}
    env = vf.load_environment(vf.env_config_type("crystal-worlds")(taskset={"id": "crystal-worlds"}))
    episode.traces[:] = traces
    asyncio.run(env.finalize(next(iter(env.taskset)), episode))
    assert [trace.metrics["solved"] for trace in episode.traces] == [1.0] * 4


def test_the_problems_are_those_that_no_run_trains_on() -> None:
    config = vf.env_config_type("crystal-worlds")(taskset={"id": "crystal-worlds", "problems": 3})
    names = [task.data.name for task in vf.load_environment(config).taskset]
    assert names == [f"plan_path {FIRST_TEST_SEED + place}" for place in range(3)]
