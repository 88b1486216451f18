"""AReaL's own classes play our worlds: rows, groups and advantages. Needs the package areal, no GPU."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import torch

from agents.text.small_policy import small_shape
from agents.text.text_policy import Sampling
from core.worlds.builtin.plan_path import PlanPath
from trainer.at_grpo.asked_tree import row_of
from trainer.at_grpo.settings import settings_of
from trainer.at_grpo.warm_start import make_warm_policy

io_struct: Any = pytest.importorskip("areal.api.io_struct", reason="areal is not installed")
cli_args: Any = pytest.importorskip("areal.api.cli_args")
SETTINGS = settings_of(
    {"world": "plan_path", "world_options": {"max_rounds": 2, "size": 5}, "candidates": 4, "advantage_scaling": "none"}
)


class Engine:
    """Samples from a real model, in place of AReaL's engine of servers."""

    def __init__(self) -> None:
        self.policy = make_warm_policy(PlanPath(5), small_shape(width=48, layers=1), 80, 0, lambda _: None)
        self.generator = torch.Generator().manual_seed(0)

    async def agenerate(self, request: Any) -> Any:
        sampling = Sampling(request.gconfig.temperature, request.gconfig.max_new_tokens)
        sample = self.policy.sample([tuple(request.input_ids)], sampling, self.generator)[0]
        return io_struct.ModelResponse(
            input_tokens=list(request.input_ids),
            output_tokens=list(sample.tokens),
            output_logprobs=list(sample.log_probabilities),
            output_versions=[3] * len(sample.tokens),
        )


def test_every_candidate_is_a_row_with_its_advantage() -> None:
    from trainer.at_grpo.areal_workflow import TreeWorkflow

    engine = Engine()
    gconfig = cli_args.GenerationHyperparameters(max_new_tokens=16, temperature=1.0)
    workflow = TreeWorkflow(gconfig, engine.policy.tokenizer)
    batch = asyncio.run(workflow.arun_episode(engine, row_of(SETTINGS, 7)))
    assert batch is not None
    rows, width = batch["input_ids"].shape
    assert rows % 4 == 0 and rows >= 8 and batch["rewards"].shape == (rows,)
    assert all(column.shape == (rows, width) for name, column in batch.items() if name != "rewards")
    signals = batch["rewards"].reshape(-1, 4)
    assert torch.allclose(signals.sum(1), torch.zeros(len(signals)), atol=1e-5) and bool(signals.any())
    said = batch["loss_mask"].bool()
    assert bool((batch["versions"][said] == 3).all()) and bool((batch["logprobs"][said] <= 0).all())
    assert not bool(batch["logprobs"][~said].any())
    alone = asyncio.run(workflow.arun_episode(engine, row_of(SETTINGS, 7, candidates=1)))
    assert alone is not None and len(alone["rewards"]) <= 4
