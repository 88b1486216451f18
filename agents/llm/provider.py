"""What a provider of language models is, and where providers are registered.

The built-in ones are in `agents/llm/providers/`, one a file. One of your own is a `Provider` object, which a config
names in `llm_model` as `package.module:NAME/model`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel
from core.registry import Registry, must_be


@dataclass(frozen=True, slots=True)
class ModelName:
    """A language model's name, taken apart (`agents/llm/model_name.py`)."""

    provider: str
    """`none`, a name of `PROVIDERS`, or `package.module:NAME`."""
    model: str
    """The provider's own name of the model, a hub name or a folder; empty where the provider has only one."""
    url: str | None = None
    """Base address of the server, only where one was given or is the server's own default."""

    def __str__(self) -> str:
        return self.provider + (f"/{self.model}" if self.model else "") + (f"@{self.url}" if self.url else "")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where language models come from."""

    words: str
    """What it is, for people."""
    load: Callable[[ModelName, LanguageModelSettings], TextModel]
    """Makes the model. It imports the vendor's library itself, so that naming one vendor imports no other; a server is
    not contacted before the first question. Raises ConfigurationError for a missing key, LLMConnectionError for
    weights that cannot be loaded."""
    in_this_process: bool = False
    """Its models run here and answer at once; all others are servers that must be waited for, and may have an `@url`.
    """
    takes_a_model: bool = True
    """False: there is one model only, so nothing follows the provider's name."""
    default_url: str | None = None
    """Where a server listens when started with its own defaults; None where the vendor's library knows."""
    bare_names: str = ""
    """A regular expression of model names that people type without the provider."""


PROVIDERS: Registry[Provider] = Registry(
    "language-model provider", fault=must_be(Provider), room="agents.llm.providers"
)
