"""From the one line of config that names a language model to the model: the only place that knows all back-ends.

A vendor's library is imported when a model of that vendor is named, and not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.llm.model_name import ModelName, parse_model_name
from core.exceptions import ConfigurationError
from core.protocols import TextModel

if TYPE_CHECKING:
    from agents.llm.settings import LocalModelSettings

POCKET_FOLDER = Path(__file__).parent / "pocket"
"""Where the bundled model lies: a plain Transformers folder."""
IN_THIS_PROCESS = ("pocket", "huggingface")
"""Providers whose models run here and answer at once; all others are servers that must be waited for."""


def load_text_model(
    name: str | ModelName, *, timeout_s: float = 30.0, local: LocalModelSettings | None = None
) -> TextModel | None:
    """The model of `provider/model[@url]`, or None for "none": the rules then carry the language model's share.

    `timeout_s` bounds one answer of a server, `local` says how a model in this process is run. Raises
    ConfigurationError for a name that cannot be read or a missing key, LLMConnectionError for weights that cannot be
    loaded. A server is not contacted before the first question.
    """
    wanted = parse_model_name(name) if isinstance(name, str) else name
    try:
        match wanted.provider:
            case "none":
                return None
            case "pocket":
                return _pocket(local)
            case "huggingface":
                from agents.llm.huggingface import HuggingFaceModel

                return HuggingFaceModel(wanted.model, settings=local)
            case "anthropic":
                from agents.llm.anthropic import AnthropicModel

                return AnthropicModel(wanted, timeout_s=timeout_s)
            case _:
                from agents.llm.openai import OpenAIModel

                return OpenAIModel(wanted, timeout_s=timeout_s)
    except ImportError as error:
        raise ConfigurationError(
            f"llm_model {str(wanted)!r} needs a package that is not installed ({error.name}): "
            "pip install 'crystal-hybrid[llm]'"
        ) from error


def _pocket(local: LocalModelSettings | None) -> TextModel:
    from agents.llm.huggingface import HuggingFaceModel

    if not (POCKET_FOLDER / "model.safetensors").is_file():
        raise ConfigurationError(
            f"llm_model 'pocket': there is no model at {POCKET_FOLDER}; make it with `python -m trainer.pocket`, "
            "or set llm_model to 'none'"
        )
    return HuggingFaceModel(str(POCKET_FOLDER), name="pocket", settings=local)
