"""The language model's manager, as the agent asks it. Advice is optional: whatever a manager does, the game goes on.

An error of the manager, or of the model, cache or prompt behind it, and an answer that means nothing are values here:
the rules take the step, the failure is counted by its kind, and each kind is said once.
"""

from __future__ import annotations

import logging
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from core.exceptions import DecisionValidationError
from core.protocols import ButtonManager, Choice, LLMManagerLike, probability_of
from core.vocabulary import Button

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
LONGEST_SAID = 300
"""Characters of an error's text that the log shows."""


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """The model answers after all: whoever asks the very same again gets what has come meanwhile."""

    prompt: str


class Advisor:
    """Asks one manager, or nobody (None); the lanes of an agent and its frozen twins share it."""

    def __init__(self, manager: LLMManagerLike | ButtonManager | None) -> None:
        self.manager = manager
        self.failures: Counter[str] = Counter()
        """Questions without a usable answer by kind: a model failure's own word, else the class of the error. What a
        manager counts itself (`LLMManager.reading`) is not in it."""
        self.waits = False
        """Slow answers are waited for; the arbiter says so when the language model alone is to decide."""
        self._said: set[str] = set()
        # `isinstance` with a protocol reads properties, too, and they may raise.
        lists_options = all(callable(getattr(manager, name, None)) for name in ("choose_option", "begin_episode"))
        self._chooser = cast(LLMManagerLike, manager) if lists_options else None
        self._presser = None if lists_options else cast("ButtonManager | None", manager)

    @property
    def names_buttons(self) -> bool:
        """True for a custom manager that has only the documented `get_action`."""
        return self._presser is not None

    @property
    def available(self) -> bool:
        """True when the manager can be asked now. One without `available` always can."""
        manager = self.manager
        return manager is not None and bool(self._attempt(lambda: bool(getattr(manager, "available", True))))

    @property
    def asks_when_away(self) -> bool:
        """True for a manager that may be asked while it is not available: it says no at once, and counts it."""
        return bool(getattr(self.manager, "can_wait", False))

    @property
    def asks_nobody(self) -> bool:
        """Whether there is no manager, and no prompt to keep in mind anything for."""
        return self.manager is None

    @property
    def sees(self) -> bool:
        """Whether prompts go with the screen."""
        return bool(getattr(getattr(self.manager, "brief", None), "screen", False))

    def begin_episode(self) -> int:
        """The manager's number for a new episode; 0 where it numbers none."""
        return 0 if self._chooser is None else self._attempt(self._chooser.begin_episode) or 0

    def choose(
        self, describe: Callable[[], str], options: Sequence[str], episode: int, *, waits: bool | None = None
    ) -> Choice | LateAnswer | None:
        """The manager's choice among `options`, checked. `describe` writes the prompt; `waits` stands for the advisor's
        own where it is given.

        None when there is no choice now, LateAnswer when the manager has `answers_later(prompt, options)` and says so.
        """
        chooser = self._chooser
        if chooser is None:
            return None
        waits = self.waits if waits is None else waits
        more = {"waits": True} if waits and getattr(chooser, "can_wait", False) else {}

        def ask() -> Choice | LateAnswer | None:
            prompt = describe()
            choice = chooser.choose_option(prompt, options, episode, **more)
            if choice is not None:
                return choice.checked(len(options))
            answers_later = getattr(chooser, "answers_later", None)
            return LateAnswer(prompt) if answers_later is not None and answers_later(prompt, options) else None

        return self._attempt(ask)

    def press(self, describe: Callable[[], str]) -> Choice | None:
        """The button that the manager names, as a choice among all of them; None when it names none."""
        presser = self._presser
        if presser is None:
            return None

        def ask() -> Choice:
            action, metadata = presser.get_action(describe())
            confidence = probability_of(metadata.get("confidence"))
            if confidence is None:  # the button stands without it
                self._note("confidence", f"{metadata.get('confidence')!r} is no number from 0 to 1: nothing is known")
                confidence = 1 / len(Button)
            return Choice(checked_action(action), confidence, str(metadata.get("reasoning", "custom"))).checked(
                len(Button)
            )

        return self._attempt(ask)

    def close(self) -> None:
        """The run is over: a manager that has a `close` is told."""
        self._attempt(getattr(self.manager, "close", lambda: None))

    def _attempt(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except Exception as error:  # of whatever class: the game does not depend on it
            self._note(str(getattr(error, "kind", type(error).__name__)), str(error), error)
            return None

    def _note(self, kind: str, message: str, error: Exception | None = None) -> None:
        self.failures[kind] += 1
        if kind not in self._said:
            self._said.add(kind)
            log.warning(
                "the language model gives no sensible answer (%s: %s); the rules do without it. Such failures are "
                "counted and not mentioned again",
                kind,
                message[:LONGEST_SAID],
            )
            log.debug("where that came from", exc_info=error)


def checked_action(action: object) -> int:
    """A custom manager's action index; DecisionValidationError when it is no button."""
    try:
        index = operator.index(action)  # type: ignore[arg-type]
    except TypeError:
        index = -1
    if isinstance(action, bool) or not 0 <= index < len(Button):
        raise DecisionValidationError(
            f"get_action of the language-model manager gave action {action!r}: it must be an integer from 0 to "
            f"{len(Button) - 1} ({', '.join(button.name for button in Button)})"
        )
    return index
