"""`huggingface/<folder or hub name>`: a causal model of Transformers in this process."""

from __future__ import annotations

import os

from agents.llm.provider import PROVIDERS, ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import TextModel


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """The weights of a folder or of the hub."""
    from agents.llm.huggingface import HuggingFaceModel

    return HuggingFaceModel(os.path.expanduser(name.model), settings=settings.local)


PROVIDERS.register("huggingface")(
    Provider(
        "a causal model from a folder or from the Hugging Face hub, run in this process", load, in_this_process=True
    )
)
