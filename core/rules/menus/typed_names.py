"""The names that a user wants typed where a game asks for one letter by letter."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from core.schema import Section

LETTERS: Final = r"[A-Za-z][A-Za-z ,.?!/():;\[\]-]"
"""What Crystal's two keyboards have, a letter first; the multiplication sign and the collective sign are left out."""


def _letters(most: int) -> object:
    return Field(pattern=rf"^{LETTERS}{{0,{most - 1}}}$")


class TypedNames(Section):
    """The name for each kind of keyboard. null: the keyboard is left empty, and the game's own name stands.

    The player's name is no part of it: a new game takes the first of its ready-made ones.
    """

    rival: Annotated[str, _letters(7)] | None = None
    """Crystal's rival, at most 7 letters."""
    mom: Annotated[str, _letters(7)] | None = None
    """The third keyboard, at most 7 letters: on Fernvale the name of the boat."""
    creature: Annotated[str, _letters(10)] | None = None
    """The nickname of whoever hatches or is caught, at most 10 letters. null: nicknames are declined."""
    box: Annotated[str, _letters(8)] | None = None
    """A box of the storage system, at most 8 letters."""

    def of_kind(self, kind: int) -> str | None:
        """The name for a value of wNamingScreenType; None where the game's own shall stand."""
        return {0: self.creature, 2: self.rival, 3: self.mom, 4: self.box}.get(kind)


NO_NAMES: Final = TypedNames()
