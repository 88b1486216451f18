"""The games that end while a worker plays a segment, kept with their records until they travel home."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from core.history.records import DecisionColumns, EpisodeRecord
from core.vocabulary import EpisodeResult
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep


@dataclass(frozen=True, slots=True)
class FinishedGame:
    """A game that ended in a segment. Its number is that of its worker: the driver gives it the run's."""

    ended_step: int
    """Of the segment, from 0."""
    start: int
    ended: EndedEpisode
    record: EpisodeRecord


class CountsStarts(Protocol):
    """The games that are played."""

    ended_start: int
    """Of the game that ended last."""


class Shelf(Stage):
    """Keeps the games that ended in a segment, with their records."""

    def __init__(self, starts: CountsStarts, lanes: range) -> None:
        """`lanes` as the run counts them."""
        self.games: list[FinishedGame] = []
        self._starts = starts
        self._lanes = lanes
        self._steps = 0
        self._record: EpisodeRecord | None = None

    def clear(self) -> None:
        """Another segment begins."""
        self.games = []
        self._steps = 0

    def keep(self, lane: int, record: EpisodeRecord) -> None:
        """What `RecordStage` has written of a game that ended."""
        del lane
        self._record = record

    def after_step(self, played: PlayedStep) -> None:
        """Counts steps."""
        del played
        self._steps += 1

    def after_episode(self, ended: EndedEpisode) -> None:
        """Keeps it, under the run's number of its lane."""
        assert self._record is not None, "RecordStage comes before"
        lane = self._lanes[ended.lane]
        result: EpisodeResult = replace(ended.result, lane=lane)
        self.games.append(
            FinishedGame(
                self._steps - 1,
                self._starts.ended_start,
                replace(ended, result=result, lane=lane),
                replace(self._record, lane=lane, columns=_with_words_once(self._record.columns)),
            )
        )


def _with_words_once(columns: DecisionColumns) -> DecisionColumns:
    """The same, with one object for equal texts: each travels once, not once a step."""
    words: dict[str, str] = {}

    def once(column: Any) -> Any:
        if isinstance(column, list) and column and isinstance(column[0], str):
            return [words.setdefault(word, word) for word in column]
        return column

    return replace(columns, values={name: once(column) for name, column in columns.values.items()})
