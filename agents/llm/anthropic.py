"""The Anthropic API: the answer is the input of a forced tool whose schema lists the options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anthropic
import httpx2
from pydantic import BaseModel

from agents.llm.answer import answer_schema, choice_from_form, choice_from_text, tokens_in
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.model_name import ModelName
from agents.llm.question import AskedForm, Chat, chat_of
from agents.llm.server_model import ServerModel, TokensUsed
from agents.llm.wire.http_guard import ANTHROPIC_URL
from agents.llm.wire.keys import ANTHROPIC_KEY
from core.protocols import Choice

ANSWER_TOKENS = 500


class _Block(BaseModel):
    type: object = None
    input: object = None
    text: object = None


class _Reply(BaseModel):
    """The part of a message that is read here."""

    content: list[_Block]
    stop_reason: object = None
    usage: object = None


class AnthropicModel(ServerModel[_Reply]):
    """A Claude model, asked to fill in a form by calling the one tool it has."""

    reply_form = _Reply
    reply_name = "message"
    sees = True

    def __init__(self, name: ModelName, *, timeout_s: float = 30.0, notes: bool = False) -> None:
        """With `notes` it may write a note beside its choice."""
        self.writes_notes = notes
        super().__init__(name, ANTHROPIC_KEY, timeout_s)
        self._client = anthropic.Anthropic(
            api_key=self._key_text,
            base_url=name.url or ANTHROPIC_URL,
            max_retries=0,  # agents/llm/faults.py retries, so that each failure is counted
            timeout=timeout_s,
            http_client=self._http,
        )

    def _tokens_used(self, reply: _Reply) -> TokensUsed:
        prompt = tokens_in(reply.usage, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        return TokensUsed(prompt, tokens_in(reply.usage, "output_tokens"))

    def _choice(self, reply: _Reply, options: Sequence[str]) -> Choice:
        if reply.stop_reason == "refusal":
            raise ModelFailure(FailureKind.REFUSAL, "the model refused")
        if reply.stop_reason == "max_tokens":
            raise ModelFailure(FailureKind.TOO_LARGE, f"the answer did not end within {ANSWER_TOKENS} tokens")
        answer = next((block.input for block in reply.content if block.type == "tool_use"), None)
        if answer is not None:
            return choice_from_form(answer, options)
        # A model that did not call its tool may have written the answer all the same.
        return choice_from_text("".join(block.text for block in reply.content if isinstance(block.text, str)), options)

    def _request(self, prompt: str, options: Sequence[str]) -> dict[str, Any]:
        tool = {
            "name": "decide",
            "description": "Takes the decision: one of the listed options.",
            "input_schema": answer_schema(options, notes=self.writes_notes),
        }
        chat = chat_of(prompt, options, AskedForm.TOOL_WITH_NOTE if self.writes_notes else AskedForm.TOOL)
        return {
            "model": self._name.model,
            "max_tokens": ANSWER_TOKENS,
            **({"system": chat.system} if chat.system else {}),
            "messages": [{"role": "user", "content": _content(chat)}],
            "tools": [tool],
            "tool_choice": {"type": "tool", "name": "decide", "disable_parallel_tool_use": True},
        }

    def _send(self, prompt: str, options: Sequence[str]) -> httpx2.Response:
        try:
            raw = self._client.messages.with_raw_response.create(**self._request(prompt, options))
        except anthropic.APIStatusError as error:
            return error.response
        except anthropic.APITimeoutError as error:
            raise self._timed_out() from error
        except anthropic.APIConnectionError as error:
            raise self._not_reached(error) from error
        return raw.http_response


def _content(chat: Chat) -> str | list[dict[str, Any]]:
    """The question, the picture before the words where there is one."""
    if not chat.png:
        return chat.user
    source = {"type": "base64", "media_type": "image/png", "data": chat.png_text}
    return [{"type": "image", "source": source}, {"type": "text", "text": chat.user}]
