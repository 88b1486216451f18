"""The requests that the adapter server takes: OpenAI's chat completions, and vLLM's loading and unloading of
adapters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from agents.text.text_policy import Sampling

LONGEST_NAME = 300
MOST_TOKENS = 1 << 17


class ChatMessage(BaseModel):
    role: str
    content: str


class StructuredOutputs(BaseModel):
    """vLLM's structured outputs, which restrict an answer."""

    choice: list[Annotated[str, Field(max_length=2_000)]] = Field(min_length=1, max_length=256)


class ChatRequest(BaseModel):
    """The part of OpenAI's chat completions that is served; other keys are ignored, as by other servers."""

    model: str = Field(max_length=LONGEST_NAME)
    messages: list[ChatMessage] = Field(min_length=1, max_length=1_000)
    max_tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    temperature: float = Field(default=1.0, allow_inf_nan=False)
    """0, or a number that `Sampling` takes."""
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    n: int = Field(default=1, ge=1, le=64)
    stream: Literal[False] = False
    logprobs: bool = False
    """Report log-probabilities: of each token, or of the chosen option among all."""
    structured_outputs: StructuredOutputs | None = None

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.max_completion_tokens or self.max_tokens or 64)


class LoadAdapter(BaseModel):
    """vLLM's `POST /v1/load_lora_adapter`."""

    lora_name: str = Field(min_length=1, max_length=LONGEST_NAME)
    lora_path: str = Field(min_length=1, max_length=4096, pattern="^[^\\x00]*$")
    load_inplace: bool = False
    """Replace the adapter of that name."""


class UnloadAdapter(BaseModel):
    """vLLM's `POST /v1/unload_lora_adapter`."""

    lora_name: str = Field(max_length=LONGEST_NAME)
