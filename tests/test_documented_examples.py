"""The examples of the four documents (`tests/documented/`), word for word, each as its reader would run it.

Only numbers are smaller (`SHORTER`), a folder is the test's own, and a small model takes the place of large ones. A
reader of an example has imported the document's names, and has the `config`, `trainer` and `agent` that examples before
it made, or new ones where it did not make any.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core_srl
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from tests.utils import FERNVALE, generate_test_config
from trainer.monitoring.monitor import started_monitors
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE

DOCUMENTS = Path(__file__).resolve().parent / "documented"
BLOCK = re.compile(r"^## ([^\n]*)\n```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
SHORTER = (
    (r"(max_episodes|total_episodes|episodes)=\d{2,}", r"\1=2"),
    (r"duration=\d+", "duration=0.1"),
    (r"samples=\d+", "samples=3"),
    (r"/tmp/test", "test"),
)
CORE_SRL = ("core_srl_api_reference.md", "core_srl_multi_model_guide.md")


def examples(document: str) -> list[tuple[str, str]]:
    """Headings and code."""
    found = BLOCK.findall((DOCUMENTS / document).read_text(encoding="utf-8"))
    for pattern, replacement in SHORTER:
        found = [(heading, re.sub(pattern, replacement, code)) for heading, code in found]
    return found


def run(heading: str, code: str, names: dict[str, Any], runner: asyncio.Runner) -> None:
    compiled = compile(code, heading, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = types.FunctionType(compiled, names)()
    if inspect.isawaitable(running):
        runner.run(_finished(running))


async def _finished(running: Any) -> None:
    await running


@pytest.fixture
def in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    yield tmp_path
    for monitor in started_monitors():
        monitor.stop()


@pytest.fixture
def short_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two episodes of six steps where an example does not say how many."""
    parameters = inspect.signature(MultiModelConfig.__init__).parameters
    wanted = {"max_episodes": 2, "episode_length": 6}
    given = tuple(
        wanted.get(name, one.default) for name, one in parameters.items() if one.default is not inspect.Parameter.empty
    )
    monkeypatch.setattr(MultiModelConfig.__init__, "__defaults__", given)


@pytest.mark.parametrize("document", CORE_SRL)
@pytest.mark.usefixtures("in_a_new_folder", "short_by_default")
def test_examples_of_core_srl(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {name: getattr(core_srl, name) for name in core_srl.__all__}
    names["config"] = MultiModelConfig()
    found = examples(document)
    assert len(found) >= 8
    if document == CORE_SRL[1]:
        found = [
            (heading, code.replace("asyncio.run(full_training_example())", "await full_training_example()"))
            for heading, code in found
        ]  # this test has a loop already
    with asyncio.Runner() as runner:
        for heading, code in found:
            if ("trainer" in code and "trainer = " not in code) or heading == "Error Recovery":
                names["trainer"] = core_srl.MultiModelTrainer(names["config"])
            run(heading, code, names, runner)
    assert names["results"]["training_completed"]
    if document == CORE_SRL[1]:
        assert "Updates: 1" in capsys.readouterr().out, "the session learned from its two episodes"


def test_examples_of_the_hybrid_system(in_a_new_folder: Path) -> None:
    generate_test_config(in_a_new_folder, llm_model="pocket", language_model={"cache_path": None})
    names: dict[str, Any] = {
        "Tuple": typing.Tuple,  # noqa: UP006 - as readers of the document import it
        "Dict": typing.Dict,  # noqa: UP006
        "Any": Any,
        "EnhancedPyBoyPokemonCrystalEnv": EnhancedPyBoyPokemonCrystalEnv,
    }
    with asyncio.Runner() as runner:
        for heading, code in examples("hybrid_llm_rl_api_reference.md"):
            if "trainer" in names:
                names["agent"] = names["trainer"].agent
            run(heading, code, names, runner)
    assert names["summary"]["total_episodes"] == 2
    assert names["speed_results"]["episodes"] == 2 and names["latency_results"]["samples"] == 3
    mine = names["CustomLLMManager"]
    assert issubclass(mine, object) and mine.get_action
    env = names["CustomRewardEnvironment"](str(FERNVALE), observation_type="state")
    env._check_custom_condition = lambda state: True
    env.reset(seed=0)
    assert env.step(8)[1] >= 100.0
    env.close()
    for name in ("trainer", "test_trainer", "mock_env"):
        names[name].close()


def test_the_configuration_example_of_pettingllms() -> None:
    """The other three are in `tests/test_pettingllms.py`: they need a sandbox and minutes."""
    *_, (heading, code) = examples("pettingllms_api_reference.md")
    names: dict[str, Any] = {}
    run(heading, code, names, asyncio.Runner())
    assert (names["config"]["learning_rate"], names["config"]["batch_size"]) == (1e-5, 128)
    json.dumps(names["config"])
