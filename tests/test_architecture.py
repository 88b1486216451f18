"""The house rules hold (`tests/house.py`), and each of them finds the fault that is planted for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import house
from tests.house import RULES, House

ROOT = Path(__file__).resolve().parent.parent
MOST_ARROWS_IN_CORE = 15
"""Between the rooms of core, without the modules at its top."""
MOST_NAMES_ACROSS_ROOMS = 141
"""Names that rooms of core and the modules at its top lend each other: what a reader must learn.

StoryPath came when the story was planned, Choice and probability_of when a model's advice became optional,
ClosedEnvironmentError when a closed env stopped answering; ConditionalEffects and PresentFacts when the rules
learned the right answers of quizzes, boulders, ChooseFloor and TeachMove when they learned to push, to ride, to teach;
UseMove, user_of, is_dark, was_visited and Route when they learned to make light and to fly, TuneRadio and Chase when
they learned to tune a radio and to drive somebody before them. ShortTask, load_suite and TaskEnv came with the tasks.
"""


@pytest.fixture(scope="module")
def project() -> House:
    return House.at(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[House], list[str]], project: House) -> None:
    assert not (found := rule(project)), f"{rule.__doc__}\n" + "\n".join(found)


FAULTS: dict[str, dict[str, str]] = {
    "imports_go_one_way": {"core/game/state.py": "def read():\n    from trainer.play import player\n"},
    "imports_are_absolute": {"core/game/state.py": "from . import ram\n"},
    "rooms_of_core_follow_the_plan": {"core/game/state.py": "from core.navigation.travel import Route\n"},
    "every_room_of_core_is_planned": {"core/helpers/__init__.py": ""},
    "nobody_uses_a_door": {"trainer/play/player.py": "from core.hybrid_agent import HybridAgent\n"},
    "doors_hold_no_definitions": {"core/hybrid_agent.py": '"""A door."""\nclass HybridAgent: ...\n'},
    "there_are_no_circles": {
        "core/game/state.py": "from core.game import ram\n",
        "core/game/ram.py": "def late():\n    from core.game.state import GameState\n",
    },
    "rooms_form_no_circles": {
        "trainer/play/player.py": "from trainer.run import tally\n",
        "trainer/run/run.py": "from trainer.play.player import Player\n",
    },
    "vendors_stay_behind_fences": {"trainer/play/player.py": "import openai\n"},
    "the_product_needs_no_tests": {"trainer/play/player.py": "from tests.utils import config\n"},
    "files_stay_short": {"core/game/state.py": "x = 1\n" * 401},
    "rooms_stay_small": {f"core/game/file_{number}.py": "" for number in range(27)},
    "public_classes_have_one_meaning": {
        "core/game/state.py": "class State: ...\n",
        "agents/learning/state.py": "class State: ...\n",
    },
}
"""By rule: files to plant in a small house that keeps all of them."""
SMALL_HOUSE = {
    "core/__init__.py": "",
    "core/hybrid_agent.py": "from core.agent.hybrid_agent import HybridAgent\n__all__ = ['HybridAgent']\n",
    "core/agent/__init__.py": "",
    "core/agent/hybrid_agent.py": "from core.game.state import GameState\nclass HybridAgent: ...\n",
    "core/game/__init__.py": "",
    "core/game/state.py": "class GameState: ...\n",
    "core/game/ram.py": "",
    "core/navigation/__init__.py": "",
    "core/navigation/travel.py": "class Route: ...\n",
    "trainer/__init__.py": "",
    "trainer/play/__init__.py": "",
    "trainer/play/player.py": "",
    "trainer/run/__init__.py": "",
    "trainer/run/tally.py": "",
}


def built(root: Path, files: dict[str, str]) -> House:
    for name, source in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source, encoding="utf-8")
    return House.at(root)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_planted_fault_is_found(rule: Callable[[House], list[str]], tmp_path: Path) -> None:
    assert rule(built(tmp_path, SMALL_HOUSE)) == []
    assert rule(built(tmp_path, FAULTS[rule.__name__])) != []


def test_core_is_few_rooms_with_few_arrows(project: House) -> None:
    arrows = {
        (project.room(module), project.room(other))
        for module, other in project.arrows()
        if module.floor == other.floor == "core" and module.name not in house.CORE_DOORS
    }
    rooms = {f"core.{name}" for name in house.CORE_ARROWS}
    between = sorted(arrow for arrow in arrows if set(arrow) <= rooms and arrow[0] != arrow[1])
    assert len(between) <= MOST_ARROWS_IN_CORE, between
    assert {room for arrow in between for room in arrow} | {"core.arenas"} == rooms, "a room that nobody needs"


def test_a_reader_learns_few_names(project: House) -> None:
    """Another name across a room's wall is fine where one goes; else say why here."""
    names = house.names_across_rooms(project)
    total = sum(map(len, names.values()))
    assert total <= MOST_NAMES_ACROSS_ROOMS, {room: sorted(found) for room, found in names.items()}


def test_names_across_rooms_are_counted(tmp_path: Path) -> None:
    """The count notices a name more, and no name twice."""
    before = house.names_across_rooms(built(tmp_path, SMALL_HOUSE))
    assert before == {"core.game": {"GameState"}}
    more = {"core/agent/arbiter.py": "from core.game.state import GameState, first_state\n"}
    assert house.names_across_rooms(built(tmp_path, more)) == {"core.game": {"GameState", "first_state"}}


def test_packages_resolve_inside_the_repository() -> None:
    """`agents` is also the package of another project on PyPI; ours must be the one that imports."""
    import agents
    import core
    import trainer

    for package in (core, agents, trainer):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(ROOT)
