"""The adapter server over real sockets: what it bounds, whom it lets in, and that every mistake is answered in JSON."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from agents.text.text_policy import load_policy
from core.exceptions import ConfigurationError
from tests.tiny_adapters import make_adapters
from tests.tiny_models import make_model
from trainer.serving import adapter_server
from trainer.serving.adapter_engine import AdapterEngine
from trainer.serving.adapter_server import AdapterServer
from trainer.serving.json_http import HttpLimits
from trainer.serving.lora import LoRAConfig, LoRAManager
from trainer.serving.server_client import ServerAddress

Json = dict[str, Any]
LIMITS = HttpLimits(connections=8, body_bytes=200_000, request_s=1.0)
CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "Where to?"}], "max_tokens": 4}


class Served:
    """A server of a tiny model in this process."""

    def __init__(self, model: Path, adapter: Path, key: str | None = None, answer_timeout_s: float = 60.0) -> None:
        self.model, self.adapter = model, adapter
        self.engine = AdapterEngine(load_policy(str(model)), max_queue=16)
        self.server = AdapterServer(
            ("127.0.0.1", 0), self.engine, "tiny", key=key, limits=LIMITS, answer_timeout_s=answer_timeout_s
        )
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.engine.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, request: bytes) -> tuple[int, Json, bytes]:
        """Status and JSON of the first answer to these bytes, and whatever the server sends after it until it closes;
        fails if it does not close."""
        with self.connect() as client:
            client.sendall(request)
            said = b""
            while part := client.recv(1 << 16):
                said += part
        head, _, rest = said.partition(b"\r\n\r\n")
        length = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))[15:])
        return int(head.split()[1]), json.loads(rest[:length]), rest[length:]

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Json]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
            sent = {
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def chat(self, **changes: object) -> tuple[int, Json]:
        return self.ask("POST", "/v1/chat/completions", CHAT | changes)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("server")
    model = make_model(folder / "model")
    return model, make_adapters(model, folder, seeds=(1,))[0]


@pytest.fixture(scope="module")
def served(parts: tuple[Path, Path]) -> Iterator[Served]:
    made = Served(*parts)
    yield made
    made.close()


def post(head: str = "", body: bytes = b"{}", host: str = "localhost", kind: str = "application/json") -> bytes:
    lines = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n{head}\r\n"
    return lines.encode() + body


NEXT = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
BROKEN: dict[str, tuple[bytes, int, str]] = {
    "a length below 0": (post("Content-Length: -1\r\n"), 400, "Content-Length is '-1'"),
    "a length in words": (post("Content-Length: abc\r\n"), 400, "Content-Length is 'abc'"),
    "a length of many digits": (post(f"Content-Length: {'9' * 5000}\r\n"), 413, "at most 200000"),
    "a length in other digits": (post("Content-Length: ²\r\n"), 400, "must be one number"),
    "two lengths": (post("Content-Length: 2\r\nContent-Length: 40\r\n"), 400, "'2, 40'"),
    "no length": (post(), 411, "Content-Length is missing"),
    "chunks": (post("Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"), 411, "Transfer-Encoding"),
    "a body over the limit": (
        post("Content-Length: 200001\r\n", NEXT + b" " * 200_001),
        413,
        "the body has 200001 bytes",
    ),
    "a body that waits for leave": (post("Content-Length: 200001\r\nExpect: 100-continue\r\n", b""), 413, "200001"),
    "a long line": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414, "the request line"),
    "no request at all": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "syntax"),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431, "headers"),
    "another host": (post("Content-Length: 2\r\n", host="evil.example"), 403, "Host is 'evil.example'"),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 403, "Host is ''"),
    "a broken host": (post("Content-Length: 2\r\n", host="[::1"), 403, "Host is '[::1'"),
    "a foreign page": (post("Content-Length: 2\r\nOrigin: https://evil.example\r\n"), 403, "Origin is"),
    "a page from a file": (post("Content-Length: 2\r\nOrigin: null\r\n"), 403, "Origin is"),
    "a form": (post("Content-Length: 2\r\n", kind="text/plain"), 415, "must be application/json"),
    "no kind": (post("Content-Length: 2\r\n", kind=""), 415, "must be application/json"),
    "nothing of the body": (post("Content-Length: 20\r\n", b""), 408, "not there after 1 s"),
    "half of a head": (b"GET /health HT", 408, "not there after 1 s"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_request_is_answered_in_json_and_ends_the_connection(served: Served, name: str) -> None:
    request, status, says = BROKEN[name]
    got, answer, after = served.raw(request)
    assert got == status and says in answer["error"]["message"] and answer["error"]["code"] == status
    assert after == b"", "what is left of a refused request is no request"


def test_a_request_that_drips_is_given_up(served: Served) -> None:
    """Each byte comes in time, the request never does."""
    begun = time.monotonic()
    with served.connect() as client:
        client.sendall(b"GET /health HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):
            while time.monotonic() < begun + 15:
                client.sendall(b"a")
                time.sleep(0.05)
            raise AssertionError("it is still read")
    assert served.ask("GET", "/health")[0] == 200


def test_half_open_connections_are_counted_and_let_go(served: Served) -> None:
    silent = [served.connect() for _ in range(60)]
    deadline, status = time.monotonic() + 20, 0
    statuses = set()
    while time.monotonic() < deadline and status != 200:
        try:
            status, answer = served.ask("GET", "/health")
            if status == 503:
                assert "connections are open" in answer["error"]["message"]
        except OSError:
            status = 0
        statuses.add(status)
        time.sleep(0.05)
    assert status == 200 and 503 in statuses
    for one in silent:
        assert one.recv(1 << 12)[:12] in (b"", b"HTTP/1.1 503")
        one.close()


WRONG: dict[str, tuple[Json, str]] = {
    "a choice of 100,000 characters": (
        {"structured_outputs": {"choice": ["a" * 100_000]}},
        "structured_outputs.choice.0",
    ),
    "a choice of many tokens": ({"structured_outputs": {"choice": ["xq" * 1000]}}, "the longest choice"),
    "many choices": ({"structured_outputs": {"choice": ["a"] * 300}}, "structured_outputs.choice"),
    "a huge seed": ({"seed": 10**30}, "seed"),
    "a seed of many digits": ({"seed": int("9" * 4000)}, "seed"),
    "a tiny temperature": ({"temperature": 1e-30}, "temperature is 1e-30"),
    "a temperature that is no number": ({"temperature": float("nan")}, "temperature"),
    "a negative temperature": ({"temperature": -1.0}, "temperature is -1.0"),
    "many answers": ({"n": 10**9}, "n: "),
    "many tokens": ({"max_tokens": 10**30}, "max_tokens"),
    "a long question": ({"messages": [{"role": "user", "content": "Where? " * 20_000}]}, "context length"),
    "half a character": ({"messages": [{"role": "user", "content": "\ud800"}]}, "Invalid JSON"),
    "a stream": ({"stream": True}, "stream"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_question_is_the_callers_fault_in_one_line(served: Served, name: str) -> None:
    changes, says = WRONG[name]
    status, answer = served.chat(**changes)
    message = answer["error"]["message"]
    assert status == 400 and says in message and "\n" not in message and len(message) < 400


def test_what_is_no_json_is_refused(served: Served) -> None:
    for body in (b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"null"):
        status, answer = served.ask("POST", "/v1/load_lora_adapter", body)
        assert status == 400 and answer["error"]["message"]
    assert served.ask("POST", "/v1/nowhere", {})[0] == 404
    assert served.ask("PUT", "/v1/models", {})[0] == 405
    assert served.ask("GET", "/v1/load_lora_adapter")[0] == 405


def test_good_requests_follow_each_other_on_one_connection(served: Served) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=60)
    texts = set()
    for choice in (["Fight on"], ["a" * 1500], None):
        body = CHAT | (
            {"structured_outputs": {"choice": choice}} if choice else {"seed": -(2**63), "temperature": 0.01}
        )
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        texts.add(answer["choices"][0]["message"]["content"] if response.status == 200 else response.status)
    connection.close()
    assert "Fight on" in texts and len(texts) == 3


def test_choices_scored_in_parts_are_those_scored_together(served: Served) -> None:
    options = [f"Go to place {number}" for number in range(20)]
    whole = served.chat(structured_outputs={"choice": options}, logprobs=True)[1]["choices"][0]
    served.engine._max_batch, kept = 3, served.engine._max_batch
    parts = served.chat(structured_outputs={"choice": options}, logprobs=True)[1]["choices"][0]
    served.engine._max_batch = kept
    assert parts["message"] == whole["message"]
    both = [one["logprobs"]["content"][0]["logprob"] for one in (parts, whole)]
    assert both[0] == pytest.approx(both[1], abs=1e-4)


def test_bad_adapters_have_their_own_answers(served: Served, tmp_path: Path) -> None:
    def load(folder: str) -> tuple[int, str]:
        status, answer = served.ask("POST", "/v1/load_lora_adapter", {"lora_name": "bad", "lora_path": folder})
        return status, answer.get("error", {}).get("message", "")

    assert load(str(tmp_path)) == (
        404,
        f"Checkpoint not found: {tmp_path} has no adapter_config.json and no adapter_model.safetensors",
    )
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes(b"{}")
    status, message = load(str(tmp_path))
    assert status == 400 and "adapter_config.json" in message
    assert load("a\0b")[0] == 400
    assert load("x" * 300)[0] == 404  # longer than any file's name
    assert served.ask("POST", "/v1/unload_lora_adapter", {"lora_name": "bad"})[0] == 404
    assert served.ask("GET", "/v1/models")[1]["data"][0]["id"] == "tiny"


def test_an_answer_that_takes_too_long_is_given_up_and_leaves_the_queue(parts: tuple[Path, Path]) -> None:
    served = Served(*parts, answer_timeout_s=0.3)
    hold = threading.Event()
    served.engine._add([job_that(hold.wait)])
    status, answer = served.chat(n=3)
    assert status == 504 and "0.3 s" in answer["error"]["message"]
    hold.set()
    assert served.chat()[0] == 200
    served.close()


def job_that(work: Callable[[], object]) -> Any:
    from concurrent.futures import Future

    from trainer.serving.adapter_engine import _Job

    return _Job(None, work, Future())


def test_with_a_key_only_who_has_it_may_ask(parts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served(*parts, key="sesame")
    try:
        assert served.ask("GET", "/health")[0] == 200
        for wrong in (
            {},
            {"Authorization": "Bearer sesam"},
            {"Authorization": "sesame"},
            {"Authorization": "Bearer é"},
        ):
            status, answer = served.ask("GET", "/v1/models", **wrong)
            assert status == 401 and "sesame" not in json.dumps(answer)
        right = {"Authorization": "Bearer sesame"}
        assert served.ask("GET", "/v1/models", **right, Host="elsewhere.example")[0] == 200
        assert served.ask("GET", "/v1/models", **right, Origin="https://evil.example")[0] == 403
        address = ServerAddress("127.0.0.1", served.port)
        monkeypatch.delenv("CRYSTAL_LLM_API_KEY", raising=False)
        with pytest.raises(ConfigurationError, match="401"):
            address.get("/v1/models", 20)
        monkeypatch.setenv("CRYSTAL_LLM_API_KEY", "sesame")
        assert address.get("/v1/models", 20)["data"]
    finally:
        served.close()
    with pytest.raises(ConfigurationError, match="no HTTP header") as caught:
        AdapterServer(("127.0.0.1", 0), served.engine, "tiny", key="ses\name")
    assert "ses" not in str(caught.value)


def test_a_manager_publishes_to_the_port_of_the_configuration(served: Served, tmp_path: Path) -> None:
    manager = LoRAManager({3: LoRAConfig(3, rank=2, port=served.port)})
    manager.attach(load_policy(str(served.model)))
    manager.publish(3, tmp_path / "three")
    manager.publish(3, tmp_path / "three")  # in place of the first
    assert served.engine.adapters == ("adapter-3",)
    served.ask("POST", "/v1/unload_lora_adapter", {"lora_name": "adapter-3"})


def test_the_command_refuses_what_cannot_be_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRYSTAL_LLM_API_KEY", raising=False)
    for arguments, says in (
        (["--host", "0.0.0.0", "--port", "0"], "set a key as CRYSTAL_LLM_API_KEY"),
        (["--port", "99999"], "--port is 0 to 65535"),
        (["--port", "0"], "cannot be loaded"),
    ):
        with pytest.raises(SystemExit) as end:
            adapter_server.main(["--model", str(tmp_path), *arguments])
        assert end.value.code == 2 and says in capsys.readouterr().err
