"""What a snapshot of the game means: how far along, how endangered, what kind of situation.

`GameStateAnalysis` is made from plain named numbers (the documented door) or from a decoded `GameState`. It is what the
decision history records a decision against: its `context` is coarse on purpose, so that like situations count together.
All fractions are 0 to 1; nothing here is a percentage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from core.exceptions import DecisionValidationError
from core.vocabulary import GameMode, MapId

if TYPE_CHECKING:
    from core.game.possessions import Possessions
    from core.game.state import GameState

EMERGENCY_BELOW = 0.10
URGENT_BELOW = 0.25
NEEDS_HEALING_BELOW = 0.50
OPTIMAL_ABOVE = 0.80
BADGES_JOHTO = 8
BADGES_ALL = 16
STARTER_PHASE_BELOW_LEVEL = 10
CONTEXTS_KEPT = 1024


class GamePhase(StrEnum):
    """How far the story has come, from the party and the badges alone."""

    BEGINNING = "beginning"
    STARTER = "starter"
    EXPLORATION = "exploration"
    GYM_BATTLES = "gym_battles"
    LATE_GAME = "late_game"
    POST_GAME = "post_game"


class Criticality(StrEnum):
    """How much the next decision matters for survival."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    MODERATE = "moderate"
    OPTIMAL = "optimal"


@dataclass(frozen=True, slots=True)
class StateVariables:
    """The named numbers an analysis reads; every one may be left out.

    hp and levels are per party member in party order, hp in points; `badges` is a count, never a bit field.
    """

    mode: str = GameMode.FREE
    map_group: int = 0
    map_number: int = 0
    map_name: str = ""
    player_x: int = 0
    player_y: int = 0
    party_count: int = 0
    party_levels: tuple[int, ...] = ()
    party_hp: tuple[int, ...] = ()
    party_max_hp: tuple[int, ...] = ()
    badges: int = 0
    money: int = 0
    ball_count: int = 0
    item_count: int = 0
    battle_kind: str = "none"
    """"none", "wild" or "trainer"."""
    enemy_level: int = 0
    enemy_hp: int = 0
    enemy_max_hp: int = 0
    own_hp: int = 0
    """Points of the creature that fights; of the lead outside battle."""
    own_max_hp: int = 0
    own_level: int = 0
    state_hash: int = 0


KNOWN_VARIABLES = tuple(field.name for field in fields(StateVariables))
_SEQUENCES = ("party_levels", "party_hp", "party_max_hp")
_TEXTS = ("mode", "map_name", "battle_kind")


def _fraction(part: int, whole: int) -> float:
    return min(1.0, part / whole) if whole > 0 else 1.0


class GameStateAnalysis:
    """A reading of one moment.

    Args:
        state_variables: names of `KNOWN_VARIABLES` with their values; missing ones keep the default of
            `StateVariables`, others are listed in `unrecognised` and play no part.

    Raises:
        DecisionValidationError: a known variable has a value of the wrong type.
    """

    def __init__(self, state_variables: Mapping[str, Any]) -> None:
        known: dict[str, Any] = {}
        for name in KNOWN_VARIABLES:
            if name in state_variables:
                known[name] = _checked(name, state_variables[name])
        levels, hp, max_hp = (known.get(name, ()) for name in _SEQUENCES)
        known.setdefault("party_count", max(len(levels), len(hp)))
        if hp and max_hp:
            known.setdefault("own_hp", hp[0])
            known.setdefault("own_max_hp", max_hp[0])
        if levels:
            known.setdefault("own_level", levels[0])
        self.variables = StateVariables(**known)
        self.unrecognised = tuple(sorted(set(state_variables) - set(KNOWN_VARIABLES)))

    @classmethod
    def from_game_state(cls, state: GameState) -> GameStateAnalysis:
        """The analysis of a decoded state."""
        analysis = cls.__new__(cls)
        analysis.variables = variables_of(state)
        analysis.unrecognised = ()
        return analysis

    @property
    def state_variables(self) -> dict[str, Any]:
        """The numbers read, by name. A fresh dict each time."""
        return asdict(self.variables)

    @property
    def state_hash(self) -> int:
        """63-bit hash of the game state; equal situations have equal hashes across processes."""
        return self.variables.state_hash

    @property
    def mode(self) -> GameMode:
        return GameMode(self.variables.mode)

    @property
    def in_battle(self) -> bool:
        return self.variables.battle_kind != "none"

    @property
    def own_hp_fraction(self) -> float:
        """Health of the creature in front, 0 to 1; 1 when there is none."""
        return _fraction(self.variables.own_hp, self.variables.own_max_hp)

    @property
    def party_hp_fraction(self) -> float:
        """Health of the whole party, 0 to 1; 1 when it is empty."""
        return _fraction(sum(self.variables.party_hp), sum(self.variables.party_max_hp))

    @property
    def phase(self) -> GamePhase:
        v = self.variables
        if v.badges >= BADGES_ALL:
            return GamePhase.POST_GAME
        if v.badges >= BADGES_JOHTO:
            return GamePhase.LATE_GAME
        if v.badges > 0:
            return GamePhase.GYM_BATTLES
        if v.party_count == 0:
            return GamePhase.BEGINNING
        if v.party_count == 1 and v.own_level < STARTER_PHASE_BELOW_LEVEL:
            return GamePhase.STARTER
        return GamePhase.EXPLORATION

    @property
    def criticality(self) -> Criticality:
        if self.variables.party_count == 0:
            return Criticality.MODERATE
        health = self.own_hp_fraction
        if health == 0 or (self.in_battle and health < EMERGENCY_BELOW):
            return Criticality.EMERGENCY
        if health < URGENT_BELOW:
            return Criticality.URGENT
        if health > OPTIMAL_ABOVE and not self.in_battle:
            return Criticality.OPTIMAL
        return Criticality.MODERATE

    @property
    def hp_class(self) -> str:
        """ "none" without a party, else "fainted", "critical", "low", "fair" or "good"."""
        if self.variables.party_count == 0:
            return "none"
        health = self.own_hp_fraction
        if health == 0:
            return "fainted"
        if health < EMERGENCY_BELOW:
            return "critical"
        if health < URGENT_BELOW:
            return "low"
        return "fair" if health < OPTIMAL_ABOVE else "good"

    @property
    def context(self) -> dict[str, str]:
        """The coarse situation under which the decision history counts outcomes. A fresh dict each time."""
        v = self.variables
        return {
            "mode": v.mode,
            "map": v.map_name or f"{v.map_group},{v.map_number}",
            "phase": self.phase.value,
            "hp": self.hp_class,
            "battle": v.battle_kind,
        }

    def analyze_battle_state(self) -> dict[str, Any]:
        """The fight: `in_battle`, `kind`, both `hp_fraction`s, `level_difference` (own minus enemy), `advantage`
        ("favourable", "even", "unfavourable" or "none"), `criticality` and a `recommendation` in words.
        """
        v = self.variables
        enemy = _fraction(v.enemy_hp, v.enemy_max_hp)
        difference = v.own_level - v.enemy_level
        advantage = "none"
        if self.in_battle:
            balance = difference / 10 + self.own_hp_fraction - enemy
            advantage = "favourable" if balance > 0.25 else "unfavourable" if balance < -0.25 else "even"
        return {
            "in_battle": self.in_battle,
            "kind": v.battle_kind,
            "own_hp_fraction": self.own_hp_fraction,
            "enemy_hp_fraction": enemy if self.in_battle else 0.0,
            "level_difference": difference if self.in_battle else 0,
            "advantage": advantage,
            "criticality": self.criticality.value,
            "recommendation": self._battle_recommendation(advantage),
        }

    def _battle_recommendation(self, advantage: str) -> str:
        if not self.in_battle:
            return "no battle"
        if self.criticality is Criticality.EMERGENCY:
            return "run or heal" if self.variables.battle_kind == "wild" else "heal or switch"
        if advantage == "unfavourable" and self.variables.battle_kind == "wild":
            return "weaken and catch or run"
        return "attack"

    def analyze_exploration_state(self) -> dict[str, Any]:
        """The walk: `map`, `position`, `phase`, `criticality`, `can_act`, `needs_healing`, `party_hp_fraction`,
        `progress` (0 to 1 from badges and levels) and a `recommendation` in words.
        """
        v = self.variables
        needs_healing = v.party_count > 0 and self.own_hp_fraction < NEEDS_HEALING_BELOW
        level_part = min(1.0, max(v.party_levels, default=v.own_level) / 50)
        if self.mode is not GameMode.FREE:
            recommendation = "finish what is on the screen"
        elif needs_healing:
            recommendation = "heal"
        else:
            recommendation = "go on with the story"
        return {
            "map": v.map_name or f"{v.map_group},{v.map_number}",
            "position": (v.player_x, v.player_y),
            "phase": self.phase.value,
            "criticality": self.criticality.value,
            "can_act": self.mode is GameMode.FREE,
            "needs_healing": needs_healing,
            "party_hp_fraction": self.party_hp_fraction,
            "progress": 0.8 * min(1.0, v.badges / BADGES_ALL) + 0.2 * level_part,
            "recommendation": recommendation,
        }

    def get_summary(self) -> str:
        """One line of plain English."""
        v = self.variables
        place = v.map_name or f"map {v.map_group},{v.map_number}"
        party = f"{v.party_count} creature{'s' * (v.party_count != 1)}"
        if v.party_count:
            party += f", the one in front at level {v.own_level} with {v.own_hp}/{v.own_max_hp} HP"
        words = f"{self.phase.value.replace('_', ' ')}: at ({v.player_x}, {v.player_y}) in {place}; {party}; "
        words += f"{v.badges} badge{'s' * (v.badges != 1)}, {v.money} money; {self.criticality.value}"
        if self.in_battle:
            kind = "a wild creature" if v.battle_kind == "wild" else "a trainer"
            words += f"; fighting {kind} at level {v.enemy_level} with {v.enemy_hp}/{v.enemy_max_hp} HP"
        return words


def _checked(name: str, value: Any) -> Any:
    if name in _SEQUENCES:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise DecisionValidationError(f"state variable {name} must be a sequence of integers, got {value!r}")
        return tuple(int(item) for item in cast("Sequence[Any]", value))
    if name in _TEXTS:
        if not isinstance(value, str):
            raise DecisionValidationError(f"state variable {name} must be a text, got {value!r}")
        if name == "mode" and value not in set(GameMode):
            raise DecisionValidationError(f"mode {value!r} is none of {', '.join(GameMode)}")
        return value
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise DecisionValidationError(f"state variable {name} must be a whole number, got {value!r}") from error


class ContextReader:
    """Contexts of one game's states. They follow from mode, map, possessions and own fighter: kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[GameMode, MapId, Possessions, tuple[int, ...]], dict[str, str]] = {}

    def read(self, state: GameState) -> Mapping[str, str]:
        """`GameStateAnalysis.context` of the state; equal situations may share one dict, so nobody changes it."""
        battle = state.battle
        own = () if battle is None else (battle.is_trainer, battle.own.hp, battle.own.max_hp, battle.own.level)
        key = (state.mode, state.map_id, state.possessions, own)
        context = self._known.get(key)
        if context is None:
            if len(self._known) >= CONTEXTS_KEPT:
                self._known.clear()
            context = self._known[key] = GameStateAnalysis.from_game_state(state).context
        return context


def variables_of(state: GameState) -> StateVariables:
    """The named numbers of a decoded state."""
    party, battle, position = state.party, state.battle, state.position
    front = battle.own if battle is not None else next((one for one in party if one.hp), party[0] if party else None)
    enemy = battle.enemy if battle is not None else None
    return StateVariables(
        mode=state.mode.value,
        map_group=position.map.group,
        map_number=position.map.number,
        map_name=state.game.map_name(position.map),
        player_x=position.x,
        player_y=position.y,
        party_count=len(party),
        party_levels=tuple([member.level for member in party]),
        party_hp=tuple([member.hp for member in party]),
        party_max_hp=tuple([member.max_hp for member in party]),
        badges=state.badge_count,
        money=state.money,
        ball_count=sum([slot.quantity for slot in state.balls]),
        item_count=sum([slot.quantity for slot in state.items]),
        battle_kind="none" if battle is None else "trainer" if battle.is_trainer else "wild",
        enemy_level=enemy.level if enemy is not None else 0,
        enemy_hp=enemy.hp if enemy is not None else 0,
        enemy_max_hp=enemy.max_hp if enemy is not None else 0,
        own_hp=front.hp if front is not None else 0,
        own_max_hp=front.max_hp if front is not None else 0,
        own_level=front.level if front is not None else 0,
        state_hash=state.state_hash,
    )
