"""Watches that no menu holds the player: after many presses in menus it is time to back out for a while.

Whatever is wrong (a question that comes again and again, a screen that the rules misread), B leads out of nearly every
menu of both games. After the backing out the rules try again, because a few questions take no B.
"""

from __future__ import annotations

from core.vocabulary import GameMode

PATIENCE_PRESSES = 150
"""Presses in menus without a step or a fight in between; the longest menu task takes fewer."""
BACKING_OUT_PRESSES = 15
_IN_MENUS = frozenset((GameMode.DIALOG, GameMode.MENU, GameMode.CUTSCENE))


class MenuWatch:
    """One lane's count of presses in menus."""

    def __init__(self) -> None:
        self.presses = 0

    def note(self, mode: GameMode, menu_listens: bool) -> None:
        """A press is about to be made in this mode."""
        if mode not in _IN_MENUS:
            self.presses = 0
        elif menu_listens:
            self.presses += 1

    @property
    def backs_out(self) -> bool:
        """Whether the menu has held on for too long, so that B should be pressed."""
        return self.presses % (PATIENCE_PRESSES + BACKING_OUT_PRESSES) > PATIENCE_PRESSES
