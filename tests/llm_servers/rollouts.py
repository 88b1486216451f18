"""A small rollout server: a real model with adapters behind the part of vLLM's HTTP interface that rollouts use."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from peft import PeftModel

from agents.text.text_policy import Sampling, TextPolicy, load_policy


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: LocalRolloutServer


class LocalRolloutServer:
    """Serves the base model in a folder. `temperature_error` makes it sample at another temperature than it is told;
    `change` is done to every choice before it is sent."""

    def __init__(
        self,
        base: Path,
        temperature_error: float = 0.0,
        with_token_ids: bool = True,
        change: Callable[[dict[str, Any]], None] = lambda choice: None,
        port: int = 0,
    ) -> None:
        self.base = load_policy(str(base))
        self.adapted: Any = None
        self.adapters: dict[str, str] = {}
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.ended = False
        self._temperature_error = temperature_error
        self._with_token_ids = with_token_ids
        self._change = change
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.owner = self

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = True
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, path: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.seen.append((path, request))
        match path:
            case "/v1/load_lora_adapter":
                return self._load(request["lora_name"], request["lora_path"])
            case "/v1/unload_lora_adapter":
                self.adapted.delete_adapter(request["lora_name"])
                del self.adapters[request["lora_name"]]
                return 200, {}
            case "/v1/completions":
                return self._complete(request)
        return 404, {"error": "no such path"}

    def _load(self, name: str, folder: str) -> tuple[int, dict[str, Any]]:
        if name in self.adapters:
            return 400, {"error": f"{name} is loaded already"}
        if self.adapted is None:
            self.adapted = PeftModel.from_pretrained(self.base.model, folder, adapter_name=name)
        else:
            self.adapted.load_adapter(folder, adapter_name=name)
        self.adapters[name] = folder
        return 200, {}

    def _complete(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = request["model"]
        if name not in self.adapters:
            return 404, {"error": f"the model {name} does not exist"}
        policy = TextPolicy(self.adapted, self.base.tokenizer, name)
        prompts = [tuple(prompt) for prompt in request["prompt"] for _ in range(request["n"])]
        temperature = request["temperature"] + self._temperature_error
        generator = torch.Generator().manual_seed(request["seed"])
        samples = policy.sample(prompts, Sampling(temperature, request["max_tokens"]), generator)
        choices = [
            {
                "index": index,
                "text": sample.text,
                "finish_reason": "stop",
                "logprobs": {"token_logprobs": list(sample.log_probabilities)},
                **({"token_ids": list(sample.tokens)} if self._with_token_ids else {}),
            }
            for index, sample in enumerate(samples)
        ]
        for choice in choices:
            self._change(choice)
        return 200, {"object": "text_completion", "model": name, "choices": list(reversed(choices))}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": name} for name in self.server.owner.adapters]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._send(*self.server.owner.answer(self.path, request))

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        if self.server.owner.ended:  # connections that were kept open end with the server
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
