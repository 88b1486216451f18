"""Who may act, as a config names it."""

from __future__ import annotations

from core.exceptions import ConfigurationError
from core.vocabulary import AgentMode


def mode_named(word: AgentMode | str) -> AgentMode:
    """The mode of a config word; ConfigurationError names the known ones."""
    try:
        return AgentMode(word)
    except ValueError as error:
        known = ", ".join(mode.value for mode in AgentMode)
        raise ConfigurationError(f"unknown agent mode {word!r}: the modes are {known}") from error
