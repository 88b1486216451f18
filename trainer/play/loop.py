"""The playing loop: every training and every evaluation goes through `PlayLoop.step`.

A step of all lanes is played, the stages see it, then each game that has ended is numbered, shown to the stages, and
another one begins in its lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.history.beginnings import Beginning
from core.vocabulary import EpisodeResult
from trainer.play.games import Game, Games
from trainer.play.player import LanePlayer, PlayedStep


@dataclass(frozen=True, slots=True)
class EndedEpisode:
    """A lane's game that ended with a step."""

    result: EpisodeResult
    lane: int
    terminated: bool
    beginning: Beginning | None = None


class Stage:
    """One consequence of what was played; all hooks may be left out."""

    def after_step(self, played: PlayedStep) -> None:
        """After every step of all lanes."""

    def after_episode(self, ended: EndedEpisode) -> None:
        """After every finished game, when its number is known."""

    def after_games(self) -> None:
        """After the games that are shown together: a game here, all that ended in a segment of a fleet."""


Payment = Callable[[PlayedStep], NDArray[np.floating]]


class PlayLoop:
    """Plays `games` with `player`; `stages` see every step and every finished game, in their order."""

    def __init__(
        self, player: LanePlayer, games: Games, stages: Sequence[Stage], payment: Payment | None = None
    ) -> None:
        """`payment` says what the lanes are credited with for a step, (lanes,), if not with the world's rewards."""
        self._player = player
        self._games = games
        self._stages = stages
        self._payment = payment
        self._waiting: dict[int, Game | None] = {}
        """Lanes whose next game begins with the next step, and the game where it is known."""

    def begin(self) -> None:
        """Begins a game in every lane."""
        games = self._games
        self._waiting.clear()
        lanes = range(self._player.env.lanes)
        first = [games.take(lane) for lane in lanes]
        self._player.begin([game.seed for game in first], [game.horizon_steps for game in first])
        for lane in lanes:
            point = games.start_point(lane)
            if point is not None:
                self._player.restart(lane, first[lane].seed, first[lane].horizon_steps, point)

    def step(self, *, cut: bool = False, pauses: bool = False) -> PlayedStep:
        """Plays one step of all lanes. With `cut` all games end with it and none begins; when enough games were played,
        none begins either. With `pauses` the games after those that ended begin with the next step only."""
        for lane, game in self._waiting.items():
            self._begin(lane, game or self._games.take(lane))
        self._waiting.clear()
        played = self._player.step(cut)
        if self._payment is not None:
            played = replace(played, paid=self._payment(played))
        for stage in self._stages:
            stage.after_step(played)
        for lane in range(self._player.env.lanes):
            if not played.is_done(lane):
                continue
            game = self._end(lane, played)
            if self._games.over:
                break
            if pauses:
                self._waiting[lane] = game
            elif not cut:
                self._begin(lane, game or self._games.take(lane))
        return played

    def _end(self, lane: int, played: PlayedStep) -> Game | None:
        """Ends the lane's game; one that was lost with its emulator may be returned to be played again."""
        if played.lost[lane] and self._games.is_repeated(lane, self._player.steps(lane)):
            return self._games.again(lane)
        result = self._player.result(lane, self._games.finish(lane), played)
        ended = EndedEpisode(result, lane, bool(played.terminated[lane]), self._player.beginning(lane))
        for stage in self._stages:
            stage.after_episode(ended)
        for stage in self._stages:
            stage.after_games()
        return None

    def _begin(self, lane: int, game: Game) -> None:
        self._player.restart(lane, game.seed, game.horizon_steps, self._games.start_point(lane))
