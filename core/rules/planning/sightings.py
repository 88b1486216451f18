"""Where creatures of some kinds are met soonest, and where one buys what catches them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.rules.planning.goals import ANYWHERE
from core.rules.planning.hunting_grounds import SLOT_WEIGHTS, TIMES
from core.rules.planning.supplies import BALLS, best_ball, clerk_of
from core.rules.values import ON_THE_WAY
from core.vocabulary import BuyItems, MapId, Option, OptionKind, Position, Purchase

if TYPE_CHECKING:
    from core.game.facts import GameMap
    from core.game.game_data import GameData
    from core.game.state import GameState

NEVER: Final = 101
"""A level that no creature reaches: one goes on until somebody is caught."""
PLENTY_OF_BALLS: Final = 10
MEETING_ACTIONS: Final = 25
"""Actions of a fight that brings somebody else."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody of the kinds that were asked for, on one map."""

    actions: float
    """A guess of the actions until one is met, the way there counted."""
    place: GameMap
    creature: tuple[int, int]
    """(level, species id) of the one that is met most often."""


class Sightings:
    """The wild and the shops of one game."""

    def __init__(self, game: GameData) -> None:
        self._game = game

    def soonest(
        self,
        kinds: Collection[int],
        state: GameState,
        distances: Mapping[MapId, int],
        is_shut: Callable[[GameMap], bool] = lambda _place: False,
    ) -> Sighting | None:
        """About in the wild where, the way counted, one of these kinds is met soonest; None where they live nowhere.

        Places that are shut do not count: they were given up lately.
        """
        time = TIMES[state.time_of_day] if state.time_of_day < len(TIMES) else TIMES[1]
        found: list[tuple[float, str, Sighting]] = []
        for place in self._game.maps.values():
            table = self._game.wild.get(place.key)
            if table is None or place.id not in distances or is_shut(place):
                continue
            slots = [
                (weight, creature)
                for creature, weight in zip(table.slots[time], SLOT_WEIGHTS, strict=False)
                if creature[1] in kinds
            ]
            chance = sum(weight for weight, _ in slots)
            if chance and (rate := table.rate_of_256[time]):
                actions = distances[place.id] + (256 / rate + MEETING_ACTIONS) / chance
                likely = max(slots, key=lambda slot: slot[0])[1]
                found.append((actions, place.key, Sighting(actions, place, likely)))
        return min(found, key=lambda one: one[:2])[2] if found else None

    @staticmethod
    def hunt(sighting: Sighting, key: str, whom: str) -> Option:
        """To go there and about until somebody is caught. `whom` ends the label."""
        place = sighting.place
        position = Position(place.id, ANYWHERE, ANYWHERE)
        label = f"Look in {place.name} for {whom}"
        return Option(OptionKind.TRAIN, label, f"seek:{key}:{place.key}", position, NEVER, ON_THE_WAY.training)

    def purchase(self, whom: str, state: GameState, distances: Mapping[MapId, int]) -> Option | None:
        """Some balls, in the nearest shop that has them; None where the money reaches for none.

        As many as leave half of the money, `BALLS` at least: who has to come back for more has lost more.
        """
        balls = {item.key: item for item in self._game.items.values() if item.effect.catches and item.price}
        for place in sorted(self._game.maps.values(), key=lambda one: distances.get(one.id, NEVER**3)):
            clerk = clerk_of(place)
            sold = [balls[key] for key in clerk.sells if key in balls] if clerk is not None else []
            if clerk is None or not sold or place.id not in distances:
                continue
            ball = best_ball(sold, state.money)
            if state.money < ball.price:
                continue
            count = max(min(BALLS, state.money // ball.price), min(PLENTY_OF_BALLS, state.money // (2 * ball.price)))
            task = BuyItems((Purchase(ball.id, count),))
            label = f"Buy {ball.name} in {place.name}: {whom} is to be caught"
            position = Position(place.id, clerk.x, clerk.y)
            key = f"buy:{place.key}:{ball.key}"
            return Option(OptionKind.BUY, label, key, position, clerk.id, ON_THE_WAY.training, task)
        return None
