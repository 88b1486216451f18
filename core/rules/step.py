"""One press of the rule player, with what it thinks of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.vocabulary import Button


@dataclass(frozen=True, slots=True)
class RuleStep:
    """The answer of `RulePlayer.act`."""

    button: Button
    confidence: float
    """How sure the rules are that this press helps, 0 to 1 (as stated, not yet calibrated on outcomes)."""
    reasoning: str
    done: bool = False
    """The option is finished (or cannot be carried on): choose anew before the next press."""
    is_for_next: bool = False
    """The option was over before this press, which is for what comes next. So it stays over where somebody else presses
    another button."""
    cannot_go_on: bool = False
    """Nothing carries the option on from here, whoever presses."""
