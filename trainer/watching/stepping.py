"""A replay step by step: the screen, the decision that was made on it, and then a person says how far to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable

from core.history.decision_columns import StoredDecision
from core.vocabulary import Button
from trainer.watching.picture import Picture
from trainer.watching.replay import Replay
from trainer.watching.terminal import half_blocks

HELP = "Enter: the next step; a number: on to that step; q: the end"


def step_through(
    replay: Replay, screen: Callable[[], Picture | None], ask: Callable[[str], str], columns: int = 80, lines: int = 40
) -> None:
    """Plays the replay as `ask(prompt)` answers; an end of input is the end. The screen is drawn on a terminal only."""
    target = 0
    print(HELP)
    for decision in replay.play():
        if decision.step < target:
            continue
        picture = screen()
        if picture is not None and sys.stdout.isatty():
            print("\n".join(half_blocks(picture, columns, lines)))
        print("\n".join(told(replay, decision)))
        while True:
            try:
                answer = ask("> ").strip()
            except EOFError:
                return
            if answer == "q":
                return
            if answer in ("", "n"):
                target = decision.step + 1
                break
            if answer.isdecimal() and int(answer) > decision.step:
                target = int(answer)
                break
            print(f"{answer!r} is neither q nor a later step. {HELP}")


def told(replay: Replay, decision: StoredDecision) -> list[str]:
    """A decision in lines of text."""
    wanted = decision.teacher_action
    teacher = "" if wanted is None or wanted == decision.action else f", the teacher wanted {Button(wanted).name}"
    place = ", ".join(f"{key} {value}" for key, value in decision.context.items())
    reached = replay.game.milestones.get(decision.step, ())
    return [
        f"step {decision.step} of {replay.game.summary.steps}: {decision.source or 'unstated'} "
        f"{Button(decision.action).name}, {decision.confidence:.0%} sure{teacher}",
        f"  why: {_one_line(decision.reasoning)}",
        f"  option: {_one_line(decision.option) or 'none'}; strategy: {decision.strategy or 'none'}",
        f"  where: {_one_line(place)}",
        f"  reward {decision.reward:+.3f}, outcome {decision.outcome:+.3f}"
        + (f"; reached {', '.join(reached)}" if reached else ""),
    ]


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
