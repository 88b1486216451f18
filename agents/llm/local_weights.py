"""Reading a causal model, its tokenizer and its calibration from a folder or the Hugging Face hub.

Weights are read from safetensors only, and no code from a model's folder is run: the folder is untrusted data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils.logging import disable_progress_bar, get_verbosity, set_verbosity, set_verbosity_error

from agents.llm.adapters import CONFIG_FILE, WEIGHTS_FILE, check_base, put_adapter, read_adapter
from agents.llm.hub import locate
from agents.llm.settings import LocalModelSettings
from core.exceptions import CheckpointError, ConfigurationError, LLMConnectionError

CALIBRATION_FILE = "calibration.json"
"""Optional file beside the weights: `{"temperature": t}`, by which option scores are divided before they become a
confidence. A calibration writes it; 1.0 when absent."""


def load_weights(source: str, device: str, settings: LocalModelSettings) -> tuple[Any, PreTrainedModel]:
    """Tokenizer and model, ready to score. The tokenizer is `Any`: its published types do not fit its use.

    Raises `LLMConnectionError` when anything is missing, damaged or of a form that could run code.
    """
    dtype = settings.dtype
    if dtype == "auto" and device == "cpu":
        dtype = "float32"  # half precision is slower than single on most CPUs
    tokenizer, model = load_causal_model(source, dtype)
    if settings.adapter is not None:
        model = _merged(model, source, settings.adapter)
    return tokenizer, model.to(device).eval()


def load_causal_model(source: str, dtype: str) -> tuple[Any, Any]:
    """Tokenizer and causal model of a folder or hub name, on the CPU; both untyped, as Transformers types them badly.

    Raises `LLMConnectionError` in one sentence for whatever is wrong: no such folder or name, no network, damaged or
    missing weights, a form that could run code, a library that the model needs and nobody installed.
    """
    disable_progress_bar()  # the run's progress display owns the terminal
    try:
        place = locate(source)
        options = {"trust_remote_code": False, "local_files_only": place.local_only}
        with _without_library_warnings():
            tokenizer = AutoTokenizer.from_pretrained(place.name, **options)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                place.name, dtype=dtype, use_safetensors=True, output_loading_info=True, **options
            )
        model, told = loaded
        if told["missing_keys"]:
            raise LLMConnectionError(
                f"{len(told['missing_keys'])} of its weights are missing, say {min(told['missing_keys'])}"
            )
    except Exception as error:  # a foreign folder: the libraries raise of every kind, `Exception` itself included
        raise LLMConnectionError(
            f"the language model {source!r} cannot be loaded: {' '.join(str(error).split())}. It must be a folder with "
            "config.json, a tokenizer and *.safetensors, or a model's name on the Hugging Face hub while that can be "
            "reached"
        ) from error
    return tokenizer, model


@contextmanager
def _without_library_warnings() -> Generator[None]:
    """What Transformers warns of while it loads is said here, in one sentence, or is none of the user's business."""
    before = get_verbosity()
    set_verbosity_error()
    try:
        yield
    finally:
        set_verbosity(before)


def _merged(model: Any, source: str, adapter: str) -> Any:
    """The model with an adapter's weights added to its own."""
    try:
        place = locate(adapter, CONFIG_FILE)
        saved = read_adapter(_downloaded(place.name, place.local_only))
        check_base(saved, source)
        return put_adapter(model, saved, "default").merge_and_unload()
    except (LLMConnectionError, CheckpointError, OSError) as error:
        raise LLMConnectionError(f"language_model.local.adapter {adapter!r} cannot be loaded: {error}") from error


def _downloaded(name: str, local_only: bool) -> Path:
    """The folder of an adapter that is in a folder already, or on the hub."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import hf_hub_download

    hf_hub_download(name, WEIGHTS_FILE, local_files_only=local_only)
    return Path(hf_hub_download(name, CONFIG_FILE, local_files_only=local_only)).parent


def usable_device(wanted: str) -> str:
    """The device that a config asks for. Raises ConfigurationError for one that is not here."""
    if wanted == "meta":
        raise ConfigurationError("the device 'meta' holds no numbers, so nothing can be computed there; use 'auto'")
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise ConfigurationError(f"the device {wanted!r} is not usable here ({error}); use 'auto' or 'cpu'") from error
    return wanted


def calibrated_temperature(source: str) -> float:
    path = Path(source) / CALIBRATION_FILE
    if not path.is_file():
        return 1.0
    try:
        temperature = float(json.loads(path.read_text(encoding="utf-8"))["temperature"])
    except (ValueError, KeyError, TypeError) as error:
        raise LLMConnectionError(f"{path} should hold {{'temperature': number}}; found {error!r}") from error
    if not 0.01 <= temperature <= 100:
        raise LLMConnectionError(f"{path}: a temperature of {temperature} is out of range (0.01 to 100)")
    return temperature


def write_calibration(folder: Path, temperature: float) -> None:
    """Put a temperature beside the weights, for `calibrated_temperature` to find."""
    (folder / CALIBRATION_FILE).write_text(json.dumps({"temperature": temperature}) + "\n", encoding="utf-8")


def fingerprint(model: PreTrainedModel) -> str:
    """Eight hexadecimal digits from the sum and the spread of each tensor: cheap, and new after any training."""
    digest = hashlib.sha256(model.config.model_type.encode())
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.double() if tensor.is_floating_point() and tensor.device.type != "mps" else tensor.float()
        digest.update(f"{name}{tuple(tensor.shape)}{float(values.sum()):.9g}{float(values.abs().sum()):.9g}".encode())
    return digest.hexdigest()[:8]


def end_tokens(tokenizer: Any, model: Any) -> tuple[int, ...]:
    """The tokens that end an answer: those of `generation_config.eos_token_id` (one or a list) and the tokenizer's own.

    Raises ConfigurationError when there is none.
    """
    wanted = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    ids = [*wanted] if isinstance(wanted, list | tuple) else [wanted]
    ends = dict.fromkeys(token for token in (*ids, tokenizer.eos_token_id) if isinstance(token, int))
    if not ends:
        raise ConfigurationError(
            "the language model has no token that ends an answer: set eos_token_id in its generation_config.json"
        )
    return tuple(ends)


def end_of_turn(tokenizer: Any, ends: tuple[int, ...]) -> int:
    """The one of `ends` that the chat template writes after an answer, else the tokenizer's own.

    A chat model ends its turn with another token than that which ends its texts, and the tokenizer may name the latter.
    """
    own = tokenizer.eos_token_id if tokenizer.eos_token_id in ends else ends[0]
    if tokenizer.chat_template is None or len(ends) == 1:
        return int(own)
    asked = [{"role": "user", "content": "?"}]
    try:
        prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
        answered = tokenizer.apply_chat_template([*asked, {"role": "assistant", "content": "!"}], return_dict=False)
    except Exception:  # a template is anybody's code; where it fails for questions, the question says so
        return int(own)
    return int(next((token for token in answered[len(prompt) :] if token in ends), own))


def takes_system_message(tokenizer: Any) -> bool:
    """Whether the chat template writes a system message down; some refuse it, others leave it out."""
    if tokenizer.chat_template is None:
        return False
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "?"}]
    try:
        return "Be brief." in tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
    except Exception:  # a template is anybody's code
        return False
