"""What a language model reads on Crystal: the goal as an instruction, places and people by name, no constants."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.exceptions import EnvironmentError
from core.game.files.names import named
from core.prompts.writer import PromptWriter
from core.rules import RulePlayer
from core.vocabulary import MapId
from tests.crystal_rows import crystal
from tests.game_states import rom_tables
from tests.test_game_begun_anywhere import POKEDEX, SITUATIONS, WELL, Situation

CONSTANT = re.compile(r"[A-Z0-9]+_[A-Z0-9_]+|\b[Oo]bject \d|\bmap \d+\.\d+")
"""Keys of sprites, flags, maps and items, and things or places by their numbers."""
VERBS = (
    " Accept Answer Beat Board Bring Catch Choose Climb Cross Cut Drive Enter Fight Find Follow Get Give Go Herd Leave "
    "Let Open Pick Surf Talk Throw Tune Use Wait Win "
)
ELMS_LAB, GOLDENROD_GYM = MapId(24, 5), MapId(11, 3)


@pytest.fixture(params=SITUATIONS.values(), ids=list(SITUATIONS))
def situation(request: pytest.FixtureRequest) -> Situation:
    return request.param


def test_the_prompt_says_in_words_what_to_do(situation: Situation) -> None:
    state, game = situation.state(), crystal().game
    writer = PromptWriter(game)
    writer.see(state)
    prompt = writer.describe(state)
    goal = next(one.goal for one in game.milestones if one.id == situation.next)
    assert f"Next: {goal}.\n" in prompt
    assert not CONSTANT.findall(prompt)


def test_the_options_are_words_too(situation: Situation) -> None:
    for goal in RulePlayer(crystal().game).goals(situation.state()):
        assert not CONSTANT.findall(goal.option.label) and not CONSTANT.findall(goal.text)


def test_every_goal_of_crystal_is_an_instruction_that_names_a_place_or_a_person() -> None:
    milestones = crystal().game.milestones
    goals = [one.goal for one in milestones]
    assert len(set(goals)) == len(goals) and not any(CONSTANT.findall(goal) for goal in goals)
    assert all(one.goal != one.name and f" {one.goal.split()[0]} " in VERBS for one in milestones)


def test_people_and_places_have_their_names() -> None:
    game = crystal().game
    assert game.map_name(GOLDENROD_GYM) == "Goldenrod Gym" and game.map_name(ELMS_LAB) == "Elm's Lab"
    names = [one.name for one in game.maps.values()]
    assert len(set(names)) == len(names), "two options with the same words would be one"
    things = {place.key: {thing.id: thing.name for thing in place.objects} for place in game.maps.values()}
    assert things["GOLDENROD_GYM"][1] == "Whitney" and things["ELMS_LAB"][3] == "the ball with Cyndaquil"
    assert things["GOLDENROD_POKECENTER_1F"][1] == "the nurse"


def test_the_plan_for_the_third_badge_reads_as_an_instruction() -> None:
    rows = {**POKEDEX, "wMapGroup": bytes(GOLDENROD_GYM), "wJohtoBadges": b"\x03", "wVisitedSpawns": b"\x00\xf0"}
    state = Situation(GOLDENROD_GYM, "badge3", f"{WELL} HERDED_FARFETCHD GOT_HM01_CUT", rows).state()
    story = [goal for goal in RulePlayer(crystal().game).goals(state) if goal.milestone_id == "badge3"]
    assert [goal.option.label for goal in story] == ["Talk to Whitney in Goldenrod Gym"]


def test_a_game_without_names_is_told_by_its_keys() -> None:
    """Fernvale has no such file: its maps keep their names, and a nurse is the nurse."""
    game = rom_tables().game
    named_things = {thing.name for place in game.maps.values() for thing in place.objects}
    assert all(one.goal == one.name for one in game.milestones)
    assert {thing.sprite for place in game.maps.values() for thing in place.objects} >= {"SPRITE_SCIENTIST"}
    assert "the scientist" in named_things


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"maps": {"ELM_LAB": "x"}}, "did you mean 'ELMS_LAB'?"),
        ({"sprites": {"SPRITE_WITNEY": "x"}}, "did you mean 'SPRITE_WHITNEY'?"),
        ({"objects": {"ELMS_LAB": {"9": "x"}}}, "objects.ELMS_LAB is 9"),
        ({"people": {}}, "people is an unknown key"),
    ],
)
def test_a_name_for_what_there_is_not_is_refused(tmp_path: Path, names: object, said: str) -> None:
    (tmp_path / "names.json").write_text(json.dumps(names))
    with pytest.raises(EnvironmentError, match=re.escape(said)):
        named(tmp_path / "names.json", crystal().game.maps)


def test_who_stands_on_screen_is_called_by_name() -> None:
    layout = crystal().game.layout
    placed, live = layout.record("map_object"), layout.record("object_struct")
    objects, structs = bytearray(layout.size("wMapObjects")), bytearray(layout.size("wObjectStructs"))
    for offset, value in (("object_struct_id", 1), ("sprite", 5), ("x", 12), ("y", 7)):
        objects[placed.size + placed.offset(offset)] = value
    structs[live.size] = 5
    structs[live.size + live.offset("map_x")], structs[live.size + live.offset("map_y")] = 12, 7
    rows = {**POKEDEX, "wMapGroup": bytes(GOLDENROD_GYM), "wMapObjects": bytes(objects)}
    state = Situation(GOLDENROD_GYM, "badge3", WELL, {**rows, "wObjectStructs": bytes(structs)}).state()
    assert "People: Whitney at (8, 3)" in PromptWriter(crystal().game).describe(state)
