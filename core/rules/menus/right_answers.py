"""The right answers of a talk, where the game's data have them: quizzes, and tests with several lines to choose from.

The data say of an outcome which questions of the talk are not answered with yes, and which lines of lists are right.
Who is spoken to is read from the state: the person or sign that the player faces, the step it stands on, or else the
scene that runs on this map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.game import terrain
from core.game.facts import ConditionalEffects, Effects, GameMap
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.game.story.present import PresentFacts
from core.game.terrain import OFFSET


class RightAnswers:
    """One lane's count of the questions of the present talk, and what to answer."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._present = PresentFacts(game)
        self._maps = {
            place.id: place
            for place in game.maps.values()
            if any(one.answers or one.options for thing in _things(place) for one in thing.outcomes)
        }
        self.reset()

    def reset(self) -> None:
        """The talk is over: the next question is the first of another."""
        self._answered = 0
        self._lists: list[tuple[str, ...]] = []

    def note_answer(self, count: int = 1) -> None:
        """A question with YES and NO has been answered; -1 where it has not after all."""
        self._answered = max(0, self._answered + count)

    def rows(self, state: GameState, menu: MenuState) -> tuple[int, ...]:
        """The rows (from 0) of this menu that are right; none where the data do not tell."""
        talk = self._talk(state)
        if talk is None:
            return ()
        if menu.kind is MenuKind.YES_NO:
            if not talk.answers:
                return ()
            return (0,) if dict(talk.answers).get(self._answered + 1, True) else (1,)
        if menu.items not in self._lists:
            self._lists.append(menu.items)
        number = self._lists.index(menu.items)
        right = talk.options[number] if number < len(talk.options) else ()
        return tuple(line - 1 for line in right if 0 < line <= len(menu.items))

    def _talk(self, state: GameState) -> ConditionalEffects | None:
        """The outcome to aim at: one with answers of its own, where none of the others would come of a mere yes."""
        place = self._maps.get(state.map_id)
        if place is None:
            return None
        for thing in self._spoken_to(place, state):
            possible = [one for one in thing.outcomes if self._present.meets(one.needs, state)]
            if possible and all(one.answers or one.options for one in possible):
                return possible[0]
        return None

    def _spoken_to(self, place: GameMap, state: GameState) -> Iterator[Effects]:
        """Whom or what the words on the screen can come from, the likeliest first."""
        x, y = state.position.x, state.position.y
        dx, dy = OFFSET[state.facing]
        faced = (x + dx, y + dy)
        if state.collision_at(*faced) in terrain.COUNTERS:
            faced = (x + 2 * dx, y + 2 * dy)
        there = {one.object_id for one in state.people if (one.x, one.y) == faced}
        yield from (one for one in place.objects if one.id in there)
        yield from (one for one in place.signs if (one.x, one.y) == faced)
        yield from (one for one in place.triggers if (one.x, one.y) == (x, y))
        scene = state.byte(place.scene_symbol) if place.scene_symbol is not None else 0
        yield from (one for one in place.scene_scripts if one.scene == scene)


def _things(place: GameMap) -> Sequence[Effects]:
    return (*place.objects, *place.signs, *place.triggers, *place.scene_scripts)
