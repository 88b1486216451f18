"""Hostile clients of the adapter server: each mistake is answered in JSON or ends the connection, and the next client
is served."""

from __future__ import annotations

import atexit
import functools
import json
import random
import socket
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from agents.text.text_policy import load_policy
from tests.campaign.damage import damage_bytes, damage_json
from tests.campaign.samples import tiny_adapter, tiny_model
from trainer.serving.adapter_engine import AdapterEngine
from trainer.serving.adapter_server import AdapterServer
from trainer.serving.json_http import HttpLimits

LIMITS: Final = HttpLimits(connections=8, body_bytes=200_000, request_s=1.0)
LONGEST_ANSWER_S: Final = 30.0
"""On a busy machine, for a question that is within the limits."""
QUESTION: Final[dict[str, Any]] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Where to?"}],
    "max_tokens": 4,
    "n": 1,
    "seed": 1,
    "temperature": 1.0,
    "logprobs": True,
    "structured_outputs": {"choice": ["Go on", "Fight on"]},
}
HEADS: Final = (
    "Content-Length: -1",
    "Content-Length: abc",
    f"Content-Length: {'9' * 5000}",
    "Content-Length: 2\r\nContent-Length: 40",
    "Transfer-Encoding: chunked",
    "Origin: https://evil.example",
    "Host: evil.example",
    "Expect: 100-continue",
    "Content-Type: text/plain",
    "X-Long: " + "x" * 70_000,
    "Authorization: Bearer \xe9",
    ":",
    "\0: \0",
)


def trial(seed: int, folder: Path) -> list[str]:
    chance = random.Random(seed)
    request, done = hostile_request(chance, folder)
    server = served()
    faults = faults_of_answer(answer_to(request, server.server_address[1], chance), done)
    if len(server.engine.adapters) > 1:
        faults.append(f"{done}: the adapters are {server.engine.adapters}")
    return [*faults, *(f"after {done}: {fault}" for fault in faults_of_the_next(server.server_address[1]))]


@functools.cache
def served() -> AdapterServer:
    """A server of a tiny model with an adapter, in this process."""
    engine = AdapterEngine(load_policy(str(tiny_model())), max_queue=16)
    engine.load_adapter("good", tiny_adapter()).result(60)
    server = AdapterServer(("127.0.0.1", 0), engine, "tiny", limits=LIMITS)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        engine.close()

    atexit.register(stop)
    return server


def hostile_request(chance: random.Random, folder: Path) -> tuple[bytes, str]:
    """A request whose JSON, head or bytes are wrong, or half of one."""
    body, done = json.dumps(QUESTION).encode(), "a good question"
    path, head = "/v1/chat/completions", "Host: localhost\r\nContent-Type: application/json"
    kind = chance.choice(("json", "json", "json", "adapter", "head", "bytes", "half"))
    if kind == "json":
        body, done = damage_json(body, chance)
    elif kind == "adapter":
        place = chance.choice((str(folder), "/etc", "a\0b", "x" * 300, "", str(tiny_model()), None, 7))
        name = chance.choice(("bad", "", "good/../x", "\0", "x" * 5000, None, 7, "tiny"))
        path, body = "/v1/load_lora_adapter", json.dumps({"lora_name": name, "lora_path": place}).encode()
        done = f"the adapter {name!r:.40} of {place!r:.40}"
    length = f"Content-Length: {len(body)}"
    if kind == "head":
        wrong = chance.choice(HEADS)
        done = f"the head {wrong[:50]!r}"
        head, length = f"{head}\r\n{wrong}", "" if "Content-Length" in wrong else length
    request = f"POST {path} HTTP/1.1\r\n{head}\r\n{length}\r\n\r\n".encode("latin-1") + body
    if kind == "bytes":
        request, done = damage_bytes(request, chance)
    if kind == "half":
        spot = chance.randrange(len(request))
        request, done = request[:spot], f"{spot} bytes of a request"
    return request, done


def answer_to(request: bytes, port: int, chance: random.Random) -> bytes:
    """All that the server says until it closes, or until it has waited for the next request for longer than it may."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_ANSWER_S) as client:
        said = b""
        try:
            client.sendall(request)
            if chance.random() < 0.3:
                client.shutdown(socket.SHUT_WR)
            while part := client.recv(1 << 16):
                said += part
        except ConnectionError:  # the server need not read all that is sent
            pass
        return said


def faults_of_answer(said: bytes, done: str) -> list[str]:
    """Nothing, or answers in JSON; none of them a failure of the server."""
    faults: list[str] = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        if head == b"HTTP/1.1 100 Continue":
            said = rest
            continue
        lines = head.split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")]
        if not lines[0].startswith(b"HTTP/1.") or len(lengths) != 1:
            return [*faults, f"{done}: it says {head[:200]!r}"]
        status = int(lines[0].split()[1])
        try:
            answer = json.loads(rest[: lengths[0]])
        except ValueError:
            return [*faults, f"{done}: {status} with {rest[:200]!r}"]
        if status >= 500 and status != 501:
            faults.append(f"{done}: {status} {answer}")
        if status >= 400 and not answer.get("error", {}).get("message"):
            faults.append(f"{done}: {status} without a word: {answer}")
        said = rest[lengths[0] :]
    return faults


def faults_of_the_next(port: int) -> list[str]:
    """A good question is answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_ANSWER_S)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(QUESTION), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        return [] if answer.status == 200 else [f"a good question is answered {answer.status} {said[:200]!r}"]
    except OSError as error:
        return [f"a good question is not answered: {error}"]
    finally:
        connection.close()
