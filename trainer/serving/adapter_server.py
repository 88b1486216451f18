"""A language-model server with adapters: OpenAI's chat completions, and vLLM's routes to load and unload LoRA.

It replaces vLLM where that cannot be installed (no GPU): same routes, same fields, one process, only Transformers, PEFT
and the standard library. Run it as

    python -m trainer.serving.adapter_server --model FOLDER --port 8001

Routes: `GET /health`, `GET /v1/models`, `POST /v1/chat/completions` (not streamed; `structured_outputs.choice` binds
the answer to one of a list), `POST /v1/load_lora_adapter`, `POST /v1/unload_lora_adapter`. Requests name an adapter in
`model`. A full queue answers 503 with `Retry-After`, a wrong request 4xx, all of it in JSON.

Without a key only this machine may ask. With one, in the environment as `CRYSTAL_LLM_API_KEY`, everybody who sends it
as `Authorization: Bearer ...`: then `--host` may be another address than this machine's own. `trainer/serving/
json_http.py` has the bounds of size and time.
"""

from __future__ import annotations

import argparse
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from agents.llm.wire.keys import KEY_FOR_OTHER_ADDRESSES, key_for
from agents.text.text_policy import Sample, load_policy
from core.exceptions import (
    CheckpointError,
    CheckpointNotFoundError,
    ConfigurationError,
    CrystalHybridError,
    QueueFullError,
)
from trainer.commands.program import run_program
from trainer.serving.adapter_engine import AdapterEngine, Question, UnknownAdapterError
from trainer.serving.adapter_requests import ChatRequest, LoadAdapter, UnloadAdapter
from trainer.serving.json_http import LOOPBACK, Admission, HttpLimits, Json, JsonServer, Refusal
from trainer.serving.placement import LAST_PORT

log = logging.getLogger(__name__)
RETRY_AFTER_S = 1


class AdapterServer(JsonServer):
    """Serves one engine under one model name."""

    def __init__(
        self,
        address: tuple[str, int],
        engine: AdapterEngine,
        model_name: str,
        *,
        key: str | None = None,
        limits: HttpLimits | None = None,
        answer_timeout_s: float = 600.0,
    ) -> None:
        """
        Args:
            key: what clients must send as `Authorization: Bearer`; without one, only this machine may ask.
            limits: of requests and connections.
            answer_timeout_s: longest time in the queue and at the model; then the answer is 504.
        """
        self.engine = engine
        self.model_name = model_name
        self.answer_timeout_s = answer_timeout_s
        super().__init__(address, Admission(key, frozenset({"/health"})), limits)

    def answer(self, method: str, path: str, body: bytes) -> Json:
        """The answer to a request; see the module for the routes."""
        method_of = {"/health": "GET", "/v1/models": "GET", **dict.fromkeys(_ROUTES, "POST")}
        if path not in method_of:
            raise Refusal(404, f"there is no {path[:200]}; there are {', '.join(method_of)}")
        if method != method_of[path]:
            raise Refusal(405, f"{path} takes {method_of[path]}, not {method[:20]}", Allow=method_of[path])
        if path == "/health":
            return {"status": "ok", "waiting": self.engine.waiting, "pid": os.getpid()}
        if path == "/v1/models":
            return self._models()
        try:
            return _ROUTES[path](self, body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Refusal(400, f"{where + ': ' if where else ''}{first['msg']}") from error
        except QueueFullError as error:
            raise Refusal(503, str(error), Retry_After=str(RETRY_AFTER_S)) from error
        except (UnknownAdapterError, CheckpointNotFoundError) as error:
            raise Refusal(404, str(error)) from error
        except (ConfigurationError, CheckpointError) as error:
            raise Refusal(400, str(error)) from error
        except RuntimeError as error:  # torch's: out of memory, among others
            log.exception("a request failed")
            raise Refusal(500, str(error)) from error

    def waited(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """The results of all, in time. Those that nobody waits for any longer leave the queue."""
        deadline = time.monotonic() + self.answer_timeout_s
        try:
            return [future.result(max(0.0, deadline - time.monotonic())) for future in futures]
        except TimeoutError as error:
            raise Refusal(504, f"the model has not answered after {self.answer_timeout_s:g} s") from error
        finally:
            for future in futures:
                future.cancel()

    def _models(self) -> Json:
        names = [self.model_name, *self.engine.adapters]
        root = self.model_name
        models = [{"id": name, "object": "model", "owned_by": "crystal-hybrid", "root": root} for name in names]
        return {"object": "list", "data": models}


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
        asked, full = [server.engine.choose(question, request.structured_outputs.choice)], None
    else:
        asked, full = server.engine.ask(question, request.n), request.sampling.max_new_tokens
    samples: list[Sample] = server.waited(asked)
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
    loading = server.engine.load_adapter(request.lora_name, Path(request.lora_path), replace=request.load_inplace)
    server.waited([loading])
    return {"message": f"the adapter {request.lora_name!r} is loaded"}


def _unload(server: AdapterServer, body: bytes) -> Json:
    request = UnloadAdapter.model_validate_json(body)
    server.waited([server.engine.unload_adapter(request.lora_name)])
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
    found = key_for(None, own_address=True)
    key = found.text if found is not None else None
    if not 0 <= options.port <= LAST_PORT or options.max_queue < 1 or options.max_batch < 1:
        parser.error(f"--port is 0 to {LAST_PORT}, --max-queue and --max-batch are 1 or more")
    if key is None and options.host not in LOOPBACK:
        parser.error(f"--host {options.host} lets other machines in, so set a key as {KEY_FOR_OTHER_ADDRESSES}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if options.leave_with_parent:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        engine = AdapterEngine(load_policy(options.model), max_queue=options.max_queue, max_batch=options.max_batch)
        name = options.served_model_name or options.model
        server = AdapterServer((options.host, options.port), engine, name, key=key)
    except (CrystalHybridError, OSError) as error:
        parser.exit(2, f"adapter_server: {error}\n")
    log.info("serving %s on http://%s:%d", name, options.host, server.server_address[1])
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    run_program(main)
