"""Who is looked for when nobody in the party can learn a move that the way asks for."""

from __future__ import annotations

from core.rules.fights.company import Company
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.learners import Learners, could_learn_what_nobody_can, learners_of, places_kept
from core.vocabulary import BuyItems, MapId, Option, OptionKind
from tests.crystal_rows import crystal_state
from tests.test_teaching_moves import CHIKORITA, HM_CUT, MAGIKARP, RATTATA, SPLASH, TACKLE, party

ODDISH, GEODUDE = 43, 74
ONE = {**party((MAGIKARP, (SPLASH,))), **HM_CUT}
BALLS = {"wNumBalls": b"\x01", "wBalls": b"\x05\x05\xff"}
FAR = 500


def sought(rows: dict[str, bytes], *near: str) -> list[Option]:
    """What is looked for with these maps in reach, all far but the ones named."""
    state = crystal_state(rows)
    distances: dict[MapId, int] = {one.id: 10 if one.key in near else FAR for one in state.game.maps.values()}
    return [one.option for one in Learners(state.game).goals("CUT", state, LaneMemory(), distances)]


def test_one_goes_where_somebody_lives_who_can_learn() -> None:
    (option,) = sought({**ONE, **BALLS}, "ROUTE_31", "ROUTE_29")
    assert option.kind is OptionKind.TRAIN and option.label.endswith("for somebody who can learn CUT")
    kinds = learners_of("CUT", crystal_state(ONE).game)
    assert option.position is not None
    game = crystal_state(ONE).game
    table = game.wild[game.maps[option.position.map].key]
    assert table is not None and any(species in kinds for _, species in table.slots["morn"])


def test_without_balls_they_are_bought_first() -> None:
    (option,) = sought({**ONE, "wMoney": b"\x00\x10\x00"}, "CHERRYGROVE_MART")
    assert option.kind is OptionKind.BUY and isinstance(option.menu_task, BuyItems)


def test_nobody_is_looked_for_with_a_full_party() -> None:
    full = party(*((MAGIKARP, (SPLASH,)) for _ in range(6)))
    assert sought({**full, **HM_CUT, **BALLS}, "ROUTE_31") == []


def test_a_kind_that_can_learn_is_good_company_until_somebody_can() -> None:
    state = crystal_state({**party((MAGIKARP, (SPLASH,)), (GEODUDE, (TACKLE,))), **HM_CUT})
    assert could_learn_what_nobody_can(ODDISH, state, state.game)
    assert not could_learn_what_nobody_can(RATTATA, state, state.game), "no rat learns CUT"
    assert Company(state.game).wants(state, ODDISH, 1)
    able = crystal_state({**party((MAGIKARP, (SPLASH,)), (CHIKORITA, (TACKLE,))), **HM_CUT})
    assert not could_learn_what_nobody_can(ODDISH, able, able.game)
    assert not Company(able.game).wants(able, ODDISH, 1)
    without = crystal_state(party((MAGIKARP, (SPLASH,)), (GEODUDE, (TACKLE,))))
    assert not could_learn_what_nobody_can(ODDISH, without, without.game), "there is no machine in the bag"


def test_once_a_badge_for_such_moves_is_won_a_kind_that_can_learn_one_is_good_company_where_it_is_met() -> None:
    badge = {"wJohtoBadges": b"\x02"}
    state = crystal_state({**party((MAGIKARP, (SPLASH,)), (GEODUDE, (TACKLE,))), **badge})
    assert could_learn_what_nobody_can(ODDISH, state, state.game)
    assert not could_learn_what_nobody_can(RATTATA, state, state.game)
    five = crystal_state({**party(*((MAGIKARP, (SPLASH,)) for _ in range(5))), **badge})
    assert not could_learn_what_nobody_can(ODDISH, five, five.game), "the last place is kept for a gift"


def test_places_stay_free_for_a_gift_and_for_what_the_way_asks_for() -> None:
    game = crystal_state(ONE).game
    assert places_kept(frozenset((MAGIKARP,)), game) == 3, "a gift, and two kinds that know all between them"
    able = frozenset(kind for kinds in game.learners.values() for kind in kinds)
    assert places_kept(able, game) == 1
    many = party(*((kind, (TACKLE,)) for kind in (MAGIKARP, GEODUDE, RATTATA, 10)))
    state = crystal_state(many)
    assert not Company(game).wants(state, 13, 60), "a sixth place has to stay free"
