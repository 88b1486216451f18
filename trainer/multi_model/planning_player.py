"""Rules that follow a leader: where a follower can carry the leader's plan out, it comes first in its list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from core.rules import RulePlayer
from core.vocabulary import Option

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory
    from core.rules.step import RuleStep


class Leads(Protocol):
    """A leader's plan."""

    key: str
    """Of the option that the leader carries out; "" for none."""


class PlanningPlayer:
    """A rule player that tells what it is carrying out, and that puts a leader's plan first where it can follow it."""

    def __init__(self, player: RulePlayer) -> None:
        self._player = player
        self.plan: Option | None = None
        """What was carried out last."""
        self.leader: Leads | None = None
        """Whose plan comes first; None follows nobody."""
        self._listed: dict[str, Option] = {}

    @property
    def game(self) -> GameData:
        """What is played."""
        return self._player.game

    @property
    def memory(self) -> LaneMemory:
        """What it has noted in this game, the ground it knows included."""
        return self._player.memory

    def options(self, state: GameState) -> Sequence[Option]:
        options = self._player.options(state)
        self._listed = {option.key: option for option in options}
        wanted = None if self.leader is None else self._listed.get(self.leader.key)
        if wanted is None or wanted is options[0]:
            return options
        first = replace(wanted, value=options[0].value + 1.0)
        return (first, *(option for option in options if option is not wanted))

    def choose(self, state: GameState) -> Option:
        return self.options(state)[0]

    def act(self, state: GameState, option: Option) -> RuleStep:
        self.plan = option
        return self._player.act(state, self._listed.get(option.key, option))

    def overruled(self) -> None:
        self._player.overruled()

    def reset(self) -> None:
        self.plan = None
        self._listed = {}
        self._player.reset()
