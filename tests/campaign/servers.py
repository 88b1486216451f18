"""Hostile servers of language models: endless answers, senseless answers, errors, and keys that are echoed."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import FaultSettings
from agents.llm.registry import load_text_model
from agents.llm.wire.keys import KEY_FOR_OTHER_ADDRESSES
from tests.campaign.damage import damage_bytes, damage_json
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.hostile import HostileServer, Trick
from tests.llm_servers.server import ModelServer

MODELS: Final = ("openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "vllm/tiny", "ollama/tiny", "llamacpp/tiny")
OPTIONS: Final = ("Go to the healer", "Talk to the elder", "Fight on")
TIMEOUT_S, PATIENCE_S = 0.4, 30.0
"""A machine may be slow; an exchange that escapes its time limit outlasts the patience, too."""
SECRET: Final = "sk-proj-Zq7Ws0dXc9Rv3Tb6Yn"
ECHO: Final = "{key} and {KEY}"
"""The server writes the key there, as it was sent and in capitals."""
QUESTIONS: Final = 3


def trial(seed: int, folder: Path) -> list[str]:
    chance = random.Random(seed)
    model = chance.choice(MODELS)
    if seed % 2:
        trick, pause_s = chance.choice(list(Trick)), chance.choice((0.0, 0.02))
        with HostileServer(trick, pause_s) as server:
            url = server.url.replace("http", "https") if trick is Trick.DRIPPED_HANDSHAKE else server.url
            return [f"{model}, {trick.name}: {fault}" for fault in faults_of_model(f"{model}@{url}", folder)]
    with ModelServer() as server:
        server.reason = ECHO
        server.always, done = wrong_answer(chance)
        url = server.url.removesuffix("/v1") if model.startswith("anthropic/") else server.url
        return [f"{model}, {done}: {fault}" for fault in faults_of_model(f"{model}@{url}", folder)]


def wrong_answer(chance: random.Random) -> tuple[Step, str]:
    """What the server says each time: one of the known faults, a status with some body, or a damaged reply."""
    kind = chance.choice(("fault", "status", "reply", "reply"))
    if kind == "fault":
        fault = chance.choice([fault for fault in Fault if fault is not Fault.HANG])
        return Step(fault, retry_after=chance.choice((None, "1e999", "-5", "1767225600", "soon"))), fault.name
    if kind == "status":
        status = chance.choice((200, 200, 201, 204, 301, 400, 401, 402, 403, 404, 408, 413, 418, 429, 500, 503, 599))
        body = json.dumps({"error": {"message": ECHO, "type": "x", "code": chance.choice((None, 7, "x", [], {}))}})
        if chance.random() < 0.5:
            body = damage_json(body.encode(), chance)[0].decode()
        return Step(told=(status, body)), f"status {status}, {body[:60]}"
    drawn, times = chance.getrandbits(32), chance.randint(1, 3)
    damage = chance.choice((damage_json, damage_json, damage_json, damage_bytes))

    def spoil(reply: bytes) -> bytes:
        """The same way each time."""
        again = random.Random(drawn)
        with contextlib.suppress(ValueError, RecursionError):  # what is no JSON any more is odd enough
            for _ in range(times):
                reply, _done = damage(reply, again)
        return reply

    return Step(spoil=spoil), f"{times} times {damage.__name__}, drawn by {drawn}"


def faults_of_model(name: str, folder: Path) -> list[str]:
    """Questions to the model are answered, or fail in one of the ways that are known, in time; and no key is shown."""
    faults: list[str] = []
    with key_set(), log_kept() as log, closing(_chooser(name, folder)) as chooser:
        for number in range(QUESTIONS):
            answer = chooser.ask(f"Question {number}", OPTIONS)
            if isinstance(answer, ModelFailure):
                if answer.kind in (FailureKind.LATE, FailureKind.BROKEN):
                    faults.append(f"{answer.kind}: {answer}")
                said = str(answer)
            else:
                said = answer.reason
                if not (0 <= answer.index < len(OPTIONS) and 0 <= answer.confidence <= 1):
                    faults.append(f"it chose {answer}")
                if answer.prompt_tokens < 0 or answer.completion_tokens < 0:
                    faults.append(f"it has used {answer.prompt_tokens} and {answer.completion_tokens} tokens")
            faults += ["the key is in what it said"] if shows_key(said.encode()) else []
    faults += ["the key is in the log"] if shows_key("\n".join(log).encode()) else []
    written = [path.name for path in folder.iterdir() if path.is_file() and shows_key(path.read_bytes())]
    return [*faults, *(f"the key is in {name}" for name in written)]


def shows_key(data: bytes) -> bool:
    """Whether a part of the key is in it, in any letters."""
    return any(SECRET[at : at + 9].lower().encode() in data.lower() for at in range(len(SECRET) - 8))


def _chooser(name: str, folder: Path) -> OptionChooser:
    model = load_text_model(name, timeout_s=TIMEOUT_S)
    assert model is not None
    faults = FaultSettings(tries=1, away_s=0.0, longest_away_s=0.0)
    settings = OptionChooserSettings(PATIENCE_S, workers=1, faults=faults)
    return OptionChooser(model, AnswerCache(folder / "answers.db"), settings)


@contextmanager
def key_set() -> Iterator[None]:
    before = os.environ.get(KEY_FOR_OTHER_ADDRESSES)
    os.environ[KEY_FOR_OTHER_ADDRESSES] = SECRET
    try:
        yield
    finally:
        del os.environ[KEY_FOR_OTHER_ADDRESSES]
        if before is not None:
            os.environ[KEY_FOR_OTHER_ADDRESSES] = before


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def log_kept() -> Iterator[list[str]]:
    """Every message that is logged meanwhile, those of libraries at their finest level, too."""
    root, handler = logging.getLogger(), _Kept()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.messages
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
