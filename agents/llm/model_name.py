"""The one line of config that names a language model: `provider/model[@url]`.

`none` means no language model, `pocket` the bundled one. Names that people type by habit ("gpt-4o",
"claude-...") are resolved by a table. A name is only taken apart here; `agents/llm/registry.py` loads it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.exceptions import ConfigurationError

PROVIDERS: dict[str, str] = {
    "pocket": "the small model that comes with this project",
    "huggingface": "a causal model from a folder or from the Hugging Face hub, run in this process",
    "openai": "the OpenAI API, or another address that speaks it exactly",
    "anthropic": "the Anthropic API",
    "vllm": "a vLLM server",
    "ollama": "an Ollama server",
    "llamacpp": "a llama.cpp server",
    "transformers": "a server started with `transformers serve`",
}
"""Every provider that can stand before the slash."""

SERVERS_WITHOUT_A_FIXED_ADDRESS: dict[str, str] = {
    "vllm": "http://localhost:8000/v1",
    "ollama": "http://localhost:11434/v1",
    "llamacpp": "http://localhost:8080/v1",
    "transformers": "http://localhost:8000/v1",
}
"""Where these servers listen when started with their own defaults; `@url` overrides."""

_BARE_NAMES: tuple[tuple[str, str], ...] = (
    (r"gpt-.*|chatgpt-.*|o[1-9](-.*)?", "openai"),
    (r"claude-.*", "anthropic"),
)
_WITHOUT_A_MODEL = ("none", "pocket")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A language model's name, taken apart."""

    provider: str
    """`none` or a key of `PROVIDERS`."""
    model: str
    """The provider's own name of the model, a hub name or a folder; empty for `none` and `pocket`."""
    url: str | None = None
    """Base address of the server, only where one was given or is the server's own default."""

    def __str__(self) -> str:
        return self.provider + (f"/{self.model}" if self.model else "") + (f"@{self.url}" if self.url else "")


def parse_model_name(text: str) -> ModelName:
    """Take `provider/model[@url]` apart; `ConfigurationError` names what is wrong and what would be right."""
    name, at, url = text.strip().partition("@http")
    address = _checked_url(text, "http" + url) if at else None
    if name in _WITHOUT_A_MODEL:
        if address is not None:
            raise ConfigurationError(f"llm_model {text!r} gives an address, but {name!r} runs in this process; drop it")
        return ModelName(name, "")
    provider, slash, model = name.partition("/")
    if not slash:
        return ModelName(_provider_of_bare_name(text, name), name, address)
    if provider not in PROVIDERS:
        raise ConfigurationError(_unknown_provider(text, provider))
    if provider == "pocket" or not model:
        wanted = "'pocket' alone" if provider == "pocket" else f"'{provider}/<model>'"
        raise ConfigurationError(f"llm_model {text!r} should be {wanted}")
    if provider == "huggingface" and address is not None:
        raise ConfigurationError(f"llm_model {text!r} gives an address, but huggingface models run in this process")
    return ModelName(provider, model, address or SERVERS_WITHOUT_A_FIXED_ADDRESS.get(provider))


def _checked_url(text: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"llm_model {text!r}: {url!r} is no http address with a host")
    if parts.username or parts.password:
        # The text of this setting ends up in logs, records and checkpoints.
        raise ConfigurationError(
            "the address in llm_model holds a user name or password; take it out and put the key into the environment"
        )
    return url.rstrip("/")


def _provider_of_bare_name(text: str, name: str) -> str:
    for pattern, provider in _BARE_NAMES:
        if re.fullmatch(pattern, name):
            return provider
    raise ConfigurationError(_unknown_provider(text, name))


def _unknown_provider(text: str, provider: str) -> str:
    near = difflib.get_close_matches(provider, ["none", *PROVIDERS], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"llm_model {text!r} names no known provider{hint} Write 'none', 'pocket' or 'provider/model[@url]' with "
        f"a provider of: {', '.join(name for name in PROVIDERS if name != 'pocket')}"
    )
