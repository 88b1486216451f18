"""A new language model of half a million weights, for the text worlds.

It is small on purpose: two cores train it in minutes, enough to show that an algorithm works. Its tokenizer gives every
move, digit and blank of a field its own token, so a field has as many tokens as characters.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from agents.llm.small_model import ModelShape, create_model
from agents.text.text_policy import TextPolicy

PAD, END, QUESTION, ANSWER = "<|pad|>", "<|end|>", "<|question|>", "<|answer|>"
_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ ('" + QUESTION + "' if message['role'] == 'user' else '" + ANSWER + "') + message['content'] }}"
    "{% endfor %}{% if add_generation_prompt %}" + ANSWER + "{% endif %}"
)
_PIECES = (
    r"[a-i][1-9](?!\d)| (?=[a-i][1-9](?!\d))|[UDLR\-](?![a-z])| (?=[UDLR\-](?![a-z]))|\d| (?=\d)|[.#]{1,5}"
    r"| ?[A-Za-z_]+|\n| ?[^\sA-Za-z\d]"
)


def small_shape(width: int = 128, layers: int = 2) -> ModelShape:
    """Size of the network; the defaults give half a million weights, which two cores train in minutes."""
    return ModelShape(
        width=width,
        layers=layers,
        heads=4,
        key_value_heads=4,
        feed_forward=3 * width,
        context_length=1024,
        vocabulary=600,
    )


def make_small_policy(texts: Iterable[str], shape: ModelShape, seed: int) -> TextPolicy:
    """A network with random weights and a byte-level BPE tokenizer learned from `texts`; the same for the same seed."""
    tokenizer = _train_tokenizer(texts, shape.vocabulary)
    return TextPolicy(create_model(tokenizer, shape, seed), tokenizer)


def _train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, QUESTION, ANSWER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        additional_special_tokens=[QUESTION, ANSWER],
    )
    fast.chat_template = _CHAT_TEMPLATE
    return fast
