"""Which games are played: where each begins, how long it may take, and when enough were played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.env.lanes.lane_history import StartPoint
from trainer.play.team_state import TeamState


@dataclass(frozen=True, slots=True)
class Game:
    """A game to be played."""

    seed: int
    horizon_steps: int
    """It is cut off after so many steps."""


class Games(Protocol):
    """The games of a training or an evaluation."""

    def take(self, lane: int) -> Game:
        """The game that the lane plays next."""
        ...

    def again(self, lane: int) -> Game:
        """The game that the lane is playing, from its beginning."""
        ...

    def start_point(self, lane: int) -> StartPoint | None:
        """Where the game that the lane plays begins; None for the env's own start."""
        ...

    def is_repeated(self, lane: int, steps: int) -> bool:
        """The lane's emulator was lost after so many steps of its game: is the game played again?"""
        ...

    def finish(self, lane: int) -> int:
        """The lane's game has ended and counts. Returns its number, from 1."""
        ...

    @property
    def over(self) -> bool:
        """True when enough games were played."""
        ...


class TrainingGames:
    """Games of a training, counted by the team whose lane it is. A resumed training plays the ones that a killed one
    had begun."""

    def __init__(
        self,
        teams: Sequence[TeamState],
        seed_of: Callable[[int], int],
        longest_steps: int,
        most_games: int | None = None,
    ) -> None:
        """`teams` has one entry per lane. `seed_of(start)` is asked once for each game, `start` being the number of
        games that its team began before; `most_games` are those of the first team in all."""
        self._teams = teams
        self._seed_of = seed_of
        self._longest_steps = longest_steps
        self._most_games = most_games
        self._seeds: dict[int, int] = {}

    def take(self, lane: int) -> Game:
        """The next game of the lane's team."""
        self._seeds[lane] = self._seed_of(self._teams[lane].starts.take(lane))
        return self.again(lane)

    def again(self, lane: int) -> Game:
        """The same game; its horizon is what the curriculum says now."""
        return Game(self._seeds[lane], self._teams[lane].horizon_steps(self._longest_steps))

    def start_point(self, lane: int) -> StartPoint | None:
        """As the team's archive and curriculum have it."""
        return self._teams[lane].start_point(lane)

    def is_repeated(self, lane: int, steps: int) -> bool:
        """Only when nothing of it was played: what was played is learned from and recorded."""
        del lane
        return steps == 0

    def finish(self, lane: int) -> int:
        """The next number of the lane's team."""
        team = self._teams[lane]
        team.starts.finish(lane)
        return team.tally.episodes + 1

    @property
    def over(self) -> bool:
        """True when the first team has played `most_games`."""
        return self._most_games is not None and self._teams[0].tally.episodes >= self._most_games
