"""What items are good for, in both games."""

from __future__ import annotations

from core.game.game_data import load_game
from core.game.item_effects import ANY_STATUS, POISON, ItemEffect, helps
from core.game.profile import game_named
from tests.game_states import first_state, with_party

LEAD = (1, 10, 30, 30)


def test_remedies_are_known_in_both_games() -> None:
    fernvale, crystal = first_state().game, load_game(game_named("crystal"))
    by_key = {item.key: item.effect for game in (fernvale, crystal) for item in game.items.values()}
    assert by_key["TONIC"] == by_key["POTION"] == ItemEffect(heals=20)
    assert by_key["CURE_ALL"].cures == by_key["FULL_HEAL"].cures == ANY_STATUS
    assert by_key["HERB"].cures == by_key["ANTIDOTE"].cures == POISON
    assert by_key["FINE_CATCHER"].catches == by_key["GREAT_BALL"].catches == 1.5
    assert by_key["BICYCLE"] == by_key["RAFT"] == ItemEffect()
    assert by_key["STINKWEED"].repels_steps == 120


def test_nothing_is_wasted_on_the_healthy_or_the_fainted() -> None:
    healthy, fainted = with_party(first_state(), LEAD, (2, 9, 0, 20)).party
    assert not helps(ItemEffect(heals=20), healthy) and not helps(ItemEffect(heals=20), fainted)
    assert helps(ItemEffect(revives=True), fainted) and not helps(ItemEffect(revives=True), healthy)
