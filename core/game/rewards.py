"""Reward as named events between two game states.

An event pays once for something that cannot be undone and done again: everything is latched in a `RewardMemory` that
lives as long as an episode. What can be repeated at will (walking, fleeing, opening menus, healing without need,
storing and fetching creatures, losing) pays nothing or ever less, and a test shows it for each.

| event | pays | latched by |
|---|---|---|
| milestone | per milestone reached | the tracker |
| badge | per new badge | badges held at best |
| event_flag | per story flag of the whitelist | flags ever set |
| new_map | per map first entered in the episode | maps visited |
| new_tile | per step first stood on in the episode | steps visited |
| level_up | per level gained by a creature over its own best | creature (trainer id and DVs) |
| capture, seen | per species new in the Pokedex | highest count |
| heal | healed share of HP lost in battle, halved with each heal since the last progress | damage ledger |
| faint | per own creature that faints (negative) | - |
| white_out | when nobody can fight any more (negative); the healing that follows pays nothing | - |
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.game.milestone_tracker import MilestoneTracker
from core.game.possessions import Possessions
from core.game.state import GameState
from core.game.visits import Visits
from core.vocabulary import GameMode, RewardEvent


@dataclass(frozen=True, slots=True)
class RewardWeights:
    """What one unit of each event pays; from -10 to 10. The names are the names of the events."""

    milestone: float = 3.0
    badge: float = 5.0
    event_flag: float = 1.0
    new_map: float = 0.5
    new_tile: float = 0.01
    level_up: float = 0.3
    capture: float = 0.5
    seen: float = 0.1
    heal: float = 0.2
    faint: float = -0.2
    white_out: float = -1.0

    def __post_init__(self) -> None:
        for weight in fields(self):
            value = getattr(self, weight.name)
            if not (isinstance(value, int | float) and math.isfinite(value) and abs(value) <= 10):
                raise ConfigurationError(
                    f"reward weight {weight.name} is {value!r}; it must be a number from -10 to 10"
                )


REWARD_NAMES: Final = tuple(weight.name for weight in fields(RewardWeights))
"""Names of the events, in the order of the vector env's `reward_parts`."""

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


@dataclass
class RewardMemory:
    """What one episode has already been paid for. `start` at every reset: what is true then pays nothing."""

    weights: RewardWeights
    tracker: MilestoneTracker
    flag_mask: int
    """The whitelist as one big-endian integer."""
    flags: int = 0
    badges: int = 0
    caught: int = 0
    seen: int = 0
    best_levels: dict[int, int] = field(default_factory=dict)
    visits: Visits = field(default_factory=Visits)
    damage: float = 0.0
    """Sum of HP shares lost in battle and not yet healed."""
    heals_since_progress: int = 0
    whited_out: bool = False
    """From the moment when nobody can fight until somebody can again."""

    @classmethod
    def for_world(cls, weights: RewardWeights, tracker: MilestoneTracker, game: GameData) -> RewardMemory:
        """An empty memory with the whitelist of that game."""
        return cls(weights, tracker, int.from_bytes(progress_flag_mask(game).tobytes(), "big"))

    def start(self, state: GameState) -> None:
        """Begin an episode in this state."""
        self.tracker.reset()
        self.tracker.update(state)
        self.flags = int.from_bytes(state.event_flags, "big") & self.flag_mask
        self.badges = state.possessions.badges
        self.caught, self.seen = state.caught_count, state.seen_count
        self.best_levels = {member.identity: member.level for member in state.party}
        self.visits.clear()
        self.visits.add_map(state.map_id)
        self.visits.add(state.position)
        self.damage = 0.0
        self.heals_since_progress = 0
        self.whited_out = state.all_fainted


def reward_events(previous: GameState, current: GameState, memory: RewardMemory) -> list[RewardEvent]:
    """What happened between two consecutive states that deserves reward; updates the memory.

    Before the game (BOOT) nothing is paid: RAM is being cleared and filled then.
    """
    events: list[RewardEvent] = []
    mode = current.mode
    if mode is GameMode.BOOT:
        return events
    reached = memory.tracker.update(current)
    if reached:
        events.append(RewardEvent("milestone", memory.weights.milestone * len(reached)))
        memory.heals_since_progress = 0
    possessions = current.possessions
    changed = possessions is not previous.possessions
    if changed:
        _progress(possessions, memory, events)
    if mode is GameMode.FREE or mode is GameMode.WALKING:
        _exploration(current, memory, events)
    if changed and current.party is not previous.party:
        _party(previous, current, memory, events)
    return events


def _progress(current: Possessions, memory: RewardMemory, events: list[RewardEvent]) -> None:
    weights = memory.weights
    if new := current.badges & ~memory.badges:
        memory.badges |= new
        events.append(RewardEvent("badge", weights.badge * new.bit_count()))
    if new := int.from_bytes(current.event_flags, "big") & memory.flag_mask & ~memory.flags:
        memory.flags |= new
        events.append(RewardEvent("event_flag", weights.event_flag * new.bit_count()))
    if current.seen_count > memory.seen:
        events.append(RewardEvent("seen", weights.seen * (current.seen_count - memory.seen)))
        memory.seen = current.seen_count
    if current.caught_count > memory.caught:
        events.append(RewardEvent("capture", weights.capture * (current.caught_count - memory.caught)))
        memory.caught = current.caught_count
    if events:
        memory.heals_since_progress = 0


def _exploration(current: GameState, memory: RewardMemory, events: list[RewardEvent]) -> None:
    map_id, x, y = current.position
    width, height = current.map_size_steps
    if x >= width or y >= height:
        return  # crossing the edge between two maps
    if memory.visits.add_map(map_id):
        events.append(RewardEvent("new_map", memory.weights.new_map))
    if memory.visits.add(current.position):
        events.append(RewardEvent("new_tile", memory.weights.new_tile))


def _party(previous: GameState, current: GameState, memory: RewardMemory, events: list[RewardEvent]) -> None:
    weights = memory.weights
    gained = 0
    for member in current.party:
        best = memory.best_levels.setdefault(member.identity, member.level)
        if member.level > best:
            memory.best_levels[member.identity] = member.level
            gained += member.level - best
    if gained:
        memory.heals_since_progress = 0
        events.append(RewardEvent("level_up", weights.level_up * gained))
    before = {member.identity: member for member in previous.party}
    healed = 0.0
    for member in current.party:
        old = before.get(member.identity)
        if old is None or member.is_egg:
            continue
        change = member.hp_fraction - old.hp_fraction
        if change < 0 and current.mode is GameMode.BATTLE:
            memory.damage -= change
        elif change > 0 and member.level == old.level:
            healed += change
        if not member.hp and old.hp:
            events.append(RewardEvent("faint", weights.faint))
    if current.all_fainted and not memory.whited_out:
        memory.whited_out = True
        events.append(RewardEvent("white_out", weights.white_out))
    elif memory.whited_out and not current.all_fainted:
        memory.whited_out = False
        memory.damage = 0.0  # the healing after a lost fight is no merit
    elif healed:
        _heal(healed, memory, events)


def _heal(healed: float, memory: RewardMemory, events: list[RewardEvent]) -> None:
    paid = min(healed, memory.damage)
    memory.damage -= paid
    if paid > 0:
        amount = memory.weights.heal * min(1.0, paid) * 0.5**memory.heals_since_progress
        memory.heals_since_progress += 1
        events.append(RewardEvent("heal", amount))
