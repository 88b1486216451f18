"""Answers sampled by a vLLM server in place of the model in this process, and new weights for that server.

The server holds the base model; LoRA adapters learn, one per role. After each update the adapters are written to a
folder that the server can read, and loaded there under a new name (vLLM's run-time LoRA loading), so no weights travel
over HTTP. Start the server like this, with the base that the run starts from:

    VLLM_ALLOW_RUNTIME_LORA_UPDATING=True vllm serve RUN/base --enable-lora --max-lora-rank 16 --max-loras 4 \\
        --logprobs-mode processed_logprobs

The tokens come with their log-probabilities under the sampling distribution: `processed_logprobs` makes that true at
temperatures other than 1. They are the denominators of the update's ratios, so small differences between the server's
arithmetic and this process's are corrected for; `disagreement` measures them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx2
import torch
from pydantic import BaseModel, ValidationError

from agents.llm.address import checked_address
from agents.llm.http_guard import guarded_client, key_for, without_key
from agents.text.text_policy import Sample, Sampling, TextPolicy
from core.exceptions import LLMConnectionError

TIMEOUT_S = 300.0
MOST_ANSWER_BYTES = 512 * 2**20
HIGHEST_SEED = 2**31 - 1


class _Logs(BaseModel):
    token_logprobs: list[float]


class _Choice(BaseModel):
    index: int
    token_ids: list[int]
    logprobs: _Logs


class _Completion(BaseModel):
    """The part of a completion that is read; `token_ids` is vLLM's own."""

    choices: list[_Choice]


class RolloutServer:
    """One OpenAI-compatible server that takes token ids and loads adapters."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        """`url` ends in `/v1`. A key for it, if it wants one, comes from `CRYSTAL_LLM_API_KEY`.

        Raises ConfigurationError for what is no http address."""
        self.url = checked_address("rollout_server", url)
        self._key = key_for(None, own_address=True)
        self._client = guarded_client(timeout_s, MOST_ANSWER_BYTES)

    def complete(
        self, model: str, prompts: Sequence[Sequence[int]], count: int, sampling: Sampling, seed: int
    ) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
        """`count` answers to each prompt in order: their tokens, the end token included, and log-probabilities."""
        request = {
            "model": model,
            "prompt": [list(prompt) for prompt in prompts],
            "n": count,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "seed": seed,
            "logprobs": 0,
            "return_token_ids": True,
        }
        body = self._post("completions", request)
        try:
            choices = sorted(_Completion.model_validate_json(body).choices, key=lambda choice: choice.index)
        except ValidationError as error:
            missing = ".".join(map(str, error.errors()[0]["loc"]))
            raise LLMConnectionError(
                f"{self.url} sent no completion with token ids and log-probabilities ({missing} is missing or wrong): "
                "rollouts need a vLLM server that knows return_token_ids (0.10.2 or later)"
            ) from error
        if len(choices) != len(prompts) * count:
            raise LLMConnectionError(f"{self.url} sent {len(choices)} answers, {len(prompts) * count} were asked for")
        return [(tuple(choice.token_ids), tuple(choice.logprobs.token_logprobs)) for choice in choices]

    def load_adapter(self, name: str, folder: Path) -> None:
        """Make the adapter in `folder` available under `name`; the server reads the folder itself."""
        self._post("load_lora_adapter", {"lora_name": name, "lora_path": str(folder.resolve())})

    def unload_adapter(self, name: str) -> None:
        """Unload an adapter."""
        self._post("unload_lora_adapter", {"lora_name": name})

    def _post(self, what: str, request: dict[str, Any]) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            response = self._client.post(f"{self.url}/{what}", json=request, headers=headers)
            content = response.content
        except httpx2.HTTPError as error:
            message = without_key(str(error), self._key)
            raise LLMConnectionError(f"the rollout server {self.url} cannot be reached: {message}") from error
        if response.status_code != httpx2.codes.OK:
            message = without_key(content[:300].decode("utf-8", "replace"), self._key)
            hint = "; start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" if "lora" in what else ""
            raise LLMConnectionError(f"{self.url}/{what} answered {response.status_code}: {message}{hint}")
        return content


class ServedPolicy:
    """A policy whose answers the server samples, with `TextPolicy`'s `sample`."""

    def __init__(self, server: RolloutServer, policy: TextPolicy, name: str) -> None:
        """`policy` is the same model in this process: it encodes prompts, decodes answers, and learns."""
        self._server = server
        self._policy = policy
        self._name = name
        self._loaded = ""

    def push(self, folder: Path, version: int) -> None:
        """Write the adapter below `folder`, make the server load it and unload the one before."""
        name = f"{self._name}-{version}-{secrets.token_hex(4)}"  # a killed run may have left its own there
        model: Any = self._policy.model
        model.save_pretrained(folder / name, selected_adapters=[self._policy.adapter])
        self._server.load_adapter(name, folder / name / str(self._policy.adapter))
        if self._loaded:
            self._server.unload_adapter(self._loaded)
        self._loaded = name

    def sample(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> list[Sample]:
        """One answer to each prompt; runs of equal prompts are sent once, with the number of answers wanted."""
        runs = [(prompt, len(list(group))) for prompt, group in groupby(prompts)]
        samples: list[Sample] = []
        for count, group in groupby(runs, key=lambda run: run[1]):
            tokens = [self._policy.encode(prompt) for prompt, _ in group]
            seed = int(torch.randint(HIGHEST_SEED, (), generator=generator, device=generator.device))
            answers = self._server.complete(self._loaded, tokens, count, sampling, seed)
            for index, (answer, logs) in enumerate(answers):
                text = str(self._policy.tokenizer.decode(list(answer), skip_special_tokens=True))
                samples.append(Sample(text, tokens[index // count], answer, logs, sampling.temperature))
        return samples

    def disagreement(self, samples: Sequence[Sample]) -> float:
        """Mean difference between the server's log-probabilities and ours, per token, in nats."""
        with torch.no_grad():
            ours, _, mask = self._policy.token_log_probabilities(samples)
        theirs = torch.zeros_like(ours)
        for row, sample in enumerate(samples):
            theirs[row, : len(sample.tokens)] = torch.tensor(sample.log_probabilities, device=ours.device)
        return float(((ours - theirs).abs() * mask).sum() / mask.sum())
