"""Of which situation of the standings (`core/agent/standings.py`) a moment of play is."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.standings import Deed, Situation
from core.agent.teacher import situation_of
from core.game.state import GameState
from core.vocabulary import Option


def choosing(state: GameState, options: Sequence[Option]) -> Situation:
    """That in which one of `options` is chosen; they are given as the rules like them, best first."""
    return Situation(Deed.CHOOSE, situation_of(state.mode), options[0].kind.value, region_of(state))


def pressing(state: GameState, option: Option) -> Situation:
    """That in which an option is carried out."""
    return Situation(Deed.PRESS, situation_of(state.mode), option.kind.value, region_of(state))


def region_of(state: GameState) -> str:
    """The map group."""
    return str(state.map_id.group)
