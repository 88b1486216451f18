"""`anthropic/<model>` or `claude-...`: the Anthropic API."""

from __future__ import annotations

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A model behind the API."""
    from agents.llm.anthropic import AnthropicModel

    return AnthropicModel(name, timeout_s=settings.timeout_s, notes=settings.notebook)


PROVIDERS.register("anthropic")(Provider("the Anthropic API", load, bare_names="claude-.*"))
