"""Fights: the numbers of both creatures make sense, a move costs one power point, and its damage is as computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.game.battle import BattleState, Fighter
from core.game.facts import Move
from core.game.game_data import GameData
from core.game.menu import MenuKind
from core.game.state import GameState
from core.rules.fights.damage import estimate
from core.vocabulary import Button
from trainer.rom_check.game_check import Camera, GameCheck
from trainer.rom_check.moments import Press

FIGHTERS: Final = (("wBattleMon", 0), ("wBattleMon", 8), ("wBattleMon", 16), ("wEnemyMon", 0), ("wEnemyMon", 16))
TUTORIAL: Final = 3
"""wBattleType while somebody else shows how to catch a creature."""
COSTS_MORE: Final = "SPITE"
"""The move by which an enemy takes power points."""
MOST_LEVEL: Final = 100
MOST_BOOST: Final = 8 / 5
"""Three boosters raise the power points of a move by three fifths."""
PLAIN_EFFECTS: Final = frozenset(
    f"EFFECT_{name}"
    for name in ("HIT", "NORMAL_HIT", "ALWAYS_HIT", "BURN_HIT", "PARALYZE_HIT", "FLINCH_HIT", "PRIORITY_HIT")
)
"""Effects of moves whose damage is the formula's."""
UPPER_FACTOR: Final = 2.6
"""A critical hit doubles the damage; badges and held items add to it."""
LOWER_FACTOR: Final = 0.4
"""Screens halve it."""
SETTLED_LOOKS: Final = 8
"""HP that have not fallen for so long have fallen for this hit: a game may let them run down."""
SLACK_POINTS: Final = 2
"""Every division of the formula is rounded down."""


def is_main_menu(state: GameState) -> bool:
    """Whether the main menu of a fight listens."""
    menu = state.menu
    return menu is not None and menu.kind is MenuKind.BATTLE_MAIN


class FighterCheck(GameCheck):
    """Numbers of both creatures."""

    name = "battles"
    about = "in a fight HP, levels, power points and kinds are possible ones, and the own creature is the party's"

    def on_press(self, press: Press) -> None:
        state, battle = press.after, press.after.battle
        if battle is None or not is_main_menu(state) or is_main_menu(press.before) or battle.battle_type == TUTORIAL:
            return
        faults = [*self._faults("own", battle.own), *self._faults("enemy", battle.enemy), *_stranger(state, battle)]
        believed = "HP, levels, power points, moves and kinds of both creatures are possible"
        self.judge(not faults, press, state, believed, "; ".join(faults), *FIGHTERS, "wCurBattleMon")

    def _faults(self, who: str, one: Fighter) -> Iterator[str]:
        game = self.game
        if not 0 < one.hp <= one.max_hp:
            yield f"{who} HP are {one.hp} of {one.max_hp}"
        if not 0 < one.level <= MOST_LEVEL:
            yield f"{who} level is {one.level}"
        if one.species not in game.species:
            yield f"{who} kind is {one.species}"
        if any(kind not in game.types for kind in one.types):
            yield f"{who} types are {one.types}"
        for move, points in zip(one.moves, one.pp, strict=True):
            known = game.moves.get(move)
            if known is None or (who == "own" and points > known.pp * MOST_BOOST):
                yield f"{who} move {move} has {points} power points"


def _stranger(state: GameState, battle: BattleState) -> Iterator[str]:
    party, slot = state.party, battle.active_slot
    if slot >= len(party):
        yield f"the own creature is place {slot} of a party of {len(party)}"
    elif (party[slot].level, party[slot].max_hp) != (battle.own.level, battle.own.max_hp):
        yield (
            f"the own creature has level {battle.own.level} and {battle.own.max_hp} HP at most, place {slot} of the "
            f"party {party[slot].level} and {party[slot].max_hp}"
        )


@dataclass(slots=True)
class _Turn:
    """A move that was chosen, and what has become of it so far."""

    press: Press
    slot: int
    chosen: BattleState
    last: BattleState
    """The same two creatures, as they were last seen."""
    hit: BattleState
    """The moment before the enemy's HP first fell."""
    damage: int = 0
    """HP that the enemy lost then, until they stood still: recoil and the like come later."""
    still_looks: int = 0
    """Looks since they last fell."""

    @property
    def spent(self) -> dict[int, int]:
        """Slot -> power points that have gone since the choice."""
        pairs = zip(self.chosen.own.pp, self.last.own.pp, strict=True)
        return {slot: before - now for slot, (before, now) in enumerate(pairs) if before != now}

    @property
    def stages(self) -> tuple[int, ...]:
        """Those of both creatures for attack and defense of both kinds, at the moment before the hit."""
        return (*self.hit.own.stages[:5], *self.hit.enemy.stages[:5])

    def add(self, battle: BattleState) -> None:
        """The next look at it."""
        fell = self.last.enemy.hp - battle.enemy.hp
        self.last = battle
        if fell <= 0:
            self.still_looks += 1
            if not self.damage:
                self.hit = battle
        elif not self.damage or self.still_looks < SETTLED_LOOKS:
            self.damage += fell
            self.still_looks = 0

    def is_of(self, battle: BattleState) -> bool:
        """Whether the same two creatures fight."""
        old, new = self.chosen, battle
        return (
            (old.own.species, old.own.level, old.own.moves, old.active_slot)
            == (new.own.species, new.own.level, new.own.moves, new.active_slot)
            and (old.enemy.species, old.enemy.level, old.enemy.max_hp)
            == (new.enemy.species, new.enemy.level, new.enemy.max_hp)
        )  # fmt: skip


class TurnCheck(GameCheck):
    """Follows chosen moves to the next choice; subclasses judge what came of them."""

    def __init__(self, game: GameData, camera: Camera) -> None:
        super().__init__(game, camera)
        self._turn: _Turn | None = None

    def on_press(self, press: Press) -> None:
        if press.is_trial:
            return
        turn = self._turn
        for look in press.looks if turn is not None else ():
            assert turn is not None
            battle = look.battle
            if battle is None or not turn.is_of(battle):
                self._end(press)
                return
            turn.add(battle)
        if turn is not None and is_main_menu(press.after):
            self._end(press)
        menu, battle = press.before.menu, press.before.battle
        if battle is not None and menu is not None and menu.kind is MenuKind.BATTLE_MOVES and press.button is Button.A:
            self._turn = _Turn(press, menu.index, battle, battle, battle)

    def _end(self, press: Press) -> None:
        turn, self._turn = self._turn, None
        if turn is not None and turn.slot < len(turn.chosen.own.moves):
            move = self.game.moves.get(turn.chosen.own.moves[turn.slot])
            if move is not None:
                self.on_turn(press, turn, move)

    def on_turn(self, press: Press, turn: _Turn, move: Move) -> None:
        """A chosen move has had its turn."""


class PowerPointCheck(TurnCheck):
    """Power points."""

    name = "power points"
    about = "a move that was used costs one power point, its own"

    def on_turn(self, press: Press, turn: _Turn, move: Move) -> None:
        both = (turn.chosen.own, turn.chosen.enemy)
        hurt = turn.damage > 0 and not any(one.status for one in both)
        spites = any(self.game.moves[one].key == COSTS_MORE for one in both[1].moves if one in self.game.moves)
        if spites or (not turn.spent and not hurt):
            return  # asleep, too slow, out of points, or robbed of them
        believed = f"move {move.id} in slot {turn.slot} costs one power point"
        seen = ", ".join(f"slot {slot} lost {points}" for slot, points in turn.spent.items()) or "none was lost"
        self.judge(
            turn.spent == {turn.slot: 1}, press, press.after, believed, seen, ("wBattleMon", 2), ("wBattleMon", 8)
        )


class DamageCheck(TurnCheck):
    """Damage."""

    name = "damage"
    about = "a plain move takes as many HP as the formula says, critical hits and screens allowed for"

    def on_turn(self, press: Press, turn: _Turn, move: Move) -> None:
        is_plain = move.effect in PLAIN_EFFECTS and move.power > 1
        if not is_plain or not turn.damage or turn.chosen.enemy.status or turn.slot not in turn.spent:
            return
        if any(turn.stages):
            return  # a critical hit passes over them
        guess = estimate(turn.hit.own, turn.hit.enemy, move, self.game)
        most = UPPER_FACTOR * guess.most + SLACK_POINTS
        least = LOWER_FACTOR * guess.least - SLACK_POINTS if turn.chosen.enemy.hp > turn.damage else 0.0
        believed = f"move {move.id} takes {max(0, round(least))} to {round(most)} HP"
        self.judge(least <= turn.damage <= most, press, press.after, believed, f"it took {turn.damage}", *FIGHTERS)
