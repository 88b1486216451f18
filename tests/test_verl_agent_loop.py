"""verl's own classes play our worlds: outputs, groups and advantages. Needs verl (extra `verl`), no GPU."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.text_policy import Sampling
from core.exceptions import ConfigurationError
from core.worlds.builtin.plan_path import PlanPath
from trainer.at_grpo.asked_tree import row_of
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.warm_start import make_warm_policy
from trainer.grpo.advantages import Scaling, group_advantages

verl_loop: Any = pytest.importorskip("verl.experimental.agent_loop.agent_loop", reason="verl is not installed")
replica: Any = pytest.importorskip("verl.workers.rollout.replica")
SETTINGS = settings_of(
    {"world": "plan_path", "world_options": {"max_rounds": 2, "size": 5}, "candidates": 4, "advantage_scaling": "none"}
)


class Client:
    """Samples from a real model, in place of verl's client of its servers."""

    def __init__(self) -> None:
        self.policy = make_warm_policy(PlanPath(5), small_shape(width=48, layers=1), 80, 0, lambda _: None)
        self.generator = torch.Generator().manual_seed(0)

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> Any:
        sampling = Sampling(sampling_params["temperature"], 24)
        sample = self.policy.sample([tuple(prompt_ids)], sampling, self.generator)[0]
        return replica.TokenOutput(token_ids=list(sample.tokens), log_probs=list(sample.log_probabilities))


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


def outputs_of(client: Client, row: dict[str, Any], n: int = 1, temperature: float = 1.0) -> list[Any]:
    """The loop as verl's worker makes it: from the registry, with its own arguments."""
    import hydra
    from omegaconf import OmegaConf

    import trainer.at_grpo.verl_agent_loop as ours

    rollout = {"n": n, "prompt_length": 512, "response_length": 24}
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": rollout}, "data": {}})

    async def play() -> list[Any]:
        loop = hydra.utils.instantiate(
            config=verl_loop._agent_loop_registry[ours.AGENT_NAME],
            trainer_config=verl_loop.DictConfigWrap(config=config),
            server_manager=client,
            tokenizer=client.policy.tokenizer,
            processor=None,
            dataset_cls=SimpleNamespace,
            data_config=verl_loop.DictConfigWrap(config.data),
        )
        return await loop.run({"temperature": temperature}, extra_info=row, raw_prompt=[])

    return asyncio.run(play())


def test_every_candidate_is_an_output_of_its_group(client: Client) -> None:
    outputs = outputs_of(client, row_of(SETTINGS, 7))
    groups: dict[str, list[Any]] = {}
    for output in outputs:
        groups.setdefault(output.extra_fields["group"], []).append(output)
    assert list(groups)[:3] == ["7|tool|0", "7|mover|0", "7|tool|1"]
    for members in groups.values():
        assert len(members) == 4 and len({tuple(member.prompt_ids) for member in members}) == 1
        rewards = np.array([member.extra_fields["reward"] for member in members])
        wanted = group_advantages([rewards], Scaling.NONE)[0]
        columns = [member.as_dict() for member in members]
        assert [float(column["rm_scores"].sum()) for column in columns] == pytest.approx(wanted.tolist())
        assert all(column["rm_scores"][-1] == column["rm_scores"].sum() for column in columns)
        for member, column in zip(members, columns, strict=True):
            assert len(member.response_logprobs) == len(member.response_ids) == len(column["responses"])
            assert max(member.response_logprobs) <= 0.0
    assert any(output.signal != 0.0 for output in outputs)


def test_the_advantage_is_in_verls_registry_and_takes_what_the_tree_compared(client: Client) -> None:
    outputs = outputs_of(client, row_of(SETTINGS, 7))
    from verl.trainer.ppo.core_algos import get_adv_estimator_fn

    columns = [output.as_dict() for output in outputs]
    pad = torch.nn.utils.rnn.pad_sequence
    rewards = pad([column["rm_scores"] for column in columns], batch_first=True)
    mask = pad([column["response_mask"] for column in columns], batch_first=True)
    index = np.array(["row"] * len(outputs), dtype=object)  # all outputs of one row, as verl numbers them
    advantages, returns = get_adv_estimator_fn("at_grpo")(
        token_level_rewards=rewards, response_mask=mask, index=index, config=None
    )
    signals = torch.tensor([output.signal for output in outputs])
    assert torch.equal(advantages, signals[:, None] * mask) and torch.equal(advantages, returns)
    scaled, _ = get_adv_estimator_fn("at_grpo_batch")(token_level_rewards=rewards, response_mask=mask, index=index)
    assert torch.allclose(scaled, advantages / signals.std(correction=0))


def test_an_evaluation_compares_nothing_and_reports_rewards(client: Client) -> None:
    outputs = outputs_of(client, row_of(SETTINGS, 7, candidates=1), temperature=0.0)
    assert [output.signal for output in outputs] == [output.extra_fields["reward"] for output in outputs]


def test_several_rollouts_of_one_row_are_refused(client: Client) -> None:
    with pytest.raises(ConfigurationError, match=r"rollout.n is 4: set 1"):
        outputs_of(client, row_of(SETTINGS, 7), n=4)
