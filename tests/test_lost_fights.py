"""What the rules do about a fight that was lost, on paper: who would win it, and what it takes to have that one."""

from __future__ import annotations

from core.game.battle import BattleState
from core.game.game_data import load_game
from core.game.profile import game_named
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.fights.company import Company
from core.rules.fights.tactics import Tactics
from core.rules.fights.team_fight import Potions, TeamFight, damage_rates, guess
from core.rules.noticing import foes_of
from core.rules.planning.carriers import carrier
from core.rules.planning.goals import PlannedGoal
from core.rules.planning.hunting_grounds import Hunter, hunting_grounds
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.lost_fight import FightRemedy
from core.rules.planning.needs import Needs
from core.rules.planning.remedies import NOTHING
from core.rules.values import IN_A_FIGHT, ON_THE_WAY
from core.vocabulary import MapId, OptionKind
from tests.game_states import first_state, with_party, with_ram

GAME = first_state().game
COMPANY = Company.of(GAME)
SPECIES = {one.name: number for number, one in GAME.species.items()}
LEADER = GAME.trainers["LEADER_NERYS"]
CATCHER = next(item.id for item in GAME.items.values() if item.effect.catches)
Named = tuple[str, int]
"""A creature's name and level."""


def party(*members: Named, balls: int = 3) -> GameState:
    """A state whose party has the stats and moves that such creatures have on paper."""
    fighters = [COMPANY.on_paper((level, SPECIES[name])) for name, level in members]
    rows = [(one.species, one.level, one.max_hp, one.max_hp) for one in fighters]
    state = with_party(first_state(), *rows)
    start = state.rom.layout.index("wPartyMons")
    data = state.snapshot.data
    structs = bytearray(data[start : start + 48 * len(fighters)])
    for slot, one in enumerate(fighters):
        moves = (*one.moves, 0, 0, 0, 0)[:4]
        structs[48 * slot + 2 : 48 * slot + 6] = bytes(moves)
        structs[48 * slot + 23 : 48 * slot + 27] = bytes(20 if move else 0 for move in moves)
        stats = (one.attack, one.defense, one.speed, one.special_attack, one.special_defense)
        structs[48 * slot + 38 : 48 * slot + 48] = b"".join(stat.to_bytes(2, "big") for stat in stats)
    pocket = bytes((1, CATCHER, balls, 0xFF)) if balls else bytes((0, 0xFF))
    return with_ram(state, {"wPartyMons": bytes(structs), "wNumBalls": pocket, "wMoney": bytes(3)})


def chance(*members: Named) -> float:
    """Of a team on paper against the first leader."""
    foes = [COMPANY.on_paper(one) for one in LEADER.creatures]
    own = [COMPANY.on_paper((level, SPECIES[name])) for name, level in members]
    rows = [damage_rates(one, foes, GAME) for one in own]
    return TeamFight(rows, [one.max_hp for one in own], [one.max_hp for one in foes]).chance()


def distances(**actions: int) -> dict[MapId, int]:
    found = {key: GAME.map_by_key(key) for key in actions}
    return {place.id: actions[key] for key, place in found.items() if place is not None}


NEAR_WILLOWMERE = distances(WILLOWMERE=5, BRACKENWOOD_DEEP=40, BRACKENWOOD=120, WILLOWMERE_SHOP=10)


def after_a_loss(state: GameState, memory: LaneMemory, times: int = 1) -> list[PlannedGoal]:
    """What is pressing when the first leader has won."""
    for _ in range(times):
        memory.note_lost(LEADER.creatures)
    found = Needs(GAME).goals(state, memory, NEAR_WILLOWMERE, fights_next=True)
    return [goal for goal in found if goal.option.value > ON_THE_WAY.story]


def test_the_guess_knows_what_levels_do_not_mend() -> None:
    assert chance(("CINDREL", 14)) < 0.05
    assert chance(("EMBERMINK", 17)) < 0.05, "three levels more do not help fire against water and rock"
    assert chance(("EMBERMINK", 25)) > 0.85
    assert chance(("CINDREL", 14), ("FUZZLE", 8)) > 0.25
    assert chance(("MOSSBIT", 12)) > 0.9


def test_a_team_is_worth_no_less_than_its_best_and_nobody_wins_nothing() -> None:
    foes = [COMPANY.on_paper(one) for one in LEADER.creatures]
    assert TeamFight([], [], [one.max_hp for one in foes]).chance() == 0.0
    alone, both = chance(("RIPPAD", 12)), chance(("RIPPAD", 12), ("RIPPAD", 12))
    assert alone < both <= 1.0


def test_where_another_kind_would_win_one_is_caught_and_nobody_trains() -> None:
    memory = LaneMemory()
    state = party(("CINDREL", 14), ("GNAWLET", 2))
    pressing = after_a_loss(state, memory)
    assert [goal.option.key for goal in pressing] == ["seek:FUZZLE:BRACKENWOOD_DEEP"]
    assert memory.wanted_level == 0
    assert memory.remedy is not None and memory.remedy.lacks_somebody(state)
    caught = party(("CINDREL", 14), ("GNAWLET", 2), ("FUZZLE", max(8, memory.remedy.level)))
    assert not memory.remedy.lacks_somebody(caught)
    again = Needs(GAME).goals(caught, memory, NEAR_WILLOWMERE, fights_next=True)
    assert all(goal.option.value < ON_THE_WAY.story for goal in again), "now the fight can be tried again"


def test_a_fight_that_would_be_lost_is_prepared_for_once() -> None:
    memory, state = LaneMemory(), party(("CINDREL", 12), ("GNAWLET", 2))

    def pressing(members: GameState, mind: LaneMemory) -> list[str]:
        found = Needs(GAME).goals(members, mind, NEAR_WILLOWMERE, fights_next=True, foes=LEADER.creatures)
        return [goal.option.key for goal in found if goal.option.value > ON_THE_WAY.story]

    assert "seek:FUZZLE:BRACKENWOOD_DEEP" in pressing(state, memory)
    assert memory.lost_fight is not None and memory.lost_fight.times == 0
    memory.note_won(LEADER.creatures)
    pressing(state, memory)
    assert memory.remedy is None, "it has been thought about"
    strong = LaneMemory()
    assert not pressing(party(("MOSSBIT", 13), ("GNAWLET", 2)), strong) and strong.remedy is None


def test_who_is_beaten_on_the_way_to_a_fight_counts_before_it() -> None:
    """The pupils of the gym make the lead grow, so a fight that would be lost now needs no remedy."""
    gym = GAME.map_by_key("TIDE_GYM")
    assert gym is not None
    state, found = party(("RIPPAD", 12), ("GNAWLET", 2)), list[FightRemedy | None]()
    for place in (None, gym.id):
        memory = LaneMemory()
        list(Needs(GAME).goals(state, memory, NEAR_WILLOWMERE, fights_next=True, foes=LEADER.creatures, place=place))
        found.append(memory.remedy)
    assert found[0] is not None and found[1] is None
    assert COMPANY.experience_at(gym.id, state) > 0 == COMPANY.experience_at(None, state)


def test_of_several_of_a_kind_the_strongest_grows() -> None:
    """A level that another one of the kind has already is nothing to grow to."""
    memory = LaneMemory()
    state = party(("CINDREL", 13), ("PIPKIT", 2), ("NIGHTLOFT", 7), ("NIGHTLOFT", 9), balls=0)
    after_a_loss(state, memory)
    assert memory.remedy is not None and memory.remedy.grower(state) is not None


def test_potions_count_for_something_and_not_for_who_is_struck_down() -> None:
    def with_potions(each: int, *members: Named) -> float:
        foes = [COMPANY.on_paper(one) for one in LEADER.creatures]
        own = [COMPANY.on_paper((level, SPECIES[name])) for name, level in members]
        rows = [damage_rates(one, foes, GAME) for one in own]
        potions = Potions(each, 6.0 * each)
        return guess(rows, [one.max_hp for one in own], [one.max_hp for one in foes], potions=potions)

    assert with_potions(30, ("RIPPAD", 12)) > with_potions(0, ("RIPPAD", 12))
    assert with_potions(10, ("CINDREL", 12)) == with_potions(0, ("CINDREL", 12)), "gone before the next turn"


def test_what_is_to_be_caught_is_worth_a_ball_at_any_level() -> None:
    memory = LaneMemory()
    state = party(("CINDREL", 14), ("GNAWLET", 2))
    after_a_loss(state, memory)
    memory.remedy = FightRemedy(frozenset({SPECIES["FUZZLE"]}), 0, catches=3)
    wild = COMPANY.on_paper((3, SPECIES["FUZZLE"]))
    own = COMPANY.on_paper((14, SPECIES["CINDREL"]))
    meeting = BattleState(False, 0, own, wild, 0, 0, 0, 1, 190)
    tactics = Tactics(GAME)
    (unwanted,) = tactics.catch_options(state, meeting)
    (wanted,) = tactics.catch_options(state, meeting, remedy=memory.remedy)
    assert unwanted.value == IN_A_FIGHT.unwanted < IN_A_FIGHT.catch <= wanted.value


def test_who_is_to_grow_changes_places_with_who_wins_and_does_not_flee() -> None:
    state = party(("FUZZLE", 3), ("EMBERMINK", 15))
    weak, wild = (COMPANY.on_paper((level, SPECIES[name])) for name, level in (("FUZZLE", 3), ("GNAWLET", 8)))
    meeting = BattleState(False, 0, weak, wild, 0, 0, 0, 1, 190)
    grows = FightRemedy(frozenset({SPECIES["FUZZLE"]}), 6)

    def best(remedy: FightRemedy | None) -> OptionKind:
        return max(Tactics(GAME).turn_options(state, meeting, remedy), key=lambda option: option.value).kind

    assert best(None) is OptionKind.RUN
    assert best(grows) is OptionKind.SWITCH
    assert best(FightRemedy(frozenset({SPECIES["FUZZLE"]}), 3)) is OptionKind.RUN, "it has grown"


def test_with_a_helper_a_weakling_grows_in_fewer_actions() -> None:
    weak = Hunter(3, ("LEAF",), frozenset({"LEAF"}))
    strong = Hunter(15, ("FIRE",), frozenset({"FIRE"}))
    ground = next(one for one in hunting_grounds(GAME, 1) if one.place.key == "BRACKENWOOD_DEEP")
    assert ground.actions_to_level(weak, 6, GAME, strong) < ground.actions_to_level(weak, 6, GAME) / 2
    assert ground.actions_to_level(strong, 16, GAME, weak) == ground.actions_to_level(strong, 16, GAME)


def test_a_fight_that_should_have_been_won_is_tried_again_at_once() -> None:
    memory = LaneMemory()
    assert not after_a_loss(party(("MOSSBIT", 13)), memory)
    assert memory.remedy is NOTHING


def test_a_fight_that_is_lost_again_and_again_though_it_should_be_won_asks_for_levels() -> None:
    memory = LaneMemory()
    (training,) = after_a_loss(party(("MOSSBIT", 13), ("GNAWLET", 2)), memory, times=2)
    assert memory.lost_fight is not None and memory.lost_fight.times == 2
    assert training.option.kind is OptionKind.TRAIN and training.option.index == 15


def test_somebody_else_of_the_party_goes_first_while_it_is_to_grow() -> None:
    memory = LaneMemory()
    state = party(("CINDREL", 14), ("FUZZLE", 4), balls=0)
    no_catch = {place: way for place, way in NEAR_WILLOWMERE.items() if GAME.maps[place].key != "WILLOWMERE_SHOP"}
    memory.note_lost(LEADER.creatures)
    found = {goal.option.key: goal for goal in Needs(GAME).goals(state, memory, no_catch, fights_next=True)}
    assert memory.remedy is not None and memory.remedy.level > 4
    front = carrier(state, memory)
    assert front is not None and front.species == SPECIES["FUZZLE"]
    assert "put_first" in found and "it is to grow" in found["put_first"].text
    grown = party(("CINDREL", 14), ("FUZZLE", memory.remedy.level), balls=0)
    front = carrier(grown, memory)
    assert front is not None and front.species == SPECIES["CINDREL"]


def test_a_place_that_was_given_up_is_not_looked_at_again() -> None:
    memory = LaneMemory()
    state = party(("CINDREL", 14), ("GNAWLET", 2))
    (seek,) = after_a_loss(state, memory)
    memory.abandon(seek.option)
    found = Needs(GAME).goals(state, memory, NEAR_WILLOWMERE, fights_next=True)
    pressing = [goal.option.key for goal in found if goal.option.value > ON_THE_WAY.story]
    assert pressing == ["seek:FUZZLE:BRACKENWOOD"]


def test_what_takes_too_long_ends_and_the_fight_is_tried_as_things_are() -> None:
    memory = LaneMemory()
    state = party(("CINDREL", 14), ("GNAWLET", 2))
    after_a_loss(state, memory)
    assert memory.remedy is not None
    memory.step = memory.remedy.until_step + 1
    list(Needs(GAME).goals(state, memory, NEAR_WILLOWMERE, fights_next=True))
    assert memory.remedy is NOTHING


def test_a_won_fight_ends_what_was_to_be_done_for_it_and_another_one_does_not() -> None:
    memory = LaneMemory()
    after_a_loss(party(("CINDREL", 14), ("GNAWLET", 2)), memory)
    memory.note_won(GAME.trainers["SCOUT_WYN"].creatures)
    assert memory.remedy is not None
    memory.note_won(LEADER.creatures)
    assert memory.lost_fight is None and memory.remedy is None


def test_without_balls_they_are_bought_first() -> None:
    memory = LaneMemory()
    rich = with_ram(party(("CINDREL", 14), ("GNAWLET", 2), balls=0), {"wMoney": (3000).to_bytes(3, "big")})
    near_a_shop = NEAR_WILLOWMERE | distances(GATEHOUSE=30)
    memory.note_lost(LEADER.creatures)
    found = Needs(GAME).goals(rich, memory, near_a_shop, fights_next=True)
    assert any(goal.option.kind is OptionKind.BUY and "FUZZLE" in goal.option.label for goal in found)


def test_a_wild_fight_that_somebody_lost_who_is_to_grow_asks_for_nothing() -> None:
    """Otherwise the strongest would train for what the weakest could not win."""
    weak_first = party(("FUZZLE", 3), ("RIPPAD", 12))
    for remedy, wanted in ((FightRemedy(frozenset({SPECIES["FUZZLE"]}), 6), 0), (None, 14)):
        player = RulePlayer(GAME)
        player.options(weak_first)
        player.memory.remedy = remedy
        player.options(with_ram(weak_first, {"wBattleMode": 1, "wScriptRunning": 0xFF}))
        player.options(with_ram(weak_first, {"wBattleResult": 1}))
        assert player.memory.wanted_level == wanted


def test_who_is_fought_is_read_from_the_trainers_numbers() -> None:
    leader = with_ram(first_state(), {"wOtherTrainerClass": LEADER.class_number, "wOtherTrainerID": LEADER.id})
    assert foes_of(leader) == LEADER.creatures
    assert foes_of(with_ram(leader, {"wOtherTrainerClass": 0})) == ()


def test_a_creature_that_grows_becomes_what_the_data_say() -> None:
    evolved = GAME.species[SPECIES["CINDREL"]].evolves
    assert evolved == ((14, SPECIES["EMBERMINK"]),)
    crystal = load_game(game_named("crystal"))
    names = {one.key: number for number, one in crystal.species.items()}
    assert crystal.species[names["CYNDAQUIL"]].evolves == ((14, names["QUILAVA"]),)
    assert crystal.species[names["EEVEE"]].evolves == (), "stones and friendship are no levels"
