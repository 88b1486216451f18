"""Machines: who is to learn a move that the way asks for."""

from __future__ import annotations

from core.game.game_data import GameData
from core.game.state import GameState
from core.rules.menus.lessons import MOVE_SLOTS, kept_moves
from core.vocabulary import TeachMove


def lesson_for(move_key: str, state: GameState, game: GameData) -> TeachMove | None:
    """To teach a move, by its machine, to one of the party that can learn it; None where nobody can.

    Those go first who have room for a move. The strongest goes last: it fights for all, and what an HM taught stays.
    Who knows nothing but moves that HMs taught can give up none, and is passed over.
    """
    taught = kept_moves(game)
    abilities = (one for one in game.field_abilities if one.move is not None and game.moves[one.move].key == move_key)
    ability = next(abilities, None)
    if ability is None or ability.move is None or ability.machine is None:
        return None
    learners = game.learners.get(ability.machine, frozenset[int]())
    item = next(one.id for one in game.items.values() if one.key == ability.machine)
    best = max(state.party, key=lambda member: member.level, default=None)
    order = sorted(enumerate(state.party), key=lambda row: (row[1] is best, len(row[1].moves) >= MOVE_SLOTS, row[0]))
    for slot, member in order:
        has_room = len(member.moves) < MOVE_SLOTS or not taught.issuperset(member.moves)
        if member.species in learners and not member.is_egg and ability.move not in member.moves and has_room:
            return TeachMove(item, ability.move, slot)
    return None
