"""AReaL's rollouts of our worlds: a workflow that grows AT-GRPO's tree of one problem.

An item of the data set is `row_of(settings, seed)` (`asked_tree.py`), and its group size in AReaL is 1: the workflow
itself samples the candidates of each group, plays them, and goes on from the best one. Every candidate is a row of the
trajectory that it returns. AReaL normalises rewards over a batch or over equal numbers of rows, and the groups of a
tree are neither: so the column of rewards has the advantages within the group (problem, role, turn), and AReaL's own
normalisation of rewards and advantages is to be switched off (a deviation over the batch may stay, a mean may not). In
an evaluation (`candidates` 1) nothing is compared and the column has rewards. All roles are played by the one model
that AReaL trains.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from core.exceptions import ConfigurationError
from trainer.at_grpo.asked_tree import TreeProblem, ask_tree

try:
    from areal.api.io_struct import ModelRequest  # type: ignore[import-not-found]  # the package `areal`
    from areal.api.workflow_api import RolloutWorkflow  # type: ignore[import-not-found]
except ModuleNotFoundError as error:  # no extra brings it: it wants an older PEFT than the extra `llm`
    raise ConfigurationError(
        f"AReaL's rollouts: the package {error.name!r} is not installed; in an environment of its own, "
        "pip install crystal-hybrid 'areal>=1.0,<1.1'"
    ) from error


class TreeWorkflow(RolloutWorkflow):
    """Plays one problem for each item of the data set."""

    def __init__(self, gconfig: Any, tokenizer: Any) -> None:
        """`gconfig` is AReaL's `GenerationHyperparameters`; `tokenizer` that of the model, or its name."""
        if isinstance(tokenizer, str):
            from areal.utils.hf_utils import load_hf_tokenizer  # type: ignore[import-not-found]

            tokenizer = load_hf_tokenizer(tokenizer)
        if tokenizer.chat_template is None:
            raise ConfigurationError(
                f"the tokenizer {tokenizer.name_or_path!r} has no chat template: use the instruct version of the model"
            )
        self.tokenizer = tokenizer
        self.gconfig = gconfig.new_with_stop_and_pad_token_ids(tokenizer)

    async def arun_episode(self, engine: Any, data: dict[str, Any]) -> dict[str, Tensor] | None:
        """The rows of one tree, (candidates, tokens) each; None where all answers are empty. Raises ConfigurationError
        for an item of another form."""
        problem = TreeProblem.of_row(data)

        async def ask(role: str, prompt: str, count: int) -> Sequence[Any]:
            message = [{"role": "user", "content": prompt}]
            tokens = list(
                self.tokenizer.apply_chat_template(
                    message, add_generation_prompt=True, return_dict=False, enable_thinking=False
                )
            )
            return await asyncio.gather(*(engine.agenerate(self._request(tokens)) for _ in range(count)))

        groups = await ask_tree(problem, ask, self._text)
        rows: list[dict[str, Tensor]] = []
        for group in groups:
            signals = group.rewards if len(group.answers) == 1 else group.advantages
            rows += [_row(answer, signal) for answer, signal in zip(group.answers, signals, strict=True)]
        rows = [row for row in rows if row["loss_mask"].any()]
        if not rows:
            return None
        pad = torch.nn.utils.rnn.pad_sequence
        return {
            name: torch.stack([row[name] for row in rows])
            if name == "rewards"
            else pad([row[name] for row in rows], batch_first=True)
            for name in rows[0]
        }

    def _request(self, tokens: list[int]) -> Any:
        gconfig = self.gconfig.new(n_samples=1)
        return ModelRequest(rid=uuid.uuid4().hex, input_ids=list(tokens), gconfig=gconfig, tokenizer=self.tokenizer)

    def _text(self, answer: Any) -> str:
        return str(self.tokenizer.decode(answer.output_tokens, skip_special_tokens=True))


def _row(answer: Any, signal: float) -> dict[str, Tensor]:
    """One answer in AReaL's columns: the prompt's tokens carry no loss and no version."""
    asked, said = answer.input_len, answer.output_len
    return {
        "input_ids": torch.tensor([*answer.input_tokens, *answer.output_tokens], dtype=torch.int32),
        "loss_mask": torch.tensor([0] * asked + [1] * said, dtype=torch.int32),
        "logprobs": torch.tensor([0.0] * asked + list(answer.output_logprobs), dtype=torch.float32),
        "versions": torch.tensor([-1] * asked + list(answer.output_versions), dtype=torch.int32),
        "attention_mask": torch.ones(asked + said, dtype=torch.bool),
        "rewards": torch.tensor(signal, dtype=torch.float32),
    }
