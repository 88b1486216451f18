"""The documented factories of shared managers, and the models that they are meant for."""

from __future__ import annotations

from agents.text.shared_llm_manager import LLMBackend, LLMConfig, SharedLLMManager

KNOWN_MODELS: dict[str, list[str]] = {
    "qwen3": [
        "Qwen/Qwen2.5-7B-Instruct",
        "Qwen/Qwen2.5-14B-Instruct",
        "Qwen/Qwen2.5-32B-Instruct",
        "Qwen/Qwen2.5-72B-Instruct",
    ],
    "qwen_coder": ["Qwen/Qwen2.5-Coder-7B-Instruct", "Qwen/Qwen2.5-Coder-14B-Instruct"],
    "qwen_math": ["Qwen/Qwen2.5-Math-7B-Instruct", "Qwen/Qwen2.5-Math-72B-Instruct"],
    "llama3": ["meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-70B-Instruct"],
    "openai": ["gpt-4o", "gpt-4o-mini"],
    "claude": ["claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022"],
}
"""Models by type. Others work too; nothing is looked up on the network."""


def get_available_models() -> dict[str, list[str]]:
    """A copy of `KNOWN_MODELS`."""
    return {kind: list(names) for kind, names in KNOWN_MODELS.items()}


def create_shared_llm_manager(config: LLMConfig) -> SharedLLMManager:
    """A manager with any settings."""
    return SharedLLMManager(config)


def create_qwen3_manager(model_name: str = "Qwen/Qwen2.5-14B-Instruct", device: str = "auto") -> SharedLLMManager:
    """A general Qwen model in this process."""
    return SharedLLMManager(LLMConfig(model_name=model_name, device=device, max_length=32768, temperature=0.7))


def create_qwen_coder_manager(
    model_name: str = "Qwen/Qwen2.5-Coder-14B-Instruct", device: str = "auto"
) -> SharedLLMManager:
    """A Qwen model for code, at a lower temperature."""
    return SharedLLMManager(LLMConfig(model_name=model_name, device=device, max_length=16384, temperature=0.3))


def create_qwen_math_manager(
    model_name: str = "Qwen/Qwen2.5-Math-7B-Instruct", device: str = "auto"
) -> SharedLLMManager:
    """A Qwen model for mathematics, at a still lower temperature and with shorter answers."""
    return SharedLLMManager(LLMConfig(model_name=model_name, device=device, max_length=8192, temperature=0.2))


def create_llama3_manager(
    model_name: str = "meta-llama/Llama-3.1-8B-Instruct", device: str = "auto"
) -> SharedLLMManager:
    """A Llama model in this process."""
    return SharedLLMManager(LLMConfig(model_name=model_name, device=device, max_length=131072, temperature=0.7))


def create_openai_manager(model_name: str = "gpt-4o-mini", api_key: str | None = None) -> SharedLLMManager:
    """A model of OpenAI; the key is OPENAI_API_KEY unless given."""
    return SharedLLMManager(LLMConfig(LLMBackend.OPENAI_API, model_name, api_key=api_key))


def create_claude_manager(
    model_name: str = "claude-3-5-haiku-20241022", api_key: str | None = None
) -> SharedLLMManager:
    """A model of Anthropic; the key is ANTHROPIC_API_KEY unless given."""
    return SharedLLMManager(LLMConfig(LLMBackend.ANTHROPIC, model_name, api_key=api_key))
