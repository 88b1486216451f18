"""A game may begin anywhere: what lies behind is passed, and everybody who asks what comes next is told the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from core.game.milestone_tracker import MilestoneTracker
from core.game.rewards import RewardMemory, RewardWeights, reward_events
from core.game.state import GameState
from core.goal_planner import GoalKind, GoalOrientedPlanner
from core.prompts.journal import LaneJournal
from core.rules import RulePlayer
from core.vocabulary import GameMode, MapId
from tests.crystal_rows import crystal, crystal_state
from tests.game_states import first_state, rom_tables, with_ram

NEW_GAME = "INITIALIZED_EVENTS RED_IN_MT_SILVER"
ERRAND = f"{NEW_GAME} GOT_A_POKEMON_FROM_ELM GOT_CHIKORITA_FROM_ELM"
EGG = f"{ERRAND} GOT_MYSTERY_EGG_FROM_MR_POKEMON"
DELIVERED = f"{EGG} GAVE_MYSTERY_EGG_TO_ELM"
WELL = f"{DELIVERED} GOT_HM05_FLASH GOT_TOGEPI_EGG_FROM_ELMS_AIDE CLEARED_SLOWPOKE_WELL"
KANTO = (
    "INITIALIZED_EVENTS GOT_A_POKEMON_FROM_ELM GOT_TOTODILE_FROM_ELM GOT_MYSTERY_EGG_FROM_MR_POKEMON "
    "GAVE_MYSTERY_EGG_TO_ELM GOT_TOGEPI_EGG_FROM_ELMS_AIDE CLEARED_SLOWPOKE_WELL HERDED_FARFETCHD GOT_HM01_CUT "
    "GOT_SQUIRTBOTTLE FOUGHT_SUDOWOODO GOT_HM03_SURF RIVAL_BURNED_TOWER RELEASED_THE_BEASTS "
    "JASMINE_EXPLAINED_AMPHYS_SICKNESS GOT_HM04_STRENGTH GOT_SECRETPOTION_FROM_PHARMACY JASMINE_RETURNED_TO_GYM "
    "LAKE_OF_RAGE_RED_GYARADOS DECIDED_TO_HELP_LANCE UNCOVERED_STAIRCASE_IN_MAHOGANY_MART BEAT_ROCKET_EXECUTIVEM_4 "
    "CLEARED_ROCKET_HIDEOUT BEAT_ROCKET_EXECUTIVEM_3 USED_BASEMENT_KEY RECEIVED_CARD_KEY CLEARED_RADIO_TOWER "
    "GOT_HM07_WATERFALL BEAT_CLAIR BEAT_ELITE_4_WILL BEAT_ELITE_4_KOGA BEAT_ELITE_4_BRUNO BEAT_ELITE_4_KAREN "
    "BEAT_CHAMPION_LANCE BEAT_ELITE_FOUR GOT_SS_TICKET_FROM_ELM FAST_SHIP_FOUND_GIRL MET_MANAGER_AT_POWER_PLANT "
    "RETURNED_MACHINE_PART"
)
POKEGEAR = {"wPokegearFlags": b"\x84", "wPlayersHouse1FSceneID": b"\x01"}
AT_HOME = {**POKEGEAR, "wVisitedSpawns": b"\x00\x40"}
CHOSEN = {**AT_HOME, "wPartyCount": b"\x01", "wElmsLabSceneID": b"\x02"}
POKEDEX = {**CHOSEN, "wStatusFlags": b"\x11", "wVisitedSpawns": b"\x00\xc0"}
LATE = {
    "wPokegearFlags": b"\x86",
    "wStatusFlags": b"\xc1",
    "wStatusFlags2": b"\x40",
    "wVisitedSpawns": b"\xa0\xe6\xfd\x03",
    "wJohtoBadges": b"\xff",
    "wPartyCount": b"\x05",
    "wElmsLabSceneID": b"\x02",
    "wBurnedTower1FSceneID": b"\x02",
    "wVictoryRoadSceneID": b"\x01",
    "wGoldenrodUndergroundSwitchRoomEntrancesSceneID": b"\x01",
}


@dataclass(frozen=True)
class Situation:
    """A moment of Crystal as rows of RAM, and the milestone that comes next there."""

    map: tuple[int, int]
    next: str
    flags: str
    rows: Mapping[str, bytes] = field(default_factory=dict)

    def state(self) -> GameState:
        return crystal_state({"wMapGroup": bytes(self.map), **self.rows}, self.flags)


SITUATIONS = {
    "the bedroom of a new game": Situation((24, 7), "downstairs", NEW_GAME),
    "before the lab": Situation((24, 4), "elms_lab", NEW_GAME, AT_HOME),
    "the lab before the choice": Situation((24, 5), "starter", NEW_GAME, {**AT_HOME, "wElmsLabSceneID": b"\x01"}),
    "at home with a creature": Situation((24, 6), "route29", ERRAND, CHOSEN),
    "a fight on the first route": Situation((24, 3), "cherrygrove", ERRAND, {**CHOSEN, "wBattleMode": b"\x01"}),
    "the egg, and the rival waits": Situation(
        (26, 10), "rival1", EGG, {**POKEDEX, "wCherrygroveCitySceneID": b"\x01", "wElmsLabSceneID": b"\x03"}
    ),
    "after the first rival": Situation((24, 4), "officer", EGG, {**POKEDEX, "wElmsLabSceneID": b"\x03"}),
    "the officer's keyboard": Situation(
        (24, 5), "officer", EGG, {**POKEDEX, "wElmsLabSceneID": b"\x03", "wSpriteUpdatesEnabled": b"\x00"}
    ),
    "after the officer": Situation(
        (24, 5), "egg_delivered", EGG, {**POKEDEX, "wNumKeyItems": b"\x01", "wKeyItems": b"\x45\xff"}
    ),
    "the egg delivered": Situation((24, 4), "route31", DELIVERED, {**POKEDEX, "wBalls": b"\x05\x05\xff"}),
    "Azalea, the rival waits": Situation(
        (8, 7), "rival2", WELL, {**POKEDEX, "wJohtoBadges": b"\x03", "wAzaleaTownSceneID": b"\x01"}
    ),
    "Azalea after the rival": Situation((8, 7), "farfetchd", WELL, {**POKEDEX, "wJohtoBadges": b"\x03"}),
    "Kanto, three badges": Situation((7, 14), "badge_marsh", KANTO, {**LATE, "wKantoBadges": b"\x0e"}),
    "Kanto, four badges": Situation(
        (14, 2), "badge_marsh", f"{KANTO} FOUGHT_SNORLAX", {**LATE, "wPokegearFlags": b"\x8e", "wKantoBadges": b"\x0f"}
    ),
    "Kanto by the sea": Situation(
        (6, 6),
        "badge_marsh",
        f"{KANTO} FOUGHT_SNORLAX BLUE_IN_CINNABAR",
        {**LATE, "wPokegearFlags": b"\x8e", "wKantoBadges": b"\x4f"},
    ),
    "Kanto, the radio's last card missing": Situation(
        (14, 2), "expn_card", f"{KANTO} FOUGHT_SNORLAX", {**LATE, "wKantoBadges": b"\x3f"}
    ),
    "inside Silver Cave with all badges": Situation(
        (3, 75),
        "red_room",
        f"{KANTO} FOUGHT_SNORLAX BLUE_IN_CINNABAR OPENED_MT_SILVER",
        {**LATE, "wPokegearFlags": b"\x8e", "wKantoBadges": b"\xff"},
    ),
}


@pytest.fixture(params=SITUATIONS.values(), ids=list(SITUATIONS))
def situation(request: pytest.FixtureRequest) -> Situation:
    return request.param


def test_whoever_asks_is_told_the_same_next_milestone(situation: Situation) -> None:
    state = situation.state()
    assert state.map_id == MapId(*situation.map)
    tracker = MilestoneTracker(crystal().game)
    tracker.update(state)
    assert tracker.next is not None and tracker.next.id == situation.next
    milestone = GoalOrientedPlanner(crystal().game, crystal().game.milestones).next_milestone(tracker.reached)
    assert milestone is not None and milestone is tracker.next
    if state.mode is GameMode.FREE:
        journal = LaneJournal(crystal().game)
        journal.see(state)
        assert journal.goal == milestone.goal


def test_the_rules_plan_for_it(situation: Situation) -> None:
    """No goal of the story is for anything that is over; where the data know a way, it is the next milestone's."""
    state = situation.state()
    player = RulePlayer(crystal().game)
    goals = [goal for goal in player.goals(state) if goal.kind is GoalKind.STORY]
    assert {goal.milestone_id for goal in goals} <= {situation.next}
    milestone = next(one for one in crystal().game.milestones if one.id == situation.next)
    assert bool(goals) == bool(crystal().game.objectives.objectives(milestone))


def test_a_look_once_more_changes_nothing_and_pays_nothing(situation: Situation) -> None:
    state = situation.state()
    memory = RewardMemory(RewardWeights(), MilestoneTracker(crystal().game))
    memory.start(state)
    reached = memory.tracker.reached
    for _ in range(3):
        assert not [event for event in reward_events(state, state, memory) if event.name == "milestone"]
    assert memory.tracker.reached == reached and len(set(reached)) == len(reached)
    assert memory.tracker.reached_flags.sum() == len(reached)


def test_a_place_behind_pays_nothing_and_the_deed_ahead_does() -> None:
    after_rival = SITUATIONS["after the first rival"]
    memory = RewardMemory(RewardWeights(), MilestoneTracker(crystal().game))
    memory.start(before := after_rival.state())
    assert {"free_control", "route29", "mr_pokemon", "rival1"} <= set(memory.tracker.reached)
    route29 = crystal_state({**after_rival.rows, "wMapGroup": bytes((24, 3))}, EGG)
    assert "milestone" not in [event.name for event in reward_events(before, route29, memory)]
    delivered = crystal_state({**after_rival.rows, "wMapGroup": bytes((24, 5)), "wElmsLabSceneID": b"\x02"}, DELIVERED)
    paid = [event for event in reward_events(route29, delivered, memory) if event.name == "milestone"]
    assert [event.amount for event in paid] == [6.0], "the officer and the egg"


def test_a_deed_that_is_not_done_is_never_passed() -> None:
    """Pryce's badge before Jasmine's, the seventh still to come: Cianwood is behind, Jasmine is not."""
    hideout = " ".join(name for name in KANTO.split() if "JASMINE" not in name).split(" BEAT_ROCKET_EXECUTIVEM_3")[0]
    tracker = MilestoneTracker(crystal().game)
    tracker.update(crystal_state({**POKEDEX, "wMapGroup": b"\x02\x02", "wJohtoBadges": b"\x6f"}, hideout))
    assert tracker.next is not None and tracker.next.id == "amphy"
    assert "cianwood" in tracker.reached and "badge6_mineral" not in tracker.reached
    assert "takeover" not in tracker.reached, "it comes with the seventh badge, and six are there"


def test_what_is_optional_is_neither_asked_for_nor_passed() -> None:
    tracker = MilestoneTracker(crystal().game)
    tracker.update(SITUATIONS["the egg delivered"].state())
    assert "map_card" not in tracker.reached
    card = crystal_state({**POKEDEX, "wMapGroup": b"\x1a\x03", "wPokegearFlags": b"\x85"}, DELIVERED)
    assert "map_card" in tracker.update(card)


def test_a_game_under_way_goes_back_for_a_place_that_it_missed() -> None:
    """Only the first look takes a place for a sign; later a place further on may have been found too early."""
    tracker = MilestoneTracker(rom_tables().game)
    tracker.update(first_state())
    assert tracker.reached == ("free_control",)
    workshop = rom_tables().game.map_by_key("WORKSHOP")
    assert workshop is not None
    tracker.update(with_ram(first_state(), {"wMapGroup": bytes(workshop.id)}))
    assert "workshop" in tracker.reached and tracker.next is not None and tracker.next.id == "downstairs"
    tracker.reset()
    tracker.update(with_ram(first_state(), {"wMapGroup": bytes(workshop.id)}))
    assert tracker.next is not None and tracker.next.id == "starter"


def test_the_corrections_of_the_story_are_in_the_data() -> None:
    milestones = {one.id: one for one in crystal().game.milestones}
    assert not milestones["strength"].optional and milestones["rival_mt_moon"].optional
    assert sum(not one.optional for one in milestones.values()) == 98
    badges = [one.number for one in milestones.values() if one.id.startswith("badge") and one.number < 70]
    assert len(badges) == 7 and milestones["takeover"].number == max(badges) + 1, "whichever badge is the seventh"
