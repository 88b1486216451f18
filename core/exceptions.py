"""Every error that this project raises.

Each class is also the standard-library error that a caller would expect, so `except ValueError` and
`except ConfigurationError` both work. A message says what happened, the value seen, why, and what to do.
`EnvironmentError` has the documented name and therefore shadows the builtin alias of `OSError` where it is
imported by name: it *is* an `OSError`, so no `except` clause changes its meaning.
"""

from __future__ import annotations

import builtins


class CrystalHybridError(Exception):
    """Root of all errors of this project."""


class TrainingError(CrystalHybridError, RuntimeError):
    """Training cannot go on."""


class ConfigurationError(CrystalHybridError, ValueError):
    """A setting is missing, misspelt, of the wrong type or out of range. Command lines exit with code 2."""


class EnvironmentError(CrystalHybridError, builtins.OSError):
    """The game, its ROM or its emulator cannot be set up."""


class ClosedEnvironmentError(CrystalHybridError, RuntimeError):
    """An environment is used after it was closed."""


class CheckpointError(CrystalHybridError, RuntimeError):
    """A checkpoint cannot be written, found, read or trusted."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """There is no checkpoint of that name."""


class EpisodeTimeoutError(CrystalHybridError, TimeoutError):
    """An episode took longer than it may. Not a RuntimeError, so that handlers can tell it from a lack of memory."""


class HistoryError(CrystalHybridError, RuntimeError):
    """The decision database is unreadable, belongs to another program, or has a newer version."""


class LLMConnectionError(CrystalHybridError, ConnectionError):
    """A language model cannot be reached or loaded, or does not answer as asked."""


class QueueFullError(LLMConnectionError):
    """A queue of requests for a language model is full; the request was refused, not lost. Try again later."""


class DecisionValidationError(CrystalHybridError, ValueError):
    """A decision names an action or an option that does not exist or is not allowed now."""


BAD_INPUT_ERRORS = (ConfigurationError, EnvironmentError, CheckpointError, HistoryError, LLMConnectionError)
"""Errors about what the user names, language models among it: a command line shows one line and exits with code 2."""
