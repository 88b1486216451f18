"""What a script brings about under which conditions, read from its branches; and the parts of a map and their gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from cartridge.tools.maps import read_map
from cartridge.tools.script_outcomes import Chase, Outcome, chase_of, outcomes_of
from cartridge.tools.source import Block, SourceError, blocks

BADGES = {0: "ENGINE_TIDEBADGE"}


def script(tmp_path: Path, text: str) -> Block:
    path = tmp_path / "script.txt"
    path.write_text("script one\n" + text, encoding="utf-8")
    return blocks(path)[0]


def outcomes(tmp_path: Path, text: str) -> tuple[Outcome, ...]:
    return outcomes_of(script(tmp_path, text), BADGES)


def test_each_branch_that_changes_something_is_an_outcome(tmp_path: Path) -> None:
    found = outcomes(
        tmp_path,
        """  if_set DONE over
  if_item KEY open
  say Bring a key.
  end
:open
  take_item KEY 1
  trainer GUARD
  badge 0
  set DONE
  end
:over
  say Done.
""",
    )
    wanted = Outcome(
        ("KEY",), ("DONE",), sets=("DONE",), takes=("KEY",), fights=("GUARD",), engine=("ENGINE_TIDEBADGE",)
    )
    assert found == (wanted,)


def test_what_a_script_has_changed_itself_is_no_condition(tmp_path: Path) -> None:
    (found,) = outcomes(tmp_path, "  set FIRST\n  if_set FIRST on\n  set NEVER\n:on\n  give_item TONIC 1\n")
    assert found == Outcome(sets=("FIRST",), gives=("TONIC",))


def test_a_condition_that_does_not_matter_is_left_out(tmp_path: Path) -> None:
    (found,) = outcomes(tmp_path, "  if_set RAIN wet\n  say Dry.\n  jump on\n:wet\n  say Wet.\n:on\n  set MET\n")
    assert found == Outcome(sets=("MET",))


def test_answers_and_lines_that_lead_there_are_told(tmp_path: Path) -> None:
    quiz = "  ask One?\n  if_no wrong\n  ask Two?\n  if_yes wrong\n  set PASSED\n  end\n:wrong\n  say No.\n"
    assert outcomes(tmp_path, quiz) == (Outcome(sets=("PASSED",), answers=((2, 0),)),)
    word = "  menu SALT | GULL | ROPE\n  if_var 1 right\n  say Wrong.\n  end\n:right\n  set IN\n"
    assert outcomes(tmp_path, word) == (Outcome(sets=("IN",), options=((2,),)),)


def test_a_script_that_asks_again_comes_to_an_end(tmp_path: Path) -> None:
    again = ":top\n  ask Again?\n  if_yes top\n  set OUT\n"
    assert Outcome(sets=("OUT",), answers=((1, 0),)) in outcomes(tmp_path, again)


def test_a_chase_is_read_from_places_and_directions(tmp_path: Path) -> None:
    text = """  if_ram wPlace 2 second
  set_ram wPlace 2
  end
:second
  if_facing up home
  set_ram wPlace 1
  end
:home
  set_ram wPlace 3
  set CAUGHT
"""
    chase = chase_of(script(tmp_path, text), BADGES)
    first = tuple((1, facing, 2) for facing in ("down", "up", "left", "right"))
    assert chase == Chase("wPlace", 1, (*first, (2, "down", 1), (2, "up", 3), (2, "left", 1), (2, "right", 1)), 3)
    assert chase_of(script(tmp_path, "  set CAUGHT\n"), BADGES) is None


def drawn(tmp_path: Path, header: str) -> Path:
    path = tmp_path / "PLACE.txt"
    text = "id 9 1\nname Place\ntileset tower\nenvironment INDOOR\npalettes tower\nborder nothing\n"
    path.write_text(f"{text}{header}\npicture\n....\n....\n", encoding="utf-8")
    return path


def test_parts_of_a_map_have_gates_and_doors(tmp_path: Path) -> None:
    header = "area back sign=1 edge=east\ngate main back needs=A,B without=C one_way\nchange 2,0 flag=A ..|.X"
    found = read_map(drawn(tmp_path, f"sign 1,1 script=x\n{header}"))
    assert found.areas == {"back": {"signs": (1,), "edges": ("east",)}}
    (gate,) = found.gates
    assert (gate.start, gate.end, gate.needs, gate.without, gate.one_way) == ("main", "back", ("A", "B"), ("C",), True)
    (change,) = found.changes
    assert (change.x, change.y, change.flag, change.rows) == (2, 0, "A", ("..", ".X"))


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("area back door=1", "unknown part 'door'"),
        ("gate main back", "there is no area 'back'"),
        ("area back warp=1\ngate main back key=A", "unknown conditions"),
        ("change 1,0 flag=A ..|..", "from a step with even numbers"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, header: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        read_map(drawn(tmp_path, header))
