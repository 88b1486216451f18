"""What the party needs, on states of the real game with a few bytes set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.game_data import load_game
from core.game.profile import game_named
from core.game.ram import RamSnapshot
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.planning.goals import GoalKind, PlannedGoal
from core.rules.planning.hunting_grounds import Hunter, hunting_grounds
from core.rules.planning.lane_memory import LATELY_STEPS, LaneMemory
from core.rules.planning.needs import SHOP_WAY_ACTIONS, UNSURE_ACTIONS, Needs, clerk_of, healer_of, patience_for_rest
from core.rules.planning.supplies import STOCK_OF_LIVES, best_potion, healing_of, lives_wanted, shopping_list
from core.rules.values import MARGINS, ON_THE_WAY, near
from core.vocabulary import BuyItems, MapId, OptionKind, PutFirst, UseItem
from tests.game_states import LAYOUT

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
PARTY_COUNT, PARTY_MONS = LAYOUT.index("wPartyCount"), LAYOUT.index("wPartyMons")
PARTY_STRUCT_SIZE = LAYOUT.record("party_struct").size
LEVEL, HP, MAX_HP = 31, 34, 36
"""Offsets in a creature's record."""
DAY = 1


@pytest.fixture(scope="module")
def start() -> Iterator[GameState]:
    """The first free moment with a creature."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    state = env.restart(seed=0)
    player = RulePlayer(env.rom.game, 0)
    while not (state.party and state.is_free):
        state = env.advance(player.act(state, player.choose(state)).button).state
    yield state
    env.close()


def changed(state: GameState, changes: Mapping[int, bytes]) -> GameState:
    """The same moment with other bytes at some places of the snapshot."""
    data = bytearray(state.snapshot.data)
    for index, values in changes.items():
        data[index : index + len(values)] = values
    return GameState(RamSnapshot(bytes(data)), state.rom)


def with_party(state: GameState, *members: tuple[int, int, int]) -> GameState:
    """The first creature several times, each with (level, HP, maximum HP)."""
    struct = state.snapshot.data[PARTY_MONS : PARTY_MONS + PARTY_STRUCT_SIZE]
    species = state.snapshot.data[PARTY_COUNT + 1]
    changes = {PARTY_COUNT: bytes((len(members), *[species] * len(members), 0xFF))}
    for slot, (level, hp, most) in enumerate(members):
        record = bytearray(struct)
        record[LEVEL] = level
        record[HP : HP + 2], record[MAX_HP : MAX_HP + 2] = hp.to_bytes(2, "big"), most.to_bytes(2, "big")
        changes[PARTY_MONS + slot * PARTY_STRUCT_SIZE] = bytes(record)
    return changed(state, changes)


def with_items(state: GameState, **quantities: int) -> GameState:
    ids = {item.key: item.id for item in state.game.items.values()}
    stacks = [byte for key, quantity in quantities.items() for byte in (ids[key], quantity)]
    return changed(state, {LAYOUT.index("wNumItems"): bytes((len(quantities), *stacks, 0xFF))})


def with_money(state: GameState, money: int) -> GameState:
    return changed(state, {LAYOUT.index("wMoney"): money.to_bytes(3, "big")})


def map_id(state: GameState, key: str) -> MapId:
    known = state.game.map_by_key(key)
    assert known is not None
    return known.id


def goals(
    state: GameState, distances: Mapping[str, int], fights_next: bool = False, bound_for: str = ""
) -> dict[str, PlannedGoal]:
    """By option key; `distances` are actions to maps by their keys."""
    by_id = {map_id(state, key): steps for key, steps in distances.items()}
    found = Needs(state.game).goals(state, LaneMemory(bound_for=bound_for), by_id, fights_next)
    return {goal.option.key: goal for goal in found}


def test_a_healer_is_urgent_as_far_as_the_wounds_are_deep(start: GameState) -> None:
    tired = with_party(start, (10, 4, 30))
    assert goals(tired, {"REST_HOUSE": 300})["heal:REST_HOUSE"].urgency > ON_THE_WAY.story
    assert goals(tired, {"REST_HOUSE": 900})["heal:REST_HOUSE"].urgency < ON_THE_WAY.story
    scratched = with_party(start, (10, 21, 30))
    assert goals(scratched, {"REST_HOUSE": 50})["heal:REST_HOUSE"].urgency < ON_THE_WAY.story
    assert goals(scratched, {"REST_HOUSE": 50}, fights_next=True)["heal:REST_HOUSE"].urgency > ON_THE_WAY.story
    assert "heal:REST_HOUSE" not in goals(with_party(start, (10, 30, 30)), {"REST_HOUSE": 5}, fights_next=True)


def test_between_two_healers_about_as_far_nobody_turns_back(start: GameState) -> None:
    """The ways are guessed: on one side of a map's edge the one seems nearer, on the other side the other."""
    tired = with_party(start, (10, 9, 30))
    for bound, ways in (("REST_HOUSE", (30, 28)), ("WILLOWMERE_REST_HOUSE", (28, 30))):
        distances = dict(zip(("REST_HOUSE", "WILLOWMERE_REST_HOUSE"), ways, strict=True))
        other = next(name for name in distances if name != bound)
        free = goals(tired, distances)
        assert free[f"heal:{bound}"].urgency < free[f"heal:{other}"].urgency
        on_the_way = goals(tired, distances, bound_for=f"heal:{bound}")
        assert on_the_way[f"heal:{bound}"].urgency > on_the_way[f"heal:{other}"].urgency
    far = goals(tired, {"REST_HOUSE": 200, "WILLOWMERE_REST_HOUSE": 20}, bound_for="heal:REST_HOUSE")
    assert far["heal:WILLOWMERE_REST_HOUSE"].urgency > far["heal:REST_HOUSE"].urgency, "one that is clearly nearer"


def test_a_fainted_lead_is_brought_home_though_others_are_well(start: GameState) -> None:
    state = with_party(start, (20, 0, 60), (3, 12, 12))
    found = goals(state, {"REST_HOUSE": 800})
    assert found["heal:REST_HOUSE"].urgency > ON_THE_WAY.story
    assert not any(goal.kind is GoalKind.TRAIN for goal in found.values())


def test_drinks_are_for_when_the_healer_is_far(start: GameState) -> None:
    state = with_items(with_party(start, (10, 8, 30)), TONIC=2, BIG_TONIC=1)
    far = goals(state, {"REST_HOUSE": 120})
    tonic = next(item for item in state.game.items.values() if item.key == "TONIC")
    assert far["use:TONIC"].option.menu_task == UseItem(tonic.id, 0), "a big one would waste more than half"
    assert "use:TONIC" not in goals(state, {"REST_HOUSE": 20})
    lead = state.party[0]
    assert best_potion(with_items(state, HERB=3), lead) is None


def test_the_strongest_goes_first(start: GameState) -> None:
    found = goals(with_party(start, (5, 20, 20), (9, 30, 30)), {})
    assert found["put_first"].option.menu_task == PutFirst(1)
    assert "put_first" not in goals(with_party(start, (9, 20, 20), (9, 30, 30)), {})


def test_shopping_fills_the_bag_within_the_money(start: GameState) -> None:
    world = start.game
    state = with_money(with_items(with_party(start, (12, 33, 33))), 3000)
    menu_task = goals(state, {"WILLOWMERE_SHOP": 30})["buy:WILLOWMERE_SHOP"].option.menu_task
    assert isinstance(menu_task, BuyItems)
    potion = world.items[menu_task.purchases[0].item]
    assert healing_of(potion) and menu_task.purchases[0].count >= 2, "potions come before balls and cures"
    others = {world.items[one.item].key: one.count for one in menu_task.purchases[1:]}
    assert others.get("CATCHER") and others.get("HERB") == 1
    assert sum(one.count * world.items[one.item].price for one in menu_task.purchases) <= state.money
    assert shopping_list(world, ("TONIC",), with_money(state, 300)) is None
    assert shopping_list(world, ("TONIC",), with_items(state, TONIC=9)) is None
    assert shopping_list(world, ("HERB", "CATCHER"), state) is None
    assert not goals(state, {"WILLOWMERE_SHOP": 150}).keys() & {"buy:WILLOWMERE_SHOP"}
    assert "buy:WILLOWMERE_SHOP" in goals(state, {"WILLOWMERE_SHOP": 150}, fights_next=True)


def test_the_hunt_moves_on_as_the_lead_grows(start: GameState) -> None:
    grounds = {one.place.key: one for one in hunting_grounds(start.game, DAY)}

    def actions(key: str, level: int) -> float:
        return grounds[key].actions_to_level(Hunter(level, ("PLAIN",), frozenset({"PLAIN"})), level + 1, start.game)

    def best(level: int) -> str:
        return min(grounds, key=lambda key: actions(key, level))

    assert grounds[best(5)].creatures[0].level <= 6
    assert grounds[best(22)].creatures[0].level >= 14
    assert actions("FERN_PATH", 20) > 3 * actions("BEACON_TRAIL", 20)
    assert actions("FERN_PATH", 4) < actions("BEACON_TRAIL", 4), "too strong to be beaten"


def test_what_the_own_type_is_weak_against_is_not_hunted(start: GameState) -> None:
    lake = next(one for one in hunting_grounds(start.game, DAY) if one.place.key == "MISTMERE")
    leaf, fire = (Hunter(13, (kind,), frozenset({kind})) for kind in ("LEAF", "FIRE"))
    assert lake.experience(fire, start.game) < 0.3 * lake.experience(leaf, start.game)


def test_crystals_wild_is_read_as_well() -> None:
    crystal = load_game(game_named("crystal"))
    grounds = {one.place.key: one for one in hunting_grounds(crystal, DAY)}
    hunter = Hunter(20, ("FIRE",), frozenset({"FIRE", "NORMAL"}))
    early, later = (grounds[key].actions_to_level(hunter, 21, crystal) for key in ("ROUTE_29", "ILEX_FOREST"))
    assert early > later
    potion = next(item for item in crystal.items.values() if item.key == "POTION")
    assert healing_of(potion) == 20


def test_no_power_points_left_is_as_bad_as_no_health(start: GameState) -> None:
    state = with_party(start, (10, 30, 30))
    lead = state.party[0]
    assert patience_for_rest(lead, fights_next=False) == 0
    spent = changed(state, {PARTY_MONS + 23: bytes(4)}).party[0]
    assert not any(spent.pp) and patience_for_rest(spent, fights_next=False) > 1000


def test_a_need_that_a_fight_left_behind_ends_the_option_under_way(start: GameState) -> None:
    player = RulePlayer(start.game, 0)
    story = player.choose(start)
    tired = with_party(start, (10, 2, 30))
    assert not player.act(tired, story).done, "nothing has happened that would end it"
    player.act(changed(tired, {LAYOUT.index("wBattleMode"): b"\x01"}), story)
    step = player.act(tired, story)
    assert step.done and "Rest at the healer" in step.reasoning
    assert player.choose(tired).kind is OptionKind.HEAL


def test_a_healer_with_something_else_in_mind_counts_as_farther_until_it_has_healed(start: GameState) -> None:
    """Who gives things away may heal later; a nurse heals. Of two as far, the nurse is better."""
    tired = with_party(start, (10, 9, 30))
    unsure = next(
        place for place in start.game.maps.values() if (person := healer_of(place)) is not None and person.sets
    )
    person = healer_of(unsure)
    assert person is not None
    ways = {unsure.key: 20, "REST_HOUSE": 20 + UNSURE_ACTIONS - 1}
    found = goals(tired, ways)
    assert found[f"heal:{unsure.key}"].urgency < found["heal:REST_HOUSE"].urgency
    as_far = goals(tired, {unsure.key: 20, "REST_HOUSE": 20 + UNSURE_ACTIONS})
    assert as_far[f"heal:{unsure.key}"].urgency == as_far["heal:REST_HOUSE"].urgency
    memory = LaneMemory()
    memory.healers.add((unsure.id, f"object {person.id}"))
    by_id = {map_id(tired, key): way for key, way in ways.items()}
    proven = {goal.option.key: goal for goal in Needs(tired.game).goals(tired, memory, by_id, fights_next=False)}
    assert proven[f"heal:{unsure.key}"].urgency > proven["heal:REST_HOUSE"].urgency


def test_only_who_left_wounds_as_they_were_is_not_asked_again(start: GameState) -> None:
    """A talk in good health tells nothing of who heals."""
    tired = with_party(start, (10, 9, 30))
    unsure = next(one for one in start.game.maps.values() if (person := healer_of(one)) is not None and person.sets)
    person = healer_of(unsure)
    assert person is not None
    subject, memory = (unsure.id, f"object {person.id}"), LaneMemory(step=1000)

    def is_asked() -> bool:
        found = Needs(tired.game).goals(tired, memory, {unsure.id: 20}, fights_next=False)
        return any(goal.option.key == f"heal:{unsure.key}" for goal in found)

    memory.note_spoken(subject)
    memory.step += LATELY_STEPS
    assert is_asked()
    memory.note_no_help(subject)
    assert not is_asked()
    memory.note_progress(memory.progress + 1)
    assert is_asked(), "the story has moved: it may be of help now"


def test_a_rest_without_hurry_is_worth_its_wounds_and_less_with_the_way(start: GameState) -> None:
    scratched = with_party(start, (10, 21, 30))
    for way in (0, 30, 240):
        expected = ON_THE_WAY.early_rest * (9 / 30) * near(way)
        assert goals(scratched, {"REST_HOUSE": way})["heal:REST_HOUSE"].urgency == pytest.approx(expected)


def test_a_drink_is_taken_where_half_of_it_would_be_lost_at_most(start: GameState) -> None:
    """A tonic gives 20: with 10 missing, half is lost; with 9, more. The fainted cannot drink."""
    tonic = next(item for item in start.game.items.values() if item.key == "TONIC")
    assert healing_of(tonic) == 20
    for hp, taken in ((11, True), (12, True), (13, False), (0, False)):
        # a lead without power points wants its rest, however few its wounds are
        state = with_items(with_party(start, (10, hp, 22)), TONIC=2)
        state = changed(state, {PARTY_MONS + 23: bytes(4)})
        assert ("use:TONIC" in goals(state, {"REST_HOUSE": 120})) is taken, hp


def test_a_shop_is_worth_more_the_nearer_it_is(start: GameState) -> None:
    state = with_money(with_items(with_party(start, (12, 33, 33))), 3000)
    assert ON_THE_WAY.shop + MARGINS.shop_at_hand == pytest.approx(_shop(state, {"WILLOWMERE_SHOP": 0}).urgency)
    half = _shop(state, {"WILLOWMERE_SHOP": SHOP_WAY_ACTIONS // 2})
    assert half.urgency == pytest.approx(ON_THE_WAY.shop + MARGINS.shop_at_hand / 2)
    assert not any(key.startswith("buy:") for key in goals(state, {"WILLOWMERE_SHOP": SHOP_WAY_ACTIONS}))


def _shop(state: GameState, distances: Mapping[str, int]) -> PlannedGoal:
    (found,) = (goal for key, goal in goals(state, distances).items() if key.startswith("buy:"))
    return found


def test_of_two_shops_the_nearer_is_gone_to_and_by_name_where_both_are_as_near(start: GameState) -> None:
    state = with_money(with_items(with_party(start, (12, 33, 33))), 3000)
    first, second, *_ = sorted(place.key for place in start.game.maps.values() if clerk_of(place) is not None)
    assert _shop(state, {first: 20, second: 10}).option.key == f"buy:{second}"
    assert _shop(state, {second: 20, first: 20}).option.key == f"buy:{first}"


def test_training_is_for_the_wanted_level_or_for_one_more_and_not_where_it_was_given_up(start: GameState) -> None:
    state = with_party(start, (10, 30, 30))
    by_id = {map_id(state, key): way for key, way in {"FERN_PATH": 5, "BEACON_TRAIL": 5}.items()}

    def training(memory: LaneMemory) -> PlannedGoal | None:
        found = Needs(state.game).goals(state, memory, by_id, fights_next=False)
        return next((goal for goal in found if goal.kind is GoalKind.TRAIN), None)

    idle = training(LaneMemory())
    assert idle is not None
    assert (idle.option.index, idle.urgency) == (11, ON_THE_WAY.idle_training)
    memory = LaneMemory()
    memory.wanted_level = 15
    urgent = training(memory)
    assert urgent is not None
    assert (urgent.option.index, urgent.urgency) == (15, ON_THE_WAY.training)
    memory.wanted_level = 10
    enough = training(memory)
    assert enough is not None and enough.urgency == ON_THE_WAY.idle_training, "as strong as wanted"
    memory.abandon(idle.option)
    other = training(memory)
    assert other is not None and other.option.key != idle.option.key
    memory.abandon(other.option)
    assert training(memory) is None


def test_where_the_wild_is_out_of_reach_nobody_trains_until_ways_have_opened(start: GameState) -> None:
    state = with_party(start, (10, 30, 30))
    by_id = {map_id(state, "FERN_PATH"): 5}
    memory = LaneMemory(wanted_level=15)

    def trains() -> bool:
        found = Needs(state.game).goals(state, memory, by_id, fights_next=False)
        return any(goal.kind is GoalKind.TRAIN for goal in found)

    assert trains()
    memory.note_barren(map_id(state, "FERN_PATH"))
    assert not trains()
    memory.note_progress(1)
    assert not trains(), "the story went on, and no way has opened"
    memory.reach = 1
    assert trains()


def test_a_shopping_list_is_what_the_money_reaches_for(start: GameState) -> None:
    """Potions for three lives from nine tenths of the money; balls, cures and bells from what is left after them."""
    items = {item.key: item for item in start.game.items.values()}
    tonic = items["TONIC"]
    everything = tuple(items)

    def bought(money: int, wares: tuple[str, ...], max_hp: int = 30, **bag: int) -> dict[str, int]:
        state = with_money(with_items(with_party(start, (12, max_hp, max_hp)), **bag), money)
        purchases = shopping_list(start.game, wares, state)
        return {} if purchases is None else {start.game.items[one.item].key: one.count for one in purchases.purchases}

    assert bought(100_000, ("TONIC",)) == {"TONIC": round(3 * 30 / 20)}
    assert bought(100_000, ("TONIC",), TONIC=2) == {"TONIC": round((3 - 40 / 30) * 30 / 20)}
    assert bought(3 * tonic.price * 10 // 9 + 1, ("TONIC",)) == {"TONIC": 3}, "a tenth is not spent on potions"
    assert bought(3 * tonic.price * 10 // 9, ("TONIC",)) == {"TONIC": 2}
    assert bought(2 * tonic.price * 10 // 9, ("TONIC",)) == {}, "for one the way is not worth it"
    # 270 are left after four tonics: a ball of 150, and a cure of 100 from the rest
    money = 4 * tonic.price + items["CATCHER"].price + items["HERB"].price + 20
    assert bought(money, ("TONIC", "CATCHER", "HERB")) == {"TONIC": 4, "CATCHER": 1, "HERB": 1}
    assert bought(money - 50, ("TONIC", "CATCHER", "HERB")) == {"TONIC": 4, "CATCHER": 1}
    assert bought(money, ("TONIC", "HERB"), HERB=1) == {"TONIC": 4}, "no second cure"
    cures = dict.fromkeys(("HERB", "BALM", "MINT_DROP", "TINGLE_TEA", "CURE_ALL", "WAKE_BELL"), 1)
    assert bought(900_000, everything) == {"BIG_TONIC": 2, "STAR_CATCHER": 4, **cures}, "the best ball for the rich"


def test_a_hard_fight_asks_for_more_potions(start: GameState) -> None:
    """Foes who have twice the lead's level all together make one; three lives for each foe of its own level."""
    lead = with_party(start, (30, 90, 90))
    assert lives_wanted(lead, 0) == lives_wanted(lead, 59) == STOCK_OF_LIVES
    assert lives_wanted(lead, 60) == 6 and lives_wanted(lead, 100) == 10
    rich = with_money(lead, 90_000)
    ways = {map_id(rich, "HIGHSTEAD_SHOP"): 20}

    def bought(foe_levels: int) -> int:
        foes = ((foe_levels, 1),)
        found = Needs(rich.game).goals(rich, LaneMemory(), ways, fights_next=True, foes=foes)
        tasks = [goal.option.menu_task for goal in found if goal.option.kind is OptionKind.BUY]
        assert len(tasks) == 1 and isinstance(tasks[0], BuyItems)
        return tasks[0].purchases[0].count

    assert bought(100) > 2 * bought(50)


def test_the_potion_that_wastes_least_is_drunk(start: GameState) -> None:
    for hp, best in ((11, "TONIC"), (1, "TONIC"), (0, "TONIC")):
        state = with_items(with_party(start, (12, hp, 31)), TONIC=1, BIG_TONIC=1)
        found = best_potion(state, state.party[0])
        assert found is not None and found.key == best
    state = with_items(with_party(start, (40, 10, 60)), TONIC=1, BIG_TONIC=1)
    found = best_potion(state, state.party[0])
    assert found is not None and found.key == "BIG_TONIC"
