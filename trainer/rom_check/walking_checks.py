"""Walking: who is free obeys, who is not stays, a step goes where it should, and doors lead where the atlas says."""

from __future__ import annotations

from typing import Final

from core.game.game_data import GameData
from core.game.state import GameState
from core.vocabulary import DIRECTION_BUTTONS, GameMode
from trainer.rom_check.expectation import Motion, expectation_of, leads_away
from trainer.rom_check.game_check import Camera, GameCheck, cell_words
from trainer.rom_check.moments import ON_FOOT, Press, Stretch

PLACE: Final = ("wMapGroup", "wMapNumber", "wXCoord", "wYCoord", "wPlayerDirection")
READINESS: Final = ("wMapStatus", "wMapEventStatus", "wScriptRunning", "wBattleMode", "wJoypadDisable")
GROUND: Final = ("wMapHeight", "wMapWidth", "wTilesetCollisionBank", "wTilesetCollisionAddress", "wPlayerState")
WAITING_MODES: Final = frozenset((GameMode.DIALOG, GameMode.MENU, GameMode.BATTLE))
PASSING_MODES: Final = frozenset((GameMode.WALKING, GameMode.MAP_LOADING, GameMode.BOOT))
"""Nothing is decided in them, and none lasts."""
MOST_IDLE_PRESSES: Final = 40
"""16 seconds in one place."""
LOADING_OR_ON_FOOT: Final = ON_FOOT | {GameMode.MAP_LOADING}


def somebody_moves_near(press: Press, cell: tuple[int, int]) -> bool:
    """Whether somebody entered, left or passed a cell during a press, so that nobody can say who was first."""
    places = [
        {(one.x, one.y) for one in look.people if one.visible and abs(one.x - cell[0]) + abs(one.y - cell[1]) <= 1}
        for look in (press.before, *press.looks)
        if look.map_id == press.before.map_id
    ]
    return any(one != places[0] for one in places)


class ReadyCheck(GameCheck):
    """The ready test."""

    name = "ready"
    about = "who is believed free obeys a direction within 10 frames; who is believed to walk gets somewhere"

    def __init__(self, game: GameData, camera: Camera) -> None:
        super().__init__(game, camera)
        self._idle_presses = 0

    def on_press(self, press: Press) -> None:
        if press.is_trial:
            return
        modes = {look.mode for look in press.looks}
        passes = modes <= PASSING_MODES and press.after.position == press.before.position
        self._idle_presses = self._idle_presses + 1 if passes else 0
        if self._idle_presses == MOST_IDLE_PRESSES:
            believed = f"modes {', '.join(sorted(PASSING_MODES))} pass within {MOST_IDLE_PRESSES} presses"
            seen = f"mode {press.after.mode.value} at {cell_words(press.after)} has not"
            self.disagree(press, press.after, believed, seen, *READINESS)

    def on_stretch(self, stretch: Stretch) -> None:
        before, button, look = stretch.before, stretch.button, stretch.first.looks[0]
        if button not in DIRECTION_BUTTONS:
            return
        expected = expectation_of(self.game, before, button)
        if expected.motion is Motion.TURN:
            holds = look.facing is button or look.mode not in ON_FOOT
        elif expected.motion is Motion.STEP and not somebody_moves_near(stretch.first, expected.ahead):
            holds = look.position != before.position or not look.is_free
        else:
            return
        believed = f"free at {cell_words(before)}: {button.name} is obeyed ({expected.motion.value})"
        seen = f"10 frames later {cell_words(look)}, facing {look.facing.name}, mode {look.mode.value}"
        self.judge(holds, stretch.first, look, believed, seen, *READINESS, "wPlayerDirection")


class BusyCheck(GameCheck):
    """The tests of the other modes."""

    name = "busy"
    about = "while a text, menu, fight or scene is believed to go on, a direction moves nobody"

    def on_press(self, press: Press) -> None:
        before = press.before
        if press.button not in DIRECTION_BUTTONS or before.mode not in WAITING_MODES:
            return
        waits = before.mode is GameMode.BATTLE or before.waits_for_button or before.menu is not None
        if not waits or any(look.mode is not before.mode for look in press.looks):
            return
        spots = {(look.position, look.facing) for look in press.looks}
        seen = f"{press.button.name}: then {cell_words(press.after)}, facing {press.after.facing.name}"
        believed = f"mode {before.mode.value} at {cell_words(before)}, facing {before.facing.name}: nobody moves"
        held = spots == {(before.position, before.facing)}
        self.judge(held, press, press.after, believed, seen, *READINESS, *PLACE)

    def compare(self, left_alone: list[Press], pressed: list[Press]) -> None:
        """The same moment of a scene twice: left alone, and with a direction in every press. Scenes move people too."""
        for alone, press in zip(left_alone, pressed, strict=False):
            if {alone.after.mode, press.after.mode} != {GameMode.CUTSCENE}:
                return
            believed = f"mode cutscene: {press.button.name} makes no difference, {cell_words(alone.after)}"
            seen = f"{cell_words(press.after)}, facing {press.after.facing.name} where it was {alone.after.facing.name}"
            same = (alone.after.position, alone.after.facing) == (press.after.position, press.after.facing)
            self.judge(same, press, press.after, believed, seen, *READINESS, *PLACE)


class StepCheck(GameCheck):
    """Collision."""

    name = "steps"
    about = "a direction moves the player one cell (a hop, a slide) or nowhere, as the ground says"

    def on_stretch(self, stretch: Stretch) -> None:
        before, after, button = stretch.before, stretch.after, stretch.button
        if button not in DIRECTION_BUTTONS or not stretch.is_on_foot:
            return
        expected = expectation_of(self.game, before, button)
        here = (before.position.x, before.position.y)
        if expected.motion is Motion.TURN and not leads_away(self.game, before, expected.ahead):
            allowed = {here, expected.cell}
        elif expected.motion in (Motion.STEP, Motion.BUMP):
            allowed = {expected.cell}
        else:
            return
        holds = (after.position.x, after.position.y) in allowed
        if not holds and somebody_moves_near(stretch.first, expected.ahead):
            return
        byte = before.collision_at(*expected.ahead)
        believed = f"{button.name} at {cell_words(before)} is a {expected.motion.value} to {expected.cell}"
        seen = f"then {cell_words(after)}; the ground ahead reads {byte:02X}"
        self.judge(holds, stretch.first, after, believed, seen, *PLACE, *GROUND)


class WarpCheck(GameCheck):
    """Doors and edges."""

    name = "warps"
    about = "doors and edges lead to the map and cell that the atlas says, and nothing else does"

    def on_stretch(self, stretch: Stretch) -> None:
        before, button = stretch.before, stretch.button
        if button not in DIRECTION_BUTTONS:
            return
        expected, arrival = expectation_of(self.game, before, button), stretch.arrival
        if expected.motion in (Motion.WARP, Motion.EDGE):
            self._judge_exit(stretch, expected.arrival is None, arrival)
        elif arrival is not None and expected.motion is not Motion.TURN and stretch.modes <= LOADING_OR_ON_FOOT:
            believed = f"{button.name} at {cell_words(before)} is a {expected.motion.value} and leads nowhere else"
            self.disagree(stretch.first, arrival, believed, f"it led to {cell_words(arrival)}", *PLACE)

    def _judge_exit(self, stretch: Stretch, is_open: bool, arrival: GameState | None) -> None:
        before, button = stretch.before, stretch.button
        expected = expectation_of(self.game, before, button)
        if arrival is None:
            if stretch.is_on_foot:
                believed = f"{button.name} at {cell_words(before)} is a {expected.motion.value} and leaves the map"
                self.disagree(stretch.first, stretch.after, believed, f"then {cell_words(stretch.after)}", *PLACE)
            return
        if is_open and expected.motion is Motion.WARP:
            return
        to = expected.arrival
        words = "nowhere" if to is None else f"to ({to.x}, {to.y}) on map {to.map.group}.{to.map.number}"
        believed = f"the {expected.motion.value} {button.name} of {cell_words(before)} leads {words}"
        self.judge(arrival.position == to, stretch.first, arrival, believed, f"to {cell_words(arrival)}", *PLACE)
