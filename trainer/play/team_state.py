"""What seats that play together have in common and a checkpoint keeps: curriculum, counters, and the run in the record.

A run of the hybrid trainer is such a team of one seat. Of models that cooperate there is one, of rivals one each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from core.env.lanes.lane_history import StartPoint
from core.exceptions import HistoryError
from core.history.episode_queue import EpisodeQueue
from core.history.records import EpisodeRecord, SettingChange
from core.history.store import HistoryStore, Run
from core.history.waiting import LOCK_PATIENCE_S, HistoryLockedError
from core.vocabulary import EpisodeResult
from trainer.curriculum import Curriculum
from trainer.play.episode_starts import EpisodeStarts
from trainer.play.go_explore_starts import GoExploreStarts
from trainer.play.tally import RunTally
from trainer.settings import Settings

log = logging.getLogger(__name__)


class TeamState:
    """Counts the games of all who share it, under one numbering, in the order in which they end."""

    def __init__(
        self, history: HistoryStore, settings: Settings, rom_sha1: str, recorded_settings: Mapping[str, Any]
    ) -> None:
        """`settings` give curriculum, Go-Explore archive and seed. `recorded_settings`, JSON-able, are kept in the
        decision record with the run."""
        self.history = history
        self.episodes = EpisodeQueue(history)
        """Finished games on their way into the decision record."""
        self.curriculum = Curriculum(settings.curriculum)
        self.tally = RunTally()
        self.starts = EpisodeStarts()
        self.go_explore = GoExploreStarts(settings.go_explore, rom_sha1, settings.seed)
        self.entry: Run | None = None
        """The run in the decision record, None before it begins."""
        self._name: str | None = None
        """Of the run that was restored."""
        self._recorded_settings = recorded_settings
        self._clock_s = time.perf_counter()

    def begin(self) -> Run:
        """The run's entry in the decision record, made when there is none yet."""
        if self.entry is None:
            self.entry = self.history.start_run(self._name, self._recorded_settings)
        return self.entry

    def start_clock(self) -> None:
        """Time counts from now on (see `note_time`)."""
        self._clock_s = time.perf_counter()

    def note_time(self) -> None:
        """Adds the time since the last note to the tally."""
        now = time.perf_counter()
        self.tally.seconds += now - self._clock_s
        self._clock_s = now

    def start_point(self, lane: int) -> StartPoint | None:
        """Where the game that the lane plays begins: in a state of the archive, or None for the env's own start."""
        return self.go_explore.choose(self.starts.running(lane), self.curriculum.directive())

    def horizon_steps(self, longest_steps: int) -> int:
        """Steps of a game that begins now: `longest_steps`, or the curriculum stage's where that is fewer."""
        return min(longest_steps, self.curriculum.directive().max_steps or longest_steps)

    def count(self, result: EpisodeResult) -> None:
        """A game has ended."""
        self.tally.add(result)
        self.note_time()

    def commit(self, record: EpisodeRecord) -> None:
        """Writes a game that has ended into the decision record, in one transaction (see `EpisodeQueue`)."""
        self.episodes.commit(self.begin().id, record)

    def complete_record(self, is_stopped: bool) -> bool:
        """Records the episodes that wait for that, if any, and sees that the record is at its place; whether any
        waited. Raises HistoryError when it cannot be; one that is stopped goes on from its last resume point."""
        try:
            waited = self.episodes.write(LOCK_PATIENCE_S) > 0
        except HistoryLockedError:
            if not is_stopped:
                raise
            log.warning("%d episodes are not recorded; the resumed run plays them again", self.episodes.waiting)
            return False
        self.history.put_back()
        return waited

    def _entry_named(self, name: str) -> Run | None:
        """None in a record without any run: a new one, where the run goes on under its name."""
        if not self.history.runs():
            log.warning(
                "%s is a new decision record, since the one of run %s is gone; it will hold the episodes from now on",
                self.history.path,
                name,
            )
            return None
        try:
            return self.history.find_run(name)
        except HistoryError as error:
            raise HistoryError(
                f"{error}. Where that record is gone, let decision_db_path name a file that is not there: the run then "
                "goes on in a new record"
            ) from error

    def state_dict(self) -> dict[str, Any]:
        """All but what is on disk anyway, JSON-able."""
        return {
            "run": None if self.entry is None else self.entry.name,
            "curriculum": self.curriculum.state_dict(),
            "tally": self.tally.state_dict(),
            "starts": self.starts.state_dict(),
            "go_explore": self.go_explore.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave, and changes nothing on disk: `go_on` does. Raises HistoryError where the
        record is of other runs."""
        name = state["run"]
        entry = None if name is None else self._entry_named(name)
        self.curriculum.load_state_dict(state["curriculum"])
        self.tally.load_state_dict(state["tally"])
        self.starts.load_state_dict(state["starts"])
        self.go_explore.load_state_dict(state.get("go_explore", {}))
        self.entry, self._name = entry, name

    def go_on(self, changes: Collection[SettingChange] = ()) -> int:
        """Goes on from the restored state: games that ended later are taken out of the decision record, since they are
        played again, and the settings that changed are noted there. Returns how many games those were. In a record
        without any run, a new one, the run goes on under its name."""
        if self.entry is None and self._name is None:
            return 0
        return self.history.go_on_after(self.begin().id, self.tally.episodes, changes)

    def drop_later_games(self) -> None:
        """Takes games that ended after the restored state out of the decision record: it is as if they had not been."""
        if self.entry is not None:
            self.history.delete_episodes_after(self.entry.id, self.tally.episodes)
