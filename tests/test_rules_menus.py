"""Menu tasks in the running game: the rules buy, use items and change the party's order by what they see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import pytest

from core.agent.teacher import LaneTeacher, PlainWriter
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.game_data import GameData
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.menus.pack import owned
from core.rules.menus.task_menus import TaskStage
from core.vocabulary import (
    Button,
    BuyItems,
    GameMode,
    MenuTask,
    Option,
    OptionKind,
    Position,
    Purchase,
    PutFirst,
    UseItem,
)
from tests.cartridge.stage import state as stage_state
from tests.game_states import LAYOUT, ROM_PATH

MOST_PRESSES = 250
POISON = 8


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    yield env
    env.close()


@dataclass
class Table:
    """A running game at a place, with the means to set up a case and to have a menu task run."""

    env: EnhancedPyBoyPokemonCrystalEnv
    noise: float = 0.0
    presses: list[Button] = field(default_factory=list)
    stages: list[TaskStage] = field(default_factory=list)
    """Of the presses in menus."""
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    @property
    def state(self) -> GameState:
        return self.env.state

    @property
    def game(self) -> GameData:
        return self.env.rom.game

    def begin(self, place: str) -> Table:
        self.env.restart(seed=0, options={"start_state": stage_state(place)})
        return self

    def poke(self, name: str, *values: int, offset: int = 0) -> None:
        row = LAYOUT.symbol(name)
        for place, value in enumerate(values):
            self.env._console._memory[row.bank, row.address + offset + place] = value

    def look(self) -> None:
        """Let the state see what was poked."""
        self.env.advance(Button.NONE)

    def item(self, key: str) -> int:
        return next(number for number, item in self.game.items.items() if item.key == key)

    def pack(self, **items: int) -> None:
        pairs = [value for key, count in items.items() for value in (self.item(key), count)]
        self.poke("wNumItems", len(items), *pairs, 255)
        self.look()

    def second(self, hp: int = 1) -> None:
        """A second creature: a copy of the first with other values at birth and a name of its own."""
        first = LAYOUT.symbol("wPartyMon1")
        copy = [self.env._console._memory[first.bank, first.address + place] for place in range(48)]
        copy[21:23] = [0x12, 0x34]
        copy[34:36] = [0, hp]
        self.poke("wPartyCount", 2)
        self.poke("wPartySpecies", copy[0], copy[0], 255)
        self.poke("wPartyMon2", *copy)
        self.poke("wPartyMonNicknames", 0x80, 0x50, offset=11)
        self.look()

    def run(self, menu_task: MenuTask, option: Option | None = None) -> RulePlayer:
        """Carries the menu task out: until the overworld is back after menus were open."""
        option = option or Option(OptionKind.MANAGE, "Run a menu task", "manage", menu_task=menu_task)
        player = RulePlayer(self.game, 0)
        opened = False
        for _ in range(MOST_PRESSES):
            state = self.state
            if state.mode is GameMode.FREE:
                if opened:
                    return player
                choice = option
            else:
                opened = opened or state.mode is GameMode.MENU
                choice = player.choose(state)
            button = player.act(state, choice).button
            if (stage := player.task_stage(state)) is not None:
                self.stages.append(stage)
            mask = self.env.action_masks()
            assert mask[button], f"{button.name} is masked: {state!r}"
            if self.noise and self.random.random() < self.noise:
                wish, button = button, Button(int(self.random.choice(np.flatnonzero(mask))))
                if button is not wish:
                    player.overruled()
            self.presses.append(button)
            self.env.advance(button)
        raise AssertionError("the menu task led to no end:\n" + "\n".join(self.state.screen_lines))

    def buy(self, **wanted: int) -> RulePlayer:
        """A shopping list for the clerk of the gatehouse."""
        menu_task = BuyItems(tuple(Purchase(self.item(key), count) for key, count in wanted.items()))
        place = self.state.position.map
        clerk = next(one for one in self.game.maps[place].objects if one.sprite == "SPRITE_CLERK")
        position = Position(place, clerk.x, clerk.y)
        return self.run(menu_task, Option(OptionKind.BUY, "Buy", "buy", position, clerk.id, menu_task=menu_task))

    def owned(self, key: str) -> int:
        return owned(self.state, self.game, self.item(key))


@pytest.fixture
def town(env: EnhancedPyBoyPokemonCrystalEnv) -> Table:
    return Table(env).begin("town")


@pytest.fixture
def gatehouse(env: EnhancedPyBoyPokemonCrystalEnv) -> Table:
    return Table(env).begin("gatehouse")


# ---------------------------------------------------------------- shops


def test_buys_the_whole_list_and_leaves(gatehouse: Table) -> None:
    had, tonics, balls = gatehouse.state.money, gatehouse.owned("TONIC"), gatehouse.owned("CATCHER")
    gatehouse.buy(TONIC=4, CATCHER=1)
    assert gatehouse.owned("TONIC") == tonics + 4 and gatehouse.owned("CATCHER") == balls + 1
    assert gatehouse.state.money == had - 4 * 200 - 150


def test_a_large_number_is_reached_in_steps_of_ten(gatehouse: Table) -> None:
    gatehouse.poke("wMoney", 1, 0, 0)
    gatehouse.look()
    tonics = gatehouse.owned("TONIC")
    gatehouse.buy(TONIC=27)
    assert gatehouse.owned("TONIC") == tonics + 27
    assert len(gatehouse.presses) < 50


def test_buys_only_what_the_money_reaches_for(gatehouse: Table) -> None:
    gatehouse.poke("wMoney", *(650).to_bytes(3, "big"))
    gatehouse.look()
    tonics, balls = gatehouse.owned("TONIC"), gatehouse.owned("CATCHER")
    gatehouse.buy(TONIC=9, CATCHER=2)
    assert gatehouse.owned("TONIC") == tonics + 3 and gatehouse.owned("CATCHER") == balls
    assert gatehouse.state.money == 50


def test_what_the_clerk_does_not_sell_is_passed_over(gatehouse: Table) -> None:
    gatehouse.buy(GRAND_TONIC=1, HERB=1)
    assert gatehouse.owned("HERB") == 1 and not gatehouse.owned("GRAND_TONIC")


def test_a_full_bag_is_asked_for_once(gatehouse: Table) -> None:
    """A stack of 99 takes no more: the clerk says so, and the rules leave."""
    gatehouse.pack(TONIC=99)
    had = gatehouse.state.money
    gatehouse.buy(TONIC=1, HERB=1)
    assert gatehouse.owned("HERB") == 1 and gatehouse.state.money == had - 100


def test_presses_of_others_in_a_shop_do_not_stop_it(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    """With every fifth button pressed by somebody else the menu task still ends, with no more than was wanted."""
    table = Table(env, noise=0.2).begin("gatehouse")
    tonics = table.owned("TONIC")
    table.buy(TONIC=3)
    assert table.owned("TONIC") <= tonics + 20


# ---------------------------------------------------------------- the pack


def test_heals_the_creature_that_was_named(town: Table) -> None:
    town.second(hp=1)
    town.pack(HERB=1, TONIC=2)
    town.run(UseItem(town.item("TONIC"), 1))
    assert town.state.party[1].hp > 15 and town.owned("TONIC") == 1


def test_cures_what_ails_it(town: Table) -> None:
    town.pack(TONIC=1, HERB=2)
    town.poke("wPartyMon1Status", POISON)
    town.look()
    town.run(UseItem(town.item("HERB"), 0))
    assert town.state.party[0].status == 0 and town.owned("HERB") == 1


def test_finds_an_item_below_the_window(town: Table) -> None:
    keys = ("BALM", "MINT_DROP", "TINGLE_TEA", "CURE_ALL", "WAKE_BELL", "AMBER", "GRAND_TONIC", "HERB")
    town.pack(**dict.fromkeys(keys, 1))
    town.poke("wPartyMon1Status", POISON)
    town.poke("wCurPocket", 2)
    town.look()
    town.run(UseItem(town.item("HERB"), 0))
    assert town.state.party[0].status == 0 and not town.owned("HERB")


def test_an_item_for_nobody_is_used_at_once(town: Table) -> None:
    town.pack(TONIC=1, STINKWEED=1)
    town.run(UseItem(town.item("STINKWEED")))
    assert not town.owned("STINKWEED") and town.state.byte("wRepelEffect") > 100


def test_an_item_that_does_nothing_is_tried_once(town: Table) -> None:
    town.pack(HERB=2)
    town.run(UseItem(town.item("HERB"), 0))
    assert town.owned("HERB") == 2
    assert len(town.presses) < 25


# ---------------------------------------------------------------- the party


def test_puts_another_creature_first(town: Table) -> None:
    town.second(hp=7)
    town.run(PutFirst(1))
    assert town.state.party[0].hp == 7
    assert len(town.presses) < 20
    assert [slot for slot, _ in groupby(one.slot for one in town.stages if not one.is_over)] == [1, 0]
    over = [one.is_over for one in town.stages]
    assert over == sorted(over) and any(over), "once it is done it stays so"
    assert not any(one.is_over for one in town.stages[: town.presses.count(Button.A)]), "the last choice is not the end"


def test_an_item_is_used_up_after_its_last_choice(town: Table) -> None:
    town.pack(HERB=1)
    town.poke("wPartyMon1HP", 0, 1)
    town.look()
    town.run(UseItem(town.item("HERB"), 0))
    over = [one.is_over for one in town.stages]
    assert over == sorted(over) and over[-1] and not over[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_presses_of_others_do_not_turn_a_menu_task_round(env: EnhancedPyBoyPokemonCrystalEnv, seed: int) -> None:
    table = Table(env, noise=0.15, random=np.random.default_rng(seed)).begin("town")
    table.second(hp=7)
    for _ in range(4):
        table.run(PutFirst(1)) if table.state.party[0].hp != 7 else None
    assert table.state.party[0].hp == 7


def test_a_menu_task_without_a_way_ends(town: Table) -> None:
    """Nobody stands in the place that was named, and the item is not in the bag: closed again, nothing changed."""
    for menu_task in (PutFirst(5), UseItem(town.item("GRAND_TONIC"), 0)):
        before = town.state.party
        town.begin("town").run(menu_task)
        assert town.state.party == before
        assert len(town.presses) < 20
        town.presses.clear()


def test_no_menu_holds_the_player(town: Table) -> None:
    """The same menu again and again, as if no press reached it: after a while B is pressed, and it is said why."""
    for button in (Button.START, Button.SELECT):
        town.env.advance(button)
    state = town.state
    assert state.mode is GameMode.MENU and state.menu is not None
    player = RulePlayer(town.game, 0)
    stubborn = Option(OptionKind.ANSWER, "Choose the last line", "answer:exit", index=len(state.menu.items) - 1)
    steps = [player.act(state, stubborn) for _ in range(200)]
    said = [step for step in steps if "back out" in step.reasoning]
    assert said and all(step.button is Button.B and step.done for step in said)
    assert steps[-1].button is not Button.B, "and then it is tried again"


# ---------------------------------------------------------------- ends


class AsksForSomebodyGone(RulePlayer):
    """Likes best, at first, to talk to somebody who is not there."""

    asks = True

    def choose(self, state: GameState) -> Option:
        if not self.asks:
            return super().choose(state)
        self.asks = False
        return Option(OptionKind.TALK, "Talk to nobody", "talk:nobody", state.position, index=99)


def test_an_option_that_was_over_stays_over_where_somebody_else_presses(town: Table) -> None:
    teacher = LaneTeacher(AsksForSomebodyGone(town.game, 0), None, PlainWriter(str))
    teacher.reset()
    action = teacher.act(town.state, ask_model=lambda _: False, stuck=False)
    assert action.option_key == "talk:nobody" and teacher.ended
    teacher.overruled()
    assert teacher.act(town.state, ask_model=lambda _: False, stuck=False).option_key != "talk:nobody"
