"""People: who is on a map is in the atlas, stands where it says, and nobody walks through them."""

from __future__ import annotations

from core.game.facts import GameMap, MapObject
from core.game.game_data import GameData
from core.game.people import Person
from core.vocabulary import DIRECTION_BUTTONS, MapId
from trainer.rom_check.expectation import Motion, expectation_of
from trainer.rom_check.game_check import Camera, GameCheck, Place, cell_words
from trainer.rom_check.moments import Stretch
from trainer.rom_check.walking_checks import PLACE, somebody_moves_near


class PeopleCheck(GameCheck):
    """Who stands on a map, when it is entered, and whether the cells of people are shut."""

    name = "people"
    about = "people in RAM are those of the atlas, at their first places, and their cells are shut"

    def __init__(self, game: GameData, camera: Camera) -> None:
        super().__init__(game, camera)
        self._map: MapId | None = None

    def on_stretch(self, stretch: Stretch) -> None:
        before = stretch.before
        if not stretch.first.is_trial and before.map_id != self._map:
            known = self.game.maps.get(before.map_id)
            if known is not None and self._map is not None:  # on the first map, people may have been about for long
                for person in before.people:
                    self._judge_person(stretch, known, person)
            self._map = before.map_id
        if stretch.button in DIRECTION_BUTTONS and stretch.is_on_foot:
            self._judge_cell(stretch)

    def _judge_person(self, stretch: Stretch, known: GameMap, person: Person) -> None:
        before, number = stretch.before, person.object_id
        atlas = next((one for one in known.objects if one.id == number), None)
        flag = None if person.flag is None else f"flag {person.flag}"
        seen = f"object {number}: {person.kind} at ({person.x}, {person.y}), hidden by {flag or 'no flag'}"
        ram = self._places_of(number)
        if atlas is None:
            self.disagree(stretch.first, before, f"{known.key} has {len(known.objects)} objects", seen, *ram)
            return
        hides = None if atlas.event is None else self.game.event_flags[atlas.event].index
        holds = (atlas.kind, hides) == (person.kind, person.flag) and self._is_at_home(known, atlas, person)
        believed = (
            f"object {number}: {atlas.kind} at ({atlas.x}, {atlas.y}), hidden by "
            f"{'no flag' if hides is None else f'flag {hides}'}"
        )
        self.judge(holds, stretch.first, before, believed, seen, *ram)

    @staticmethod
    def _is_at_home(known: GameMap, atlas: MapObject, person: Person) -> bool:
        """Whoever roams may be anywhere, and so may be whom the scenes of a map place."""
        return (person.x, person.y) == (atlas.x, atlas.y) or atlas.roams or bool(known.scene_scripts)

    def _places_of(self, number: int) -> tuple[Place, ...]:
        layout = self.game.layout
        size = layout.record("map_object").size
        return ("wMapObjects", number * size), ("wObjectMasks", number)

    def _judge_cell(self, stretch: Stretch) -> None:
        before, after, button = stretch.before, stretch.after, stretch.button
        expected = expectation_of(self.game, before, button)
        if expected.motion is not Motion.PERSON or somebody_moves_near(stretch.first, expected.ahead):
            return
        believed = f"somebody stands at {expected.ahead}: {button.name} at {cell_words(before)} moves nobody"
        holds = after.position == before.position
        self.judge(holds, stretch.first, after, believed, f"then {cell_words(after)}", *PLACE, "wObjectStructs")
