"""Real servers: started, shared, killed, restarted, and given new adapters while they answer over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agents.llm.registry import load_text_model
from core.exceptions import ConfigurationError, LLMConnectionError, QueueFullError, TrainingError
from tests.tiny_adapters import make_adapters
from tests.tiny_models import make_model
from trainer.serving.lora_scheduler import DistributedLoRAScheduler
from trainer.serving.scheduler import UnifiedScheduler, running
from trainer.serving.tasks import ServingSettings, TextAnswer, TextTask

T = TypeVar("T")
pytestmark = pytest.mark.slow


class Served:
    """Two servers of one tiny model, an event loop to talk to them, and adapters to load."""

    def __init__(self, folder: Path) -> None:
        self.model = make_model(folder / "model")
        self.adapters = make_adapters(self.model, folder, seeds=(1, 2))
        self.loop = asyncio.new_event_loop()
        settings = ServingSettings(
            max_queue=40,
            max_queue_per_client=30,
            health_interval_s=0.5,
            health_timeout_s=2.5,
            unhealthy_after=2,
            restart_backoff_s=0.1,
            log_dir=folder / "logs",
        )
        self.lora = DistributedLoRAScheduler(base_port=8801, num_gpus=4, settings=settings)
        self.ports = [self.lora.register_model(name, str(self.model)).port for name in ("left", "right")]
        self.run(self.lora.start())

    @property
    def scheduler(self) -> UnifiedScheduler:
        return self.lora.servers

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def ask(self, model: str = "left", adapter: str | None = None, **wishes: Any) -> TextAnswer:
        return self.run(self.scheduler.submit_task(question(model, adapter, **wishes)))

    def statistics(self, model: str) -> dict[str, Any]:
        return self.scheduler.get_system_statistics()["models"][model]


def question(model: str = "left", adapter: str | None = None, **wishes: Any) -> TextTask:
    fields = {"max_tokens": 6, "temperature": 0.0, "timeout_s": 90.0, **wishes}
    return TextTask(model, "Where to?", adapter=adapter, **fields)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.run(made.lora.stop())
    made.loop.close()


def test_servers_answer_at_their_own_places(served: Served) -> None:
    assert len(set(served.ports)) == 2
    assert served.run(served.scheduler.health_check_all()) == {"left": True, "right": True}
    left, right = served.ask("left"), served.ask("right")
    assert left.text == right.text and left.attempts == 1 and left.served_s > 0
    assert served.statistics("left")["pid"] != served.statistics("right")["pid"]
    options = ("Go to the healer", "Fight on")
    assert served.ask("left", choices=options).text in options
    assert served.ask("left", seed=3, temperature=1.0).text == served.ask("right", seed=3, temperature=1.0).text
    assert served.ask("left", choices=("Fight on",)).text == "Fight on"
    with pytest.raises(ConfigurationError, match="no model 'middle'"):
        served.ask("middle")
    with pytest.raises(ConfigurationError, match="context length"):
        served.ask("left", max_tokens=100000)


def test_agents_use_such_a_server_as_they_use_vllm(served: Served) -> None:
    model = load_text_model(f"vllm/left@{served.statistics('left')['url']}")
    assert model is not None
    options = ["Go to the healer", "Talk to the elder"]
    choice = model.choose("You stand in the town.", options)
    again = model.choose("You stand in the town.", options)
    assert choice.index == again.index and 0.5 < choice.confidence <= 1.0
    assert choice.prompt_tokens > 5 and choice.completion_tokens > 0


def test_adapters_are_swapped_under_load_and_no_request_is_dropped(served: Served) -> None:
    """Every answer is that of the old or of the new weights; after the swap it is that of the new ones."""
    first, second = served.adapters
    base, failed = served.ask("left").text, served.statistics("left")["failed"]
    assert served.run(served.lora.publish("left", "player", first)).version == 1
    by_first = served.ask("left", "player").text
    served.run(served.lora.publish("left", "reference", second))
    by_second = served.ask("left", "reference").text
    assert len({base, by_first, by_second}) == 3

    async def load() -> tuple[list[TextAnswer], str]:
        asked = [
            asyncio.create_task(served.scheduler.submit_task(question("left", "player", client=f"agent_{number % 4}")))
            for number in range(30)
        ]
        for folder in (second, first, second):
            await served.lora.publish("left", "player", folder)
        after = await served.scheduler.submit_task(question("left", "player", client="late"))
        return await asyncio.gather(*asked), after.text

    answers, after = served.run(load())
    assert len(answers) == 30 and {answer.text for answer in answers} <= {by_first, by_second}
    assert after == by_second
    status = served.lora.get_system_status()
    assert status["adapters"]["left/player"]["version"] == 4
    assert status["models"]["left"]["failed"] == failed
    assert status["models"]["left"]["adapters"] == ["player", "reference"]

    async def retire() -> list[TextAnswer]:
        asked = [asyncio.create_task(served.scheduler.submit_task(question("left", "reference"))) for _ in range(12)]
        await asyncio.sleep(0)  # all of them are submitted, hardly any is answered
        retiring = asyncio.create_task(served.lora.retire("left", "reference"))
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="being unloaded"):
            await served.scheduler.submit_task(question("left", "reference"))
        await retiring
        return await asyncio.gather(*asked)

    assert {answer.text for answer in served.run(retire())} == {by_second}
    with pytest.raises(ConfigurationError, match="no adapter 'reference'"):
        served.ask("left", "reference")
    assert served.ask("left").text == base


def test_a_killed_server_comes_back_with_its_adapters_and_loses_no_task(served: Served) -> None:
    served.run(served.lora.publish("right", "player", served.adapters[0]))
    expected = served.ask("right", "player").text
    before = served.statistics("right")

    async def kill_in_the_middle() -> list[TextAnswer]:
        asked = [
            asyncio.create_task(served.scheduler.submit_task(question("right", "player", max_tokens=40)))
            for _ in range(25)
        ]
        while served.statistics("right")["in_flight"] < 3:
            await asyncio.sleep(0.005)
        os.kill(before["pid"], signal.SIGKILL)
        return await asyncio.gather(*asked)

    answers = served.run(kill_in_the_middle())
    assert len(answers) == 25 and len({answer.text for answer in answers}) == 1
    assert any(answer.attempts > 1 for answer in answers)
    after = served.statistics("right")
    assert after["pid"] != before["pid"] and after["restarts"] > before["restarts"] and after["port"] == before["port"]
    assert served.ask("right", "player").text == expected


def test_a_hanging_server_is_noticed_and_replaced(served: Served) -> None:
    """SIGSTOP: the process is there, the port is open, nobody answers."""
    before = served.statistics("left")
    os.kill(before["pid"], signal.SIGSTOP)
    answer = served.ask("left", timeout_s=120.0)
    assert answer.text and served.statistics("left")["restarts"] > before["restarts"]


def test_under_load_shares_are_fair_and_the_queue_is_bounded(served: Served) -> None:
    async def flood() -> tuple[list[str], int]:
        done: list[str] = []
        refused = 0

        async def one(client: str) -> None:
            nonlocal refused
            try:
                await served.scheduler.submit_task(question("left", client=client, max_tokens=20))
            except QueueFullError:
                refused += 1
            else:
                done.append(client)

        greedy = [asyncio.create_task(one("greedy")) for _ in range(60)]
        await asyncio.sleep(0)
        modest = [asyncio.create_task(one("modest")) for _ in range(6)]
        await asyncio.gather(*greedy, *modest)
        return done, refused

    done, refused = served.run(flood())
    # ten of the first sixty are at the server at once, thirty wait in the line of their client, twenty are refused
    assert refused == 20 and done.count("greedy") == 40 and done.count("modest") == 6
    last_modest = max(place for place, client in enumerate(done) if client == "modest")
    assert last_modest < 30, done
    assert served.scheduler.get_system_statistics()["refused"] == 20


def test_a_task_that_takes_too_long_is_given_up(served: Served) -> None:
    with pytest.raises(LLMConnectionError, match="within"):
        served.ask("left", max_tokens=1500, timeout_s=0.05)
    assert served.ask("left").text


def test_a_server_leaves_when_whoever_started_it_is_gone(served: Served) -> None:
    """Closing our end of its standard input is what our death would do."""
    process = served.scheduler.process_of("right")
    assert process is not None and process.exit_code is None
    process.let_go()
    deadline = time.monotonic() + 10
    while process.exit_code is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.exit_code is not None


def test_a_model_that_cannot_be_loaded_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    async def start() -> None:
        scheduler = UnifiedScheduler(base_port=8901, num_gpus=0, settings=ServingSettings(log_dir=tmp_path / "logs"))
        scheduler.register_model("broken", str(tmp_path))
        with pytest.raises(ConfigurationError, match="registered already"):
            scheduler.register_model("broken", str(tmp_path))
        with pytest.raises(LLMConnectionError, match="registered"):
            await scheduler.submit_task(question("broken"))
        async with running(scheduler):
            pass

    with pytest.raises(TrainingError, match=r"(?s)Model loading failed.*cannot be loaded"):
        asyncio.run(start())
