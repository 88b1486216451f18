"""The parts of serving that need no server: fair queue, placement, adapters in memory."""

from __future__ import annotations

import json
import math
import random
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch

from agents.text.text_policy import Sampling, load_policy
from core.exceptions import CheckpointError, ConfigurationError, QueueFullError, TrainingError
from tests.tiny_adapters import make_adapters
from tests.tiny_models import make_model
from trainer.serving.adapter_engine import AdapterEngine, Question, UnknownAdapterError
from trainer.serving.fair_queue import FairQueue
from trainer.serving.lora import LoRAConfig, LoRAManager, create_lora_manager
from trainer.serving.placement import Placer, require_memory
from trainer.serving.scheduler import create_competitive_scheduler, create_cooperative_scheduler
from trainer.serving.server_process import ServedModel, command_for
from trainer.serving.tasks import ServingSettings

GREEDY = Sampling(temperature=0.0, max_new_tokens=6)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A model and three adapters."""
    folder = tmp_path_factory.mktemp("tiny")
    model = make_model(folder / "model")
    return model, make_adapters(model, folder, seeds=(1, 2, 3))


# --- fair queue ---


def drained(queue: FairQueue[str], count: int) -> list[str]:
    """Clients in the order in which they are served."""
    order = []
    for _ in range(count):
        following = queue.pop(lambda item: True)
        assert following is not None
        order.append(following[0])
    return order


def test_a_flood_of_one_client_delays_the_others_by_a_request_at_most() -> None:
    queue: FairQueue[str] = FairQueue(100, 60)
    for number in range(50):
        queue.push("flood", f"flood {number}")
    assert drained(queue, 10) == ["flood"] * 10
    for number in range(5):
        queue.push("modest", f"modest {number}")
    assert Counter(drained(queue, 10)) == {"flood": 5, "modest": 5}


def test_shares_are_kept_and_idleness_earns_no_credit() -> None:
    queue: FairQueue[str] = FairQueue(200, 100)
    queue.set_share("double", 2.0)
    for number in range(60):
        queue.push("double", str(number))
        queue.push("single", str(number))
    assert Counter(drained(queue, 60)) == {"double": 40, "single": 20}
    for number in range(20):
        queue.push("late", str(number))
    assert Counter(drained(queue, 40))["late"] == pytest.approx(10, abs=1)


def test_order_within_a_line_and_refusal_when_full() -> None:
    queue: FairQueue[str] = FairQueue(3, 2)
    queue.push("a", "first")
    queue.push("a", "second")
    with pytest.raises(QueueFullError, match="'a'"):
        queue.push("a", "third")
    queue.push("b", "fourth")
    with pytest.raises(QueueFullError, match="3 requests"):
        queue.push("c", "fifth")
    assert queue.pop(lambda item: item != "first") == ("b", "fourth")
    assert queue.pop(lambda item: True) == ("a", "first")
    queue.push_back("a", "first")
    assert [queue.pop(lambda item: True), queue.pop(lambda item: True)] == [("a", "first"), ("a", "second")]
    assert queue.pop(lambda item: True) is None
    with pytest.raises(ConfigurationError):
        queue.set_share("a", 0.0)


def test_nothing_is_lost_or_invented(seed: int = 4) -> None:
    rng, queue = random.Random(seed), FairQueue[str](1000, 1000)
    put, taken = [], []
    for number in range(2000):
        client = rng.choice("abcd")
        if rng.random() < 0.5 and len(queue) < 900:
            put.append(f"{client}{number}")
            queue.push(client, put[-1])
        elif (following := queue.pop(lambda item: True)) is not None:
            taken.append(following[1])
    taken += queue.drop(lambda item: True)
    assert sorted(taken) == sorted(put) and len(queue) == 0


# --- placement ---


def test_models_get_ports_of_their_own_and_busy_ones_are_left_out() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        base = busy.getsockname()[1]
        placer = Placer(base, num_gpus=0)
        placed = []
        for number in range(3):
            placed.append(placer.place(f"model_{number}", placed))
        ports = [placement.port for placement in placed]
        assert len(set(ports)) == 3 and base not in ports and min(ports) > base
        with pytest.raises(ConfigurationError, match="in use"):
            placer.place("another", placed, port=base)
    assert {placement.gpu_id for placement in placed} == {None}


def test_models_are_spread_over_the_gpus() -> None:
    placer = Placer(20000, num_gpus=0)
    placer.gpus = (0, 1, 2, 3)  # as on a machine that has them
    placed = []
    for number in range(8):
        placed.append(placer.place(f"model_{number}", placed))
    assert Counter(placement.gpu_id for placement in placed) == {0: 2, 1: 2, 2: 2, 3: 2}
    with pytest.raises(ConfigurationError, match="gpu_id"):
        placer.place("another", placed, gpu_id=4)


def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(1 << 43)  # eight terabytes, none of them on the disk
    with pytest.raises(TrainingError, match="memory insufficient"):
        require_memory(str(tmp_path), gpu_id=None)


def test_the_command_is_vllms_where_that_is_asked_for() -> None:
    placement = Placer(21000, 0).place("tiny", [])
    command = command_for(ServedModel("tiny", "folder"), placement, max_queue=5, max_batch=2)
    assert command[1:3] == ["-m", "trainer.serving.adapter_server"] and str(placement.port) in command
    with pytest.raises(ConfigurationError, match="engine"):
        ServedModel("tiny", "folder", engine="llama")
    if shutil.which("vllm") is None:
        with pytest.raises(ConfigurationError, match="not installed"):
            command_for(ServedModel("tiny", "folder", engine="vllm"), placement, max_queue=5, max_batch=2)


def test_a_guarded_program_ends_with_its_starter_and_tells_its_exit_code() -> None:
    guarded = [sys.executable, "-m", "trainer.serving.guardian", sys.executable, "-c"]
    with subprocess.Popen([*guarded, "raise SystemExit(7)"], stdin=subprocess.PIPE) as guardian:
        assert guardian.wait(30) == 7
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); "
    stubborn = deaf + "print('begun', flush=True); time.sleep(60)"
    with subprocess.Popen([*guarded, stubborn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as guardian:
        assert guardian.stdin is not None and guardian.stdout is not None
        assert guardian.stdout.readline() == "begun\n"
        guardian.stdin.close()
        begun = time.monotonic()
        assert guardian.stdout.read() == "" and time.monotonic() - begun < 30  # the pipe ends with its last holder
        assert guardian.wait(30) != 0


def test_competition_gives_shares_by_rank_and_cooperation_does_not() -> None:
    for create, expected in (
        (create_competitive_scheduler, [0.5, 1.0, 1.5]),
        (create_cooperative_scheduler, [1.0] * 3),
    ):
        scheduler = create(base_port=22000, num_gpus=0)
        for client, reward in (("worst", -3.0), ("middle", 0.1), ("best", 0.2)):
            scheduler.report_performance(client, reward)
        assert [scheduler.share_of(client) for client in ("worst", "middle", "best")] == expected


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="max_attempts"):
        ServingSettings(max_attempts=0)
    with pytest.raises(ConfigurationError, match="base_port"):
        create_cooperative_scheduler(base_port=0)
    with pytest.raises(ConfigurationError, match="rank"):
        LoRAConfig(0, rank=0)


# --- adapters in memory ---


def text_of(engine: AdapterEngine, adapter: str | None) -> str:
    tokens = engine.conversation([{"role": "user", "content": "Where to?"}])
    return engine.ask(Question(tokens, adapter, GREEDY))[0].result(30).text


def test_adapters_come_and_go_and_the_base_stays_as_it_was(tiny: tuple[Path, list[Path]]) -> None:
    model, (one, two, _) = tiny
    engine = AdapterEngine(load_policy(str(model)))
    base = text_of(engine, None)
    engine.load_adapter("v1.0", one).result(30)
    engine.load_adapter("other", two).result(30)
    first, second = text_of(engine, "v1.0"), text_of(engine, "other")
    assert len({base, first, second}) == 3 and text_of(engine, None) == base
    with pytest.raises(ConfigurationError, match="already"):
        engine.load_adapter("v1.0", two).result(30)
    engine.load_adapter("v1.0", two, replace=True).result(30)
    assert text_of(engine, "v1.0") == second and engine.adapters == ("other", "v1.0")
    engine.unload_adapter("v1.0").result(30)
    engine.unload_adapter("other").result(30)
    assert text_of(engine, None) == base and engine.adapters == ()
    with pytest.raises(UnknownAdapterError):
        text_of(engine, "other")
    engine.load_adapter("back", one).result(30)
    assert text_of(engine, "back") == first
    engine.close()


def test_a_bad_adapter_is_refused_and_harms_nothing(tiny: tuple[Path, list[Path]], tmp_path: Path) -> None:
    model, (one, *_) = tiny
    engine = AdapterEngine(load_policy(str(model)))
    base = text_of(engine, None)
    with pytest.raises(CheckpointError, match="Checkpoint not found"):
        engine.load_adapter("none", tmp_path).result(30)
    shutil.copytree(one, tmp_path / "bad")
    config = json.loads((one / "adapter_config.json").read_text())
    (tmp_path / "bad" / "adapter_config.json").write_text(json.dumps({**config, "r": 3}))
    with pytest.raises(CheckpointError, match="says rank 3, the weights have rank 4"):
        engine.load_adapter("bad", tmp_path / "bad").result(30)
    assert engine.adapters == () and text_of(engine, None) == base
    engine.load_adapter("good", one).result(30)
    assert text_of(engine, "good") != base
    engine.close()


def test_a_full_engine_refuses_and_what_it_took_is_answered(tiny: tuple[Path, list[Path]]) -> None:
    engine = AdapterEngine(load_policy(str(tiny[0])), max_queue=4)
    tokens = engine.conversation([{"role": "user", "content": "Where to?"}])
    taken: list[Future[object]] = []
    refused = 0
    for seed in range(60):
        try:
            taken.extend(engine.ask(Question(tokens, None, Sampling(1.0, 32), seed)))  # type: ignore[arg-type]
        except QueueFullError:
            refused += 1
    assert refused > 0 and len(taken) >= 4
    assert all(future.result(60) for future in taken)
    engine.close()
    with pytest.raises(QueueFullError, match="closing"):
        engine.unload_adapter("x")


def test_a_seed_repeats_an_answer_and_a_choice_is_one_of_the_options(tiny: tuple[Path, list[Path]]) -> None:
    engine = AdapterEngine(load_policy(str(tiny[0])))
    tokens = engine.conversation([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go?"}])
    ask = Question(tokens, None, Sampling(1.0, 12), seed=5)
    assert engine.ask(ask)[0].result(30).text == engine.ask(ask)[0].result(30).text
    options = ["Go to the healer", "Fight on", "Talk"]
    chosen = engine.choose(ask, options).result(30)
    assert chosen.text == engine.choose(ask, options[::-1]).result(30).text and chosen.text in options
    assert math.log(1 / 3) < chosen.log_probabilities[0] < 0
    engine.close()


def test_messages_that_a_chat_template_refuses_are_the_callers_fault(tiny: tuple[Path, list[Path]]) -> None:
    policy = load_policy(str(tiny[0]))
    policy.tokenizer.chat_template = "{{ raise_exception('roles must alternate') }}"
    engine = AdapterEngine(policy)
    with pytest.raises(ConfigurationError, match="roles must alternate"):
        engine.conversation([{"role": "user", "content": "Go?"}])
    engine.close()


def test_the_manager_makes_adapters_to_measure_and_restores_them(tiny: tuple[Path, list[Path]], tmp_path: Path) -> None:
    model, _ = tiny
    manager = create_lora_manager({0: LoRAConfig(0, rank=2), 1: LoRAConfig(1, rank=4, target_modules=["q_proj"])})
    with pytest.raises(ConfigurationError, match="attach"):
        manager.save(0, tmp_path / "zero")
    policies = manager.attach(load_policy(str(model)))
    assert manager.get_status()[0]["parameters"] != manager.get_status()[1]["parameters"] > 0
    assert not {id(p) for p in policies[0].trainable_parameters()} & {id(p) for p in policies[1].trainable_parameters()}
    for parameter in policies[0].trainable_parameters():
        torch.nn.init.normal_(parameter.data)
    wanted = [parameter.detach().clone() for parameter in policies[0].trainable_parameters()]
    manager.save(0, tmp_path / "zero")
    for parameter in policies[0].trainable_parameters():
        parameter.data.zero_()
    manager.load(0, tmp_path / "zero")
    for parameter, saved in zip(policies[0].trainable_parameters(), wanted, strict=True):
        assert torch.equal(parameter, saved)
    with pytest.raises(CheckpointError, match="fit"):
        manager.load(1, tmp_path / "zero")
    manager.report(0, -1.0)
    manager.report(1, -2.0)
    assert manager.best() == 0
    begun = LoRAManager({5: LoRAConfig(5, rank=2, weights_path=str(tmp_path / "zero"))})
    (restored,) = begun.attach(load_policy(str(model))).values()
    for parameter, saved in zip(restored.trainable_parameters(), wanted, strict=True):
        assert torch.equal(parameter, saved)
    with pytest.raises(ConfigurationError, match="does not fit"):
        LoRAManager({0: LoRAConfig(0, target_modules=["nowhere"])}).attach(load_policy(str(model)))
