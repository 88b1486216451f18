"""The OpenAI API and every server that speaks it: vLLM, Ollama, llama.cpp, `transformers serve`.

Servers differ in how they bind an answer to a list of options. A provider says which way it gets (`Dialect`); nothing
is tried out at run time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx2
import openai
from pydantic import BaseModel

from agents.llm.answer import answer_schema, choice_from_form, choice_from_text, probability_of_tokens, tokens_in
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.model_name import ModelName
from agents.llm.question import AskedForm, Chat, chat_of
from agents.llm.server_model import ServerModel, TokensUsed
from agents.llm.wire.http_guard import OPENAI_URL
from agents.llm.wire.server_error import error_in
from core.protocols import Choice

_logger = logging.getLogger(__name__)


class AnswerForm(Enum):
    """How a server binds an answer to the listed options."""

    JSON_SCHEMA = "response_format with a JSON schema, the choice an enum"
    TOOL = "a forced function call, the choice an enum of its schema"
    STRUCTURED_CHOICE = "vLLM's structured_outputs: the answer is one of the options"
    EXACT_TEXT = "nothing binds the answer; it is taken only if it is an option word for word"

    def asked(self, notes: bool) -> AskedForm:
        """How the prompt says it."""
        match self:
            case AnswerForm.JSON_SCHEMA:
                return AskedForm.FORM_WITH_NOTE if notes else AskedForm.FORM
            case AnswerForm.TOOL:
                return AskedForm.TOOL_WITH_NOTE if notes else AskedForm.TOOL
            case _:
                return AskedForm.OPTION


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one provider's server understands."""

    form: AnswerForm
    answer_tokens: int = 400
    """Room for a filled-in form; servers refuse a question when this and the prompt exceed the model's context."""
    length_parameter: str = "max_tokens"
    greedy: bool = True
    """Send temperature 0; OpenAI's reasoning models refuse any temperature."""
    key_variable: str | None = None
    bounds_texts: bool = False
    """The server holds a model to the length that a schema gives a text; those that do not may refuse the schema."""
    thinking_off: Mapping[str, object] = field(default_factory=dict[str, object])
    """What a request says beside the rest so that a thinking model answers at once; empty where there is no switch."""


TEMPLATE_WITHOUT_THINKING: Mapping[str, object] = {"chat_template_kwargs": {"enable_thinking": False}}
"""For servers that hand it to the model's chat template; templates without such a switch ignore it."""


class _Message(BaseModel):
    """Servers take liberties with all of it: a content in parts, arguments that are parsed already."""

    content: object = None
    refusal: object = None
    tool_calls: object = None

    def text(self) -> str:
        parts = self.content if isinstance(self.content, list) else [{"text": self.content}]
        texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
        return "".join(text for text in texts if isinstance(text, str))

    def arguments(self) -> object:
        """Of the first tool call: JSON text or an object; None where no tool was called."""
        calls = self.tool_calls if isinstance(self.tool_calls, list) else []
        function = calls[0].get("function") if calls and isinstance(calls[0], Mapping) else None
        return function.get("arguments") if isinstance(function, Mapping) else None


class _ReplyChoice(BaseModel):
    message: _Message
    finish_reason: object = None
    logprobs: object = None

    def probability(self) -> float | None:
        """Of the whole text; None where the server does not report it."""
        tokens = self.logprobs.get("content") if isinstance(self.logprobs, Mapping) else None
        if not isinstance(tokens, list):
            return None
        return probability_of_tokens([token.get("logprob") if isinstance(token, Mapping) else None for token in tokens])


class _Reply(BaseModel):
    """The part of a chat completion that is read here; the SDK itself does not check what servers send."""

    choices: list[_ReplyChoice]
    usage: object = None


class OpenAIModel(ServerModel[_Reply]):
    """A chat model behind an OpenAI-compatible address, asked to fill in a form."""

    reply_form = _Reply
    reply_name = "chat completion"
    sees = True
    """The form has room for a picture; whether the model behind the server sees is the server's word."""

    def __init__(
        self,
        name: ModelName,
        dialect: Dialect,
        *,
        timeout_s: float = 30.0,
        thinking_tokens: int = 0,
        notes: bool = False,
    ) -> None:
        """With `thinking_tokens` 0 the model is told not to think, where the dialect knows how. With `notes` it may
        write a note beside its choice, where its answer is a form."""
        super().__init__(name, dialect.key_variable, timeout_s)
        self.writes_notes = notes and dialect.form in (AnswerForm.JSON_SCHEMA, AnswerForm.TOOL)
        self._takes_system = True
        self._dialect = dialect
        self._thinking_tokens = thinking_tokens
        self._client = openai.OpenAI(
            api_key=self._key_text,
            base_url=name.url or OPENAI_URL,
            max_retries=0,  # agents/llm/faults.py retries, so that each failure is counted
            timeout=timeout_s,
            http_client=self._http,
        )

    def _tokens_used(self, reply: _Reply) -> TokensUsed:
        return TokensUsed(tokens_in(reply.usage, "prompt_tokens"), tokens_in(reply.usage, "completion_tokens"))

    def _request(self, chat: Chat, options: Sequence[str]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._name.model,
            "messages": _messages(chat if self._takes_system else Chat("", chat.text, chat.png)),
            self._dialect.length_parameter: self._answer_tokens(options),
        }
        if self._dialect.greedy:
            request["temperature"] = 0.0
        schema = answer_schema(options, notes=self.writes_notes, bounded=self._dialect.bounds_texts)
        extra = {} if self._thinking_tokens else dict(self._dialect.thinking_off)
        match self._dialect.form:
            case AnswerForm.JSON_SCHEMA:
                form = {"name": "decision", "strict": True, "schema": schema}
                request["response_format"] = {"type": "json_schema", "json_schema": form}
            case AnswerForm.TOOL:
                function = {"name": "decide", "parameters": schema}
                request["tools"] = [{"type": "function", "function": function}]
                request["tool_choice"] = {"type": "function", "function": {"name": "decide"}}
            case AnswerForm.STRUCTURED_CHOICE:
                extra["structured_outputs"] = {"choice": list(options)}
                request["logprobs"] = True
            case AnswerForm.EXACT_TEXT:
                pass
        return request | ({"extra_body": extra} if extra else {})

    def _answer_tokens(self, options: Sequence[str]) -> int:
        if self._dialect.form in (AnswerForm.STRUCTURED_CHOICE, AnswerForm.EXACT_TEXT):
            longest = max(len(option.encode()) for option in options)  # a token has at least a byte
            return longest + 1 + self._thinking_tokens  # 1 for the end
        return self._dialect.answer_tokens + self._thinking_tokens

    def _choice(self, reply: _Reply, options: Sequence[str]) -> Choice:
        if not reply.choices:
            raise ModelFailure(FailureKind.EMPTY, "the server sent no answer")
        answer = reply.choices[0]
        message = answer.message
        if message.refusal or answer.finish_reason == "content_filter":
            raise ModelFailure(
                FailureKind.REFUSAL, f"the model refused: {str(message.refusal or 'content filter')[:200]!r}"
            )
        if answer.finish_reason == "length":
            raise ModelFailure(
                FailureKind.TOO_LARGE,
                "the answer did not end within the tokens it was given; "
                "language_model.thinking_tokens gives a thinking model room",
            )
        filled = message.arguments() if self._dialect.form is AnswerForm.TOOL else None
        if filled is not None and not isinstance(filled, str):
            return choice_from_form(filled, options)
        # A model that did not call its tool may have written the answer all the same.
        return choice_from_text(filled or message.text(), options, confidence=answer.probability())

    def _send(self, prompt: str, options: Sequence[str]) -> httpx2.Response:
        chat = chat_of(prompt, options, self._dialect.form.asked(self.writes_notes))
        response = self._sent(self._request(chat, options))
        if chat.system and self._takes_system and _refuses_system(response):
            _logger.info("%s knows no system message: the task stands before the question", self.name)
            self._takes_system = False
            response = self._sent(self._request(chat, options))
        return response

    def _sent(self, request: dict[str, Any]) -> httpx2.Response:
        try:
            raw = self._client.chat.completions.with_raw_response.create(**request)
        except openai.APIStatusError as error:
            return error.response
        except openai.APITimeoutError as error:
            raise self._timed_out() from error
        except openai.APIConnectionError as error:
            raise self._not_reached(error) from error
        return raw.http_response


def _messages(chat: Chat) -> list[dict[str, Any]]:
    """The chat, the picture before the words where there is one."""
    if not chat.png:
        return list(chat.messages)
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{chat.png_text}"}}
    seen = {"role": "user", "content": [picture, {"type": "text", "text": chat.user}]}
    return [*chat.messages[:-1], seen]


def _refuses_system(response: httpx2.Response) -> bool:
    """Whether the chat template has no system message, as Gemma 2's: servers pass on the template's own words."""
    error = error_in(response.content) if response.status_code >= 400 else None
    return error is not None and "system role" in error.words.lower()
