"""What to do with words on the screen: read on, answer questions, close menus that nothing needs.

A question is answered as the game's data say (`core.rules.menus.right_answers`), and where they say nothing by its
words: no nicknames, no saving, yes to what people offer. An answer by its words that has been given to
the same question before, without the story moving, loses half its value each time, so no menu can hold the player.
"""

from __future__ import annotations

from dataclasses import replace

from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.rules.menus.clock import ClockScreens
from core.rules.menus.cursor import toward
from core.rules.menus.keyboard import Keyboard
from core.rules.menus.lessons import Lesson, is_list_of_moves, lesson_of
from core.rules.menus.right_answers import RightAnswers
from core.rules.menus.typed_names import NO_NAMES, TypedNames
from core.rules.planning.lane_memory import LaneMemory
from core.rules.step import RuleStep
from core.rules.values import IN_MENUS, LESSON, REPETITION_FACTOR
from core.vocabulary import Button, GameMode, MapId, Option, OptionKind

YES_ROW, NO_ROW = 0, 1
READ_ON = Option(OptionKind.ADVANCE_TEXT, "Read on", "advance_text", value=IN_MENUS.likely)
WAIT = Option(OptionKind.ADVANCE_TEXT, "Wait until one can act", "wait", value=IN_MENUS.likely)
CLOSE = Option(OptionKind.CLOSE_MENU, "Close the menu", "close_menu", value=IN_MENUS.close)
KEEP_NAME = Option(
    OptionKind.CLOSE_MENU, "Leave the keyboard with the game's own name", "keep_name", value=IN_MENUS.likely
)
SET_CLOCK = Option(OptionKind.ANSWER, "Set the clock", "set_clock", value=IN_MENUS.likely)

EVOLVING = "evolving"
"""Part of what both games say while a creature changes; B would keep it as it is."""
_SAY_NO = ("NICKNAME", "SAVE", "CHANGE POK", "CHANGE PAL", "SWITCH", "QUIT", "TURN OFF", "RAISE A")
_SAY_YES_TO_STOP = ("STOP LEARNING", "GIVE UP ON")
_ABOUT_LEARNING = ("GIVE ONE UP", "FORGET", "DELETE A", "MAKE ROOM", "LEARN")
_LEAVING_LINES = ("CANCEL", "EXIT", "QUIT", "BACK", "NO")


def question_of(state: GameState) -> str:
    """The words in the text box at the bottom of the screen, on one line."""
    return " ".join(" ".join(state.screen_lines[12:]).split())


def stops_learning(question: str) -> bool:
    """Whether these words ask to do without a new move."""
    return any(words in question.upper() for words in _SAY_YES_TO_STOP)


def wants_yes(question: str) -> bool:
    """Whether a question with these words is best answered with YES."""
    question = question.upper()
    if any(words in question for words in _SAY_YES_TO_STOP):
        return True
    return not any(words in question for words in _SAY_NO)


class AnswerRules:
    """Options and presses for dialogs and menus outside the battle's own menus."""

    def __init__(self, game: GameData, memory: LaneMemory, names: TypedNames = NO_NAMES) -> None:
        self._game = game
        self._memory = memory
        self._names = names
        self._keyboard = Keyboard(game, names)
        self._clock = ClockScreens(game)
        self._right = RightAnswers(game)
        self._last_answer: tuple[MapId, str, int] | None = None
        self._counted = False
        """Whether the last answer was one to a question with YES and NO."""

    def options(self, state: GameState) -> tuple[Option, ...]:
        """What can be decided on this screen, best first; never empty."""
        menu = state.menu
        if menu is None:
            if self._keyboard.press(state) is not None:
                return (self._naming(state),)
            if self._clock.press(state) is not None:
                return (SET_CLOCK,)
            closes = state.mode is GameMode.MENU and EVOLVING not in question_of(state)
            return (CLOSE,) if closes else (READ_ON,)
        if menu.kind is MenuKind.START_MENU or menu.full_screen:
            return (CLOSE,)
        question = question_of(state)
        if right := self._right.rows(state, menu):
            found = [
                self._known_answer(question, row, line, row in right) for row, line in enumerate(menu.items) if line
            ]
        elif menu.kind is MenuKind.YES_NO:
            likely = YES_ROW if self._wants_yes(state, question) else NO_ROW
            found = [
                self._answer(state, question, row, word, IN_MENUS.likely if row == likely else IN_MENUS.close)
                for row, word in ((YES_ROW, "yes"), (NO_ROW, "no"))
            ]
        elif (lesson := self._lesson_of_list(state, menu)) is not None:
            strongest = max(lesson.values)
            found = [
                self._answer(state, question, row, line, IN_MENUS.likely - LESSON * lesson.values[row] / strongest)
                for row, line in enumerate(menu.items[: len(lesson.values)])
            ]
        else:
            found = [
                self._answer(
                    state, question, row, line, IN_MENUS.leaving if line.upper() in _LEAVING_LINES else IN_MENUS.line
                )
                for row, line in enumerate(menu.items)
                if line
            ]
            found.append(CLOSE)
        return tuple(sorted(found, key=lambda option: -option.value))

    def _naming(self, state: GameState) -> Option:
        """What a keyboard is for."""
        name = self._keyboard.wanted(state)
        if name is None:
            return KEEP_NAME
        return replace(KEEP_NAME, kind=OptionKind.ANSWER, label=f"Type the name {name}", key="type_name")

    def _wants_yes(self, state: GameState, question: str) -> bool:
        """By the words, and for moves by what they are worth."""
        capitals = question.upper()
        if "NICKNAME" in capitals:
            return self._names.creature is not None
        stops = any(words in capitals for words in _SAY_YES_TO_STOP)
        if not stops and any(words in capitals for words in _ABOUT_LEARNING):
            lesson = lesson_of(state, self._game)
            if lesson is not None:
                return lesson.is_worth_it
        return wants_yes(question)

    def _lesson_of_list(self, state: GameState, menu: MenuState) -> Lesson | None:
        """The lesson when this menu asks which move to give up."""
        lesson = lesson_of(state, self._game)
        if lesson is None or not is_list_of_moves(menu, state.party[lesson.slot], self._game):
            return None
        return lesson

    def _answer(self, state: GameState, question: str, row: int, word: str, value: float) -> Option:
        times = self._memory.times_answered(state.position.map, question, row)
        subject = f" to: {question}" if question else ""
        return Option(
            OptionKind.ANSWER,
            f"Answer {word}{subject}",
            f"answer:{word.lower()}",
            index=row,
            value=value * REPETITION_FACTOR**times,
        )

    @staticmethod
    def _known_answer(question: str, row: int, line: str, is_right: bool) -> Option:
        """An answer that the data call right or wrong: asked again and again, it stays so."""
        value = IN_MENUS.likely if is_right else IN_MENUS.leaving
        subject = f" to: {question}" if question else ""
        return Option(OptionKind.ANSWER, f"Answer {line}{subject}", f"answer:{line.lower()}", index=row, value=value)

    def begin_press(self) -> None:
        """A new press is asked for, on any screen: the answer before it was given."""
        self._last_answer = None
        self._counted = False

    def talk_ended(self) -> None:
        """The player can walk again: the questions of the next talk count from 1."""
        self._right.reset()

    def overruled(self) -> None:
        """The press that `act` named last was not made: no answer was given."""
        if self._last_answer is not None:
            self._memory.take_back_answer(*self._last_answer)
            self._last_answer = None
        if self._counted:
            self._right.note_answer(-1)
            self._counted = False

    def act(self, state: GameState, option: Option) -> RuleStep | None:
        """The press for an option; None when the option does not fit the screen any more."""
        menu = state.menu
        if menu is None and (button := self._keyboard.press(state)) is not None:
            return RuleStep(button, KEEP_NAME.value, self._naming(state).label, done=button is Button.A)
        if menu is None and (button := self._clock.press(state)) is not None:
            return RuleStep(button, SET_CLOCK.value, SET_CLOCK.label, done=button is Button.A)
        match option.kind:
            case OptionKind.ADVANCE_TEXT if menu is None:
                return RuleStep(Button.A, 0.9, "a text waits for a button", done=True)
            case OptionKind.CLOSE_MENU:
                return RuleStep(Button.B, 0.8, "nothing in this menu is wanted", done=True)
            case OptionKind.ANSWER if menu is not None and option.index is not None:
                return self._press_answer(state, menu, option, option.index)
            case _:
                return None

    def _press_answer(self, state: GameState, menu: MenuState, option: Option, row: int) -> RuleStep | None:
        if row >= len(menu.items):
            return None
        says_no = menu.kind is MenuKind.YES_NO and row == NO_ROW
        button = Button.B if says_no else toward(menu, row)
        done = button in (Button.A, Button.B)
        if done:
            self._last_answer = (state.position.map, question_of(state), row)
            self._memory.note_answer(*self._last_answer)
            if menu.kind is MenuKind.YES_NO:
                self._right.note_answer()
                self._counted = True
        return RuleStep(button, option.value, option.label, done)
