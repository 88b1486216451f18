"""Damage and duels by hand: the formula of the second generation, and what follows for who is likely to win."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.game.battle import Fighter
from core.game.game_data import load_game
from core.game.item_effects import BURN, FROZEN, PARALYSIS, POISON
from core.game.profile import game_named
from core.rules.fights.damage import Estimate, estimate, hit_chance, special_types, turns_to_win, win_chance
from core.rules.fights.duel import after_a_hit, ailing_loss, duel, share_of_turns

GAME = load_game(game_named("crystal"))
MOVES = {move.key: move for move in GAME.moves.values()}
TYPES = {name: number for number, name in GAME.types.items()}
STATIC = (0,) * 7


def fighter(*types: str, moves: tuple[str, ...] = (), **changes: object) -> Fighter:
    numbers = [TYPES[name] for name in types]
    ids = [MOVES[key].id for key in moves]
    plain = Fighter(
        species=1,
        level=20,
        hp=60,
        max_hp=80,
        status=0,
        moves=tuple(ids + [0] * (4 - len(ids))),
        pp=tuple([10] * len(ids) + [0] * (4 - len(ids))),
        types=(numbers[0], numbers[-1]),
        attack=40,
        defense=30,
        speed=25,
        special_attack=50,
        special_defense=20,
        stages=STATIC,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_hit_is_the_formula() -> None:
    normal, water, fire = fighter("NORMAL"), fighter("WATER"), fighter("FIRE")
    tackle, surf = MOVES["TACKLE"], MOVES["SURF"]
    physical = (2 * 20 / 5 + 2) * tackle.power * 40 / 30 / 50 + 2
    hit = estimate(water, normal, tackle, GAME)
    assert hit.most == pytest.approx(physical)
    assert hit.mean == pytest.approx(physical * 236 / 255)
    assert hit.least == pytest.approx(physical * 217 / 255)
    assert hit.expected == pytest.approx(hit.mean * tackle.accuracy_percent / 100)
    assert estimate(normal, normal, tackle, GAME).most == pytest.approx(1.5 * physical), "its own type"
    special = (2 * 20 / 5 + 2) * surf.power * 50 / 20 / 50 + 2
    splash = estimate(water, fire, surf, GAME)
    assert (splash.most, splash.effectiveness) == (pytest.approx(1.5 * 2 * special), 2)
    assert estimate(water, replace(fire, defense=0, special_defense=0), tackle, GAME).most == pytest.approx(
        10 * 35 * 40 / 50 + 2
    )


def test_no_power_and_no_effect_do_nothing() -> None:
    growl = estimate(fighter("NORMAL"), fighter("NORMAL"), MOVES["GROWL"], GAME)
    ghost = estimate(fighter("NORMAL"), fighter("GHOST"), MOVES["TACKLE"], GAME)
    assert (growl.most, growl.effectiveness, ghost.most, ghost.effectiveness) == (0.0, 1, 0.0, 0)


def test_types_from_fire_on_are_special() -> None:
    assert special_types(GAME) == {"FIRE", "WATER", "GRASS", "ELECTRIC", "PSYCHIC", "ICE", "DRAGON", "DARK"}


def test_accuracy_follows_its_stages() -> None:
    """Thirds of the second generation: 3/9 at the lowest, 9/3 at the highest; evasion counts the other way."""
    move = replace(MOVES["TACKLE"], accuracy_percent=30)
    plain = fighter("NORMAL")
    factors = (0.33, 0.36, 0.43, 0.5, 0.6, 0.75, 1.0, 1.33, 1.66, 2.0, 2.33, 2.66, 3.0)
    for stage in range(-6, 7):
        aiming = replace(plain, stages=(0, 0, 0, 0, 0, stage, 0))
        hiding = replace(plain, stages=(0, 0, 0, 0, 0, 0, -stage))
        expected = 0.3 * factors[stage + 6]
        assert hit_chance(aiming, plain, move) == hit_chance(plain, hiding, move) == pytest.approx(expected)
        assert factors[stage + 6] == pytest.approx((3 + max(stage, 0)) / (3 + max(-stage, 0)), abs=0.02)
    far = replace(plain, stages=(0, 0, 0, 0, 0, 6, 0))
    assert hit_chance(far, replace(plain, stages=(0, 0, 0, 0, 0, 0, -6)), move) == pytest.approx(0.9), "six at most"
    assert hit_chance(far, plain, MOVES["TACKLE"]) == 1.0


def test_a_knock_out_is_as_likely_as_its_rolls() -> None:
    hit = Estimate(least=10.0, mean=12.0, most=14.0, hit_chance=0.8, effectiveness=1)
    assert [hit.knock_out_chance(hp) for hp in (9, 10, 11, 12, 13)] == [0.8, 0.8, 0.4, 0.4, 0.0]


def test_turns_and_chances() -> None:
    assert [turns_to_win(per_turn, 30) for per_turn in (0, 10, 60)] == [float("inf"), 3.0, 1.0]
    assert win_chance(3, 3) == 0.5 and win_chance(2, 4) == pytest.approx(8 / 9)
    assert win_chance(float("inf"), 2) == win_chance(100, 1) == 0.02
    assert win_chance(2, float("inf")) == win_chance(1, 100) == 0.98


def test_what_ails_a_creature_costs_turns_or_health() -> None:
    plain = fighter("NORMAL")
    shares = {0: 1.0, 1: 1 / 1.5, 4: 1 / 3, FROZEN: 0.1, PARALYSIS: 0.75, POISON: 1.0, BURN: 1.0, FROZEN | POISON: 0.1}
    for status, share in shares.items():
        assert share_of_turns(replace(plain, status=status)) == pytest.approx(share), status
    losses = {0: 0.0, 3: 0.0, FROZEN: 0.0, PARALYSIS: 0.0, POISON: 10.0, BURN: 10.0}
    for status, loss in losses.items():
        assert ailing_loss(replace(plain, status=status)) == pytest.approx(loss), status


@pytest.mark.parametrize("is_trainer", [False, True])
def test_a_duel_weighs_both_sides(is_trainer: bool) -> None:
    own = fighter("WATER", moves=("SURF", "TACKLE"), status=POISON, pp=(0, 5, 0, 0))
    enemy = fighter("NORMAL", moves=("TACKLE", "GROWL"), speed=20, status=PARALYSIS)
    fight = duel(own, enemy, GAME, is_trainer=is_trainer)
    hit, answer = (estimate(*sides, MOVES["TACKLE"], GAME) for sides in ((own, enemy), (enemy, own)))
    assert fight.estimates == {1: hit}, "a move without power points is none"
    assert fight.own_per_turn == pytest.approx(hit.expected)
    mean = answer.expected / 2
    pace = (mean + answer.expected) / 2 if is_trainer else mean
    assert fight.enemy_per_turn == pytest.approx(0.75 * pace + 80 / 8)
    assert fight.hardest_hit == answer.most and fight.acts_first
    own_turns = turns_to_win(fight.own_per_turn, 60) - 0.5
    assert fight.chance == pytest.approx(win_chance(own_turns, turns_to_win(fight.enemy_per_turn, 60)))
    changed = fight.chance_with(own_per_turn=30.0, enemy_per_turn=20.0, more_hp=20.0, lost_turns=1.0, won_turns=2.0)
    assert changed == pytest.approx(win_chance(2 + 1 - 0.5, 80 / 20 + 2))
    assert fight.chance_with(own_per_turn=1000.0) == win_chance(0.5, turns_to_win(fight.enemy_per_turn, 60))
    assert after_a_hit(fight).own.hp == round(60 - fight.enemy_per_turn)
    assert after_a_hit(fight, hits=100).own.hp == 0


def test_the_next_hit_may_be_the_last() -> None:
    own, enemy = fighter("WATER", moves=("TACKLE",)), fighter("NORMAL", moves=("TACKLE",))
    most = estimate(enemy, own, MOVES["TACKLE"], GAME).most
    assert duel(replace(own, hp=int(most)), enemy, GAME, is_trainer=False).is_in_danger
    assert not duel(replace(own, hp=int(most) + 1), enemy, GAME, is_trainer=False).is_in_danger
    weak = duel(own, replace(enemy, hp=1), GAME, is_trainer=False)
    assert weak.knock_out_chance() == weak.estimates[0].hit_chance
    assert duel(fighter("WATER"), enemy, GAME, is_trainer=False).knock_out_chance() == 0.0
    assert not duel(own, replace(enemy, speed=own.speed), GAME, is_trainer=False).acts_first
