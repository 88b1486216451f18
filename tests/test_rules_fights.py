"""How the rules weigh a turn of a fight, on paper and in the running game."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.battle import BattleState, Fighter
from core.game.item_effects import PARALYSIS, POISON
from core.game.menu import MenuKind
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.fights.company import Company
from core.rules.fights.duel import duel, fighter_of
from core.rules.fights.setup_moves import chance_after
from core.rules.fights.tactics import Tactics
from core.rules.menus.cursor import is_party_list
from core.rules.menus.lessons import worths
from core.vocabulary import Button, Option, OptionKind
from tests.crystal_rows import crystal, crystal_state
from tests.game_states import LAYOUT, ROM_PATH, first_state, with_party, with_ram

ASLEEP = 3
WORLD = first_state().game
MOVES = {move.key: move.id for move in WORLD.moves.values()}
SPECIES = {one.name: number for number, one in WORLD.species.items()}
ITEMS = {item.key: number for number, item in WORLD.items.items()}
TYPES = {name: number for number, name in WORLD.types.items()}


def fighter(*moves: str, kind: str = "NORMAL", **changes: Any) -> Fighter:
    base = Fighter(
        species=1, level=12, hp=36, max_hp=36, status=0, moves=tuple(MOVES[key] for key in moves),
        pp=(10,) * len(moves), types=(TYPES[kind], TYPES[kind]), attack=24, defense=24, speed=24,
        special_attack=24, special_defense=24, stages=(0,) * 7,
    )  # fmt: skip
    return replace(base, **changes)


def battle(own: Fighter, enemy: Fighter, *, is_trainer: bool = True, active_slot: int = 0) -> BattleState:
    return BattleState(is_trainer, 0, own, enemy, active_slot, 1, 1, 2, 190)


def state_with(*party: tuple[str, int, int, int], **bag: int) -> GameState:
    state = with_party(first_state(), *((SPECIES[name], level, hp, most_hp) for name, level, hp, most_hp in party))
    pockets: dict[str, int | bytes] = {}
    for symbol_name, pocket in (("wNumItems", "ITEM"), ("wNumBalls", "BALL")):
        items = {key: count for key, count in bag.items() if WORLD.items[ITEMS[key]].pocket == pocket}
        pairs = [value for key, count in items.items() for value in (ITEMS[key], count)]
        pockets[symbol_name] = bytes((len(items), *pairs, 255))
    return with_ram(state, pockets)


def best(state: GameState, fight: BattleState) -> Option:
    return max(Tactics(WORLD).turn_options(state, fight), key=lambda option: option.value)


LEAD = ("CINDREL", 12, 36, 36)
WEAK_SECOND = ("PIPKIT", 3, 14, 14)


# ---------------------------------------------------------------- the duel


def test_speed_status_and_lowered_accuracy_change_the_chance() -> None:
    even = duel(fighter("BUMP"), fighter("BUMP", speed=30), WORLD, is_trainer=True)
    first = duel(fighter("BUMP", speed=31), fighter("BUMP", speed=30), WORLD, is_trainer=True)
    slowed = duel(fighter("BUMP", status=PARALYSIS), fighter("BUMP", speed=30), WORLD, is_trainer=True)
    blinded = duel(fighter("BUMP", stages=(0, 0, 0, 0, 0, -2, 0)), fighter("BUMP", speed=30), WORLD, is_trainer=True)
    poisoning = duel(fighter("BUMP"), fighter("BUMP", speed=30, status=POISON), WORLD, is_trainer=True)
    assert slowed.chance < even.chance < first.chance
    assert blinded.chance < even.chance < poisoning.chance


@pytest.mark.parametrize(
    ("species", "types"),
    [(158, ("WATER", "WATER")), (92, ("GHOST", "POISON")), (16, ("NORMAL", "FLYING")), (255, ("NORMAL", "NORMAL"))],
)
def test_a_creature_of_the_party_would_stand_in_the_fight_with_its_types(species: int, types: tuple[str, str]) -> None:
    """A single type counts twice, as in the game's RAM. 255 is no creature."""
    member = with_party(crystal_state({}), (species, 12, 30, 36)).party[0]
    own = fighter_of(member, crystal().game)
    assert tuple(crystal().game.types[number] for number in own.types) == types
    assert (own.species, own.level, own.hp, own.max_hp, own.stages) == (species, 12, 30, 36, (0,) * 7)
    assert (own.moves, own.pp) == (member.moves, member.pp)


def test_the_wild_pick_any_move_and_trainers_better_ones() -> None:
    own, enemy = fighter("BUMP"), fighter("GLARE", "HOWL_AT", "BODY_SLAP")
    wild, trainer = (duel(own, enemy, WORLD, is_trainer=known) for known in (False, True))
    assert wild.enemy_per_turn < trainer.enemy_per_turn
    assert wild.hardest_hit == trainer.hardest_hit


def test_sleep_is_worth_a_turn_against_the_strong_only_once() -> None:
    strong = duel(fighter("BUMP"), fighter("BODY_SLAP", attack=40), WORLD, is_trainer=True)
    drowse = WORLD.moves[MOVES["DROWSE"]]
    asleep = chance_after(strong, drowse, hits=0.75)
    assert asleep is not None and asleep > strong.chance + 0.1
    sleeping = duel(fighter("BUMP"), fighter("BODY_SLAP", status=ASLEEP), WORLD, is_trainer=True)
    assert chance_after(sleeping, drowse, hits=0.75) is None
    lowered = duel(fighter("BUMP"), fighter("BUMP", stages=(0, -2, 0, 0, 0, 0, 0)), WORLD, is_trainer=True)
    assert chance_after(lowered, WORLD.moves[MOVES["GLARE"]], hits=1.0) is None, "lowered often enough"


# ---------------------------------------------------------------- a turn


def test_a_drink_comes_when_the_next_hit_may_end_it_and_it_gives_more_than_a_turn_costs() -> None:
    state = state_with(LEAD, TONIC=2)
    enemy = fighter("BODY_SLAP", level=11)
    hardest = duel(fighter("BUMP"), enemy, WORLD, is_trainer=True).hardest_hit
    in_danger = fighter("BUMP", hp=int(hardest) - 1)
    assert best(state, battle(in_danger, enemy)).key == "use_item:TONIC"
    assert best(state, battle(fighter("BUMP", hp=int(1.3 * hardest)), enemy)).kind is OptionKind.FIGHT
    crushing = fighter("BODY_SLAP", level=30, attack=60)
    assert best(state, battle(in_danger, crushing)).kind is OptionKind.FIGHT, "it would be gone before it helps"
    nearly_won = replace(enemy, hp=2, speed=1)
    assert best(state, battle(in_danger, nearly_won)).kind is OptionKind.FIGHT


def test_a_sleeper_is_woken_and_a_fallen_lead_called_back() -> None:
    asleep = fighter("BODY_SLAP", status=ASLEEP)
    enemy = fighter("BODY_SLAP", level=12)
    assert best(state_with(LEAD, MINT_DROP=1), battle(asleep, enemy)).key == "use_item:MINT_DROP"
    assert best(state_with(LEAD, HERB=1), battle(asleep, enemy)).kind is OptionKind.FIGHT
    fallen = state_with(("EMBERMINK", 20, 0, 60), WEAK_SECOND, WAKE_BELL=1)
    last = fighter("BUMP", level=3, hp=14, max_hp=14, attack=8, defense=8)
    assert (
        best(with_moves(fallen, 0, "FLICKER", "CHEW"), battle(last, enemy, active_slot=1)).key == "use_item:WAKE_BELL"
    )
    healthy = state_with(LEAD, WEAK_SECOND, WAKE_BELL=1)
    assert all(one.kind is not OptionKind.USE_ITEM for one in Tactics(WORLD).turn_options(healthy, battle(last, enemy)))


def test_another_creature_comes_out_only_when_it_is_clearly_better() -> None:
    leaf = with_moves(state_with(LEAD, ("FUZZLE", 12, 38, 38)), 1, "SEEDSHOT")
    enemy = fighter("SPLATTER", kind="WATER", level=14, special_defense=30, defense=30, special_attack=30)
    own = fighter("FLICKER", kind="FIRE")
    assert best(leaf, battle(own, enemy)).kind is OptionKind.SWITCH
    assert best(with_moves(state_with(LEAD, WEAK_SECOND), 1, "BUMP"), battle(own, enemy)).kind is OptionKind.FIGHT


def test_the_potion_is_kept_where_somebody_else_would_win() -> None:
    leaf = with_moves(state_with(LEAD, ("FUZZLE", 12, 38, 38), TONIC=2), 1, "SEEDSHOT")
    enemy = fighter("SPLATTER", kind="WATER", level=14, special_defense=30, defense=30, special_attack=14)
    weary = fighter("FLICKER", kind="FIRE", hp=12)
    turn = battle(weary, enemy)
    assert best(state_with(LEAD, TONIC=2), turn).key == "use_item:TONIC", "alone it drinks"
    assert best(leaf, turn).kind is OptionKind.SWITCH


def test_who_drains_is_harder_to_beat() -> None:
    plain, drained = (duel(fighter("BUMP"), fighter(move), WORLD, is_trainer=True) for move in ("BUMP", "SAP"))
    assert drained.own_per_turn < plain.own_per_turn
    strong = duel(fighter("BUMP", attack=5), fighter("GREAT_ROOT", special_attack=90), WORLD, is_trainer=True)
    assert strong.own_per_turn > 0, "a hit is never worth nothing"


def with_moves(state: GameState, slot: int, *moves: str) -> GameState:
    """The state with fair stats and these moves for a creature of the party."""
    record = bytearray(state.snapshot.data[_at(slot) : _at(slot) + 48])
    record[2:6] = bytes((*(MOVES[key] for key in moves), 0, 0, 0, 0))[:4]
    level = record[31]
    record[38:48] = b"".join((2 * level).to_bytes(2, "big") for _ in range(5))
    return with_ram(state, {f"wPartyMon{slot + 1}": bytes(record)})


def _at(slot: int) -> int:
    return LAYOUT.index(f"wPartyMon{slot + 1}")


def test_the_hopeless_is_run_from_in_the_wild() -> None:
    state = state_with(LEAD)
    crushing = fighter("BODY_SLAP", level=40, attack=90, hp=150, max_hp=150)
    assert best(state, battle(fighter("BUMP"), crushing, is_trainer=False)).kind is OptionKind.RUN
    assert best(state, battle(fighter("BUMP"), fighter("BUMP", level=4), is_trainer=False)).kind is OptionKind.FIGHT


# ---------------------------------------------------------------- company


def test_company_is_wanted_for_what_it_could_beat() -> None:
    company = Company(WORLD)
    fire = state_with(("CINDREL", 10, 31, 31), WEAK_SECOND)
    assert company.wants(fire, SPECIES["FUZZLE"], 8), "leaf against the water gym ahead"
    assert not company.wants(fire, SPECIES["GNAWLET"], 8)
    assert not company.wants(fire, SPECIES["FUZZLE"], 3), "too weak ever to stand a hit"
    assert company.wants(state_with(LEAD), SPECIES["GNAWLET"], 2), "nobody should walk alone"
    full = state_with(("CINDREL", 10, 31, 31), *[WEAK_SECOND] * 5)
    assert not company.wants(full, SPECIES["FUZZLE"], 8)


def test_of_several_parties_of_a_rival_the_hardest_is_expected() -> None:
    """The rival of the story has what beats the player's first creature."""
    company = Company(WORLD)
    parties = [WORLD.trainers[f"RIVAL_WEST_TOWER_{kind}"].creatures for kind in ("LEAF", "FIRE", "WATER")]
    for own, rivals in (("PYRESTOAT", "TORRENTOR"), ("TORRENTOR", "ELDERBOUGH")):
        hardest = company.hardest(state_with((own, 28, 90, 90)), parties)
        assert (24, SPECIES[rivals]) in hardest
    assert company.hardest(state_with(LEAD), []) == ()


def test_the_last_place_is_kept_for_who_beats_the_strongest() -> None:
    """Nobody but a flier of some levels helps water and rock against the last trainer, whose leaf drains it."""
    company = Company(WORLD)
    three = [WEAK_SECOND, ("FUZZLE", 6, 22, 22), ("GNAWLET", 3, 15, 15)]
    last, early = (state_with(("WADELOP", 20, 60, 60), *others) for others in (three, three[:2]))
    assert company.team_chance(((31, SPECIES["WADELOP"]),), WORLD.trainers["WARDEN_TERN"].creatures) < 0.03
    assert company.wants(early, SPECIES["GRAVLOP"], 14), "it beats the leader of the stone gym"
    assert not company.wants(last, SPECIES["GRAVLOP"], 14)
    flier = state_with(("TORRENTOR", 30, 96, 96), *three)
    assert company.wants(flier, SPECIES["VOLTICADA"], 26)


def test_a_trainer_is_beaten_when_its_own_flag_says_so() -> None:
    """What else a leader's words may set some day does not count."""
    state = state_with(("CINDREL", 10, 31, 31), WEAK_SECOND)
    game = state.rom.game
    gym = game.map_by_key("TIDE_GYM")
    assert gym is not None
    leader = replace(gym.objects[0], beat_event="EVENT_TIDE_BADGE", sets=("EVENT_TOWER_OPEN",))
    company = Company(replace(game, maps={gym.id: replace(gym, objects=(leader,))}))
    flags = bytearray(state.event_flags)
    assert company.wants(state, SPECIES["FUZZLE"], 8)
    index = game.event_flags["EVENT_TIDE_BADGE"].index
    flags[index // 8] |= 1 << index % 8
    assert not company.wants(with_ram(state, {"wEventFlags": bytes(flags)}), SPECIES["FUZZLE"], 8)


def test_who_is_wanted_is_weakened_but_left_standing() -> None:
    state = state_with(("CINDREL", 10, 31, 31), WEAK_SECOND, CATCHER=2)
    wild = fighter("BUMP", kind="LEAF", level=8, hp=26, max_hp=26, species=SPECIES["FUZZLE"])
    hard_to_catch = BattleState(False, 0, fighter("DART", "BODY_SLAP"), wild, 0, 0, 0, 1, 45)
    weakening = best(state, hard_to_catch)
    assert weakening.kind is OptionKind.FIGHT
    guess = duel(fighter("DART", "BODY_SLAP"), wild, WORLD, is_trainer=False).estimates[weakening.index or 0]
    assert guess.most < wild.hp
    worn = replace(hard_to_catch, enemy=replace(wild, hp=3))
    assert best(state, worn).kind is OptionKind.CATCH
    unwanted = replace(hard_to_catch, enemy=replace(wild, species=SPECIES["PIPKIT"]))
    assert best(state, unwanted).kind is OptionKind.FIGHT


# ---------------------------------------------------------------- in the running game


@pytest.fixture
def fight() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    """The main menu of the first wild fight."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    state = env.restart(seed=0)
    player = RulePlayer(state.game, 0)
    while state.menu is None or state.menu.kind is not MenuKind.BATTLE_MAIN:
        state = env.advance(player.act(state, player.choose(state)).button).state
    yield env
    env.close()


def poke(env: EnhancedPyBoyPokemonCrystalEnv, name: str, *values: int, offset: int = 0) -> None:
    row = LAYOUT.symbol(name)
    for place, value in enumerate(values):
        env._console._memory[row.bank, row.address + offset + place] = value


def give_second_pal(env: EnhancedPyBoyPokemonCrystalEnv, hp: int) -> None:
    first = LAYOUT.symbol("wPartyMon1")
    record = [env._console._memory[first.bank, first.address + place] for place in range(48)]
    record[34:36] = [0, hp]
    poke(env, "wPartyCount", 2)
    poke(env, "wPartySpecies", record[0], record[0], 255)
    poke(env, "wPartyMon2", *record)
    poke(env, "wPartyMonNicknames", 0x80, 0x50, offset=11)


def carry_out(env: EnhancedPyBoyPokemonCrystalEnv, key: str) -> GameState:
    """Chooses an option of the turn by its key and presses until it is done."""
    state = env.advance(8).state
    player = RulePlayer(state.game, 0)
    option = next(one for one in player.options(state) if one.key == key)
    for _ in range(60):
        step = player.act(state, option)
        assert env.action_masks()[step.button]
        state = env.advance(step.button).state
        if step.done:
            return state
    raise AssertionError(f"{key} was never done:\n" + "\n".join(state.screen_lines))


def test_a_drink_below_the_window_is_found_in_a_fight(fight: EnhancedPyBoyPokemonCrystalEnv) -> None:
    keys = ("HERB", "BALM", "MINT_DROP", "TINGLE_TEA", "AMBER", "STINKWEED", "BIG_TONIC")
    poke(fight, "wNumItems", len(keys), *(value for key in keys for value in (ITEMS[key], 1)), 255)
    poke(fight, "wBattleMonHP", 0, 4)
    poke(fight, "wCurPocket", 1)
    after = carry_out(fight, "use_item:BIG_TONIC")
    assert all(slot.item != ITEMS["BIG_TONIC"] for slot in after.items)


def test_a_bell_is_rung_for_the_one_who_has_fallen(fight: EnhancedPyBoyPokemonCrystalEnv) -> None:
    give_second_pal(fight, hp=0)
    poke(fight, "wNumItems", 1, ITEMS["WAKE_BELL"], 1, 255)
    after = carry_out(fight, "use_item:WAKE_BELL")
    assert after.party[1].hp > 0 and not after.items


def reach(env: EnhancedPyBoyPokemonCrystalEnv, *buttons: Button) -> GameState:
    """Presses from the main menu of a fight, and waits for the list that opens."""
    for button in (*buttons, Button.NONE, Button.NONE):
        env.advance(button)
    return env.state


def test_a_drink_chosen_in_the_list_of_who_comes_out_leads_to_the_bag(fight: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """A stray A can open the party while a potion is wanted: A there only says that the pal is out already."""
    give_second_pal(fight, hp=12)
    poke(fight, "wNumItems", 1, ITEMS["BIG_TONIC"], 1, 255)
    poke(fight, "wBattleMonHP", 0, 4)
    state = reach(fight, Button.RIGHT, Button.A)
    assert state.menu is not None and is_party_list(state.menu, state.party), "\n".join(state.screen_lines)
    after = carry_out(fight, "use_item:BIG_TONIC")
    assert not after.items


def test_a_change_chosen_in_the_list_of_who_gets_a_drink_gives_none_away(
    fight: EnhancedPyBoyPokemonCrystalEnv,
) -> None:
    give_second_pal(fight, hp=12)
    poke(fight, "wNumItems", 1, ITEMS["BIG_TONIC"], 1, 255)
    state = reach(fight, Button.DOWN, Button.A)
    assert state.menu is not None and "BIG TONIC" in state.menu.items, "\n".join(state.screen_lines)
    state = reach(fight, Button.A)
    assert state.menu is not None and is_party_list(state.menu, state.party), "\n".join(state.screen_lines)
    key = next(one.key for one in RulePlayer(state.game, 0).options(state) if one.kind is OptionKind.SWITCH)
    after = carry_out(fight, key)
    assert after.battle is not None and after.battle.active_slot == 1
    assert [slot.item for slot in after.items] == [ITEMS["BIG_TONIC"]]


def test_an_episode_may_begin_in_a_fight(fight: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """A player that has never been on a map still brings each choice to its end."""
    state = fight.state
    player = RulePlayer(state.game, 0)
    option = player.choose(state)
    for _ in range(300):
        step = player.act(state, option)
        state = fight.advance(step.button).state
        if state.battle is None:
            return
        option = player.choose(state) if step.done else option
    raise AssertionError("the fight never ended:\n" + "\n".join(state.screen_lines))


def test_the_move_given_up_is_the_one_that_adds_least() -> None:
    """Two moves of fire and a weak blow: the lesser fire goes, not the only answer to water."""
    member = with_moves(state_with(("EMBERMINK", 22, 60, 60)), 0, "BUMP", "CHEW", "FLICKER", "KINDLE").party[0]
    known = [WORLD.moves[number] for number in member.moves]
    flare = WORLD.moves[MOVES["FLARE"]]
    *values, new = worths([*known, flare], member, WORLD)
    assert new > max(values), "the best move is learned"
    weakest = known[values.index(min(values))].key
    assert weakest in ("KINDLE", "BUMP")
    chew, flicker = values[1], values[2]
    assert chew > flicker, "the flame is done better by the new move, the bite by none"
