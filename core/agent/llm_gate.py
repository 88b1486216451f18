"""Which decisions a language model is asked about. The others are settled, whoever is asked.

Not asked about: a turn of a fight that is as good as won, the clerk's list when the player came to buy, a rest for a
party that can hardly stand. Asked about: everything else, such as a new place, a finished menu task, a fight that may
be lost, a creature that may be caught.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.rules.values import GATE
from core.vocabulary import Option, OptionKind

SETTLED_KINDS = (OptionKind.HEAL, OptionKind.BUY, OptionKind.MANAGE)
"""A player who went to rest or to buy says yes to the nurse and the clerk."""


def matters(options: Sequence[Option], under_way: OptionKind | None = None) -> bool:
    """Whether the choice among `options`, best first, can make a difference.

    `under_way`: the kind of the option on the way that led to this question, None on the way itself.
    """
    best = options[0]
    if under_way in SETTLED_KINDS and best.kind is OptionKind.ANSWER:
        return False
    if best.menu_task is not None and options[-1].kind is OptionKind.CLOSE_MENU:
        return False  # in a menu that was opened for it
    others = [option for option in options if option.kind is not OptionKind.HEAL]
    if best.kind is OptionKind.HEAL and all(best.value - option.value >= GATE.rest_margin for option in others):
        return False
    if best.kind is not OptionKind.FIGHT or best.value < GATE.surely_won:
        return True
    return any(option.kind is not OptionKind.FIGHT and option.value >= GATE.rival for option in options[1:])
