"""Answers sampled by a vLLM server in place of the model in this process, and new weights for that server.

The server holds the base model; LoRA adapters learn, one per role. After each update the adapters are written to a
folder that the server can read, and loaded there under a new name (vLLM's run-time LoRA loading), so no weights travel
over HTTP. Start the server like this, with the base that the run starts from:

    VLLM_ALLOW_RUNTIME_LORA_UPDATING=True vllm serve RUN/base --enable-lora --max-lora-rank 16 --max-loras 4 \\
        --logprobs-mode processed_logprobs

The tokens come with their log-probabilities under the sampling distribution: `processed_logprobs` makes that true at
temperatures other than 1. They are the denominators of the update's ratios, so small differences between the server's
arithmetic and this process's are corrected for; `disagreement` measures them.

A server that ends in the middle of a run may be started again: it is waited for, gets its adapters anew, and the
question is asked again. One that has never answered is a wrong address, and is not waited for.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import torch
from pydantic import BaseModel, ValidationError

from agents.llm.answer import log_probability_of
from agents.llm.wire.address import checked_address
from agents.llm.wire.http_guard import guarded_client
from agents.llm.wire.keys import check_no_key, key_for, without_key
from agents.text.text_policy import Sample, Sampling, TextPolicy
from core.exceptions import LLMConnectionError
from core.prompts.frame import plain_text

TIMEOUT_S = 300.0
MOST_ANSWER_BYTES = 512 * 2**20
HIGHEST_SEED = 2**31 - 1
SCORED_AT_ONCE = 32
"""Answers whose probabilities are computed in one pass."""
RESTART_PATIENCE_S = 600.0
"""vLLM takes a minute to start with a small model, and longer with a large one."""
POLL_INTERVAL_S = 0.5
SERVED = re.compile(r"\w+-[0-9]+-[0-9a-f]{8}")
"""Folders of adapters that `ServedPolicy.push` writes."""
_logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class ServerLostError(LLMConnectionError):
    """The server does not answer, or does not have the adapter that was loaded: it has ended, or was started again."""


class _Logs(BaseModel):
    token_logprobs: list[object]


class _Choice(BaseModel):
    index: int
    token_ids: list[int]
    logprobs: _Logs


class _Completion(BaseModel):
    """The part of a completion that is read; `token_ids` is vLLM's own."""

    choices: list[_Choice]


class _Named(BaseModel):
    id: str


class _Models(BaseModel):
    """What a server lists under `/models`, adapters included."""

    data: list[_Named]


class RolloutServer:
    """One OpenAI-compatible server that takes token ids and loads adapters."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S, restart_patience_s: float = RESTART_PATIENCE_S) -> None:
        """`url` ends in `/v1`. A key for it, if it wants one, comes from `CRYSTAL_LLM_API_KEY`.

        A server that has answered before is waited for `restart_patience_s` when it is lost; 0 does not wait.

        Raises ConfigurationError for what is no http address, for a key in it, or for one that cannot be sent.
        """
        check_no_key(url, "rollout_server")
        self.url = checked_address("rollout_server", url)
        self._key = key_for(None, own_address=True)
        self._client = guarded_client(timeout_s, MOST_ANSWER_BYTES)
        self._patience_s = restart_patience_s
        self._has_answered = False

    def complete(
        self, model: str, prompts: Sequence[Sequence[int]], count: int, sampling: Sampling, seed: int
    ) -> list[tuple[tuple[int, ...], tuple[object, ...]]]:
        """`count` answers to each prompt in order: their tokens, the end token included, and log-probabilities.

        The latter are as the server sends them: some send null, NaN or -9999 for what they do not know.
        """
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

    def serves(self, name: str) -> bool:
        """Whether the server has a model or an adapter of that name. Raises LLMConnectionError for an odd answer."""
        try:
            listed = _Models.model_validate_json(self._client.get(f"{self.url}/models", headers=self._headers).content)
        except (httpx2.HTTPError, ValidationError) as error:
            raise LLMConnectionError(
                f"{self.url}/models gave no list of models: {plain_text(str(error), 300)}"
            ) from None
        return name in {model.id for model in listed.data}

    def through_restarts(self, ask: Callable[[], Answer], again: Callable[[], Answer]) -> Answer:
        """The answer to `ask`; when the server was lost, that to `again` as soon as it is back.

        Raises LLMConnectionError when it is not back in time, or is lost a second time.
        """
        try:
            return ask()
        except ServerLostError as error:
            if not self._has_answered or self._patience_s <= 0:
                raise
            _logger.warning("%s; waiting %g s at most until it is back", error, self._patience_s)
            self._wait_until_back(error)
            return again()

    def _wait_until_back(self, lost: ServerLostError) -> None:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                if self._client.get(f"{self.url}/models", headers=self._headers).status_code < 500:
                    return
            except httpx2.HTTPError:
                pass
            if time.monotonic() >= until:
                raise LLMConnectionError(
                    f"{lost}; it was waited for {self._patience_s:g} s: start it again and call train again, which "
                    "goes on from the last resume point"
                ) from lost
            time.sleep(POLL_INTERVAL_S)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key.text}"} if self._key else {}

    def _post(self, what: str, request: dict[str, Any]) -> bytes:
        try:
            response = self._client.post(f"{self.url}/{what}", json=request, headers=self._headers)
            content = response.content
        except httpx2.HTTPError as error:
            message = without_key(str(error), self._key)
            raise ServerLostError(f"the rollout server {self.url} cannot be reached: {message}") from None
        if response.status_code != httpx2.codes.OK:
            message = plain_text(without_key(content.decode("utf-8", "replace"), self._key), 300)
            hint = "; start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" if "lora" in what else ""
            kind = ServerLostError if response.status_code == httpx2.codes.NOT_FOUND else LLMConnectionError
            raise kind(f"{self.url}/{what} answered {response.status_code}: {message}{hint}")
        self._has_answered = True
        return content


class ServedPolicy:
    """A policy whose answers the server samples, with `TextPolicy`'s `sample`."""

    def __init__(self, server: RolloutServer, policy: TextPolicy, name: str) -> None:
        """`policy` is the same model in this process: it encodes prompts, decodes answers, and learns."""
        self._server = server
        self._policy = policy
        self._name = name
        self._loaded = ""
        self._folder = Path()
        self._told = False

    def push(self, folder: Path, version: int) -> None:
        """Write the adapter below `folder`, make the server load it and unload the one before."""
        name = f"{self._name}-{version}-{secrets.token_hex(4)}"  # as in `SERVED`; a killed run may have left its own
        model: Any = self._policy.model
        model.save_pretrained(folder / name, selected_adapters=[self._policy.adapter])
        before, self._loaded = self._loaded, name
        self._folder = folder / name / str(self._policy.adapter)
        self._server.through_restarts(self._load, self._load_if_missing)
        if before:
            with suppress(ServerLostError):  # a server that was started again does not have it
                self._server.unload_adapter(before)

    def _load(self) -> None:
        self._server.load_adapter(self._loaded, self._folder)

    def _load_if_missing(self) -> None:
        if not self._server.serves(self._loaded):
            self._load()

    def _loaded_and(self, ask: Callable[[], Answer]) -> Answer:
        self._load_if_missing()
        return ask()

    def sample(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> list[Sample]:
        """One answer to each prompt; runs of equal prompts are sent once, with the number of answers wanted.

        Where the server does not know the probabilities of an answer, they are computed here, from the same weights.
        """
        runs = [(prompt, len(list(group))) for prompt, group in groupby(prompts)]
        samples: list[Sample] = []
        for count, group in groupby(runs, key=lambda run: run[1]):
            tokens = [self._policy.encode(prompt) for prompt, _ in group]
            seed = int(torch.randint(HIGHEST_SEED, (), generator=generator, device=generator.device))
            ask = partial(self._server.complete, self._loaded, tokens, count, sampling, seed)
            answers = self._server.through_restarts(ask, partial(self._loaded_and, ask))
            for index, (answer, logs) in enumerate(answers):
                self._check_tokens(answer)
                text = str(self._policy.tokenizer.decode(list(answer), skip_special_tokens=True))
                known = tuple(log for log in map(log_probability_of, logs) if log is not None)
                if not len(known) == len(logs) == len(answer):
                    self._note_unknown(logs)
                    known = ()
                samples.append(Sample(text, tokens[index // count], answer, known, sampling.temperature))
        return self._completed(samples)

    def _check_tokens(self, answer: Sequence[int]) -> None:
        known: int = self._policy.model.get_input_embeddings().num_embeddings  # type: ignore[assignment]
        if not all(0 <= token < known for token in answer):
            raise LLMConnectionError(
                f"{self._server.url} sent an answer with the tokens {list(answer)[:8]}, the model has {known}: serve "
                "the run's base/ folder"
            )

    def _note_unknown(self, logs: Sequence[object]) -> None:
        if not self._told:
            self._told = True
            _logger.warning(
                "%s sent %s as the log-probabilities of an answer of role %s: where they are not known they are "
                "computed here, and cannot show whether the server's weights are ours",
                self._server.url,
                list(logs)[:4],
                self._name,
            )

    def _completed(self, samples: list[Sample]) -> list[Sample]:
        """With the probabilities that are missing, by our weights."""
        missing = [index for index, sample in enumerate(samples) if len(sample.log_probabilities) != len(sample.tokens)]
        for begin in range(0, len(missing), SCORED_AT_ONCE):
            part = missing[begin : begin + SCORED_AT_ONCE]
            ours = self._our_log_probabilities([samples[index] for index in part])
            for index, row in zip(part, ours.tolist(), strict=True):
                logs = tuple(row[: len(samples[index].tokens)])
                samples[index] = replace(samples[index], log_probabilities=logs)
        return samples

    @torch.no_grad()
    def _our_log_probabilities(self, samples: Sequence[Sample]) -> torch.Tensor:
        self._policy.model.eval()
        return self._policy.token_log_probabilities(samples)[0]

    def disagreement(self, samples: Sequence[Sample]) -> float:
        """Mean difference between the server's log-probabilities and ours, per token, in nats; 0 without a token."""
        written = [sample for sample in samples if sample.tokens]
        if not written:
            return 0.0
        ours = self._our_log_probabilities(written)
        apart = [
            abs(mine - theirs)
            for row, sample in zip(ours.tolist(), written, strict=True)
            for mine, theirs in zip(row, sample.log_probabilities, strict=False)
        ]
        return sum(apart) / len(apart)
