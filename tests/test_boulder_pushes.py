"""The rules at boulders, on drawn ground of Crystal's Ice Path (four boulders, objects 1 to 4) and Cianwood's gym."""

from __future__ import annotations

from collections.abc import Sequence

from core.game.state import GameState
from core.game.story.path import StoryPath
from core.game.terrain import GROUND, OFFSET, Ground
from core.rules import RulePlayer
from core.rules.planning.objective_options import ObjectiveOptions
from core.vocabulary import Button, Option, OptionKind, Position
from tests.crystal_ground import crystal_map, crystal_on
from tests.crystal_rows import crystal, crystal_state
from tests.test_field_moves import FACING, knowing

STRONG = {**knowing("STRENGTH"), "wPlayerState": b"\x00"}
MOST_PRESSES = 60


class DrawnWorld:
    """Just enough of the game to walk and push on a drawn map: a press turns, steps or pushes; A gives strength."""

    def __init__(
        self, picture: str, at: tuple[int, int], things: Sequence[tuple[int, int]], map_key: str = "ICE_PATH_B1F"
    ) -> None:
        self.picture, self.at, self.map_key = picture, at, map_key
        self.things: dict[int, tuple[int, int]] = dict(enumerate(things, start=1))
        self.boulders = set(self.things)
        self.facing, self.is_strong = Button.DOWN, False
        self.holes: dict[tuple[int, int], int] = {}
        """Holes and who falls into them."""

    def state(self) -> GameState:
        rows = {**STRONG, "wPlayerDirection": FACING[self.facing], "wBikeFlags": bytes((self.is_strong,))}
        return crystal_on(self.picture, self.at, rows, map_key=self.map_key, things=self.things)

    def press(self, button: Button) -> None:
        state = self.state()
        if button is Button.A:
            dx, dy = OFFSET[self.facing]
            assert (self.at[0] + dx, self.at[1] + dy) in self.things.values(), "A at nothing"
            self.is_strong = True
        elif button is not self.facing:
            self.facing = button
        else:
            dx, dy = OFFSET[button]
            ahead, beyond = (self.at[0] + dx, self.at[1] + dy), (self.at[0] + 2 * dx, self.at[1] + 2 * dy)
            number = next((one for one, cell in self.things.items() if cell == ahead), None)
            target = ahead if number is None else beyond
            is_open = target not in self.things.values() and GROUND[state.collision_at(*target)] == Ground.LAND
            if number is None:
                self.at = ahead if is_open else self.at
            elif number in self.boulders and self.is_strong and is_open:
                self.things[number] = beyond
                if self.holes.get(beyond) == number:
                    del self.things[number]


def into_hole(state: GameState, boulder: int, hole: tuple[int, int]) -> Option:
    return Option(OptionKind.PUSH, "Push it", "push:it", Position(state.map_id, *hole), boulder)


def test_strength_is_asked_for_once_and_the_boulder_falls() -> None:
    world = DrawnWorld("..... ..... ..... ...o.", (0, 3), [(1, 1)])
    world.holes[3, 3] = 1
    player = RulePlayer(crystal().game)
    presses: list[Button] = []
    while 1 in world.things and len(presses) < MOST_PRESSES:
        state = world.state()
        step = player.act(state, into_hole(state, 1, (3, 3)))
        assert not step.done, step.reasoning
        presses.append(step.button)
        world.press(step.button)
    assert 1 not in world.things and presses.count(Button.A) == 1, [one.name for one in presses]


def test_a_boulder_pushed_astray_is_put_back_by_leaving() -> None:
    """In the corner nothing moves it; it lay elsewhere on coming in, and the door at (3, 15) leads out and back."""
    floor = " ".join([*["." * 20] * 15, "...D" + "." * 16])
    astray = crystal_on(floor, (3, 13), STRONG, map_key="ICE_PATH_B1F", things={1: (0, 0)})
    player, option = RulePlayer(astray.game), into_hole(astray, 1, (11, 2))
    step = player.act(astray, option)
    assert step.button is Button.DOWN and not step.done and not player.memory.is_abandoned(option.key)
    first = astray.game.maps[astray.map_id].objects[0]
    as_it_was = crystal_on(floor, (3, 13), STRONG, map_key="ICE_PATH_B1F", things={1: (first.x, first.y)})
    in_vain = into_hole(as_it_was, 1, (30, 30))
    player.act(as_it_was, in_vain)
    assert player.memory.is_abandoned(in_vain.key), "coming in again would change nothing"


def test_nobody_pushes_who_has_not_the_move() -> None:
    state = crystal_on(".....", (0, 0), {}, map_key="ICE_PATH_B1F", things={1: (2, 0)})
    player = RulePlayer(state.game)
    option = into_hole(state, 1, (4, 0))
    player.act(state, option)
    assert player.memory.is_abandoned(option.key)


def test_boulders_in_the_way_of_somebody_are_pushed_aside() -> None:
    """Cianwood's gym: object 1 is the leader, object 8 one of the boulders before it."""
    world = DrawnWorld("..... ..... ##.## ..... .....", (2, 4), [], "CIANWOOD_GYM")
    world.things, world.boulders = {1: (4, 0), 8: (2, 2)}, {8}
    player = RulePlayer(crystal().game)
    talk = Option(OptionKind.TALK, "Talk", "talk:CHUCK", Position(world.state().map_id, 4, 1), 1)
    presses: list[Button] = []
    while world.at not in ((3, 0), (4, 1)) and len(presses) < MOST_PRESSES:
        step = player.act(world.state(), talk)
        presses.append(step.button)
        world.press(step.button)
    names = [one.name for one in presses]
    assert world.at in ((3, 0), (4, 1)) and presses.count(Button.A) == 1, names
    assert world.things[8] == (2, 0)


def test_the_story_asks_for_a_boulder_and_names_its_hole() -> None:
    """One of two of the Ice Path's four boulders is enough."""
    game = crystal().game
    place = crystal_map(game, "ICE_PATH_B1F")
    blackthorn = next(one for one in game.milestones if one.id == "blackthorn")
    rows = {**STRONG, "wMapGroup": bytes(place)}
    found = StoryPath(game).next_deeds(blackthorn, crystal_state(rows, "INITIALIZED_EVENTS"))
    pushed = [one for one in found.objectives if one.pushes is not None]
    holes = {one.object_id: (one.x, one.y) for one in game.maps[place].boulder_holes}
    assert pushed and pushed[0].pushes in (2, 3) and pushed[0].cell == holes[pushed[0].pushes]
    option = ObjectiveOptions(game).of(pushed[0])
    assert (option.kind, option.index) == (OptionKind.PUSH, pushed[0].pushes) and "boulder" in option.label
