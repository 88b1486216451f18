"""Free text from a Transformers model in this process, with its probability; the weights can be trained."""

from __future__ import annotations

import math
import time

import torch
from torch import nn

from agents.llm.local_weights import usable_device
from agents.llm.writers import Written
from agents.text.team import LoraShape, Specialisation, build_team
from agents.text.text_policy import Sampling, load_policy
from core.exceptions import ConfigurationError
from core.protocols import probability_of


class LocalWriter:
    """A Transformers model in this process, with an adapter if only that is trained."""

    def __init__(self, source: str, device: str, max_length: int, lora: LoraShape | None = None) -> None:
        """`source` is a folder or a hub name; `max_length` is the most tokens of prompt and answer together."""
        policy = load_policy(source)
        policy.model.to(usable_device(device))  # type: ignore[arg-type]
        if lora is not None:
            policy = build_team(policy, ["shared"], Specialisation.LORA, lora).by_role["shared"]
        self._policy = policy
        self._max_length = max_length
        self._generator = torch.Generator(policy.device)

    def parameters(self) -> dict[str, nn.Parameter]:
        """The parameters that learn, by name."""
        mine = {id(parameter) for parameter in self._policy.trainable_parameters()}
        return {name: p for name, p in self._policy.model.named_parameters() if id(p) in mine}

    def write(self, prompt: str, temperature: float, max_new_tokens: int) -> Written:
        """Raises ConfigurationError when the prompt leaves no room for an answer."""
        begun_s = time.perf_counter()
        room = self._max_length - len(self._policy.encode(prompt))
        if room < 1:
            raise ConfigurationError(f"the prompt has no room for an answer within max_length {self._max_length}")
        sampling = Sampling(temperature, min(max_new_tokens, room))
        (sample,) = self._policy.sample([prompt], sampling, self._generator)
        logs = sample.log_probabilities
        confidence = probability_of(math.exp(sum(logs) / len(logs))) if logs else None
        seconds = time.perf_counter() - begun_s
        return Written(sample.text, len(sample.prompt_tokens), len(sample.tokens), seconds, confidence)
