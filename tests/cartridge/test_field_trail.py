"""The trail of the field moves: the rules cross each of its maps in the running game, and learn on the way."""

from __future__ import annotations

import pytest

from tests.cartridge.field_trail import Played, Start, play, staged
from tests.cartridge.world_model import Progress, WorldModel

FOUR = ("BUMP", "GLARE", "CHEW", "DART")
THICKET = Start("THICKET", cell=(1, 6), items=("HM_CUT",), knows={0: FOUR})


def test_the_trail_can_be_walked_from_its_start_to_its_end() -> None:
    """In the model: whoever talks to everybody gets what each next map asks for."""
    model = WorldModel()
    progress = Progress(flags={"EVENT_INITIALIZED", "EVENT_CLIMBER_GIFT"}, items={"HM_CUT"}, pals=1, badges={0, 1, 2})
    reached: list[str] = []
    for _ in range(12):
        cells = model.reachable(("THICKET", 1, 6), progress) | model.reachable(("HIGHSTEAD_HOUSE", 4, 5), progress)
        reached += [name for name, _, _ in cells if name not in reached]
        model.act(cells, progress)
    trail = [name for name, one in model.maps.items() if one["group"] == 6]
    assert [name for name in reached if name in trail].index("DARK_CAVE") < reached.index("FALLS")
    assert set(trail) <= set(reached) and "EVENT_ICE_CROSSED" in progress.flags


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_teach_cut_and_cut_their_way(seed: int) -> None:
    """From the bag over the question to the pal, which gives up its weakest move, and through two trees."""
    played = play(staged(THICKET), "map_reached", "ROLLING_CAVE", 300, seed)
    moves = [played.state.game.moves[number].key for number in played.state.party[0].moves]
    assert "CUT" in moves and "GLARE" not in moves and len(moves) == 4
    assert any("Use CUT?" in label for label in played.labels)


def test_who_cannot_learn_is_passed_over() -> None:
    """GRAVLOP stands first and is not able; the rules choose the second pal."""
    stage = staged(Start("THICKET", cell=(1, 6), pals=(("MOSSBIT", 10),), items=("HM_CUT",)))
    stage.poke("wPartyMons", stage.species("GRAVLOP"))
    stage.poke("wPartySpecies", stage.species("GRAVLOP"))
    played = play(stage, "map_reached", "ROLLING_CAVE", 300)
    cut = next(number for number, move in played.state.game.moves.items() if move.key == "CUT")
    assert [cut in member.moves for member in played.state.party] == [False, True]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_roll_the_boulder_into_its_hole_and_pass_whom_it_frees(seed: int) -> None:
    """Strength is asked for once; one boulder is pushed out of the way, the other into the hole; Tug below is gone."""
    played = play(staged(Start("ROLLING_CAVE", knows={0: ("STRENGTH",)})), "map_reached", "DARK_CAVE", 400, seed)
    assert played.state.has_flag(played.state.game.event_flags["EVENT_BOULDER_FELL"].index)
    assert any("Push the boulder at (13, 8) into the hole at (17, 8)" in label for label in played.labels)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_ride_through_the_narrows_over_the_whirlpool(seed: int) -> None:
    played = play(staged(Start("NARROWS", knows={0: ("SURF", "WHIRLPOOL")})), "map_reached", "FALLS", 300, seed)
    assert any("Use WHIRLPOOL?" in label for label in played.labels) and not played.state.is_surfing


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_swim_up_the_falls(seed: int) -> None:
    played = play(staged(Start("FALLS", knows={0: ("SURF", "WATERFALL")})), "map_reached", "ICE_CAVERN", 300, seed)
    assert any("Use WATERFALL?" in label for label in played.labels)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_slide_to_the_keeper_of_the_ice(seed: int) -> None:
    """With the crampons the keeper goes; the way to him is found over the ice, past side walls and the pit."""
    play(staged(Start("ICE_CAVERN", items=("CRAMPONS",))), "event_flag", "EVENT_ICE_CROSSED", 300, seed)


def test_the_rules_come_back_up_from_the_pit() -> None:
    play(staged(Start("ICE_CAVERN_B1", items=("CRAMPONS",))), "event_flag", "EVENT_ICE_CROSSED", 400)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_learn_to_make_light_and_make_it_where_it_is_dark(seed: int) -> None:
    start = Start("DARK_CAVE", items=("HM_FLASH",), knows={0: FOUR})
    played = play(staged(start), "map_reached", "NARROWS", 300, seed)
    assert "Light up the cave" in played.labels


def test_the_rules_go_back_for_the_machine_that_the_way_asks_for() -> None:
    played = play(staged(Start("DARK_CAVE")), "map_reached", "NARROWS", 400)
    assert {"Talk to the elder in Rolling Cave Below", "Light up the cave"} <= set(played.labels)


def test_nobody_passes_the_dark_without_a_light() -> None:
    """The machine was given away and is not there."""
    with pytest.raises(AssertionError, match="not reached"):
        play(staged(Start("DARK_CAVE", flags=("EVENT_GOT_HM_FLASH",))), "map_reached", "NARROWS", 250)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_fly_for_the_crampons_and_fly_back(seed: int) -> None:
    """The keeper's errand is done by two flights."""
    start = Start(
        "FALLS",
        warp=3,
        flags=("EVENT_ICE_ASKED", "EVENT_CLIMBER_GIFT"),
        visited=("HIGHSTEAD", "FALLS"),
        knows={0: ("FLY",)},
    )
    played = play(staged(start), "event_flag", "EVENT_ICE_CROSSED", 600, seed)
    assert sum("by air" in label for label in played.labels) == 2
    assert any(slot.item == number_of(played, "CRAMPONS") for slot in played.state.key_items)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_catch_somebody_who_can_learn_what_nobody_can(seed: int) -> None:
    """Nobody in the party can swim: one from the reeds is caught, taught twice, and ridden over the whirlpool."""
    flags = ("EVENT_GOT_HM_SURF", "EVENT_GOT_HM_WHIRLPOOL")
    start = Start("NARROWS", pals=(("GRAVLOP", 20),), items=("HM_SURF", "HM_WHIRLPOOL"), flags=flags, knows={0: FOUR})
    stage = staged(start)
    stage.poke("wRepelEffect", 0)
    stage.poke("wPartyMon1Level", 40)
    stage.poke("wPartyMon1HP", 1, 144, 1, 144, 0, 60, 0, 250, 0, 90, 0, 60, 0, 250)
    stage.poke("wBalls", stage.item("CATCHER"), 30, 255)
    played = play(stage, "map_reached", "FALLS", 1500, seed)
    assert "Look in The Narrows for somebody who can learn SURF" in played.labels
    caught = played.state.party[2:]  # on the way others may be caught in passing, for what comes later
    assert any(member.species in played.state.game.learners["HM_SURF"] for member in caught)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rules_walk_the_whole_trail(seed: int) -> None:
    """From the first tree to the far side of the ice, every machine fetched and taught on the way."""
    pals = (("GNASHER", 24), ("WADELOP", 24), ("PIPWING", 24))
    start = Start(
        "THICKET", cell=(1, 6), pals=pals, items=("HM_CUT",), visited=("HIGHSTEAD",), flags=("EVENT_CLIMBER_GIFT",)
    )
    stage = staged(start)
    stage.poke("wPartyMon1Level", 40)
    stage.poke("wPartyMon1HP", 1, 144, 1, 144, 0, 200, 0, 250, 0, 200, 0, 200, 0, 250)
    played = play(stage, "event_flag", "EVENT_ICE_CROSSED", 2500, seed)
    known = {played.state.game.moves[number].key for member in played.state.party for number in member.moves}
    assert {"CUT", "STRENGTH", "FLASH", "SURF", "WHIRLPOOL", "WATERFALL", "FLY"} <= known


def number_of(played: Played, key: str) -> int:
    return next(number for number, item in played.state.game.items.items() if item.key == key)
