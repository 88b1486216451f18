"""`openai/<model>`, `gpt-...` or `o3-...`: the OpenAI API, or another address that speaks it exactly."""

from __future__ import annotations

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from agents.llm.wire.keys import OPENAI_KEY
from core.protocols import TextModel

BEFORE_JSON_SCHEMA = ("gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-3.5-turbo")
"""Models that know tools but no `json_schema`; `gpt-4o` and later know both."""


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A model behind the API."""
    from agents.llm.openai import AnswerForm, Dialect, OpenAIModel

    is_old = name.model in BEFORE_JSON_SCHEMA
    dialect = Dialect(
        AnswerForm.TOOL if is_old else AnswerForm.JSON_SCHEMA,
        answer_tokens=4000,  # the hidden thoughts of reasoning models count too
        length_parameter="max_completion_tokens",
        greedy=is_old,
        key_variable=OPENAI_KEY,
    )
    return OpenAIModel(
        name,
        dialect,
        timeout_s=settings.timeout_s,
        thinking_tokens=settings.thinking_tokens,
        notes=settings.notebook,
    )


PROVIDERS.register("openai")(
    Provider(
        "the OpenAI API, or another address that speaks it exactly", load, bare_names="gpt-.*|chatgpt-.*|o[1-9](-.*)?"
    )
)
