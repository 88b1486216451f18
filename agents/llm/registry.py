"""From the one line of config that names a language model to the model: the only place that knows all back-ends."""

from __future__ import annotations

from agents.llm.model_name import parse_model_name
from core.exceptions import ConfigurationError
from core.protocols import TextModel

BUILT_IN = ("none",)
"""Providers that this version can load."""


def load_text_model(name: str) -> TextModel | None:
    """The model of `provider/model[@url]`, or None for "none": the rules then carry the language model's share.

    Raises ConfigurationError for a name that cannot be read and for a provider that is not built in.
    """
    wanted = parse_model_name(name)
    if wanted.provider == "none":
        return None
    raise ConfigurationError(
        f"llm_model {name!r}: the provider {wanted.provider!r} is not built into this version; "
        f"built in are: {', '.join(BUILT_IN)}. Set llm_model to one of them"
    )
