"""The requests that the adapter server takes: OpenAI's chat completions, and vLLM's loading and unloading of
adapters."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from agents.text.text_policy import Sampling


class ChatMessage(BaseModel):
    role: str
    content: str


class StructuredOutputs(BaseModel):
    """vLLM's structured outputs, which restrict an answer."""

    choice: list[str] = Field(min_length=1)


class ChatRequest(BaseModel):
    """The part of OpenAI's chat completions that is served; other keys are ignored, as by other servers."""

    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=1.0, ge=0.0, le=100.0)
    seed: int | None = None
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

    lora_name: str = Field(min_length=1)
    lora_path: str
    load_inplace: bool = False
    """Replace the adapter of that name."""


class UnloadAdapter(BaseModel):
    """vLLM's `POST /v1/unload_lora_adapter`."""

    lora_name: str
