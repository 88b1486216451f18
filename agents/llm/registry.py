"""From the one line of config that names a language model to the model."""

from __future__ import annotations

from agents.llm.model_name import NO_MODEL, parse_model_name
from agents.llm.provider import PROVIDERS, ModelName
from agents.llm.providers.pocket import POCKET_FOLDER
from agents.llm.settings import LanguageModelSettings, LocalModelSettings
from core.extras import needs_extra
from core.protocols import TextModel

__all__ = ["POCKET_FOLDER", "load_text_model", "runs_in_this_process"]


def load_text_model(
    name: str | ModelName,
    *,
    timeout_s: float = 30.0,
    local: LocalModelSettings | None = None,
    thinking_tokens: int = 0,
    notebook: bool = False,
) -> TextModel | None:
    """The model of `provider/model[@url]`, or None for "none": the rules then carry the language model's share.

    `timeout_s` bounds one answer of a server, `thinking_tokens` its thoughts; `local` says how a model in this process
    is run, `notebook` whether it may write notes. Raises ConfigurationError for a name that cannot be read or a missing
    key, LLMConnectionError for weights that cannot be loaded. A server is not contacted before the first question.
    """
    wanted = parse_model_name(name) if isinstance(name, str) else name
    if wanted.provider == NO_MODEL:
        return None
    provider = PROVIDERS.resolve(wanted.provider, "llm_model")
    with needs_extra(f"llm_model {str(wanted)!r} cannot be loaded"):
        return provider.load(
            wanted,
            LanguageModelSettings(
                timeout_s=timeout_s,
                local=local or LocalModelSettings(),
                thinking_tokens=thinking_tokens,
                notebook=notebook,
                cache_path=None,
            ),
        )


def runs_in_this_process(name: ModelName) -> bool:
    """Whether the model answers at once; all others are servers that must be waited for."""
    return name.provider != NO_MODEL and PROVIDERS.resolve(name.provider, "llm_model").in_this_process
