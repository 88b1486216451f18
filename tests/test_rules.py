"""The rule player in the running game: with every seed it plays the first region to its end, and never in vain."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.agent.teacher import LaneTeacher, PlainWriter
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.battle import Fighter
from core.game.ram import RamSnapshot
from core.game.state import GameState
from core.navigation.pathfinding import Blocked, find_path
from core.navigation.pathfinding import Path as WalkedPath
from core.rules import RulePlayer
from core.rules.field import walking
from core.rules.fights.damage import estimate, turns_to_win, win_chance
from core.rules.fights.tactics import catch_chance
from core.rules.menus.answers import wants_yes
from core.vocabulary import Button, GameMode, OptionKind
from tests.game_states import LAYOUT

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
MOST_STEPS = 6000


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(
        ROM, observation_type="state", max_steps=MOST_STEPS, final_milestone="first_region"
    )
    yield env
    env.close()


@dataclass
class Game:
    """How one game by the rules went."""

    presses: list[int] = field(default_factory=list)
    masked: int = 0
    finished: bool = False
    milestones: tuple[str, ...] = ()
    starter: int = 0
    decision_us: list[float] = field(default_factory=list)


def play(
    env: EnhancedPyBoyPokemonCrystalEnv,
    seed: int,
    noise: float = 0.0,
    most_steps: int = MOST_STEPS,
    tell_overruled: bool = True,
    before_press: Callable[[GameState, RulePlayer], bool] = lambda state, player: False,
) -> Game:
    """From a new game to its end; `noise` is the share of random allowed buttons instead of the rules'.

    `before_press` looks at every state and may end the game by returning True.
    """
    _, info = env.reset(seed=seed)
    state: GameState = info["game_state"]
    player = RulePlayer(state.game, seed)
    teacher = LaneTeacher(player, None, PlainWriter(str))
    teacher.reset()
    random = np.random.default_rng(seed)
    game = Game()
    for _ in range(most_steps):
        if before_press(state, player):
            break
        begin = time.perf_counter()
        action = teacher.act(state, ask_model=lambda _matters: False, stuck=False).action
        game.decision_us.append(1e6 * (time.perf_counter() - begin))
        mask = info["action_mask"]
        game.masked += not mask[action]
        if not mask[action] or random.random() < noise:
            wish, action = action, int(random.choice(np.flatnonzero(mask)))
            if tell_overruled and action != wish:
                teacher.overruled()
        game.presses.append(action)
        _, _, game.finished, truncated, info = env.step(action)
        state = info["game_state"]
        if state.party:
            game.starter = game.starter or state.party[0].species
        if game.finished or truncated:
            break
    game.milestones = info["milestones"]
    return game


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_plays_the_first_region_to_its_end(env: EnhancedPyBoyPokemonCrystalEnv, seed: int) -> None:
    game = play(env, seed)
    print(f"seed {seed}: {len(game.presses)} steps, {len(game.milestones)} milestones")
    assert game.finished, game.milestones
    story = [one.id for one in env.rom.game.milestones if not one.optional]
    assert set(story[: story.index("first_region") + 1]) <= set(game.milestones)
    assert game.masked == 0


@pytest.mark.slow
def test_plays_twenty_games_to_their_end(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    games = [play(env, seed) for seed in range(20)]
    print("steps:", [len(game.presses) for game in games])
    assert all(game.finished for game in games)


@pytest.mark.parametrize("seed", [0, 1])
def test_random_presses_in_between_do_not_stop_it(env: EnhancedPyBoyPokemonCrystalEnv, seed: int) -> None:
    assert play(env, seed, noise=0.3).finished


def test_presses_of_others_cost_hardly_any_new_search(
    env: EnhancedPyBoyPokemonCrystalEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule player that is told what was pressed comes back to its path; one that is not told searches again."""
    searches: dict[bool, int] = {}
    for told in (True, False):
        count = 0

        def counted(*arguments: Any) -> WalkedPath | Blocked:
            nonlocal count
            count += 1
            return find_path(*arguments)

        monkeypatch.setattr(walking, "find_path", counted)
        play(env, seed=5, noise=0.5, most_steps=1500, tell_overruled=told)
        searches[told] = count
    assert searches[True] < 0.5 * searches[False], searches


def test_same_seed_same_presses_and_the_seed_picks_the_starter(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    games = [play(env, seed, most_steps=120) for seed in (0, 1, 2)]
    assert len({game.starter for game in games}) == 3
    assert play(env, 1, most_steps=120).presses == games[1].presses


def test_typical_decision_takes_less_than_100_microseconds(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    game = play(env, 3)
    assert statistics.median(game.decision_us) < 100


def test_options_are_sorted_distinct_and_explained(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    _, info = env.reset(seed=0)
    state: GameState = info["game_state"]
    player = RulePlayer(state.game, 0)
    kinds: set[OptionKind] = set()
    for _ in range(400):
        options = player.options(state)
        assert options
        values = [option.value for option in options]
        assert values == sorted(values, reverse=True)
        assert all(0 <= value <= 1 for value in values)
        assert all(option.label for option in options)
        assert len({option.key for option in options}) == len({option.label for option in options}) == len(options)
        assert player.choose(state) == options[0]
        kinds |= {option.kind for option in options}
        _, _, done, _, info = env.step(int(player.act(state, options[0]).button))
        state = info["game_state"]
        if done:
            break
    wanted = {OptionKind.GO_TO, OptionKind.TALK, OptionKind.ENTER, OptionKind.ANSWER, OptionKind.FIGHT, OptionKind.RUN}
    assert wanted <= kinds


def test_a_pointless_option_is_over_at_once_and_the_press_is_useful(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """In the first room there is nothing to fight: the player says so and goes on with its own plan."""
    _, info = env.reset(seed=0)
    state: GameState = info["game_state"]
    player = RulePlayer(state.game, 0)
    best = player.choose(state)
    stale = next(option for option in player.options(state) if option.kind is OptionKind.ENTER)
    gone = type(stale)(OptionKind.FIGHT, "Fight nobody", "fight:nobody", index=0)
    step = player.act(state, gone)
    assert step.done and info["action_mask"][step.button]
    assert state.mode is GameMode.FREE and best.label in step.reasoning


def poke(env: EnhancedPyBoyPokemonCrystalEnv, name: str, *values: int) -> None:
    """Writes bytes into the running game."""
    row = LAYOUT.symbol(name)
    for place, value in enumerate(values):
        env._console._memory[row.bank, row.address + place] = value


def test_a_new_move_takes_the_place_of_the_weakest(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """MOSSBIT with four moves, three without power, is one fight away from the level of SEEDSHOT."""
    numbers = {move.key: move.id for move in env.rom.game.moves.values()}
    met: list[str] = []

    def prepare(state: GameState, player: RulePlayer) -> bool:
        if state.party and not met and state.is_free:
            met.append("prepared")
            poke(env, "wPartyMon1Moves", *(numbers[key] for key in ("GLARE", "BUMP", "HOWL_AT", "BRACE")))
            poke(env, "wPartyMon1PP", 30, 35, 35, 30)
            poke(env, "wPartyMon1Exp", 0, 0, 6**3 - 1)
        return bool(met) and state.is_free and state.party[0].level >= 6

    game = play(env, 0, before_press=prepare)
    moves = RulePlayer(env.rom.game, 0).game.moves
    last = env.state.party[0]
    assert not game.finished and last.level >= 6
    assert {"SEEDSHOT", "BUMP"} <= {moves[number].key for number in last.moves}, [moves[n].key for n in last.moves]


def test_after_a_lost_battle_it_thinks_of_a_remedy_and_still_comes_to_the_end(
    env: EnhancedPyBoyPokemonCrystalEnv,
) -> None:
    lost: list[int] = []
    remedies: list[object] = []
    foes: list[object] = []

    def spoil(state: GameState, player: RulePlayer) -> bool:
        battle = state.battle
        if battle is not None and battle.is_trainer and not lost:
            lost.append(state.party[0].level)
            for slot in range(len(state.party)):
                hp = LAYOUT.symbol("wPartyMon1HP")
                env._console._memory[hp.bank, hp.address + 48 * slot : hp.address + 48 * slot + 2] = [0, 1]
            poke(env, "wBattleMonHP", 0, 1)
            poke(env, "wNumItems", 0, 0xFF)
        if lost and state.mode is GameMode.FREE:
            remedies.append(player.memory.remedy)
            foes.append(player.memory.lost_fight)
        return False

    game = play(env, 0, before_press=spoil)
    assert lost and any(one is not None for one in foes) and any(one is not None for one in remedies)
    assert foes[-1] is None, "the fight was won later"
    assert game.finished


def test_when_nothing_has_any_effect_it_tries_something_else(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """The same moment again and again, as if a script swallowed every press: no option is held on to for long."""
    _, info = env.reset(seed=0)
    state: GameState = info["game_state"]
    player = RulePlayer(state.game, 0)
    option = player.choose(state)
    tried = [option.key]
    for _ in range(200):
        if player.act(state, option).done:
            option = player.choose(state)
            tried.append(option.key)
    assert len(set(tried)) >= 3, tried


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_memory_however_wild_makes_it_stumble(env: EnhancedPyBoyPokemonCrystalEnv, data: st.DataObject) -> None:
    """Some bytes of a real moment, those that the rules read above all, take any value; a button comes out."""
    state = _moments(env)[data.draw(st.integers(0, 1))]
    ram = bytearray(state.snapshot.data)
    for _ in range(data.draw(st.integers(1, 12))):
        start = LAYOUT.index(data.draw(st.sampled_from(WILD_SYMBOLS)))
        for place in range(start, start + data.draw(st.integers(1, 60))):
            ram[place] = data.draw(st.integers(0, 255))
    wild = GameState(RamSnapshot(bytes(ram)), state.rom)
    player = RulePlayer(state.game, 0)
    for option in player.options(wild):
        assert player.act(wild, option).button in Button


WILD_SYMBOLS = (
    "wBattleMode", "wBattleMon", "wEnemyMon", "wPartyCount", "wPartyMon1", "wNumItems", "wNumBalls", "wMapGroup",
    "wXCoord", "wMapWidth", "wObjectStructs", "wMapObjects", "wEventFlags", "wTilemap", "w2DMenuCursorInitY",
    "wScriptRunning", "wPlayerDirection", "wOverworldMapBlocks", "wCursorCurrentTile", "wStateFlags",
)  # fmt: skip


@lru_cache(maxsize=1)
def _moments(env: EnhancedPyBoyPokemonCrystalEnv) -> tuple[GameState, GameState]:
    """A free step among people with a creature in the party, and a turn of a fight."""
    free: list[GameState] = []
    fight: list[GameState] = []

    def keep(state: GameState, player: RulePlayer) -> bool:
        if state.party and state.mode is GameMode.FREE and state.people:
            free.append(state)
        if state.battle is not None and state.menu is not None:
            fight.append(state)
        return bool(free and fight)

    play(env, 0, before_press=keep)
    return free[0], fight[0]


def fighter(**changes: object) -> Fighter:
    base: dict[str, object] = {
        "species": 1, "level": 10, "hp": 30, "max_hp": 30, "status": 0, "moves": (1,), "pp": (10,), "types": (0, 0),
        "attack": 20, "defense": 20, "speed": 20, "special_attack": 20, "special_defense": 20, "stages": (0,) * 7,
    }  # fmt: skip
    return Fighter(**(base | changes))  # type: ignore[arg-type]


def test_damage_follows_the_formula_and_the_type_chart(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    world = env.rom.game
    moves = {move.key: move for move in world.moves.values()}
    numbers = {name: number for number, name in world.types.items()}
    leaf, water = (numbers["LEAF"],) * 2, (numbers["WATER"],) * 2
    plain = estimate(fighter(), fighter(), moves["SEEDSHOT"], world)
    base = (2 * 10 / 5 + 2) * 45 * 20 / 20 / 50 + 2
    assert plain.mean == pytest.approx(base * 236 / 255)
    strong = estimate(fighter(types=leaf), fighter(types=water), moves["SEEDSHOT"], world)
    assert strong.mean == pytest.approx(plain.mean * 1.5 * 2)
    assert estimate(fighter(), fighter(), moves["GLARE"], world).expected == 0
    shade = (numbers["SHADE"],) * 2
    assert estimate(fighter(), fighter(types=shade), moves["BUMP"], world).expected == 0


def test_chances_are_monotonous() -> None:
    assert win_chance(turns_to_win(10, 20), turns_to_win(5, 20)) > 0.8
    assert win_chance(turns_to_win(0, 20), turns_to_win(5, 20)) < 0.05
    assert win_chance(2, 2) == pytest.approx(0.5)
    healthy, tired = fighter(), fighter(hp=3)
    assert catch_chance(healthy, 90) < catch_chance(tired, 90) <= 1


@pytest.mark.parametrize(
    ("question", "yes"),
    [
        ("SHALL I LOOK AFTER YOUR PALS?", True),
        ("GIVE A NICKNAME TO IT?", False),
        ("WOULD YOU LIKE TO SAVE THE GAME?", False),
        ("STOP LEARNING IT?", True),
    ],
)
def test_questions_are_answered_by_their_words(question: str, yes: bool) -> None:
    assert wants_yes(question) is yes


def test_a_menu_that_was_opened_by_accident_is_closed(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    _, info = env.reset(seed=0)
    player = RulePlayer(env.rom.game, 0)
    for button in (Button.START, Button.SELECT, Button.START):
        _, _, _, _, info = env.step(int(button))
    for _ in range(10):
        state: GameState = info["game_state"]
        if state.mode is GameMode.FREE:
            break
        _, _, _, _, info = env.step(int(player.act(state, player.choose(state)).button))
    assert info["game_state"].mode is GameMode.FREE
