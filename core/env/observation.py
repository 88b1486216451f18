"""The documented observation: picture, 25 numbers, and words for a language model.

`state_variables` has 25 float32 numbers in natural units (learned policies use the normalised `PolicyView` instead):

| # | name | unit | range |
|---|---|---|---|
| 0 | player_x | steps from the left edge | 0-255 |
| 1 | player_y | steps from the top edge | 0-255 |
| 2 | map_group | number | 0-255 |
| 3 | map_number | number within the group | 0-255 |
| 4 | facing | 0 up, 1 down, 2 left, 3 right | 0-3 |
| 5 | mode | place in `GameMode` | 0-7 |
| 6 | party_count | creatures | 0-6 |
| 7 | lead_level | level of the first creature | 0-100 |
| 8 | lead_hp | hit points | 0-999 |
| 9 | lead_max_hp | hit points | 0-999 |
| 10 | party_hp_fraction | share of all hit points | 0-1 |
| 11 | party_level_sum | levels | 0-600 |
| 12 | lead_status | status byte: 0 healthy, 1-7 sleep, 8 poison, 16 burn, 32 frozen, 64 paralysis | 0-255 |
| 13 | johto_badges | badges of the first region | 0-8 |
| 14 | kanto_badges | badges of the second region | 0-8 |
| 15 | money | coins of the realm | 0-999999 |
| 16 | in_battle | 0 no, 1 wild, 2 trainer | 0-2 |
| 17 | enemy_level | level, 0 outside battle | 0-100 |
| 18 | enemy_hp | hit points, 0 outside battle | 0-999 |
| 19 | enemy_max_hp | hit points, 0 outside battle | 0-999 |
| 20 | items | stacks in the item pocket | 0-20 |
| 21 | balls | things that catch creatures | 0-1188 |
| 22 | caught | species caught | 0-256 |
| 23 | seen | species seen | 0-256 |
| 24 | time_of_day | 0 morning, 1 day, 2 night, 3 darkness | 0-3 |
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.env.text_spaces import PlainText, TextList
from core.game.milestones import Milestone
from core.game.state import GameState
from core.vocabulary import DIRECTION_BUTTONS, Button, GameMode

SCREEN_SHAPE: Final = (144, 160, 3)
OBSERVATION_TYPES: Final = ("multi_modal", "screen", "state")

STATE_VARIABLES: Final[tuple[tuple[str, float], ...]] = (
    ("player_x", 255),
    ("player_y", 255),
    ("map_group", 255),
    ("map_number", 255),
    ("facing", 3),
    ("mode", len(GameMode) - 1),
    ("party_count", 6),
    ("lead_level", 100),
    ("lead_hp", 999),
    ("lead_max_hp", 999),
    ("party_hp_fraction", 1),
    ("party_level_sum", 600),
    ("lead_status", 255),
    ("johto_badges", 8),
    ("kanto_badges", 8),
    ("money", 999_999),
    ("in_battle", 2),
    ("enemy_level", 100),
    ("enemy_hp", 999),
    ("enemy_max_hp", 999),
    ("items", 20),
    ("balls", 1188),
    ("caught", 256),
    ("seen", 256),
    ("time_of_day", 3),
)
"""Name and highest value of each state variable; the lowest is always 0."""
STATE_VARIABLE_NAMES: Final = tuple(name for name, _ in STATE_VARIABLES)
_HIGHEST: Final = np.array([highest for _, highest in STATE_VARIABLES], dtype=np.float32)
_MODES: Final = {mode: place for place, mode in enumerate(GameMode)}

TEXT_LENGTH: Final = 400
TEXT_CHARSET: Final = string.ascii_letters + string.digits + string.punctuation + " "
_TEXT_CHARACTERS: Final = frozenset(TEXT_CHARSET)


def observation_space(observation_type: str) -> spaces.Dict:
    """The space of one of `OBSERVATION_TYPES`."""
    parts: dict[str, gym.Space[Any]] = {}
    if observation_type in ("multi_modal", "screen"):
        parts["screen"] = spaces.Box(0, 255, SCREEN_SHAPE, np.uint8)
    if observation_type in ("multi_modal", "state"):
        parts["state_variables"] = spaces.Box(np.zeros_like(_HIGHEST), _HIGHEST, dtype=np.float32)
    if observation_type == "multi_modal":
        parts["strategic_context"] = spaces.Dict(
            {
                "current_goal": PlainText(TEXT_LENGTH, min_length=0, charset=TEXT_CHARSET),
                "context_summary": PlainText(TEXT_LENGTH, min_length=0, charset=TEXT_CHARSET),
                "action_suggestions": TextList(),
            }
        )
    return spaces.Dict(parts)


def state_variables(state: GameState) -> NDArray[np.float32]:
    """The 25 numbers of the table above, clipped to their ranges."""
    party = state.party
    lead = party[0] if party else None
    battle = state.battle
    place = state.position
    values = np.array(
        (
            place.x,
            place.y,
            place.map.group,
            place.map.number,
            DIRECTION_BUTTONS.index(state.facing),
            _MODES[state.mode],
            len(party),
            lead.level if lead else 0,
            lead.hp if lead else 0,
            lead.max_hp if lead else 0,
            state.party_hp_fraction,
            sum(member.level for member in party),
            lead.status if lead else 0,
            state.johto_badges.bit_count(),
            state.kanto_badges.bit_count(),
            state.money,
            (2 if battle.is_trainer else 1) if battle else 0,
            battle.enemy.level if battle else 0,
            battle.enemy.hp if battle else 0,
            battle.enemy.max_hp if battle else 0,
            len(state.items),
            sum(slot.quantity for slot in state.balls),
            state.caught_count,
            state.seen_count,
            state.time_of_day,
        ),
        dtype=np.float32,
    )
    return np.minimum(values, _HIGHEST, out=values)


def strategic_context(
    state: GameState, goal: Milestone | None, allowed: NDArray[np.bool_]
) -> dict[str, str | list[str]]:
    """Words for a language model: the next milestone, the situation in a sentence or two, and the buttons that do
    something now.
    """
    return {
        "current_goal": _plain(goal.name if goal else "The story is told to its end."),
        "context_summary": _plain(_summary(state)),
        "action_suggestions": [button.name for button in Button if allowed[button]],
    }


def _summary(state: GameState) -> str:
    place = state.position
    parts = [f"{state.game.map_name(place.map)}, step ({place.x}, {place.y}), facing {state.facing.name.lower()}."]
    parts.append(f"Mode: {state.mode}.")
    if state.party:
        parts.append("Party: " + "; ".join(_member_words(state, slot) for slot in range(len(state.party))) + ".")
    else:
        parts.append("No creature yet.")
    if battle := state.battle:
        kind = "A trainer's" if battle.is_trainer else "A wild"
        enemy = battle.enemy
        name = state.game.species_name(enemy.species)
        parts.append(f"{kind} {name} at level {enemy.level}, {enemy.hp} of {enemy.max_hp} HP.")
    menu = state.menu
    if menu is not None:
        parts.append(f"Menu: {', '.join(item for item in menu.items if item)}; the cursor is on {menu.selected!r}.")
    elif state.mode in (GameMode.DIALOG, GameMode.BATTLE):
        words = " ".join(line.strip() for line in state.screen_lines[13:17] if line.strip())
        parts.append(f"Text: {words}")
    return " ".join(parts)


def _member_words(state: GameState, slot: int) -> str:
    member = state.party[slot]
    name = state.game.species_name(member.species)
    return f"{name} level {member.level}, {member.hp} of {member.max_hp} HP"


def _plain(text: str) -> str:
    """Only characters of the space, and no longer than it allows."""
    kept = "".join(character if character in _TEXT_CHARACTERS else " " for character in text)
    return kept[:TEXT_LENGTH]


def named_state_variables(values: Sequence[float] | NDArray[np.float32]) -> dict[str, float]:
    """The 25 numbers by name."""
    return {name: float(value) for name, value in zip(STATE_VARIABLE_NAMES, values, strict=True)}
