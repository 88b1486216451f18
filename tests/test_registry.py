"""One registry for what can be plugged in: names, paths, entry points, and one line for everything that is wrong."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.learning.network_registry import NETWORKS
from agents.llm.provider import PROVIDERS
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.registry import ENV_CLASSES
from core.exceptions import ConfigurationError
from core.game.reward_event import REWARD_EVENTS
from core.nearest import nearest
from core.registry import Registry, import_from, must_be, must_derive_from
from core.worlds.registry import TEXT_WORLDS
from trainer.commands.registry import COMMANDS
from trainer.curriculum import RULES
from trainer.llm_manager import LLM_MANAGERS

ROOT = Path(__file__).resolve().parent.parent


class Tool:
    """What the tests plug in."""


class Hammer(Tool):
    pass


def tools() -> Registry[type[Tool]]:
    registry: Registry[type[Tool]] = Registry("tool", fault=must_derive_from(Tool))
    registry.register("hammer")(Hammer)
    return registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules of one's own; modules that a test imports from there are forgotten again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")


def test_the_hint_is_the_nearest_word_or_all_of_them() -> None:
    assert nearest("lanse", ["lanes", "workers"]) == "did you mean 'lanes'?"
    assert nearest("zzzz", ["lanes", "workers"]) == "known are lanes, workers"


def test_a_registered_name_and_a_path_give_the_thing(folder: Path) -> None:
    write(folder, "mine_saw", "from tests.test_registry import Tool\nclass Saw(Tool): ...\n")
    assert tools().resolve("hammer") is Hammer
    with pytest.raises(ConfigurationError, match=r"there is no module 'mine_saw'; put mine_saw\.py beside the config"):
        tools().resolve("mine_saw:Saw")
    import_from(folder)
    assert tools().resolve("mine_saw:Saw").__name__ == "Saw"
    assert sys.path[-1] == str(folder), "what is installed comes first"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("hamer", "tool is 'hamer': no tool has that name; did you mean 'hammer'?"),
        ("zzzz", "known are hammer"),
        ("mine_bad:Saaw", "has no 'Saaw'; did you mean 'Saw'?"),
        ("mine_bad:Saw", "it is mine_bad:Saw, which does not derive from tests.test_registry.Tool"),
        ("mine_bad:NUMBER", "it is 3, which does not derive"),
        ("mine_bad:", "write your own tool as package.module:Name"),
        ("no such:Thing", "write your own tool as package.module:Name"),
        ("mine_broken:Saw", "mine_broken cannot be imported: ZeroDivisionError: division by zero"),
        ("mine_needy:Saw", "mine_needy imports 'nobody_has_this', which is not installed"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder: Path, wanted: str, says: str) -> None:
    write(folder, "mine_bad", "class Saw: ...\nNUMBER = 3\n")
    write(folder, "mine_broken", "1 / 0\n")
    write(folder, "mine_needy", "import nobody_has_this\n")
    import_from(folder)
    with pytest.raises(ConfigurationError) as caught:
        tools().resolve(wanted, "tool")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_class_that_leaves_something_abstract_is_refused(folder: Path) -> None:
    write(folder, "mine_half", "from core.game.reward_event import EventKind\nclass Half(EventKind): ...\n")
    import_from(folder)
    with pytest.raises(ConfigurationError, match="Half does not define found"):
        REWARD_EVENTS.resolve("mine_half:Half")


def test_a_name_belongs_to_one_thing() -> None:
    registry = tools()
    registry.register("hammer")(Hammer)
    with pytest.raises(ConfigurationError, match="two tools are called 'hammer'"):
        registry.register("hammer")(Tool)
    with pytest.raises(ConfigurationError, match=r"it is 4, which is no builtins\.str, and so it is no word"):
        Registry("word", fault=must_be(str)).register("four")(4)


def test_another_package_adds_its_own_by_an_entry_point(folder: Path) -> None:
    """A real distribution, as pip would leave it on disk."""
    write(folder, "their_saw", "from tests.test_registry import Tool\nclass Saw(Tool): ...\n")
    metadata = folder / "their_tools-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-tools\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[crystal_hybrid.tool]\nsaw = their_saw:Saw\n")
    import_from(folder)
    assert [entry.name for entry in importlib.metadata.entry_points(group="crystal_hybrid.tool")] == ["saw"]
    registry = tools()
    assert registry.names() == ["hammer", "saw"]
    assert "their_saw" not in sys.modules, "a listing imports nothing"
    assert registry.resolve("saw").__module__ == "their_saw"


ROOMS: list[tuple[Registry[Any], str]] = [
    (COMMANDS, "trainer/commands/builtin"),
    (NETWORKS, "agents/learning/networks"),
    (PROVIDERS, "agents/llm/providers"),
    (RULES, "trainer/curriculum/rules"),
    (TEXT_WORLDS, "core/worlds/builtin"),
]


@pytest.mark.parametrize(("registry", "room"), ROOMS, ids=[registry.kind for registry, _ in ROOMS])
def test_each_file_of_a_room_holds_the_thing_of_its_name(registry: Registry[Any], room: str) -> None:
    files = {path.stem for path in (ROOT / room).glob("*.py")} - {"__init__"}
    assert set(registry.built_in_names()) == files
    for name in files:
        registry.resolve(name)


def test_the_other_kinds_have_their_built_in_names() -> None:
    assert ENV_CLASSES.names() == ["crystal"]
    assert LLM_MANAGERS.names() == ["options"]
    assert {REWARD_EVENTS.resolve(name).name for name in REWARD_EVENTS.names()} == set(REWARD_EVENTS.names())


def test_each_kind_is_in_the_page_on_extending_and_in_pyproject() -> None:
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    groups = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for registry in (*(registry for registry, _ in ROOMS), ENV_CLASSES, LLM_MANAGERS, REWARD_EVENTS):
        assert f"| `{registry.group.removeprefix('crystal_hybrid.')}` |" in page, registry.group
        assert registry.group in groups, registry.group


def test_a_listing_imports_no_library_of_models() -> None:
    code = (
        "import sys\n"
        "from agents.learning.network_registry import NETWORKS\n"
        "from agents.llm.provider import PROVIDERS\n"
        "from core.game.reward_event import REWARD_EVENTS\n"
        "from core.worlds.registry import TEXT_WORLDS\n"
        "assert all(kind.names() for kind in (NETWORKS, PROVIDERS, REWARD_EVENTS, TEXT_WORLDS))\n"
        "[PROVIDERS.resolve(name) for name in PROVIDERS.names()]\n"
        "assert not {'torch', 'openai', 'anthropic', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


class HandsOn(EnhancedPyBoyPokemonCrystalEnv):
    def __init__(self, *arguments: Any, bonus: float = 0.1, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.bonus = bonus


class TakesTheRomOnly(EnhancedPyBoyPokemonCrystalEnv):
    def __init__(self, rom_path: str) -> None:
        super().__init__(rom_path)


class NeedsMore(EnhancedPyBoyPokemonCrystalEnv):
    def __init__(self, bonus: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.bonus = bonus


def test_an_env_class_that_a_training_could_not_make_is_refused_by_its_constructor() -> None:
    assert ENV_CLASSES.resolve("tests.test_registry:HandsOn").__name__ == "HandsOn"
    with pytest.raises(ConfigurationError, match="TakesTheRomOnly': its constructor does not take"):
        ENV_CLASSES.resolve("tests.test_registry:TakesTheRomOnly", "env_class")
    with pytest.raises(ConfigurationError, match="its constructor needs bonus, which no training gives"):
        ENV_CLASSES.resolve("tests.test_registry:NeedsMore", "env_class")
