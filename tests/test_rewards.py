"""Rewards pay for progress, and no known exploit pays: each loop is played often and stays below one milestone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.exceptions import ConfigurationError
from core.game.milestone_tracker import MilestoneTracker
from core.game.reward_event import EpisodeFacts, EventKind, When
from core.game.rewards import RewardMemory, RewardWeights, reward_events
from core.game.state import GameState
from tests.game_states import first_state, rom_tables, with_party, with_ram

IN_BATTLE: dict[str, int | bytes] = {"wScriptRunning": 0xFF, "wBattleMode": 1}
ROUNDS = 200


class Play:
    """A sequence of states that is paid for as the env would."""

    def __init__(
        self, start: GameState, weights: RewardWeights | None = None, kinds: Sequence[type[EventKind]] = ()
    ) -> None:
        self.memory = RewardMemory(weights or RewardWeights(), MilestoneTracker(rom_tables().game), kinds)
        self.memory.start(start)
        self.state = start
        self.parts: dict[str, float] = {}

    def to(self, state: GameState) -> float:
        events = reward_events(self.state, state, self.memory)
        self.state = state
        for event in events:
            assert event.name in self.memory.names
            self.parts[event.name] = self.parts.get(event.name, 0.0) + event.amount
        return sum(event.amount for event in events)

    @property
    def total(self) -> float:
        return sum(self.parts.values())


def at(x: int, y: int, state: GameState | None = None) -> GameState:
    return with_ram(state or first_state(), {"wXCoord": x, "wYCoord": y})


def team(*members: tuple[int, int, int, int]) -> GameState:
    return with_party(at(3, 3), *members)


def flag_bytes(index: int) -> bytes:
    flags = bytearray(first_state().event_flags)
    flags[index // 8] |= 1 << index % 8
    return bytes(flags)


def test_standing_still_pays_nothing() -> None:
    play = Play(first_state())
    assert [play.to(first_state()) for _ in range(5)] == [0.0] * 5


def test_new_steps_and_maps_pay_once() -> None:
    play = Play(at(3, 3))
    assert play.to(at(4, 3)) == pytest.approx(RewardWeights().new_tile)
    assert play.to(at(3, 3)) == 0.0
    other = next(known.id for known in first_state().game.maps.values() if known.id != first_state().map_id)
    elsewhere = with_ram(at(3, 3), {"wMapGroup": bytes(other)})
    assert play.to(elsewhere) >= RewardWeights().new_map
    assert play.to(at(3, 3)) == 0.0
    assert play.to(elsewhere) == 0.0


def test_to_and_fro_walking_does_not_pay() -> None:
    play = Play(at(3, 3))
    for _ in range(ROUNDS):
        play.to(at(4, 3))
        play.to(at(3, 3))
    assert play.total == pytest.approx(RewardWeights().new_tile)


def test_opening_and_closing_menus_does_not_pay() -> None:
    play = Play(first_state())
    opened = with_ram(first_state(), {"wScriptRunning": 0xFF, "wStateFlags": 0x41})
    for _ in range(ROUNDS):
        play.to(opened)
        play.to(first_state())
    assert play.total == 0.0


def test_fleeing_at_full_health_does_not_pay() -> None:
    calm = team((1, 5, 20, 20))
    play = Play(calm)
    for _ in range(ROUNDS):
        play.to(with_ram(calm, IN_BATTLE))
        play.to(calm)
    assert play.total == 0.0


def test_heal_farming_pays_less_than_a_milestone_for_ever() -> None:
    play = Play(team((1, 5, 20, 20)))
    first = None
    for _ in range(ROUNDS):
        play.to(with_ram(team((1, 5, 1, 20)), IN_BATTLE))
        play.to(team((1, 5, 1, 20)))
        paid = play.to(team((1, 5, 20, 20)))
        first = paid if first is None else first
    assert first is not None and first > 0
    assert play.total <= 2 * first
    assert play.total < RewardWeights().milestone / 5


def test_healing_without_damage_in_battle_does_not_pay() -> None:
    play = Play(team((1, 5, 20, 20)))
    for _ in range(ROUNDS):
        play.to(team((1, 5, 10, 20)))  # poison while walking
        play.to(team((1, 5, 20, 20)))
    assert play.total == 0.0


def test_losing_on_purpose_costs() -> None:
    play = Play(team((1, 5, 20, 20)))
    for _ in range(20):
        play.to(with_ram(team((1, 5, 0, 20)), IN_BATTLE))
        play.to(team((1, 5, 20, 20)))
    weights = RewardWeights()
    assert play.total == pytest.approx(20 * (weights.faint + weights.white_out))
    assert play.parts.get("heal", 0.0) == 0.0


def test_storing_and_fetching_creatures_does_not_pay() -> None:
    both, one = team((1, 5, 20, 20), (2, 9, 30, 30)), team((1, 5, 20, 20))
    play = Play(both)
    for _ in range(ROUNDS):
        play.to(one)
        play.to(both)
    assert play.total == 0.0


def test_level_ups_pay_once_per_level() -> None:
    play = Play(team((1, 5, 20, 20)))
    assert play.to(team((1, 6, 22, 22))) >= RewardWeights().level_up
    paid = play.parts["level_up"]
    play.to(team((1, 5, 20, 20)))
    play.to(team((1, 6, 22, 22)))
    assert play.parts["level_up"] == paid == pytest.approx(RewardWeights().level_up)


def test_a_strong_newcomer_is_no_level_up() -> None:
    play = Play(team((1, 5, 20, 20)))
    play.to(team((1, 5, 20, 20), (9, 50, 100, 100)))
    assert "level_up" not in play.parts


def test_captures_and_sightings_pay_once() -> None:
    play = Play(first_state())
    caught = with_ram(first_state(), {"wPokedexCaught": 1, "wPokedexSeen": 3})
    play.to(caught)
    play.to(first_state())
    play.to(caught)
    weights = RewardWeights()
    assert play.parts == pytest.approx({"capture": weights.capture, "seen": 2 * weights.seen})


def test_whitelisted_flags_pay_once_and_fleeting_ones_never() -> None:
    flags = first_state().game.event_flags.values()
    good = next(flag for flag in flags if flag.kind == "trainer")
    hidden = next(flag for flag in flags if flag.kind == "object_visibility")
    play = Play(first_state())
    play.to(with_ram(first_state(), {"wEventFlags": flag_bytes(hidden.index)}))
    assert "event_flag" not in play.parts
    for _ in range(3):
        play.to(with_ram(first_state(), {"wEventFlags": flag_bytes(good.index)}))
        play.to(first_state())
    assert play.parts["event_flag"] == RewardWeights().event_flag
    for index in range(8):
        play.to(with_ram(first_state(), {"wEventFlags": flag_bytes(index)}))
    assert play.parts["event_flag"] == RewardWeights().event_flag


def test_badges_pay_once() -> None:
    play = Play(first_state())
    for badges in (1, 0, 1, 3, 1):
        play.to(with_ram(first_state(), {"wJohtoBadges": badges}))
    assert play.parts["badge"] == 2 * RewardWeights().badge


def test_what_is_true_at_the_start_pays_nothing() -> None:
    rich = with_ram(team((1, 9, 20, 20)), {"wJohtoBadges": 7, "wPokedexCaught": 0xFF, "wEventFlags": b"\xff" * 256})
    play = Play(rich)
    assert play.to(rich) == 0.0
    assert "starter" in play.memory.tracker.reached


def test_nothing_is_paid_before_the_game_runs() -> None:
    play = Play(with_ram(first_state(), {"wMapStatus": 0}))
    garbage = bytearray(b"\xff" * 8320)
    garbage[rom_tables().layout.index("wMapStatus")] = 0
    assert play.to(GameState(type(first_state().snapshot)(bytes(garbage)), rom_tables())) == 0.0


def test_weights_have_bounds() -> None:
    with pytest.raises(ConfigurationError, match="badge is 500"):
        RewardWeights(badge=500)
    with pytest.raises(ConfigurationError, match="heal is nan"):
        RewardWeights(heal=float("nan"))


def test_weights_scale_their_event_only() -> None:
    play = Play(at(3, 3), RewardWeights(new_tile=0.5))
    assert play.to(at(4, 3)) == 0.5


def test_damage_of_a_lost_fight_is_forgotten() -> None:
    play = Play(team((1, 5, 20, 20)))
    play.to(with_ram(team((1, 5, 0, 20)), IN_BATTLE))
    play.to(team((1, 5, 20, 20)))
    play.to(team((1, 5, 10, 20)))  # poison while walking
    play.to(team((1, 5, 20, 20)))
    assert "heal" not in play.parts


def test_health_gained_with_a_level_is_no_healing() -> None:
    play = Play(team((1, 5, 20, 20)))
    play.to(with_ram(team((1, 5, 4, 20)), IN_BATTLE))
    play.to(team((1, 6, 22, 22)))
    assert "heal" not in play.parts and "level_up" in play.parts


def test_crossing_the_edge_between_two_maps_is_no_new_ground() -> None:
    """While one map takes the other's place, coordinates lie one step outside of it."""
    width, height = first_state().map_size_steps
    for outside in (at(width, 3), at(3, height), at(0xFF, 3), at(3, 0xFF)):
        assert Play(at(3, 3)).to(outside) == 0.0
    for inside in (at(width - 1, 3), at(3, height - 1)):
        assert Play(at(3, 3)).to(inside) == pytest.approx(RewardWeights().new_tile)


class Richer(EventKind):
    """Money beyond the most that the episode has had."""

    name, weight, when = "richer", 0.001, When.POSSESSIONS

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        self._most = state.money

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        gained, self._most = max(0, current.money - self._most), max(self._most, current.money)
        return gained


def test_a_kind_of_ones_own_is_paid_beside_the_others_by_its_weight() -> None:
    rich = with_ram(first_state(), {"wMoney": (5000).to_bytes(3, "big")})
    gained = rich.money - first_state().money
    assert gained > 0
    for weights, paid in ((None, 0.001), (RewardWeights(richer=0.002), 0.002)):
        play = Play(first_state(), weights, [Richer])
        for _ in range(3):
            play.to(rich)
            play.to(first_state())
        assert play.parts == {"richer": pytest.approx(paid * gained)}
    assert play.memory.names[-1] == "richer"


def test_a_weight_without_an_event_and_an_event_without_a_name_of_its_own_are_refused() -> None:
    tracker = MilestoneTracker(rom_tables().game)
    with pytest.raises(ConfigurationError, match=r"'rewards.richre'; did you mean 'richer'\?"):
        RewardMemory(RewardWeights(richre=1.0), tracker, [Richer])
    with pytest.raises(ConfigurationError, match="two reward events are called 'richer'"):
        RewardMemory(RewardWeights(), tracker, [Richer, Richer])


def test_progress_freshens_healing_and_an_event_that_is_none_does_not() -> None:
    """A shop visit that pays must not make healing worth more."""
    poor = with_ram(team((1, 5, 20, 20)), {"wMoney": bytes(3)})

    def heal(play: Play) -> float:
        before = play.parts.get("heal", 0.0)
        play.to(with_ram(team((1, 5, 1, 20)), {**IN_BATTLE, "wMoney": bytes(3)}))
        play.to(with_ram(team((1, 5, 1, 20)), {"wMoney": bytes(3)}))
        play.to(poor)
        return play.parts["heal"] - before

    play = Play(poor, kinds=[Richer])
    first = heal(play)
    play.to(with_ram(team((1, 5, 20, 20)), {"wMoney": (5000).to_bytes(3, "big")}))
    play.to(poor)
    assert "richer" in play.parts
    assert heal(play) == pytest.approx(first / 2)
    play.to(with_ram(poor, {"wJohtoBadges": 1}))
    play.to(poor)
    assert heal(play) == pytest.approx(first)
