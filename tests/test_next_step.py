"""The goal in a prompt is an instruction, made of the game's own data."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.game.state import RomTables
from core.prompts.next_step import STORY_ENDED, NextSteps
from core.vocabulary import MapId
from tests.crystal_rows import crystal

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
FERN_PATH, HAZEL_HOLLOW = MapId(1, 6), MapId(1, 3)


@pytest.fixture(scope="module")
def rom() -> RomTables:
    return RomTables.from_file(ROM)


@pytest.mark.parametrize(
    ("milestone", "visited", "wanted"),
    [
        ("gatehouse", [], "reach Gatehouse"),
        ("gatehouse", [FERN_PATH], "reach Gatehouse, east of Fern Path"),
        ("fern_path", [HAZEL_HOLLOW], "reach Fern Path, east of Hazel Hollow"),
        ("workshop", [HAZEL_HOLLOW], "reach Quill's Workshop, through a door of Hazel Hollow"),
        ("level_8", [], "train the first creature of the party to level 8"),
        ("second_pal", [], "have 2 creatures in the party"),
        ("beat_wyn", [], "beat the youth in Fern Path, for this: Scout Wyn beaten"),
        ("boulder", [], "push a boulder to the spot (17, 8) in Rolling Cave, for this: A boulder through the hole"),
        ("egg_hatched", [], "Somebody came out"),
    ],
)
def test_a_milestone_without_words_of_its_own_becomes_an_instruction(
    rom: RomTables, milestone: str, visited: list[MapId], wanted: str
) -> None:
    due = next(one for one in rom.game.milestones if one.id == milestone)
    assert NextSteps(rom.game).instruction(due, visited) == wanted


def test_a_game_that_has_instructions_is_told_by_them() -> None:
    game = crystal().game
    steps = NextSteps(game)
    assert all(steps.instruction(one, []) == one.goal for one in game.milestones)
    assert steps.instruction(None, []) == STORY_ENDED
