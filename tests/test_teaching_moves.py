"""Machines: who is to learn, and the way through the menus, on screens written by hand (nobody saw the real ones)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.exceptions import EnvironmentError
from core.game.state import GameState, RomTables
from core.rules import RulePlayer
from core.rules.menus.lessons import lesson_of, weakest_to_forget
from core.rules.menus.pack import item_names, machines
from core.rules.menus.task_menus import MenuTaskRules
from core.rules.planning.goal_planner import GoalOrientedPlanner
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.machines import lesson_for
from core.vocabulary import Button, Option, OptionKind, TeachMove
from tests.crystal_rows import crystal, crystal_state
from tests.crystal_screens import menu_shown, text_codes, words_shown, yes_no
from tests.test_second_game import write_second_game

CHIKORITA, MAGIKARP, RATTATA = 152, 129, 19
TACKLE, GROWL, SPLASH, CUT, SURF, STRENGTH, FLASH, RAZOR_LEAF = 33, 45, 150, 15, 57, 70, 148, 75
ILEX = bytes((3, 52))
HM_CUT = {"wTMsHMs": bytes(50) + b"\x01"}
STORY = (
    "INITIALIZED_EVENTS GOT_CYNDAQUIL_FROM_ELM CLEARED_SLOWPOKE_WELL HERDED_FARFETCHD ILEX_FOREST_FARFETCHD"
    " GOT_HM01_CUT"
)
TEACH = TeachMove(243, CUT, 1)


def party(*members: tuple[int, tuple[int, ...]]) -> dict[str, bytes]:
    """Rows of creatures: species and moves; they are called A, B, ..."""
    structs = b"".join(
        bytes((species, 0, *moves, *bytes(4 - len(moves)))).ljust(31, b"\x00")
        + b"\x0a\x00\x00\x00\x14\x00\x14"
        + bytes(10)
        for species, moves in members
    )
    names = b"".join(text_codes(chr(ord("A") + slot)).ljust(11, b"\x50") for slot in range(len(members)))
    listed = bytes(species for species, _ in members)
    count = bytes((len(members),))
    return {"wPartyCount": count, "wPartySpecies": listed + b"\xff", "wPartyMons": structs, "wPartyMonNicknames": names}


TWO = party((MAGIKARP, (SPLASH,)), (CHIKORITA, (TACKLE, GROWL, RAZOR_LEAF, FLASH)))


def test_the_first_who_can_learn_is_taught() -> None:
    game = crystal().game
    assert lesson_for("CUT", crystal_state(TWO), game) == TEACH
    assert lesson_for("SURF", crystal_state(TWO), game) is None
    knows = party((CHIKORITA, (CUT,)), (MAGIKARP, (SPLASH,)), (CHIKORITA, (TACKLE,)))
    assert lesson_for("CUT", crystal_state(knows), game) == TeachMove(243, CUT, 2)
    full = party((CHIKORITA, (SURF, STRENGTH, FLASH, 19)))
    assert lesson_for("CUT", crystal_state(full), game) is None, "it can give none of them up"


def test_the_story_asks_for_the_lesson_and_opens_the_menu() -> None:
    state = crystal_state({"wMapGroup": ILEX, "wJohtoBadges": b"\x03", **HM_CUT, **TWO}, STORY)
    ids = [one.id for one in state.game.milestones]
    planner = GoalOrientedPlanner(state.game, state.game.milestones)
    goals = planner.goals(state, ids[: ids.index("goldenrod")], LaneMemory())
    lessons = [one.option for one in goals if one.option.key == "teach:CUT"]
    assert [(one.kind, one.menu_task, one.label) for one in lessons] == [(OptionKind.MANAGE, TEACH, "Teach CUT to B")]
    assert RulePlayer(state.game).act(state, lessons[0]).button is Button.START


def test_the_weakest_move_goes_and_never_one_of_an_hm() -> None:
    game = crystal().game
    member = crystal_state(TWO).party[1]
    assert member.moves[weakest_to_forget(member, game.moves[CUT], game) or 0] == GROWL
    stuck = crystal_state(party((CHIKORITA, (SURF, STRENGTH, FLASH, 19)))).party[0]
    assert weakest_to_forget(stuck, game.moves[CUT], game) is None


def test_a_level_never_costs_a_move_of_an_hm() -> None:
    """FLASH is worth least, and stays: a level's move takes the place of GROWL, and of none where all are of HMs."""
    rows = party((CHIKORITA, (FLASH, GROWL, RAZOR_LEAF, SURF)))
    level = {"wPartyMon1Level": b"\x1d"}
    lesson = lesson_of(crystal_state({**rows, **level}), crystal().game)
    assert lesson is not None and lesson.weakest == 1
    stuck = lesson_of(crystal_state({**party((CHIKORITA, (SURF, STRENGTH, FLASH, 19))), **level}), crystal().game)
    assert stuck is not None and not stuck.is_worth_it


def test_the_pocket_of_machines_has_tms_then_hms_by_their_moves() -> None:
    state = crystal_state({"wTMsHMs": b"\x02\x00\x01" + bytes(47) + b"\x01\x00\x01"})
    assert item_names(machines(state), state.game) == ["DYNAMICPUNCH", "CURSE", "CUT", "SURF"]


class Lesson:
    """A lane's menus while a move is taught; each press is asked for on a screen with these rows."""

    def __init__(self) -> None:
        self.rules = MenuTaskRules(crystal().game, LaneMemory(menu_task=TEACH))

    def press(self, rows: Mapping[str, bytes]) -> Button | None:
        state: GameState = crystal_state({**HM_CUT, **TWO, **rows})
        options: tuple[Option, ...] = self.rules.options(state)
        if not options:
            return None
        step = self.rules.act(state, Option(OptionKind.MANAGE, "Teach", "teach:CUT", menu_task=TEACH))
        return step.button if step is not None else None


FULL_SCREEN = {"wSpriteUpdatesEnabled": b"\x00"}
MACHINES = {**FULL_SCREEN, "wCurPocket": b"\x03", **menu_shown(("CUT", "CANCEL"), 0, first=(2, 7))}


def test_the_way_to_a_lesson() -> None:
    lesson = Lesson()
    lines = {"wMenuItemsList": b"\x04\x00\x01\x02\x03"}
    start = {**lines, **menu_shown(("POKEDEX", "POKEMON", "PACK", "A"), 0, first=(2, 11))}
    assert lesson.press(start) is Button.DOWN
    items = {**FULL_SCREEN, "wCurPocket": b"\x00", **menu_shown(("CANCEL",), 0, first=(2, 7))}
    assert lesson.press(items) is Button.RIGHT, "the pocket is another"
    assert lesson.press(MACHINES) is Button.A
    assert lesson.press({**FULL_SCREEN, **menu_shown(("USE", "QUIT"), 0, first=(10, 13))}) is Button.A
    assert lesson.press({**FULL_SCREEN, **yes_no("Teach CUT to it?")}) is Button.A
    creatures = menu_shown(("A", "B", "CANCEL"), 0, first=(1, 0))
    assert lesson.press({**FULL_SCREEN, **creatures}) is Button.DOWN
    assert lesson.press({**FULL_SCREEN, **menu_shown(("A", "B", "CANCEL"), 1, first=(1, 0))}) is Button.A
    assert lesson.press({**FULL_SCREEN, **yes_no("Delete an older move?")}) is Button.A
    moves = ("TACKLE", "GROWL", "RAZOR LEAF", "FLASH")
    assert lesson.press({**FULL_SCREEN, **menu_shown(moves, 0, first=(4, 6))}) is Button.DOWN
    assert lesson.press({**FULL_SCREEN, **menu_shown(moves, 1, first=(4, 6))}) is Button.A
    learned = party((MAGIKARP, (SPLASH,)), (CHIKORITA, (TACKLE, CUT, RAZOR_LEAF, FLASH)))
    assert lesson.press({**MACHINES, **learned}) is Button.B


def test_a_text_before_the_question_is_read_on_with_a() -> None:
    """With fast text the question may stand there before the press is over, and B would be no."""
    rules = MenuTaskRules(crystal().game, LaneMemory(menu_task=TEACH))
    text = crystal_state({**HM_CUT, **TWO, **FULL_SCREEN, **words_shown({14: "It contains CUT."})})
    assert [option.kind for option in rules.options(text)] == [OptionKind.ADVANCE_TEXT]


@pytest.mark.parametrize("words", ["Stop learning CUT?", "Give up on CUT?"])
def test_a_lesson_is_not_given_up(words: str) -> None:
    assert Lesson().press({**FULL_SCREEN, **yes_no(words)}) is Button.B


def test_a_creature_that_cannot_learn_after_all_ends_it() -> None:
    lesson = Lesson()
    on_it = {**FULL_SCREEN, **menu_shown(("A", "B", "CANCEL"), 1, first=(1, 0))}
    assert [lesson.press(on_it), lesson.press(on_it)] == [Button.A, Button.B]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('{"HM_CUT": [999]}', "learns_by_machine.HM_CUT is 999: no species has that number"),
        ('{"HM_CUTE": [1]}', "learns_by_machine is 'HM_CUTE': no machine has that name; did you mean 'HM_CUT'?"),
    ],
)
def test_a_wrong_list_of_learners_is_refused_in_one_line(row: str, complaint: str, tmp_path: Path) -> None:
    rom = write_second_game(tmp_path)
    file = rom.with_suffix(".game") / "enums.json"
    document = json.loads(file.read_text(encoding="utf-8")) | {"learns_by_machine": json.loads(row)}
    document["items"]["250"] = {"const": "HM_CUT", "name": "HM01", "pocket": "TM_HM", "price": 0}
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(EnvironmentError) as caught:
        RomTables.from_file(rom)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
