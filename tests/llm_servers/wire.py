"""The two wire formats: what options a request allows, and how answers and errors look."""

from __future__ import annotations

import json
from typing import Any

from tests.llm_servers.faults import Fault

Json = dict[str, Any]


def form(choice: str, reason: str | None = None, note: str | None = None) -> Json:
    noted = {} if note is None else {"note": note}
    return {**noted, "reason": reason or "it is the way on", "choice": choice, "confidence_percent": 80}


def written(content: Any) -> str:
    """The words of a message's content, which may be a text or parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class OpenAIWire:
    """`POST /v1/chat/completions`: a JSON schema, a tool, vLLM's structured choice, or nothing binds the answer."""

    @staticmethod
    def options(request: Json) -> list[str]:
        if "response_format" in request:
            schema = request["response_format"]["json_schema"]
            assert schema["strict"] is True and schema["schema"]["additionalProperties"] is False
            return schema["schema"]["properties"]["choice"]["enum"]
        if "tools" in request:
            function = request["tools"][0]["function"]
            assert request["tool_choice"]["function"]["name"] == function["name"]
            return function["parameters"]["properties"]["choice"]["enum"]
        if "structured_outputs" in request:
            return request["structured_outputs"]["choice"]
        listed = written(request["messages"][-1]["content"]).partition("Options:\n")[2].partition("\n\n")[0]
        return [line.removeprefix("- ") for line in listed.splitlines()]

    @staticmethod
    def answer(
        request: Json, choice: str, fault: Fault | None, reason: str | None = None, note: str | None = None
    ) -> Json:
        message: Json = {"role": "assistant", "content": None, "refusal": None}
        reply: Json = {"index": 0, "message": message, "finish_reason": "stop"}
        filled = "tools" in request or "response_format" in request
        text = json.dumps(form(choice, reason, note)) if filled else choice
        if fault is Fault.PROSE:
            text = f"A good question! I would say {choice}, all in all."
        if fault is Fault.EMPTY_ANSWER:
            text = ""
        if fault is Fault.HALF_ANSWER:
            text = text[: len(text) // 2]
        if "tools" in request and fault is not Fault.EMPTY_ANSWER:
            message["tool_calls"] = [
                {"id": "call_1", "type": "function", "function": {"name": "decide", "arguments": text}}
            ]
        else:
            message["content"] = text
        if fault is Fault.REFUSAL:
            message.update(content=None, refusal="I would rather not.")
        if fault is Fault.ENDLESS_ANSWER:
            reply["finish_reason"] = "length"
        if request.get("logprobs"):
            reply["logprobs"] = {"content": [{"token": t, "logprob": -0.1} for t in choice.split()]}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [reply],
            "usage": {"prompt_tokens": 120, "completion_tokens": 12, "total_tokens": 132},
        }

    @staticmethod
    def error(fault: Fault, message: str) -> Json:
        code = {
            Fault.WRONG_KEY: "invalid_api_key",
            Fault.NO_CREDIT: "insufficient_quota",
            Fault.UNKNOWN_MODEL: "model_not_found",
            Fault.TOO_LONG_PROMPT: "context_length_exceeded",
        }.get(fault)
        return {"error": {"message": message, "type": "error", "param": None, "code": code}}


class AnthropicWire:
    """`POST /v1/messages`, with one forced tool."""

    @staticmethod
    def options(request: Json) -> list[str]:
        (tool,) = request["tools"]
        assert request["tool_choice"]["type"] == "tool" and request["tool_choice"]["name"] == tool["name"]
        assert request["max_tokens"] > 0
        return tool["input_schema"]["properties"]["choice"]["enum"]

    @staticmethod
    def answer(
        request: Json, choice: str, fault: Fault | None, reason: str | None = None, note: str | None = None
    ) -> Json:
        filled: Json = form(choice, reason, note)
        if fault is Fault.HALF_ANSWER:
            del filled["choice"]
        content: list[Json] = [{"type": "tool_use", "id": "toolu_1", "name": "decide", "input": filled}]
        stop_reason = "tool_use"
        if fault is Fault.PROSE:
            content, stop_reason = [{"type": "text", "text": f"I would say {choice}, all in all."}], "end_turn"
        if fault is Fault.EMPTY_ANSWER:
            content, stop_reason = [], "end_turn"
        if fault is Fault.REFUSAL:
            content, stop_reason = [], "refusal"
        if fault is Fault.ENDLESS_ANSWER:
            stop_reason = "max_tokens"
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {"input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 12},
        }

    @staticmethod
    def error(fault: Fault, message: str) -> Json:
        kind = {
            Fault.WRONG_KEY: "authentication_error",
            Fault.NO_CREDIT: "billing_error",
            Fault.UNKNOWN_MODEL: "not_found_error",
            Fault.RATE_LIMIT: "rate_limit_error",
            Fault.OVERLOADED: "overloaded_error",
            Fault.TOO_LONG_PROMPT: "invalid_request_error",
        }.get(fault, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}
