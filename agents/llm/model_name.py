"""The one line of config that names a language model: `provider/model[@url]`.

`none` means no language model, `pocket` the bundled one. Names that people type by habit ("gpt-4o",
"claude-...") belong to the provider that says so. A name is only taken apart here; `agents/llm/registry.py` loads it.
"""

from __future__ import annotations

import re

from agents.llm.provider import PROVIDERS, ModelName
from agents.llm.wire.address import checked_address
from agents.llm.wire.keys import check_no_key
from core.exceptions import ConfigurationError
from core.nearest import nearest
from core.registry import is_path

__all__ = ["NO_MODEL", "ModelName", "parse_model_name"]

NO_MODEL = "none"
_AT_ADDRESS = re.compile(r"@(?=[a-z][a-z0-9+.-]*://|https?:)", re.IGNORECASE)
"""A model's version may follow an @ as well."""


def parse_model_name(text: str) -> ModelName:
    """Take `provider/model[@url]` apart; `ConfigurationError` names what is wrong and what would be right."""
    check_no_key(text, "llm_model")
    name, *url = _AT_ADDRESS.split(text.strip(), maxsplit=1)
    address = checked_address(f"llm_model {text!r}", url[0]) if url else None
    word, slash, model = name.partition("/")
    if name == NO_MODEL:
        _refuse_address(text, address, NO_MODEL)
        return ModelName(NO_MODEL, "")
    if not is_path(word) and not PROVIDERS.is_registered(word):
        if slash:
            raise ConfigurationError(_unknown_provider(text, word))
        return ModelName(_provider_of_bare_name(text, name), name, address)
    provider = PROVIDERS.resolve(word, "llm_model")
    if bool(model) is not provider.takes_a_model:
        wanted = f"'{word}/<model>'" if provider.takes_a_model else f"{word!r} alone"
        raise ConfigurationError(f"llm_model {text!r} should be {wanted}")
    if provider.in_this_process:
        _refuse_address(text, address, word)
    return ModelName(word, model, address or provider.default_url)


def _refuse_address(text: str, address: str | None, provider: str) -> None:
    if address is not None:
        raise ConfigurationError(f"llm_model {text!r} gives an address, but {provider!r} runs in this process; drop it")


def _provider_of_bare_name(text: str, name: str) -> str:
    for word in PROVIDERS.built_in_names():
        names = PROVIDERS.resolve(word).bare_names
        if names and re.fullmatch(names, name):
            return word
    raise ConfigurationError(_unknown_provider(text, name))


def _unknown_provider(text: str, word: str) -> str:
    known = PROVIDERS.names()
    return (
        f"llm_model {text!r} names no known provider; {nearest(word, [NO_MODEL, *known])}; write 'none', 'pocket' or "
        f"'provider/model[@url]' with a provider of {', '.join(known)}, or your own as package.module:NAME"
    )
