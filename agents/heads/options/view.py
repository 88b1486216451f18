"""What the option head sees of each option that is listed: what it is, where, and what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import KEY_BITS, MAP_BITS, PLACES
from agents.heads.word_codes import word_code
from core.agent.option_statistics import OptionStatistics
from core.env.policy_features import map_code
from core.game.analysis import GameStateAnalysis
from core.game.state import GameState
from core.rules.fights.duel import Duel, duel, fighter_of
from core.vocabulary import Option, OptionKind

OPTION_SLOTS: Final = 16
"""Options that are scored at once, the first of the list: more than the rules list (`core.rules.player.MOST_OPTIONS`).
"""
OPTION_FACTS: Final = {
    "kind": len(OptionKind),
    "index": PLACES,
    "place": MAP_BITS,
    "key": KEY_BITS,
    "way": 4,
    "fight": 4,
    "member": 3,
    "task": 1,
    "prior": 3,
    "advice": 2,
    "record": 3,
}
"""`way`: on this map, east, south, nearness. `fight`: the chance to win that follows, to end it now, the damage of the
move, in danger. `member`: HP, level against the enemy's or the wanted one, is it the first. `prior`: given, the rules'
value, its rank. `advice`: given, the language model's probability. `record`: how well it is known, mean outcome, mean
progress (`OptionStatistics.facts`). The last two are 0 where nobody tells them, as in cloning."""
OPTION_SIZE: Final = sum(OPTION_FACTS.values())
LEVEL_SCALE: Final = 20

_KINDS: Final = {kind: place for place, kind in enumerate(OptionKind)}


def _starts() -> dict[str, int]:
    found, start = {}, 0
    for name, width in OPTION_FACTS.items():
        found[name] = start
        start += width
    return found


_AT: Final = _starts()
PRIOR: Final = slice(_AT["prior"], _AT["prior"] + OPTION_FACTS["prior"])
"""The rules' opinion; all 0 where it is not to be seen."""
ADVICE: Final = slice(_AT["advice"], _AT["advice"] + OPTION_FACTS["advice"])
"""A language model's."""
RECORD: Final = slice(_AT["record"], _AT["record"] + OPTION_FACTS["record"])
"""What came of it before; all 0 without a record."""


def option_view(
    state: GameState, options: Sequence[Option], record: OptionStatistics | None = None
) -> NDArray[np.float32]:
    """(options, OPTION_SIZE) numbers of at most `OPTION_SLOTS` options, given best first."""
    options = options[:OPTION_SLOTS]
    view = np.zeros((len(options), OPTION_SIZE), dtype=np.float32)
    fight = _fight_of(state)
    if record is not None and len(options):
        context = GameStateAnalysis.from_game_state(state).context
        view[:, RECORD] = record.facts([option.key for option in options], context)
    for rank, option in enumerate(options):
        row = view[rank]
        row[_AT["kind"] + _KINDS[option.kind]] = 1.0
        if option.index is not None and 0 <= option.index < PLACES:
            row[_AT["index"] + option.index] = 1.0
        row[_AT["key"] : _AT["key"] + KEY_BITS] = word_code(option.key, KEY_BITS)
        row[_AT["task"]] = option.menu_task is not None
        row[PRIOR] = 1.0, option.value, rank / OPTION_SLOTS
        if option.position is not None:
            _add_way(row, state, option)
        if fight is not None:
            row[_AT["fight"] : _AT["fight"] + 4] = _promise(state, option, fight)
        _add_member(row, state, option)
    return view


def _fight_of(state: GameState) -> Duel | None:
    battle = state.battle
    return None if battle is None else duel(battle.own, battle.enemy, state.game, is_trainer=battle.is_trainer)


def _add_way(row: NDArray[np.float32], state: GameState, option: Option) -> None:
    position = option.position
    assert position is not None
    row[_AT["place"] : _AT["place"] + MAP_BITS] = map_code(position.map)
    if position.map == state.position.map:
        east, south = position.x - state.position.x, position.y - state.position.y
        near = 1 / (1 + abs(east) + abs(south))
        row[_AT["way"] : _AT["way"] + 4] = 1.0, max(-1, min(1, east / 10)), max(-1, min(1, south / 10)), near


def _promise(state: GameState, option: Option, fight: Duel) -> tuple[float, float, float, float]:
    danger = float(fight.is_in_danger)
    if option.kind is OptionKind.FIGHT and option.index in fight.estimates:
        guess = fight.estimates[option.index]
        share = min(1.0, guess.expected / max(1, fight.enemy.hp))
        return fight.chance, min(1.0, guess.knock_out_chance(fight.enemy.hp)), share, danger
    battle, place = state.battle, -1 if option.index is None else option.index
    if option.kind is OptionKind.SWITCH and battle is not None and 0 <= place < len(state.party):
        other = duel(fighter_of(state.party[place], state.game), fight.enemy, state.game, is_trainer=battle.is_trainer)
        return other.chance, min(1.0, other.knock_out_chance()), 0.0, float(other.is_in_danger)
    return fight.chance, 0.0, 0.0, danger


def _add_member(row: NDArray[np.float32], state: GameState, option: Option) -> None:
    """Of the creature that a SWITCH sends out; of the first one, against the level that a TRAIN wants."""
    start, party = _AT["member"], state.party
    if option.kind is OptionKind.SWITCH and option.index is not None and option.index < len(party):
        member = party[option.index]
        level = state.battle.enemy.level if state.battle is not None else party[0].level
        missing = max(-1.0, min(1.0, (member.level - level) / LEVEL_SCALE))
        row[start : start + 3] = member.hp_fraction, missing, float(option.index == 0)
    elif option.kind is OptionKind.TRAIN and party and option.index is not None:
        missing = max(-1.0, min(1.0, (party[0].level - option.index) / LEVEL_SCALE))
        row[start : start + 3] = party[0].hp_fraction, missing, 1.0
