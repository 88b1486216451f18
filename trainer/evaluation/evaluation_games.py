"""The games of one evaluation: fixed seeds, each played to its end once, and what came of them."""

from __future__ import annotations

from core.env.lanes.lane_history import StartPoint
from core.exceptions import TrainingError
from core.vocabulary import EpisodeResult
from trainer.play.episode_seeds import evaluation_seed
from trainer.play.games import Game
from trainer.play.loop import EndedEpisode, Stage

MOST_LOST_GAMES = 3
"""Games of one evaluation that may be lost with their emulators; each is played again."""


class EvaluationGames(Stage):
    """Gives out games, from number 1, and gathers what they came to.

    Lanes step together, so a lane without a game to play goes on with one that does not count. Where workers share an
    evaluation, each has the games `first + 1`, `first + 1 + stride`, ... of it.
    """

    def __init__(self, run_seed: int, games: int, horizon_steps: int, first: int = 0, stride: int = 1) -> None:
        self.results: dict[int, EpisodeResult] = {}
        """By number."""
        self._run_seed = run_seed
        self._games = games
        self._own_games = len(range(first, games, stride))
        self._next = first + 1
        self._stride = stride
        self._horizon_steps = horizon_steps
        self._playing: dict[int, int] = {}
        """Number of each lane's game."""
        self._lost = 0

    def take(self, lane: int) -> Game:
        """The next number."""
        self._playing[lane] = self._next
        self._next += self._stride
        return self.again(lane)

    def again(self, lane: int) -> Game:
        """The same seed."""
        return Game(evaluation_seed(self._run_seed, self._playing[lane] - 1), self._horizon_steps)

    def start_point(self, lane: int) -> StartPoint | None:
        """All evaluations begin at the env's own start."""
        del lane

    def is_repeated(self, lane: int, steps: int) -> bool:
        """Always. Raises TrainingError when more than `MOST_LOST_GAMES` were lost."""
        self._lost += 1
        if self._lost > MOST_LOST_GAMES:
            raise TrainingError(
                f"{self._lost} games of one evaluation were lost because their worker processes died: see the "
                "warnings before this; with too little memory use fewer lanes"
            )
        return True

    def finish(self, lane: int) -> int:
        """The number of the lane's game."""
        return self._playing[lane]

    def after_episode(self, ended: EndedEpisode) -> None:
        """Keeps the result of a game that counts."""
        if ended.result.episode <= self._games:
            self.results[ended.result.episode] = ended.result

    @property
    def over(self) -> bool:
        """True when all games that count are played."""
        return len(self.results) == self._own_games
