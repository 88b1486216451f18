"""Small untrained language models with real tokenizers, made on the spot: the parts of the language-model tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedTokenizerFast,
)

from agents.text.text_policy import Sample, TextPolicy

CHAT_TEMPLATE = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}
ARCHITECTURES: dict[str, dict[str, object]] = {
    "qwen3": {**_SMALL, "head_dim": 8},
    "llama": dict(_SMALL),
    "mistral": {**_SMALL, "sliding_window": 16},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 2048},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
}


def make_model(
    folder: Path,
    architecture: str = "qwen3",
    *,
    seed: int = 0,
    chat_template: bool = True,
    context_length: int | None = None,
) -> Path:
    """Write a random causal model of that architecture with a byte-level BPE tokenizer to `folder`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|pad|>", "<|start|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(
        ["Go to the healer. Talk to the elder. Fight on. Options: Answer with one."] * 4, trainer
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>")
    if chat_template:
        fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(fast),
        pad_token_id=fast.pad_token_id,
        eos_token_id=fast.eos_token_id,
        bos_token_id=None,
        initializer_range=0.5,  # wide enough that options differ clearly
        **ARCHITECTURES[architecture],
    )
    if context_length is not None:
        config.max_position_embeddings = context_length
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def numbers_and_reading(
    policy: TextPolicy, samples: Sequence[Sample]
) -> tuple[torch.Tensor, dict[str, torch.Tensor], int]:
    """The samples' log-probabilities, gradients by the name of the weights, and how many numbers came in for them."""
    read: list[int] = []
    hook = policy.model.get_input_embeddings().register_forward_hook(lambda module, ids, out: read.append(out.numel()))
    policy.model.zero_grad()
    logs, entropies, mask = policy.token_log_probabilities(samples)
    ((logs + 0.1 * entropies) * mask).sum().backward()
    hook.remove()
    gradients = {name: p.grad.clone() for name, p in policy.model.named_parameters() if p.grad is not None}
    return (logs * mask).detach(), gradients, sum(read)
