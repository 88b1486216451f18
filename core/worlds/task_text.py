"""Tasks in words: the instruction, the situation and numbered options; the answer is a number.

The rules list the options and carry out the one that is chosen, button by button, so a language model or a person
decides once in dozens of steps. Where there is only one option, nobody is asked.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import gymnasium
from gymnasium.spaces import Text

from core.env.task_env import TaskEnv
from core.game.state import GameState
from core.prompts.writer import PromptWriter
from core.rules import RulePlayer
from core.vocabulary import Button, GameMode, Option
from core.worlds.chat_answer import bare_answer
from core.worlds.gymnasium_text import LONGEST_TEXT

_NUMBER: Final = re.compile(r"\d{1,2}")
_SITUATIONS: Final = (GameMode.BATTLE, GameMode.DIALOG, GameMode.MENU)
LETTERS: Final = frozenset(string.printable) | frozenset(map(chr, range(0xA0, 0x180)))
"""Of prompts; any other one is written as a question mark."""
NO_NUMBER: Final = "Answer with the number of an option and nothing else."


class TaskTextEnv(gymnasium.Env[str, str]):
    """Observation: a prompt that ends with numbered options. Action: a number, as text.

    The reward is 1 when the task is done. `info` has `task` (as `TaskEnv` has it), `options` (their words, in order),
    `steps` (presses so far) and `feedback` (empty, or what was wrong with the answer: it then costs a step).
    """

    def __init__(
        self, rom_path: str | Path = "fernvale", *, task: str | None = None, suite: str | Path | None = None
    ) -> None:
        """As `TaskEnv`, whose errors it raises."""
        self.observation_space = Text(LONGEST_TEXT, min_length=0, charset=LETTERS)
        self.action_space = Text(LONGEST_TEXT, min_length=0, charset=LETTERS)
        self.game = TaskEnv(rom_path, task=task, suite=suite, observation_type="state")
        self._options: tuple[Option, ...] = ()
        self._interrupted: Option | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Begin a task; `options={"task": id}` names it."""
        super().reset(seed=seed)
        self.game.restart(seed=seed, options=options)
        game = self.game.rom.game
        self._player = RulePlayer(game, 0 if seed is None else seed)
        self._writer = PromptWriter(game)
        self._writer.see(self.game.state)
        self._interrupted = None
        self._over = False
        self._list_options()
        return self._prompt(), self._info("")

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Choose an option. Terminated when the task is done, truncated after its horizon."""
        feedback = ""
        chosen = chosen_number(action, len(self._options))
        if chosen is None:
            feedback = NO_NUMBER
            self._press(Button.NONE)
        else:
            option = self._options[chosen]
            self._writer.chose(option.label, self.game.state)
            self._carry_out(option)
        if not self._over:
            self._list_options()
        done = self.game.success
        return self._prompt(), float(done), done, self._over and not done, self._info(feedback)

    def close(self) -> None:
        """Stops the emulator."""
        self.game.close()

    def _press(self, button: int) -> GameState:
        outcome = self.game.advance(button)
        self._over = outcome.terminated or outcome.truncated
        self._writer.see(outcome.state)
        return outcome.state

    def _carry_out(self, option: Option) -> None:
        """Presses until the option has come to its end, or the situation is another one."""
        situation = _situation(self.game.state)
        while not self._over:
            press = self._player.act(self.game.state, option)
            state = self._press(int(press.button))
            if press.done:
                return
            if _situation(state) is not situation:
                if situation is None:
                    self._interrupted = option
                return

    def _list_options(self) -> None:
        """Goes on until there is something to choose among."""
        while not self._over:
            state = self.game.state
            options: Sequence[Option] = self._player.options(state)
            best = options[0]
            again = self._interrupted
            if again is not None and _situation(state) is None:
                self._interrupted = None
                if any(one.key == again.key for one in options):
                    self._carry_out(again)
                    continue
            if len(options) > 1:
                self._options = tuple({one.label: one for one in options}.values())
                return
            self._carry_out(best)

    def _prompt(self) -> str:
        if self._over:
            return "The task is done." if self.game.success else "The task is over: it took too many steps."
        lines = [f"Task: {self.game.task.words}", self._writer.describe(self.game.state), "Options:"]
        lines += [f"{number}. {one.label}" for number, one in enumerate(self._options, start=1)]
        lines.append(NO_NUMBER)
        return "".join(letter if letter in LETTERS else "?" for letter in "\n".join(lines))[:LONGEST_TEXT]

    def _info(self, feedback: str) -> dict[str, Any]:
        return {
            "task": self.game.task_info(),
            "options": [] if self._over else [one.label for one in self._options],
            "steps": self.game.episode_steps,
            "feedback": feedback,
        }


def chosen_number(answer: str, options: int) -> int | None:
    """Which option an answer names, from 0; None where it is no number, or none of those."""
    found = _NUMBER.fullmatch(bare_answer(answer))
    number = int(found.group()) if found else 0
    return number - 1 if 1 <= number <= options else None


def _situation(state: GameState) -> GameMode | None:
    """A fight, a dialog or a menu; None for the overworld, walking and waiting included."""
    return state.mode if state.mode in _SITUATIONS else None
