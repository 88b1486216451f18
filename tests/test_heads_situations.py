"""Of which situation of the standings a choice and a press are: the deed, the mode, the kind of option, the region."""

from __future__ import annotations

from agents.heads.situations import choosing, pressing, region_of
from core.agent.standings import Deed, Situation
from core.vocabulary import GameMode, Option, OptionKind
from tests.game_states import first_state, with_ram

WALK = Option(OptionKind.GO_TO, "Go to the shop", "go_to:SHOP")
TALK = Option(OptionKind.TALK, "Talk to the clerk", "talk:SHOP:1")


def test_the_way_and_a_fight_are_other_situations() -> None:
    state = first_state()
    fight = with_ram(state, {"wBattleMode": 1})
    assert (state.mode, fight.mode) == (GameMode.FREE, GameMode.BATTLE)
    region = str(state.map_id[0])
    assert choosing(state, [WALK, TALK]) == Situation(Deed.CHOOSE, "overworld", "go_to", region)
    assert choosing(fight, [WALK, TALK]) == Situation(Deed.CHOOSE, "battle", "go_to", region)
    assert pressing(state, TALK) == Situation(Deed.PRESS, "overworld", "talk", region)
    assert pressing(fight, TALK) == Situation(Deed.PRESS, "battle", "talk", region)


def test_a_choice_is_of_the_kind_that_the_rules_like_best() -> None:
    assert [choosing(first_state(), options).kind for options in ([WALK, TALK], [TALK, WALK], [TALK])] == [
        "go_to",
        "talk",
        "talk",
    ]


def test_a_region_is_a_map_group() -> None:
    group, number = first_state().map_id
    assert region_of(with_ram(first_state(), {"wMapGroup": group + 1})) == str(group + 1)
    assert region_of(with_ram(first_state(), {"wMapNumber": number + 1})) == str(group)
