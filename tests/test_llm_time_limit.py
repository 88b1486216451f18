"""`timeout_s` holds from connecting to the last byte, whatever a server does below HTTP; and workers come back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import FaultSettings
from agents.llm.registry import load_text_model
from agents.text.rollout_server import RolloutServer
from agents.text.text_policy import Sampling
from core.exceptions import LLMConnectionError
from core.protocols import Choice
from tests.llm_servers.hostile import HostileServer, Trick
from tests.llm_servers.server import ModelServer
from trainer.serving.server_client import ServerAddress

OPTIONS = ["Go to the healer", "Talk to the elder"]
TIMEOUT_S = 0.4
PAUSE_S = 0.02
"""Shorter than any limit on a single read."""
PATIENCE_S = 20.0
"""A machine may be slow; a server that escapes the limit holds the question for ever."""
OVER_HTTP = [trick for trick in Trick if trick is not Trick.DRIPPED_HANDSHAKE]


def names(trick: Trick) -> str:
    return trick.name.lower()


def failure_at(url: str, provider: str = "openai/gpt-5-mini") -> ModelFailure:
    model = load_text_model(f"{provider}@{url}", timeout_s=TIMEOUT_S)
    assert model is not None
    begun = time.monotonic()
    with pytest.raises(ModelFailure) as caught:
        model.choose("Where to?", OPTIONS)
    assert time.monotonic() - begun < PATIENCE_S
    return caught.value


@pytest.mark.parametrize("trick", OVER_HTTP, ids=names)
def test_a_slow_server_cannot_stretch_the_time_limit(trick: Trick) -> None:
    with HostileServer(trick, PAUSE_S) as server:
        assert failure_at(server.url).kind is FailureKind.TIME_OUT


@pytest.mark.parametrize("trick", [t for t in OVER_HTTP if t is not Trick.SILENCE], ids=names)
def test_a_flood_ends_in_time_as_well(trick: Trick) -> None:
    with HostileServer(trick, 0.0) as server:
        kind = failure_at(server.url, "anthropic/claude-haiku-4-5").kind
        assert kind in (FailureKind.TIME_OUT, FailureKind.TOO_LARGE, FailureKind.CONNECTION)


def test_the_handshake_of_tls_counts() -> None:
    with HostileServer(Trick.DRIPPED_HANDSHAKE, PAUSE_S) as server:
        assert failure_at(server.url.replace("http", "https")).kind is FailureKind.TIME_OUT


def test_a_proxy_cannot_stretch_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with HostileServer(Trick.DRIPPED_HEADERS, PAUSE_S) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        for url in ("http://model.invalid/v1", "https://model.invalid/v1"):
            assert failure_at(url).kind is FailureKind.TIME_OUT
        assert proxy.connections == 2
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with ModelServer() as server:
            model = load_text_model(f"vllm/tiny@{server.url}", timeout_s=PATIENCE_S)
            assert model is not None and model.choose("Where to?", OPTIONS).index == 1
        assert proxy.connections == 2


def test_workers_come_back_from_a_server_that_never_ends(tmp_path: Path) -> None:
    with HostileServer(Trick.ENDLESS_CONTINUE, PAUSE_S) as server:
        model = load_text_model(f"openai/gpt-5-mini@{server.url}", timeout_s=TIMEOUT_S)
        assert model is not None
        faults = FaultSettings(tries=1, away_s=0.0, longest_away_s=0.0)
        chooser = OptionChooser(
            model, AnswerCache(tmp_path / "answers.db"), OptionChooserSettings(PATIENCE_S, workers=2, faults=faults)
        )
        for number in range(5):
            answer = chooser.ask(f"q{number}", OPTIONS)
            assert isinstance(answer, ModelFailure) and answer.kind is FailureKind.TIME_OUT
        chooser.close()


def test_a_connection_is_kept_and_each_question_has_its_own_time() -> None:
    with ModelServer() as server:
        model = load_text_model(f"openai/gpt-5-mini@{server.url}", timeout_s=2.0)
        assert model is not None
        server.delay_s = 0.7
        for number in range(3):
            assert isinstance(model.choose(f"q{number}", OPTIONS), Choice)
        assert len({seen.client for seen in server.seen}) == 1


@pytest.mark.parametrize("trick", [Trick.DRIPPED_HEADERS, Trick.DRIPPED_BODY, Trick.ENDLESS_CONTINUE], ids=names)
def test_the_projects_own_servers_are_held_to_their_time_too(trick: Trick) -> None:
    with HostileServer(trick, PAUSE_S) as server:
        begun = time.monotonic()
        with pytest.raises(LLMConnectionError, match=r"within 0\.4 s"):
            ServerAddress.of(server.url).get("/health", TIMEOUT_S)
        with pytest.raises(LLMConnectionError, match=r"within 0\.4 s|timed out"):
            RolloutServer(server.url, TIMEOUT_S).complete("tool", [[1, 2]], 1, Sampling(), 0)
        assert time.monotonic() - begun < PATIENCE_S


def test_a_host_with_several_addresses_is_tried_at_each() -> None:
    with ModelServer() as server:  # on 127.0.0.1 only; localhost is ::1 as well where there is IPv6
        model = load_text_model(f"vllm/tiny@{server.url.replace('127.0.0.1', 'localhost')}", timeout_s=PATIENCE_S)
        assert model is not None and model.choose("Where to?", OPTIONS).index == 1
    with pytest.raises(ModelFailure, match="cannot be reached"):
        nowhere = load_text_model("vllm/tiny@http://no-such-host.invalid/v1", timeout_s=TIMEOUT_S)
        assert nowhere is not None
        nowhere.choose("Where to?", OPTIONS)
