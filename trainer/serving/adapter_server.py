"""A language-model server with adapters: OpenAI's chat completions, and vLLM's routes to load and unload LoRA.

It replaces vLLM where that cannot be installed (no GPU): same routes, same fields, one process, only Transformers, PEFT
and the standard library. Run it as

    python -m trainer.serving.adapter_server --model FOLDER --port 8001

Routes: `GET /health`, `GET /v1/models`, `POST /v1/chat/completions` (not streamed; `structured_outputs.choice` binds
the answer to one of a list), `POST /v1/load_lora_adapter`, `POST /v1/unload_lora_adapter`. Requests name an adapter in
`model`. A full queue answers 503 with `Retry-After`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from agents.text.text_policy import Sample, load_policy
from core.exceptions import CheckpointError, ConfigurationError, CrystalHybridError, QueueFullError
from trainer.commands.program import run_program
from trainer.serving.adapter_engine import AdapterEngine, Question, UnknownAdapterError
from trainer.serving.adapter_requests import ChatRequest, LoadAdapter, UnloadAdapter

log = logging.getLogger(__name__)
RETRY_AFTER_S = 1
MAX_BODY_BYTES = 8 << 20
Json = dict[str, Any]


class AdapterServer(ThreadingHTTPServer):
    """Serves one engine under one model name."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: AdapterEngine, model_name: str) -> None:
        self.engine = engine
        self.model_name = model_name
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def owner(self) -> AdapterServer:
        assert isinstance(self.server, AdapterServer)
        return self.server

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, {"status": "ok", "waiting": self.owner.engine.waiting, "pid": os.getpid()})
        elif self.path == "/v1/models":
            names = [self.owner.model_name, *self.owner.engine.adapters]
            root = self.owner.model_name
            models = [{"id": name, "object": "model", "owned_by": "crystal-hybrid", "root": root} for name in names]
            self._send(200, {"object": "list", "data": models})
        else:
            self._send_error(404, f"there is no {self.path}", "NotFoundError")

    def do_POST(self) -> None:
        answer = _ROUTES.get(self.path)
        body = self.rfile.read(min(int(self.headers.get("content-length") or 0), MAX_BODY_BYTES))
        if answer is None:
            self._send_error(404, f"there is no {self.path}", "NotFoundError")
            return
        try:
            self._send(200, answer(self.owner, body))
        except QueueFullError as error:
            self._send_error(503, str(error), "ServiceUnavailableError", retry_after_s=RETRY_AFTER_S)
        except (UnknownAdapterError, CheckpointError) as error:
            self._send_error(404, str(error), "NotFoundError")
        except (ConfigurationError, ValidationError) as error:
            self._send_error(400, str(error), "BadRequestError")
        except RuntimeError as error:  # torch's: out of memory, among others
            log.exception("a request failed")
            self._send_error(500, str(error), "InternalServerError")

    def _send_error(self, status: int, message: str, kind: str, retry_after_s: int | None = None) -> None:
        self._send(status, {"error": {"message": message, "type": kind, "code": status}}, retry_after_s)

    def _send(self, status: int, body: Json, retry_after_s: int | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(retry_after_s))
        self.end_headers()
        self.wfile.write(data)


def _chat(server: AdapterServer, body: bytes) -> Json:
    request = ChatRequest.model_validate_json(body)
    adapter = None if request.model == server.model_name else request.model
    tokens = server.engine.conversation([message.model_dump() for message in request.messages])
    room = server.engine.context_tokens
    if room is not None and len(tokens) + request.sampling.max_new_tokens > room:
        raise ConfigurationError(
            f"the prompt has {len(tokens)} tokens and the answer may have {request.sampling.max_new_tokens}; "
            f"the model's context length is {room}"
        )
    question = Question(tokens, adapter, request.sampling, request.seed)
    if request.structured_outputs is not None:
        samples, full = [server.engine.choose(question, request.structured_outputs.choice).result()], None
    else:
        asked = [server.engine.ask(question) for _ in range(request.n)]
        samples, full = [future.result() for future in asked], request.sampling.max_new_tokens
    produced = sum(len(one.tokens) for one in samples)
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": one.text},
            "finish_reason": "length" if full is not None and len(one.tokens) >= full else "stop",
            "logprobs": {"content": _log_probabilities(server, one)} if request.logprobs else None,
        }
        for index, one in enumerate(samples)
    ]
    usage = {"prompt_tokens": len(tokens), "completion_tokens": produced, "total_tokens": len(tokens) + produced}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model,
        "choices": choices,
        "usage": usage,
    }


def _log_probabilities(server: AdapterServer, answer: Sample) -> list[Json]:
    if len(answer.log_probabilities) == 1:  # a chosen option counts as one token
        return [{"token": answer.text, "logprob": answer.log_probabilities[0]}]
    return [
        {"token": server.engine.token_text(token), "logprob": logprob}
        for token, logprob in zip(answer.tokens, answer.log_probabilities, strict=True)
    ]


def _load(server: AdapterServer, body: bytes) -> Json:
    request = LoadAdapter.model_validate_json(body)
    if request.lora_name == server.model_name:
        raise ConfigurationError(f"{request.lora_name!r} is the name of the base model; give the adapter another one")
    server.engine.load_adapter(request.lora_name, Path(request.lora_path), replace=request.load_inplace).result()
    return {"message": f"the adapter {request.lora_name!r} is loaded"}


def _unload(server: AdapterServer, body: bytes) -> Json:
    request = UnloadAdapter.model_validate_json(body)
    server.engine.unload_adapter(request.lora_name).result()
    return {"message": f"the adapter {request.lora_name!r} is removed"}


_ROUTES: dict[str, Callable[[AdapterServer, bytes], Json]] = {
    "/v1/chat/completions": _chat,
    "/v1/load_lora_adapter": _load,
    "/v1/unload_lora_adapter": _unload,
}


def _leave_with_parent() -> NoReturn:
    """End when standard input is closed: the kernel closes it when the process that started this one dies."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; runs until a signal or a closed standard input stops it."""
    parser = argparse.ArgumentParser(prog="adapter_server", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", required=True, help="folder or hub name of a causal model")
    parser.add_argument("--served-model-name", help="name that requests use; the model's own by default")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-queue", type=int, default=256, help="requests that may wait")
    parser.add_argument("--max-batch", type=int, default=8, help="requests answered together")
    parser.add_argument("--leave-with-parent", action="store_true", help="end when standard input is closed")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if options.leave_with_parent:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        engine = AdapterEngine(load_policy(options.model), max_queue=options.max_queue, max_batch=options.max_batch)
        name = options.served_model_name or options.model
        server = AdapterServer((options.host, options.port), engine, name)
    except (CrystalHybridError, OSError) as error:
        parser.exit(2, f"adapter_server: {error}\n")
    log.info("serving %s on http://%s:%d", name, options.host, server.server_address[1])
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    run_program(main)
