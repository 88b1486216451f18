"""A notebook that the model writes, and a reflection when nothing comes of its choices."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agents.llm.answer import answer_schema, choice_from_form, choice_from_text
from agents.llm.cache import AnswerCache
from agents.llm.registry import load_text_model
from agents.llm.settings import LanguageModelSettings
from core.agent.teacher import LaneTeacher
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError
from core.prompts.brief import Brief
from core.prompts.journal import STALL_CHOICES
from core.prompts.notebook import LONGEST_NOTE, NOTES_KEPT, Notebook
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import Source
from tests.llm_servers.server import ModelServer
from trainer.llm_manager import LLMManager

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
OPTIONS = ["Go to the healer", "Talk to the elder"]
WRITES = LanguageModelSettings(cache_path=None, notebook=True, reflection=True)


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    env.restart(seed=0)
    yield env
    env.close()


def test_a_notebook_is_short_and_quoted() -> None:
    notebook = Notebook()
    assert notebook.section() == "" and not notebook.write("  \n ")
    assert notebook.write("Options:\n- Sell all» now") and not notebook.write("Options: - Sell all» now")
    for number in range(NOTES_KEPT):
        notebook.write(f"note {number} " + "x" * 2 * LONGEST_NOTE)
    lines = notebook.section().splitlines()
    assert len(lines) == NOTES_KEPT + 1 and all(line[0] == "«" and line[-1] == "»" for line in lines[1:])
    assert max(map(len, lines[1:])) <= LONGEST_NOTE + 2 and "note 7" in lines[-1], "the oldest made room"
    notebook.reset()
    assert notebook.section() == ""


def test_notes_stand_in_the_prompts_that_follow(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    state = env.state
    writer, without = PromptWriter(state.game, brief=Brief(notebook=True)), PromptWriter(state.game)
    for one in (writer, without):
        one.see(state)
        one.note("the stairs are in the corner")
    assert "Your notebook, in your own words:\n«the stairs are in the corner»" in writer.describe(state)
    assert "stairs are" not in without.describe(state)
    writer.reset()
    assert "notebook" not in writer.describe(state), "an episode has a notebook of its own"


def test_a_stall_is_reflected_on_once(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    state = env.state
    writer = PromptWriter(state.game, brief=Brief(notebook=True, reflection=True))
    writer.see(state)
    for _ in range(STALL_CHOICES):
        writer.chose("Look at the bookshelf", state)
    asks = "Nothing has come of your latest choices"
    assert asks not in writer.describe(state), f"{STALL_CHOICES - 1} choices have come to nothing so far"
    writer.chose("Look at the bookshelf", state)
    assert f"{asks}: «Look at the bookshelf» ({STALL_CHOICES} times)" in writer.describe(state)
    assert asks in writer.describe(state), "until there is an answer"
    writer.note("")
    assert asks in writer.describe(state)
    writer.note("the shelf is only a shelf: try the stairs")
    told = writer.describe(state)
    assert asks not in told and "«the shelf is only a shelf: try the stairs»" in told


class Notes:
    """A manager that takes the rules' choice and writes a note."""

    available = True

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: object, episode: int = 0) -> Choice:
        return Choice(0, 0.9, "it is near", note="look at the stairs")


def test_what_is_noted_is_in_the_record_and_in_the_notebook(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    state = env.state
    writer = PromptWriter(state.game, brief=Brief(notebook=True))
    teacher = LaneTeacher(RulePlayer(state.game, 0), Notes(), writer)
    teacher.reset()
    action = teacher.act(state, ask_model=lambda _matters: True, stuck=False)
    assert action.source is Source.LLM and "it is near (noted: look at the stairs)" in action.reasoning
    assert "«look at the stairs»" in writer.describe(state)


@pytest.mark.parametrize("provider", ["llamacpp/some", "vllm/some", "openai/gpt-4", "anthropic/claude-haiku-4-5"])
def test_servers_are_given_room_for_a_note(provider: str) -> None:
    with ModelServer() as server:
        server.note = "the elder knows"
        url = server.url.removesuffix("/v1") if provider.startswith("anthropic") else server.url
        with closing(LLMManager(f"{provider}@{url}", settings=WRITES)) as manager:
            assert manager.brief.notebook and manager.brief.reflection
            choice = manager.choose_option("Where to?", OPTIONS)
        plain = load_text_model(f"{provider}@{url}")
        assert choice is not None and choice.note == "the elder knows"
        assert plain is not None and plain.choose("Where to?", OPTIONS).note == ""


def test_who_names_options_only_keeps_no_notebook(caplog: pytest.LogCaptureFixture) -> None:
    with closing(LLMManager("pocket", settings=WRITES)) as manager:
        assert not manager.brief.notebook and not manager.brief.reflection
    assert "it keeps no notebook" in caplog.text
    with pytest.raises(ConfigurationError, match="a reflection is a note, so set both"):
        LanguageModelSettings(reflection=True)


def test_a_note_costs_no_choice_and_is_kept_with_the_answer(tmp_path: Path) -> None:
    form = {"reason": "r", "choice": OPTIONS[0], "confidence_percent": 50}
    assert choice_from_form(form | {"note": ["no", "text"]}, OPTIONS).note == ""
    long = choice_from_form(form | {"note": "word " * 200}, OPTIONS)
    assert len(long.note) <= LONGEST_NOTE
    assert "note" in str(answer_schema(OPTIONS, notes=True)) and "note" not in str(answer_schema(OPTIONS))
    file = tmp_path / "answers.db"
    with closing(AnswerCache(file)) as cache:
        cache.keep("m", "p", OPTIONS, long)
        cache.keep("m", "q", OPTIONS, Choice(1, 0.5))
    with closing(sqlite3.connect(file)) as old:  # a file of a version that knew no notes
        old.execute("DROP TABLE notes")
    with closing(AnswerCache(file)) as cache:
        found, kept = cache.find("m", "p", OPTIONS), cache.find("m", "q", OPTIONS)
        assert found is not None and found.note == "" and kept is not None and kept.index == 1
        cache.keep("m", "p", OPTIONS, long)
        again = cache.find("m", "p", OPTIONS)
    assert again is not None and again.note == long.note


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("What to remember for later, in a few words, or empty", ""),
        (" what to remember\nfor later. ", ""),
        ('"What went wrong and what to try instead."', ""),
        ("What to remember: the shelf is only a shelf", "What to remember: the shelf is only a shelf"),
        ("try the stairs instead", "try the stairs instead"),
    ],
)
def test_a_note_that_repeats_the_form_is_none(note: str, kept: str) -> None:
    filled = {"note": note, "reason": "so", "choice": OPTIONS[1], "confidence_percent": 60}
    assert choice_from_form(filled, OPTIONS).note == choice_from_text(json.dumps(filled), OPTIONS).note == kept
