"""`pocket`: the small model that comes with this project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.exceptions import ConfigurationError
from core.prompts.frame import PromptForm
from core.protocols import TextModel

POCKET_FOLDER = Path(__file__).parent.parent / "pocket"
"""Where the bundled model lies: a plain Transformers folder."""


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """The bundled weights. Raises ConfigurationError where they are missing."""
    from agents.llm.huggingface import HuggingFaceModel

    if not (POCKET_FOLDER / "model.safetensors").is_file():
        raise ConfigurationError(
            f"llm_model 'pocket': there is no model at {POCKET_FOLDER}; make it with `python -m trainer.pocket`, "
            "or set llm_model to 'none'"
        )
    local = replace(settings.local, scoring="plain")
    return HuggingFaceModel(str(POCKET_FOLDER), name="pocket", settings=local, prompt_form=PromptForm.SHORT)


PROVIDERS.register("pocket")(
    Provider("the small model that comes with this project", load, in_this_process=True, takes_a_model=False)
)
