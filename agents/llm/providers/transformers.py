"""`transformers/<model>[@url]`: a server started with `transformers serve`."""

from __future__ import annotations

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A model behind the server's address."""
    from agents.llm.openai import AnswerForm, Dialect, OpenAIModel

    dialect = Dialect(AnswerForm.EXACT_TEXT)
    return OpenAIModel(
        name,
        dialect,
        timeout_s=settings.timeout_s,
        thinking_tokens=settings.thinking_tokens,
        notes=settings.notebook,
    )


PROVIDERS.register("transformers")(
    Provider("a server started with `transformers serve`", load, default_url="http://localhost:8000/v1")
)
