"""`ollama/<model>[@url]`: an Ollama server."""

from __future__ import annotations

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A model behind the server's address."""
    from agents.llm.openai import AnswerForm, Dialect, OpenAIModel

    dialect = Dialect(AnswerForm.JSON_SCHEMA, bounds_texts=True, thinking_off={"reasoning_effort": "none"})
    return OpenAIModel(
        name,
        dialect,
        timeout_s=settings.timeout_s,
        thinking_tokens=settings.thinking_tokens,
        notes=settings.notebook,
    )


PROVIDERS.register("ollama")(Provider("an Ollama server", load, default_url="http://localhost:11434/v1"))
