"""Any model held to its contract: its errors are failures with a kind, its tokens neither a gift nor a trap."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.llm.budget import Budget, BudgetLimits
from agents.llm.cache import AnswerCache
from agents.llm.checked_model import CheckedModel
from agents.llm.chooser import OptionChooser, OptionChooserSettings
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import FaultSettings
from agents.llm.meter import Price
from agents.llm.registry import load_text_model
from agents.llm.settings import LanguageModelSettings
from core.exceptions import ConfigurationError, LLMConnectionError
from core.protocols import Choice
from core.vocabulary import AgentMode, Source
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer
from tests.tiny_models import make_model
from tests.walls import agent_for, run
from trainer.llm_manager import LLMManager

OPTIONS = ["Go to the healer", "Talk to the elder"]
HASTY = FaultSettings(tries=2, first_pause_s=0.0, longest_pause_s=0.0, away_s=3600.0)


class Told:
    """A model of somebody's own, which raises or answers what it is told."""

    name = "mine/model"

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked = 0

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]


def failure_of(ask: Callable[[], object]) -> ModelFailure:
    with pytest.raises(ModelFailure) as caught:
        ask()
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (RuntimeError("no weights"), FailureKind.BROKEN),
        (UnicodeEncodeError("ascii", "\u201dkey\u201d", 0, 1, "no"), FailureKind.BROKEN),
        (RecursionError("too deep"), FailureKind.BROKEN),
        (LLMConnectionError("as documented"), FailureKind.CONNECTION),
        (TimeoutError("slow"), FailureKind.CONNECTION),
        (None, FailureKind.BROKEN),
        ("Go to the healer", FailureKind.BROKEN),
        (Choice(2, 0.5), FailureKind.UNKNOWN_OPTION),
        (Choice("1", 0.5), FailureKind.UNKNOWN_OPTION),  # type: ignore[arg-type]
    ],
)
def test_every_error_is_counted_and_said_once_and_the_model_is_left_alone(
    answer: object, kind: FailureKind, caplog: pytest.LogCaptureFixture
) -> None:
    for workers in (0, 2):
        model, settings = Told(answer), OptionChooserSettings(workers=workers, faults=HASTY, patience_s=5.0)
        chooser = OptionChooser(model, AnswerCache(":memory:"), settings)
        kinds = [chooser.ask(f"q{number}", OPTIONS) for number in range(5)]
        assert isinstance(kinds[0], ModelFailure) and kinds[0].kind is kind
        assert model.asked == 2 and not chooser.usable, "two tries, and then it counts as away"
        assert chooser.reading().failures[kind.value] == 2
        chooser.close()
    assert sum("is away" in message for message in caplog.messages) == 2, "once for each chooser"


@pytest.mark.parametrize("tokens", [-5, 10**19, 10**400, float("nan"), None, "12", True])
def test_a_senseless_number_of_tokens_is_estimated(tokens: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = CheckedModel(Told(Choice(1, 0.5, "", tokens, 7)))
    first = model.choose("Where to? " * 30, OPTIONS)
    assert first.index == 1 and 100 < first.prompt_tokens < 400 and first.completion_tokens == 7
    failing = ModelFailure(FailureKind.MALFORMED, "useless")
    failing.prompt_tokens, failing.completion_tokens = 20, tokens
    failure = failure_of(lambda: CheckedModel(Told(failing)).choose("Where to?", OPTIONS))
    assert failure.prompt_tokens == 20 and failure.completion_tokens == 100
    model.choose("Where to?", OPTIONS)
    assert sum("cannot be" in message for message in caplog.messages) == 2, "once for each model"


def test_what_a_server_claims_gives_the_budget_no_credit_and_does_not_use_it_up() -> None:
    def claims(count: object) -> Callable[[dict[str, Any]], None]:
        return lambda reply: reply["usage"].update(prompt_tokens=count)

    with ModelServer() as server:
        model = load_text_model(f"openai/gpt-5-mini@{server.url}", timeout_s=5.0)
        assert model is not None
        settings = OptionChooserSettings(
            workers=0, budget=BudgetLimits(tokens_per_run=2_000), price=Price(1.0, 1.0), faults=HASTY
        )
        chooser = OptionChooser(model, AnswerCache(":memory:"), settings)
        for number, count in enumerate([-(10**6), 10**19, -1, 120]):
            server.script.append(Step(change=claims(count)))
            assert isinstance(chooser.ask(f"q{number}", OPTIONS), Choice), count
        reading = chooser.reading()
        assert 150 < reading.prompt_tokens < 2_000 and reading.cost_usd > 0
        server.script.extend(
            [Step(Fault.UNKNOWN_OPTION, change=claims(-(10**6))), Step(Fault.UNKNOWN_OPTION, change=claims(10**19))]
        )
        assert isinstance(chooser.ask("useless", OPTIONS), ModelFailure)
        assert reading.prompt_tokens < chooser.reading().prompt_tokens < 2_000
        chooser.close()


def test_no_price_limit_or_charge_runs_backwards() -> None:
    for price in ((-1.0, 0.0), (0.0, float("nan")), (float("inf"), 0.0)):
        with pytest.raises(ConfigurationError, match="price"):
            Price(*price)
    for limit in (-1.0, float("nan")):
        with pytest.raises(ConfigurationError, match="usd_per_run"):
            Budget(BudgetLimits(usd_per_run=limit), "mine", Price(1.0, 1.0))
    with pytest.raises(ValueError, match="cannot cost"):
        Budget(BudgetLimits(), "mine").charge(-5, 0.0)


@pytest.fixture
def broken_template(tmp_path: Path) -> Iterator[Path]:
    """A model whose chat template raises, as some do for roles that they do not know."""
    folder = make_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('only assistants may speak') }}")
    yield folder


def test_a_chat_template_that_raises_leaves_the_game_to_the_rules(
    broken_template: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = LLMManager(
        f"huggingface/{broken_template}", settings=LanguageModelSettings(faults=HASTY, cache_path=None)
    )
    agent = agent_for(AgentMode.LLM_ONLY, manager)
    with caplog.at_level(logging.WARNING):
        played = run(agent, 30)
    assert {decision.source for decision in played} == {Source.RULES}
    assert manager.reading is not None and manager.reading.failures == {"broken": 2, "away": 28}
    assert sum("only assistants may speak" in message for message in caplog.messages) == 1
    manager.close()


def test_weights_that_give_no_numbers_give_no_answer(tmp_path: Path) -> None:
    import torch

    model = load_text_model(f"huggingface/{make_model(tmp_path / 'model')}")
    assert model is not None
    network: Any = model.model  # type: ignore[attr-defined]
    with torch.no_grad():
        network.lm_head.weight.fill_(float("nan"))
    assert failure_of(lambda: model.choose("Where to?", OPTIONS)).kind is FailureKind.BROKEN


@pytest.mark.parametrize("choice", [99, "x", -1])
def test_a_damaged_row_of_the_answer_cache_is_asked_anew(tmp_path: Path, choice: object) -> None:
    import sqlite3

    folder = make_model(tmp_path / "model")
    settings = LanguageModelSettings(faults=HASTY, cache_path=str(tmp_path / "answers.db"))
    manager = LLMManager(f"huggingface/{folder}", settings=settings)
    first = manager.choose_option("Where to?", OPTIONS)
    with sqlite3.connect(tmp_path / "answers.db") as database:
        database.execute("UPDATE answers SET choice = ?", (choice,))
    database.close()
    second = manager.choose_option("Where to?", OPTIONS)
    assert first is not None and second is not None and second.index == first.index and not second.cached
    assert manager.reading is not None and manager.reading.failures == {"cache": 1}
    assert json.dumps(manager.state_dict())
    manager.close()
