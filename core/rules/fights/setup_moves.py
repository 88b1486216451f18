"""What moves without power are worth in a duel: sleep, ailments, and stats that rise or fall.

Each is weighed as the same duel with one turn less and what the move brings: turns that the enemy sleeps, damage that
grows or shrinks. Names of effects are those of both games' data, without their prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.rules.fights.duel import AILING_SHARE, Duel

if TYPE_CHECKING:
    from core.game.facts import Move

PREFIX = "EFFECT_"
SLEEP_TURNS = 2.5
"""Turns that a sleeper misses, on the average."""
PARALYSIS_TURNS = 4 / 3
"""Factor on the turns that a paralysed creature needs."""
STAGE = 1.5
"""Factor of one stage on damage, up or down."""
MOST_STAGES = 2
"""A stat that was raised or lowered by this much is left alone."""
ATTACK, DEFENSE, SPEED, SPECIAL_ATTACK, SPECIAL_DEFENSE, ACCURACY, EVASION = range(7)
_RAISED = {
    "ATTACK_UP": (ATTACK, STAGE),
    "ATTACK_UP_2": (ATTACK, STAGE**2),
    "SP_ATTACK_UP": (SPECIAL_ATTACK, STAGE),
    "SP_ATK_UP": (SPECIAL_ATTACK, STAGE),
}
_SHIELDS = {"DEFENSE_UP": (DEFENSE, STAGE), "DEFENSE_UP_2": (DEFENSE, STAGE**2), "EVASION_UP": (EVASION, 4 / 3)}
_LOWERED = {"DEFENSE_DOWN": (DEFENSE, STAGE), "DEFENSE_DOWN_2": (DEFENSE, STAGE**2)}
_WEAKENED = {
    "ATTACK_DOWN": (ATTACK, STAGE),
    "ATTACK_DOWN_2": (ATTACK, STAGE**2),
    "ACCURACY_DOWN": (ACCURACY, 4 / 3),
}
_RECOVERING = ("RECOVER", "HEAL", "MORNING_SUN", "SYNTHESIS", "MOONLIGHT")


def effect_of(move: Move) -> str:
    """The name of a move's effect without the prefix of the data."""
    return move.effect.removeprefix(PREFIX)


def chance_after(fight: Duel, move: Move, hits: float) -> float | None:
    """The chance to win when this turn goes to a move without power; None when it does nothing now.

    `hits` is the chance that the move works. Stats of the attack are taken to matter for half of the damage only,
    because moves of special types use others.
    """
    effect = effect_of(move)
    own, enemy = fight.own, fight.enemy
    if effect == "SLEEP":
        return None if enemy.status else fight.chance_with(lost_turns=1, won_turns=hits * SLEEP_TURNS)
    if effect == "PARALYZE":
        slower = fight.enemy_per_turn / (1 + hits * (PARALYSIS_TURNS - 1))
        return None if enemy.status else fight.chance_with(lost_turns=1, enemy_per_turn=slower)
    if effect in ("POISON", "TOXIC"):
        faster = fight.own_per_turn + hits * AILING_SHARE * enemy.max_hp
        return None if enemy.status else fight.chance_with(lost_turns=1, own_per_turn=faster)
    if effect in _RECOVERING:
        gain = min(own.max_hp / 2, own.max_hp - own.hp)
        return fight.chance_with(lost_turns=1, more_hp=gain)
    for table, fighter, sign in ((_RAISED, own, 1), (_LOWERED, enemy, -1)):
        if effect in table:
            stat, factor = table[effect]
            faster = fight.own_per_turn * (1 + hits * (factor - 1) / 2)
            return _unless_done(sign * fighter.stages[stat], fight.chance_with(lost_turns=1, own_per_turn=faster))
    for table, fighter, sign in ((_SHIELDS, own, 1), (_WEAKENED, enemy, -1)):
        if effect in table:
            stat, factor = table[effect]
            slower = fight.enemy_per_turn / (1 + hits * (factor - 1) / 2)
            return _unless_done(sign * fighter.stages[stat], fight.chance_with(lost_turns=1, enemy_per_turn=slower))
    return None


def _unless_done(stages: int, chance: float) -> float | None:
    return chance if stages < MOST_STAGES else None
