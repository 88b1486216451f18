"""Who carries the party: levels weighed by what the kinds promise, on real states with parties made to measure."""

from __future__ import annotations

from core.rules.planning.carriers import promise_of, strongest
from tests.game_states import first_state, with_party

START = first_state()
GAME = START.game
SPECIES = {one.name: number for number, one in GAME.species.items()}


def front(*members: tuple[str, int]) -> str:
    """Who carries a party of these kinds and levels."""
    best = strongest(with_party(START, *((SPECIES[name], level, 20, 20) for name, level in members)))
    assert best is not None
    return GAME.species_name(best.species)


def test_a_kind_promises_what_it_will_be_as_well_as_what_it_is() -> None:
    stats = {name: sum(GAME.species[SPECIES[name]].base_stats.values()) for name in ("CINDREL", "PYRESTOAT")}
    assert promise_of(SPECIES["CINDREL"], GAME) == (stats["CINDREL"] * stats["PYRESTOAT"]) ** 0.5
    assert promise_of(SPECIES["PYRESTOAT"], GAME) == stats["PYRESTOAT"]
    assert promise_of(0, GAME) == 1.0


def test_a_stronger_kind_stays_in_front_of_somebody_a_few_levels_ahead() -> None:
    assert front(("CINDREL", 13), ("FUZZLE", 15)) == "CINDREL"
    assert front(("THISTLING", 15), ("EMBERMINK", 15)) == "EMBERMINK", "and comes back to the front"


def test_who_is_far_ahead_carries_the_party_whatever_its_kind() -> None:
    assert front(("CINDREL", 13), ("FUZZLE", 21)) == "FUZZLE"
    assert front(("MOSSBIT", 13), ("CINDREL", 14)) == "MOSSBIT", "one level of two alike is no reason to change"


def test_nobody_carries_an_empty_party() -> None:
    assert strongest(with_party(START)) is None
