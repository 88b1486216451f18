"""verl's rollouts of our worlds: an agent loop that grows AT-GRPO's tree, and the advantage that goes with it.

One row of the data set is one problem, `rollout.n` is 1: the loop itself samples the candidates of each group, plays
them, and goes on from the best one. It returns an output per candidate. verl 0.9 compares outputs by the row that they
come from and gives all outputs of a row the reward of the last, so the comparison within a group (problem, role, turn)
is made here, where the whole group is known: an output carries its advantage in place of a reward
(`TreeOutput.as_dict`), its own reward and its group in `extra_fields`. The estimators `at_grpo` and `at_grpo_batch`
then hand the advantages on, the second divided by their deviation over the batch. All roles are played by the one model
that verl trains.

verl finds both where `VERL_USE_EXTERNAL_MODULES=trainer.at_grpo.verl_agent_loop` is in the environment of its
processes. `crystal-agent team verl --tree` writes rows and commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import torch
from torch import Tensor

from core.exceptions import ConfigurationError
from core.extras import needs_extra
from trainer.at_grpo.asked_tree import AskedGroup, TreeProblem, ask_tree
from trainer.at_grpo.verl_tree_recipe import AGENT_NAME, BATCH_ESTIMATOR, ESTIMATOR
from trainer.grpo.advantages import SMALL

with needs_extra("verl's rollouts"):
    from verl.experimental.agent_loop.agent_loop import (  # type: ignore[import-not-found]  # the extra `verl`
        AgentLoopBase,
        AgentLoopOutput,
        register,
    )
    from verl.trainer.ppo.core_algos import register_adv_est  # type: ignore[import-not-found]


class TreeOutput(AgentLoopOutput):
    """One candidate."""

    signal: float
    """Its advantage within its group; in an evaluation, where nothing is compared, its reward."""

    def as_dict(self) -> dict[str, Any]:
        """verl's columns, with the signal at the last token in place of the last output's reward."""
        columns = super().as_dict()
        columns.pop("signal", None)
        columns["rm_scores"] = torch.zeros(len(self.response_mask), dtype=torch.float32)
        columns["rm_scores"][-1] = self.signal
        return columns


@register(AGENT_NAME)
class TreeAgentLoop(AgentLoopBase):
    """Plays one problem: every candidate of every group is an output."""

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> list[AgentLoopOutput]:
        """`kwargs["extra_info"]` is a row's; see `trainer/at_grpo/asked_tree.py`. Raises ConfigurationError for a row
        of another form, and where `rollout.n` would play the tree more than once."""
        if self.rollout_config.n != 1:
            raise ConfigurationError(
                f"actor_rollout_ref.rollout.n is {self.rollout_config.n}: set 1, the tree samples its candidates itself"
            )
        problem = TreeProblem.of_row(kwargs["extra_info"])

        async def ask(role: str, prompt: str, count: int) -> Sequence[_Said]:
            tokens = await self.ct_build_initial_tokens([{"role": "user", "content": prompt}])
            return await asyncio.gather(*(self._answer(tokens, sampling_params) for _ in range(count)))

        groups = await ask_tree(problem, ask, lambda said: said.text)
        return [
            self._output(group, index, said, 2 * (place + 1))
            for place, group in enumerate(groups)
            for index, said in enumerate(group.answers)
            if said.tokens
        ]

    async def _answer(self, prompt: list[int], sampling_params: dict[str, Any]) -> _Said:
        answer = await self.server_manager.generate(
            request_id=uuid4().hex, prompt_ids=prompt, sampling_params=sampling_params
        )
        tokens = list(answer.token_ids)[: self.rollout_config.response_length]
        logs = list(answer.log_probs)[: len(tokens)] if answer.log_probs else None
        return _Said(prompt, tokens, logs, str(self.tokenizer.decode(tokens, skip_special_tokens=True)))

    @staticmethod
    def _output(group: AskedGroup[_Said], index: int, said: _Said, turns: int) -> AgentLoopOutput:
        alone = len(group.answers) == 1
        signal = group.rewards[index] if alone else group.advantages[index]
        fields = {"group": group.key, "reward": group.rewards[index], "success": group.success}
        return TreeOutput(
            prompt_ids=said.prompt,
            response_ids=said.tokens,
            response_mask=[1] * len(said.tokens),
            response_logprobs=said.log_probabilities,
            reward_score=signal,
            signal=signal,
            num_turns=turns,
            metrics={},
            extra_fields={**fields, "reward_extra_info": fields, "turn_scores": [], "tool_rewards": []},
        )


class _Said:
    """What the server answered."""

    def __init__(self, prompt: list[int], tokens: list[int], logs: list[float] | None, text: str) -> None:
        self.prompt, self.tokens, self.log_probabilities, self.text = prompt, tokens, logs, text


@register_adv_est(ESTIMATOR)
def tree_advantages(token_level_rewards: Tensor, response_mask: Tensor, **_: Any) -> tuple[Tensor, Tensor]:
    """verl's advantages and returns, (answers, tokens) each: what the tree compared, for every token of an answer."""
    spread = _on_tokens(token_level_rewards, response_mask)
    return spread, spread


@register_adv_est(BATCH_ESTIMATOR)
def tree_advantages_of_batch(token_level_rewards: Tensor, response_mask: Tensor, **_: Any) -> tuple[Tensor, Tensor]:
    """The same, divided by their deviation over the batch."""
    with torch.no_grad():
        deviation = token_level_rewards.sum(dim=-1).std(correction=0)
        spread = _on_tokens(token_level_rewards, response_mask) / (deviation + SMALL)
    return spread, spread


def _on_tokens(token_level_rewards: Tensor, response_mask: Tensor) -> Tensor:
    with torch.no_grad():
        return token_level_rewards.sum(dim=-1)[:, None] * response_mask
