"""`llamacpp/<model>[@url]`: a llama.cpp server."""

from __future__ import annotations

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A model behind the server's address."""
    from agents.llm.openai import TEMPLATE_WITHOUT_THINKING, AnswerForm, Dialect, OpenAIModel

    dialect = Dialect(AnswerForm.JSON_SCHEMA, bounds_texts=True, thinking_off=TEMPLATE_WITHOUT_THINKING)
    return OpenAIModel(
        name,
        dialect,
        timeout_s=settings.timeout_s,
        thinking_tokens=settings.thinking_tokens,
        notes=settings.notebook,
    )


PROVIDERS.register("llamacpp")(Provider("a llama.cpp server", load, default_url="http://localhost:8080/v1"))
