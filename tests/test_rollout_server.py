"""Rollouts from a server over real HTTP: right probabilities, new weights after each update, clear refusals."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.text.rollout_server import RolloutServer, ServedPolicy
from agents.text.small_policy import small_shape
from agents.text.team import Specialisation, build_team, save_base
from agents.text.text_policy import Sampling, load_policy
from core.exceptions import ConfigurationError, LLMConnectionError, TrainingError
from core.worlds.registry import make_world
from tests.llm_servers.rollouts import LocalRolloutServer
from trainer.at_grpo.settings import ATGRPOSettings, settings_of
from trainer.at_grpo.trainer import ATGRPOTrainer
from trainer.at_grpo.warm_start import make_warm_policy

TINY: dict[str, object] = {
    "world": "math",
    "world_options": {"largest": 10},
    "specialisation": "lora",
    "batch_size": 4,
    "candidates": 4,
    "eval_episodes": 4,
    "max_new_tokens": 8,
    "temperature": 1.3,
    "learning_rate": 0.01,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    world = make_world("math", {"largest": 10})
    save_base(make_warm_policy(world, small_shape(width=32, layers=1), 60, 0, lambda _: None), folder)
    return folder


def settings(url: str, **changes: object) -> ATGRPOSettings:
    return settings_of({**TINY, "rollout_server": url, **changes})


def run_folder(folder: Path, base: Path) -> Path:
    shutil.copytree(base, folder / "base")
    return folder


def test_the_server_samples_with_each_version_of_the_adapters(base: Path, tmp_path: Path) -> None:
    with LocalRolloutServer(base) as server:
        trainer = ATGRPOTrainer(settings(server.url), run_folder(tmp_path, base))
        trainer.train(3)
        records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
        apart = [record["disagreement"] for record in records if "disagreement" in record]
        assert len(apart) == 3 and all(set(nats) == {"tool", "reasoner"} for nats in apart)
        assert all(0.0 <= nats < 1e-3 for iteration in apart for nats in iteration.values())
        loads = [request["lora_name"] for path, request in server.seen if path.endswith("/load_lora_adapter")]
        completions = [request for path, request in server.seen if path.endswith("/completions")]
        assert [name.rsplit("-", 1)[0] for name in loads] == [
            f"{role}-{version}" for version in range(4) for role in ("tool", "reasoner")
        ]
        assert set(server.adapters) == set(loads[-2:]), "old versions are unloaded"
        assert {request["model"] for request in completions} <= set(loads)
        assert all(request["return_token_ids"] and request["logprobs"] == 0 for request in completions)
        assert {request["n"] for request in completions if request["temperature"] > 0} == {4}
        assert trainer.team is not None
        for role, policy in trainer.team.by_role.items():  # what the server plays now is what the trainer holds
            served = ServedPolicy(RolloutServer(server.url), policy, role)
            served.push(tmp_path / "again", 9)
            samples = served.sample(["What is 2 plus 3?"] * 6, Sampling(0.7, 8), torch.Generator().manual_seed(1))
            assert len(samples) == 6 and served.disagreement(samples) < 1e-3
            assert len({sample.tokens for sample in samples}) > 1


def test_the_answers_are_those_of_the_model_in_this_process(base: Path, tmp_path: Path) -> None:
    with LocalRolloutServer(base) as server:
        team = build_team(load_policy(str(base)), ["tool", "reasoner"], Specialisation.LORA)
        policy = team.by_role["tool"]
        served = ServedPolicy(RolloutServer(server.url), policy, "tool")
        served.push(tmp_path, 0)
        prompts = ["one", "two", "two", "three"]
        mine = policy.sample(prompts, Sampling(0.0, 6), torch.Generator())
        theirs = served.sample(prompts, Sampling(0.0, 6), torch.Generator().manual_seed(0))
        assert [sample.tokens for sample in mine] == [sample.tokens for sample in theirs], "in order, whatever comes"
        assert [sample.prompt_tokens for sample in mine] == [sample.prompt_tokens for sample in theirs]
        assert [sample.text for sample in mine] == [sample.text for sample in theirs]


def test_a_server_that_samples_otherwise_than_told_is_found_out(base: Path, tmp_path: Path) -> None:
    with (
        LocalRolloutServer(base, temperature_error=3.0) as server,
        pytest.raises(TrainingError, match=r"nats per token away.*processed_logprobs"),
    ):
        ATGRPOTrainer(settings(server.url), run_folder(tmp_path, base)).train(1)


def logs_are(value: object, *, every: int) -> Any:
    """A server that knows too little: the first log-probability of every so-manieth answer is this value."""

    def change(choice: dict[str, Any]) -> None:
        if choice["index"] % every == 0 and choice["logprobs"]["token_logprobs"]:
            choice["logprobs"]["token_logprobs"][0] = value

    return change


@pytest.mark.parametrize("value", [-9999.0, float("nan"), None, float("-inf"), "?"])
def test_a_probability_that_the_server_does_not_know_is_computed_here(
    base: Path, tmp_path: Path, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalRolloutServer(base, change=logs_are(value, every=3)) as server:
        policy = build_team(load_policy(str(base)), ["tool"], Specialisation.LORA).by_role["tool"]
        served = ServedPolicy(RolloutServer(server.url), policy, "tool")
        served.push(tmp_path, 0)
        samples = served.sample(["What is 2 plus 3?"] * 7, Sampling(1.3, 8), torch.Generator().manual_seed(1))
        with torch.no_grad():
            ours, _, _ = policy.token_log_probabilities(samples)
        for row, sample in zip(ours.tolist(), samples, strict=True):
            assert sample.log_probabilities == pytest.approx(row[: len(sample.tokens)], abs=1e-3)
        assert sum("computed here" in message for message in caplog.messages) == 1


def test_a_run_goes_on_with_such_a_server(base: Path, tmp_path: Path) -> None:
    with LocalRolloutServer(base, change=logs_are(-9999.0, every=2)) as server:
        summary = ATGRPOTrainer(settings(server.url), run_folder(tmp_path, base)).train(2)
    assert summary.finished and summary.iterations == 2


def test_empty_answers_of_a_server_end_nothing(base: Path, tmp_path: Path) -> None:
    def silent(choice: dict[str, Any]) -> None:
        if choice["index"] % 4 != 1:
            choice.update(text="", token_ids=[], logprobs={"token_logprobs": []})

    with LocalRolloutServer(base, change=silent) as server:
        summary = ATGRPOTrainer(settings(server.url), run_folder(tmp_path, base)).train(2)
    assert summary.finished


def test_tokens_that_the_model_does_not_have_are_said_in_one_line(base: Path, tmp_path: Path) -> None:
    def foreign(choice: dict[str, Any]) -> None:
        choice["token_ids"][0] = 150_000

    with LocalRolloutServer(base, change=foreign) as server, pytest.raises(LLMConnectionError, match="150000"):
        ATGRPOTrainer(settings(server.url), run_folder(tmp_path, base)).train(1)


def test_what_a_server_lacks_is_said_in_one_line(base: Path, tmp_path: Path) -> None:
    with (
        LocalRolloutServer(base, with_token_ids=False) as server,
        pytest.raises(LLMConnectionError, match=r"token_ids is missing.*vLLM server"),
    ):
        ATGRPOTrainer(settings(server.url), run_folder(tmp_path / "a", base)).train(1)
    with pytest.raises(LLMConnectionError, match="cannot be reached"):
        ATGRPOTrainer(settings(server.url), run_folder(tmp_path / "b", base)).train(1)
    with LocalRolloutServer(base) as server, pytest.raises(LLMConnectionError, match=r"answered 404.*does not exist"):
        RolloutServer(server.url).complete("nobody", [[1, 2]], 1, Sampling(), 0)
    with pytest.raises(ConfigurationError, match="rollout_server needs specialisation 'lora'"):
        ATGRPOTrainer(settings("http://127.0.0.1:1/v1", specialisation="shared"), tmp_path / "c")


def test_a_server_that_is_started_again_in_mid_run_gets_its_adapters_and_the_question_anew(
    base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy = build_team(load_policy(str(base)), ["tool"], Specialisation.LORA).by_role["tool"]
    with LocalRolloutServer(base) as first:
        port = int(first.url.split(":")[2].split("/")[0])
        served = ServedPolicy(RolloutServer(first.url, restart_patience_s=30.0), policy, "tool")
        served.push(tmp_path, 0)
        before = served.sample(["What is 2 plus 3?"] * 4, Sampling(1.0, 6), torch.Generator().manual_seed(5))
    later = threading.Timer(1.0, (again := LocalRolloutServer(base, port=port)).__enter__)
    later.start()
    try:
        after = served.sample(["What is 2 plus 3?"] * 4, Sampling(1.0, 6), torch.Generator().manual_seed(5))
        assert [sample.tokens for sample in after] == [sample.tokens for sample in before]
        assert list(again.adapters) == list(first.adapters)
        assert any("waiting 30 s" in message for message in caplog.messages)
        again.adapters.clear()  # as after a restart that fell between two questions
        again.adapted = None
        served.push(tmp_path, 1)
        assert [name.rsplit("-", 1)[0] for name in again.adapters] == ["tool-1"]
    finally:
        later.join()
        again.__exit__(None, None, None)


def test_a_server_that_stays_away_is_not_waited_for_longer_than_told(base: Path, tmp_path: Path) -> None:
    policy = build_team(load_policy(str(base)), ["tool"], Specialisation.LORA).by_role["tool"]
    with LocalRolloutServer(base) as server:
        served = ServedPolicy(RolloutServer(server.url, restart_patience_s=0.2), policy, "tool")
        served.push(tmp_path, 0)
    with pytest.raises(LLMConnectionError, match=r"cannot be reached.*waited for 0.2 s: start it again"):
        served.sample(["What is 2 plus 3?"], Sampling(1.0, 6), torch.Generator().manual_seed(5))
