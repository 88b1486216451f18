"""Keys of servers: where they come from, what they may look like, and that no text shows them.

Servers quote keys in errors, and a model may say one in its reason. Both are logged and kept, so whatever a server
sends is blotted out before anything else sees it.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from urllib.parse import quote, urlsplit

from core.exceptions import ConfigurationError

OPENAI_KEY, ANTHROPIC_KEY = "OPENAI_API_KEY", "ANTHROPIC_API_KEY"
KEY_FOR_OTHER_ADDRESSES = "CRYSTAL_LLM_API_KEY"
"""Environment variable with the key for servers at an `@url`; a vendor's key goes to that vendor's address only."""
NO_KEY = "none-needed"
"""What a server gets for which no key is set; SDKs want one."""
SHORTEST_FRAGMENT = 8
"""Characters of a key in a row that are blotted out: texts are cut to a length, perhaps in the middle of a key."""
BLOT = "<key>"
_SMALL_LETTERS = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_LOOKS_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])(sk-|gsk_|hf_|xai-|nvapi-|AIza)[A-Za-z0-9_-]{16,}")
_NAMES_A_KEY = re.compile(r"(key|token|secret|password)=", re.IGNORECASE)


class Key:
    """A key of a server. Only `text` shows it."""

    def __init__(self, text: str, name: str) -> None:
        """`name` is where it comes from, for errors. Raises ConfigurationError for what no key can be."""
        self.text = text.strip()
        wrong = next((place for place, char in enumerate(self.text) if not "!" <= char <= "~"), None)
        if not self.text or wrong is not None:
            what = "is empty" if wrong is None else f"has {_kind_of(self.text[wrong])} at place {wrong + 1}"
            raise ConfigurationError(
                f"the key in {name} {what}; a key is visible ASCII characters without spaces: copy it again"
            )

    def __repr__(self) -> str:
        return BLOT

    def blot_out(self, text: str) -> str:
        """The text without the key: as it is, in other case, in pieces, percent-encoded, escaped, in hex, in base64."""
        small = text.translate(_SMALL_LETTERS)
        covered: set[int] = set()
        for size, fragments in self._fragments.items():
            for place in range(len(small) - size + 1):
                if small[place : place + size] in fragments:
                    covered.update(range(place, place + size))
        if not covered:
            return text
        runs = groupby(range(len(text)), key=covered.__contains__)
        return "".join(BLOT if hidden else "".join(text[place] for place in places) for hidden, places in runs)

    @cached_property
    def _fragments(self) -> dict[int, set[str]]:
        """By length: the pieces of every form, in small letters."""
        pieces: dict[int, set[str]] = {}
        for form in self._forms():
            size = min(SHORTEST_FRAGMENT, len(form))
            small = form.translate(_SMALL_LETTERS)
            pieces.setdefault(size, set()).update(small[at : at + size] for at in range(len(small) - size + 1))
        return pieces

    def _forms(self) -> Iterator[str]:
        yield self.text
        yield quote(self.text, safe="")
        yield json.dumps(self.text)[1:-1]
        key = self.text.encode()
        yield key.hex()
        for before in range(3):  # base64 goes by three bytes; only the characters that no neighbour changes
            first, last = (before * 8 + 5) // 6, (before + len(key)) * 8 // 6
            if last - first >= SHORTEST_FRAGMENT:
                yield base64.b64encode(bytes(before) + key).decode()[first:last]
                yield base64.urlsafe_b64encode(bytes(before) + key).decode()[first:last]


def key_for(vendor_variable: str | None, *, own_address: bool) -> Key | None:
    """The key from the environment, or None when it is not set.

    `own_address` is true when the config names an `@url`: then only `CRYSTAL_LLM_API_KEY` is used. Raises
    ConfigurationError for a key that cannot be sent.
    """
    variable = KEY_FOR_OTHER_ADDRESSES if own_address or vendor_variable is None else vendor_variable
    text = os.environ.get(variable, "").strip()
    return Key(text, variable) if text else None


def without_key(text: str, key: Key | None) -> str:
    """The text with the key blotted out."""
    return key.blot_out(text) if key else text


def check_no_key(text: str, setting: str) -> None:
    """Refuse a name or an address that holds a key: settings end up in logs, records and checkpoints.

    Raises ConfigurationError, which does not show the text.
    """
    _, scheme, address = text.partition("://")
    try:
        parts = urlsplit(f"//{address}") if scheme else None
    except ValueError:  # not an address at all, which the caller says better
        parts = None
    if parts is not None and "@" in parts.netloc:
        found = "a user name or password"
    elif scheme and set("?#") & set(address):
        found = "a query ('?...' or '#...'), which is no part of a base address"
    elif (
        _LOOKS_LIKE_A_KEY.search(text)
        or _NAMES_A_KEY.search(text)
        or any(key and len(key) >= 8 and key in text for key in _keys_set())
    ):
        found = "what looks like a key"
    else:
        return
    raise ConfigurationError(
        f"{setting} holds {found}; take it out: a key goes into the environment, as {KEY_FOR_OTHER_ADDRESSES} for a "
        "server at an address of your own"
    )


def _keys_set() -> Iterator[str]:
    for name in (KEY_FOR_OTHER_ADDRESSES, OPENAI_KEY, ANTHROPIC_KEY):
        yield os.environ.get(name, "").strip()


def _kind_of(char: str) -> str:
    if char.isspace() or not char.isprintable():
        return "a space, a line break or a control character"
    return f"the character {char!r}, which is not ASCII"
