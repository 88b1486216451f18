"""A causal language model of Hugging Face Transformers, run in this process.

The model never writes free text: it scores the listed options (`agents/llm/scoring.py`), and the probability of
an option among the options is its confidence.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Sequence

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.local_weights import (
    calibrated_temperature,
    end_of_turn,
    end_tokens,
    fingerprint,
    load_weights,
    takes_system_message,
    usable_device,
)
from agents.llm.question import AskedForm, Chat, chat_of, check_options, untold
from agents.llm.scoring import PackedRows, TokenQuestion, option_log_probabilities, pack
from agents.llm.settings import LocalModelSettings
from agents.llm.shared_prompt import SharedPromptScorer, shared_length
from core.prompts.frame import TASK, PromptForm
from core.protocols import Choice

UNBOUNDED_CONTEXT = 1 << 20
"""Limit for architectures without one, such as state-space models."""
PARAGRAPH = "\n\n"
"""Stands between questions and answers for models without a chat template, and ends an answer."""
WEIGHTS_OF_A_SMALL_MODEL = 1_000_000_000
"""Models below it follow examples better than a list of options (docs/language_models.md has what was measured)."""
ROOM_BESIDE_EXAMPLES = 512
"""Tokens: for a brief prompt and the longest option."""
_PROBE_TOLERANCE = 0.02
_logger = logging.getLogger(__name__)


class HuggingFaceModel:
    """A causal model that chooses among options by scoring them."""

    def __init__(
        self,
        source: str,
        *,
        name: str | None = None,
        settings: LocalModelSettings | None = None,
        prompt_form: PromptForm | None = None,
    ) -> None:
        """`prompt_form` says what prompts the model has learned to read; None: whatever suits its way of scoring."""
        settings = settings or LocalModelSettings()
        self._settings = settings
        self._device = usable_device(settings.device)
        self._tokenizer, self._model = load_weights(source, self._device, settings)
        self.context_length: int = getattr(self._model.config, "max_position_embeddings", UNBOUNDED_CONTEXT)
        """Most tokens of a question with its longest option."""
        self._temperature = calibrated_temperature(source)
        self._name = f"{name or 'huggingface/' + source}#{fingerprint(self._model)}"
        self._end = end_of_turn(self._tokenizer, end_tokens(self._tokenizer, self._model))
        if self._tokenizer.chat_template is None:  # a base model does not stop: it goes on with another question
            self._end = next(iter(self._tokenizer.encode(PARAGRAPH, add_special_tokens=False)), self._end)
        self._takes_system = takes_system_message(self._tokenizer)
        self._marks = [mark for mark in self._tokenizer.get_added_vocab() if mark.strip() and len(mark) > 1]
        self.scoring = self._scoring(prompt_form)
        """How options are compared: a value of `LocalModelSettings.scoring`, never `auto`."""
        unlisted = self.scoring == "examples"
        self.prompt_form = prompt_form or (PromptForm.BRIEF if unlisted else PromptForm.INSTRUCTED)
        """How the prompts are written that the model reads."""
        if self.scoring != "plain":
            self._name += f".{self.scoring}"  # other answers than those that a cache may hold
        self._cache: DynamicCache
        self._cached_tokens: tuple[int, ...]
        self._forget()
        self._lock = threading.Lock()
        # The prompt's logits are not needed; with a vocabulary of 150,000 words they would fill gigabytes.
        self._keeps_few_logits = "logits_to_keep" in inspect.signature(self._model.forward).parameters
        self.scores_side_by_side = self._packing_is_exact()
        """False for architectures that ignore the attention mask of `scoring.pack`."""
        self._shared = SharedPromptScorer(self._model, self._device, keep=settings.keep_prefix)
        self.shares_prompt = self.scores_side_by_side or self._shared_prompt_is_exact()
        """Whether all options of a question are scored after one reading of the prompt."""
        if not self.shares_prompt:
            _logger.warning("%s reads the prompt anew for each option, since nothing else is exact (slow)", source)

    def _scoring(self, prompt_form: PromptForm | None) -> str:
        """The setting, or what suits the model: examples for small ones with room for them, nobody having taught it."""
        if self._settings.scoring != "auto":
            return self._settings.scoring
        is_small = sum(weights.numel() for weights in self._model.parameters()) < WEIGHTS_OF_A_SMALL_MODEL
        if prompt_form is not None or not is_small:
            return "plain"
        try:
            tokens = len(self._prompt_tokens(chat_of(TASK, (), AskedForm.UNLISTED)))
        except TemplateError:  # its template refuses a chat; the first question will say so
            return "plain"
        return "examples" if tokens + ROOM_BESIDE_EXAMPLES <= self.context_length else "plain"

    @property
    def name(self) -> str:
        """The model's name and a fingerprint of its weights, which keeps two trainings apart."""
        return self._name

    @property
    def model(self) -> PreTrainedModel:
        """The network, for benchmarks and training."""
        return self._model

    @property
    def special_ids(self) -> tuple[int, ...]:
        """Tokens with a meaning in the chat template: only the template may write them, never quoted text."""
        return tuple(self._tokenizer.all_special_ids)

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        """Score the options after the prompt and take the most probable; raises `ValueError` for bad options."""
        started = time.perf_counter()
        question = self.tokenize(prompt, options)
        with self._lock, torch.inference_mode():
            scores = self._scores(question)
            if self.scoring == "corrected":
                scores = scores - self._scores_untold(prompt, options)
        return self._choice(question, scores, time.perf_counter() - started)

    def choose_many(self, questions: Sequence[tuple[str, Sequence[str]]]) -> list[Choice]:
        """Answer several (prompt, options) in one forward pass; the latency of each is that of all."""
        started = time.perf_counter()
        tokenized = [self.tokenize(prompt, options) for prompt, options in questions]
        with self._lock, torch.inference_mode():
            if self.scores_side_by_side:
                all_scores = self._forward(pack(tokenized, dtype=self._model.dtype, device=self._device))
            else:
                all_scores = [self._scores(question) for question in tokenized]
            if self.scoring == "corrected":
                told = zip(all_scores, questions, strict=True)
                all_scores = [scores - self._scores_untold(*asked) for scores, asked in told]
        latency_s = time.perf_counter() - started
        return [self._choice(q, scores, latency_s) for q, scores in zip(tokenized, all_scores, strict=True)]

    def forget_prefix(self) -> None:
        """Drop the kept keys and values. Call it after the weights have changed."""
        with self._lock:
            self._forget()
            self._shared.forget()

    def tokenize(self, prompt: str, options: Sequence[str]) -> TokenQuestion:
        """The question as the model reads it: its own chat template around the prompt, an end token on each option."""
        check_options(options)
        is_numbered = self.scoring == "numbered"
        is_unlisted = self.scoring == "examples" and prompt.startswith(TASK)
        asked = AskedForm.NUMBER if is_numbered else AskedForm.UNLISTED if is_unlisted else AskedForm.OPTION
        chat = chat_of(prompt, options, asked)
        ids = self._prompt_tokens(chat)
        gap = " " if self._tokenizer.chat_template is None else ""  # base models write it with the word that follows
        answers_of = [str(number) for number in range(1, len(options) + 1)] if is_numbered else options
        texts = [gap + self._disarmed(answer) for answer in answers_of]
        answers: list[list[int]] = self._tokenizer(texts, add_special_tokens=False)["input_ids"]
        question = TokenQuestion(tuple(ids), tuple((*answer, self._end) for answer in answers))
        longest = len(question.prompt) + max(map(len, question.options))
        if longest > self.context_length:
            message = (
                f"the question has {longest} tokens, {self._name} reads {self.context_length}; lower max_context_length"
            )
            raise ModelFailure(FailureKind.REJECTED, message)
        return question

    def _prompt_tokens(self, chat: Chat) -> list[int]:
        """The chat up to where the answer begins."""
        if self._tokenizer.chat_template is None:
            said = [
                f"Answer: {message['content']}" if message["role"] == "assistant" else message["content"]
                for message in chat.merged
            ]
            return self._tokenizer.encode(PARAGRAPH.join(map(self._disarmed, said)) + f"{PARAGRAPH}Answer:")
        said = chat.messages if self._takes_system else chat.merged
        return self._tokenizer.apply_chat_template(
            [message | {"content": self._disarmed(message["content"])} for message in said],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
            enable_thinking=False,  # templates without such a switch ignore it
        )

    def _disarmed(self, text: str) -> str:
        """The text without the tokenizer's own marks, so that quoted text cannot end the user's turn."""
        for mark in self._marks:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text

    def _choice(self, question: TokenQuestion, scores: Tensor, latency_s: float) -> Choice:
        probabilities = torch.softmax(scores.float() / self._temperature, dim=0)
        if not bool(probabilities.isfinite().all()):
            raise ModelFailure(
                FailureKind.BROKEN,
                f"the options' scores of {self._name} are no numbers ({scores.tolist()}): its weights "
                "are damaged, or too coarse in this dtype (float32 is the finest)",
            )
        order = probabilities.argsort(descending=True)
        index = int(order[0])
        reason = f"scored {probabilities[index]:.0%}"
        if len(order) > 1:
            reason += f", before option {int(order[1]) + 1} with {probabilities[order[1]]:.0%}"
        return Choice(
            index=index,
            confidence=float(probabilities[index]),
            reason=reason,
            prompt_tokens=len(question.prompt),
            completion_tokens=sum(map(len, question.options)),
            latency_s=latency_s,
        )

    def _forward(self, rows: PackedRows, cache: DynamicCache | None = None) -> list[Tensor]:
        logits = self._model(
            input_ids=rows.tokens,
            attention_mask=rows.mask,
            position_ids=rows.positions,
            past_key_values=cache,
            use_cache=cache is not None,
            **({"logits_to_keep": rows.needed_logits} if self._keeps_few_logits else {}),
        ).logits
        return option_log_probabilities(logits, rows)

    def _scores(self, question: TokenQuestion) -> Tensor:
        if self.scores_side_by_side:
            return self._scores_with_prefix(question)
        return self._shared.scores(question) if self.shares_prompt else self._scores_row_by_row(question)

    def _scores_untold(self, prompt: str, options: Sequence[str]) -> Tensor:
        """What the options' words are worth when nothing is told; the kept beginning of the real prompt stays."""
        question = self.tokenize(untold(prompt), options)
        if self.scores_side_by_side:
            return self._forward(pack([question], dtype=self._model.dtype, device=self._device))[0]
        return self._scores_row_by_row(question)

    def _scores_with_prefix(self, question: TokenQuestion) -> Tensor:
        if not self._settings.keep_prefix:
            return self._forward(pack([question], dtype=self._model.dtype, device=self._device))[0]
        shared = shared_length(self._cached_tokens, question.prompt[:-1])
        try:
            _shorten(self._cache, shared)
            rows = pack([question], prefix=shared, dtype=self._model.dtype, device=self._device)
            scores = self._forward(rows, self._cache)[0]
            _shorten(self._cache, len(question.prompt))
        except BaseException:
            self._forget()  # half a cache would make every later answer wrong
            raise
        self._cached_tokens = question.prompt
        return scores

    def _forget(self) -> None:
        self._cache, self._cached_tokens = DynamicCache(config=self._model.config), ()

    def _scores_row_by_row(self, question: TokenQuestion) -> Tensor:
        alone = [TokenQuestion(question.prompt, (option,)) for option in question.options]
        scores: list[Tensor] = []
        for single in alone:
            tokens = torch.tensor([[*single.prompt, *single.options[0]]], device=self._device)
            rows = PackedRows(tokens, tokens, tokens, 0, (single,))
            few = {"logits_to_keep": rows.needed_logits} if self._keeps_few_logits else {}
            logits = self._model(input_ids=tokens, use_cache=False, **few).logits
            scores.append(option_log_probabilities(logits, rows)[0][0])
        return torch.stack(scores)

    def _packing_is_exact(self) -> bool:
        """Check with a probe that this architecture honours the mask; sliding windows and state-space layers do not."""
        if any(type(layer) is not DynamicLayer for layer in self._cache.layers):
            return False  # a probe shorter than the window does not show it
        question = self._probe(0)
        with torch.inference_mode():
            try:
                packed = self._scores_with_prefix(question)
                again = self._scores_with_prefix(question)
            except (TypeError, ValueError, RuntimeError, AttributeError) as error:
                _logger.debug("packed scoring is not possible with this architecture: %s", error)
                return False
            alone = self._scores_row_by_row(question)
        return _same(packed, alone) and _same(again, alone)

    def _shared_prompt_is_exact(self) -> bool:
        """Check with two probes, one of which goes on where the other ended, that the prompt's memory can be shared."""
        probes = [self._probe(0), self._probe(0), self._probe(7)]
        with torch.inference_mode():
            try:
                shared = [self._shared.scores(probe) for probe in probes]
            except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError) as error:
                _logger.debug("the prompt cannot be shared with this architecture: %s", error)
                return False
            finally:
                self._shared.forget()
            return all(
                _same(scores, self._scores_row_by_row(probe)) for scores, probe in zip(shared, probes, strict=True)
            )

    def _probe(self, longer: int) -> TokenQuestion:
        """A question of ordinary tokens with options of different lengths."""
        ordinary = [i for i in range(len(self._tokenizer)) if i not in self._tokenizer.all_special_ids][:64]
        prompt = tuple(ordinary[i % len(ordinary)] for i in range(48 + longer))
        return TokenQuestion(prompt, (tuple(ordinary[:3]), tuple(ordinary[3:5]), (*ordinary[5:9], self._end)))


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.float(), other.float(), rtol=_PROBE_TOLERANCE, atol=_PROBE_TOLERANCE)


def _shorten(cache: DynamicCache, length: int) -> None:
    surplus = cache.get_seq_length() - length
    if surplus > 0:
        cache.crop(-surplus)
