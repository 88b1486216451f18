"""Progress pays: milestones, badges, flags of the story, the Pokedex. All of it is latched, and freshens healing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.game_data import GameData
from core.game.reward_event import REWARD_EVENTS, EpisodeFacts, EventKind, When
from core.game.state import GameState

PROGRESS_FLAG_KINDS: Final = frozenset(
    (
        "story_milestone",
        "story_minor",
        "story",
        "gym_leader",
        "elite_four",
        "rival",
        "trainer",
        "item_ball",
        "hidden_item",
        "gift_item",
        "gift_tm_hm_rod",
        "gift",
    )
)
"""Kinds of event flags that mean progress. Fleeting ones and those that hide sprites toggle and are left out."""


def progress_flag_mask(game: GameData) -> NDArray[np.uint8]:
    """The whitelist as 256 bytes of bits, to be laid over wEventFlags."""
    mask = np.zeros(game.layout.size("wEventFlags"), dtype=np.uint8)
    for flag in game.event_flags.values():
        if flag.kind in PROGRESS_FLAG_KINDS and not flag.set_at_new_game:
            mask[flag.index // 8] |= 1 << flag.index % 8
    return mask


@REWARD_EVENTS.register("milestone")
class ReachedMilestone(EventKind):
    """A milestone; the tracker latches them."""

    name, weight, when, is_progress = "milestone", 3.0, When.MILESTONE, True

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """The milestones reached in this step."""
        return len(episode.reached)


@REWARD_EVENTS.register("badge")
class NewBadge(EventKind):
    """A badge that was never held in the episode."""

    name, weight, when, is_progress = "badge", 5.0, When.POSSESSIONS, True

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Badges held pay nothing."""
        self._badges = state.possessions.badges

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """New badges."""
        new = current.possessions.badges & ~self._badges
        self._badges |= new
        return new.bit_count()


@REWARD_EVENTS.register("event_flag")
class NewEventFlag(EventKind):
    """A flag of the whitelist that was never set in the episode."""

    name, weight, when, is_progress = "event_flag", 1.0, When.POSSESSIONS, True

    def __init__(self) -> None:
        self._game: GameData | None = None
        self._mask = 0
        """The whitelist as one big-endian integer."""

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Flags that are set pay nothing."""
        if state.game is not self._game:
            self._game = state.game
            self._mask = int.from_bytes(progress_flag_mask(state.game).tobytes(), "big")
        self._flags = int.from_bytes(state.event_flags, "big") & self._mask

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """New flags."""
        new = int.from_bytes(current.possessions.event_flags, "big") & self._mask & ~self._flags
        self._flags |= new
        return new.bit_count()


@REWARD_EVENTS.register("seen")
class NewSighting(EventKind):
    """A species seen: the highest count so far is latched."""

    name, weight, when, is_progress = "seen", 0.1, When.POSSESSIONS, True

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Species seen before pay nothing."""
        self._most = state.seen_count

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """Species beyond the most so far."""
        new = current.possessions.seen_count - self._most
        if new <= 0:
            return 0
        self._most += new
        return new


@REWARD_EVENTS.register("capture")
class NewCapture(EventKind):
    """A species caught: the highest count so far is latched."""

    name, weight, when, is_progress = "capture", 0.5, When.POSSESSIONS, True

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Species caught before pay nothing."""
        self._most = state.caught_count

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """Species beyond the most so far."""
        new = current.possessions.caught_count - self._most
        if new <= 0:
            return 0
        self._most += new
        return new
