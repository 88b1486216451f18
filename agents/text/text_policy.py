"""A causal language model as a policy over texts: it samples answers and gives their probabilities.

Works with any Transformers causal model and tokenizer, in process. Probabilities are always those of the sampling
distribution (logits divided by the temperature), so a ratio of new to old probability is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicLayer

from agents.llm.local_weights import end_of_turn, end_tokens, load_causal_model
from core.exceptions import ConfigurationError

REPEATS_THAT_PAY = 2
"""Prompts are read once each when they are there so often on average."""
BEGINNING_THAT_PAYS = 32
"""Tokens. What all prompts begin with is read once when it is so long: a system message, the task and the form."""
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are sampled."""

    temperature: float = 1.0
    """Logits are divided by it; 0 means the likeliest token always (evaluation only)."""
    max_new_tokens: int = 48

    def __post_init__(self) -> None:
        if not (self.temperature == 0 or LOWEST_TEMPERATURE <= self.temperature <= HIGHEST_TEMPERATURE):
            raise ConfigurationError(
                f"temperature is {self.temperature}: it must be 0 (the likeliest token always) or from "
                f"{LOWEST_TEMPERATURE} to {HIGHEST_TEMPERATURE:g}; logits divided by less are no numbers any more"
            )
        if self.max_new_tokens < 1:
            raise ConfigurationError(f"max_new_tokens is {self.max_new_tokens}: it must be 1 or more")


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer to one prompt, with everything that learning needs."""

    text: str
    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    """The answer's tokens, with the end token if the model gave one."""
    log_probabilities: tuple[float, ...]
    """Log-probability of each token when it was drawn, at the sampling temperature."""
    temperature: float


class Sampler(Protocol):
    """A sampler for rollouts: the model in this process, or a server (`rollout_server.py`)."""

    def sample(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> list[Sample]:
        """One answer to each prompt; repeat a prompt to get several."""
        ...


class TextPolicy:
    """One model, one tokenizer, and optionally a PEFT adapter that is selected before each use."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        adapter: str | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """`dtype` is what it computes in, whatever its weights are kept in (float32, where they learn).

        Raises ConfigurationError for a model without a chat template or without a token that ends an answer.
        """
        if tokenizer.chat_template is None:
            raise ConfigurationError(
                f"the language model {tokenizer.name_or_path!r} has no chat template, so it does not know questions "
                "from answers: use the instruct version of the model, or put a chat_template.jinja beside its tokenizer"
            )
        self.model = model
        self.tokenizer = tokenizer
        self.adapter = adapter
        self.dtype = dtype
        self._ends = end_tokens(tokenizer, model)
        self._end = end_of_turn(tokenizer, self._ends)
        pad = tokenizer.pad_token_id
        self._pad = pad if isinstance(pad, int) else self._end
        """Never read: it stands where the mask is 0."""
        self._memory_can_be_copied = True
        """Until a first answer shows that it cannot."""
        self.told: Callable[[int], object] = lambda answers: None
        """Told after each token that is drawn to how many answers it went."""

    @property
    def device(self) -> torch.device:
        return self.model.device

    def select(self) -> None:
        """Make this policy's adapter the active one; several policies may share one base model."""
        if self.adapter is not None:
            set_adapter: Any = self.model.set_adapter
            set_adapter(self.adapter)

    def _computing(self) -> AbstractContextManager[object]:
        """In the lower precision that was asked for; products of matrices only, so sums and probabilities stay exact.
        One for a whole answer: weights are put into that precision once."""
        return nullcontext() if self.dtype is torch.float32 else torch.autocast(self.device.type, self.dtype)

    def trainable_parameters(self) -> list[torch.nn.Parameter]:
        """The weights that an optimizer changes: the adapter's, or all."""
        if self.adapter is None:
            return [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        marked = f".{self.adapter}."
        return [parameter for name, parameter in self.model.named_parameters() if marked in name]

    def save_adapter(self, folder: Path) -> None:
        """Write the adapter to `folder/<its name>` in PEFT's format; a policy without one writes nothing."""
        if self.adapter is not None:
            save_pretrained: Any = self.model.save_pretrained
            save_pretrained(folder, selected_adapters=[self.adapter])

    def encode(self, prompt: str) -> tuple[int, ...]:
        """The prompt as one user message in the model's chat template, ready for the answer.

        Raises ConfigurationError when the template fails.
        """
        template: Any = self.tokenizer.apply_chat_template
        message = {"role": "user", "content": prompt}
        try:
            return tuple(template([message], add_generation_prompt=True, return_dict=False))
        except Exception as error:  # a template is anybody's code
            raise ConfigurationError(
                f"the chat template of the language model {self.tokenizer.name_or_path!r} cannot write a question: "
                f"{type(error).__name__}: {error}"
            ) from error

    def answer_tokens(self, answer: str) -> tuple[int, ...]:
        """An answer as the model would give it, with its end token."""
        return (*self.tokenizer.encode(answer, add_special_tokens=False), self._end)

    @torch.inference_mode()
    def sample(
        self, prompts: Sequence[str | tuple[int, ...]], sampling: Sampling, generator: torch.Generator
    ) -> list[Sample]:
        """One answer to each prompt (repeat a prompt to get several). Deterministic given the generator's state.

        A prompt is a text, or the tokens of a whole conversation.
        """
        with self._computing():
            return self._sample(prompts, sampling, generator)

    def _sample(
        self, prompts: Sequence[str | tuple[int, ...]], sampling: Sampling, generator: torch.Generator
    ) -> list[Sample]:
        self.select()
        self.model.eval()
        encoded = {prompt: self.encode(prompt) for prompt in dict.fromkeys(prompts) if isinstance(prompt, str)}
        prompt_tokens = [encoded[prompt] if isinstance(prompt, str) else prompt for prompt in prompts]
        ids, attention, cache, following = self._begin(prompt_tokens)
        positions = (attention.cumsum(1) - 1).clamp_min(0)
        running = torch.ones(len(prompts), dtype=torch.bool, device=self.device)
        ends = torch.tensor(self._ends, device=self.device)
        tokens: list[Tensor] = []
        log_probabilities: list[Tensor] = []
        step_ids, step_positions = ids, positions
        for _ in range(sampling.max_new_tokens):
            if following is None:
                output = self.model(
                    input_ids=step_ids,
                    attention_mask=attention,
                    position_ids=step_positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                cache, following = output.past_key_values, output.logits[:, -1]
            chosen, chosen_log = _draw(following.float(), sampling.temperature, generator)
            following = None
            tokens.append(torch.where(running, chosen, torch.full_like(chosen, self._pad)))
            log_probabilities.append(chosen_log)
            attention = torch.cat([attention, running[:, None].to(attention.dtype)], dim=1)
            self.told(int(running.sum()))
            running = running & ~torch.isin(chosen, ends)
            if not running.any():
                break
            step_ids = tokens[-1][:, None]
            step_positions = step_positions[:, -1:] + 1
        return self._collect(prompt_tokens, torch.stack(tokens, 1), torch.stack(log_probabilities, 1), sampling)

    def token_log_probabilities(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
        """Log probability of each answer token, entropy of its distribution, and a mask of the tokens that count.

        Shapes (samples, longest answer): log probabilities and entropies with gradient, and a float mask.
        """
        with self._computing():
            return self._token_log_probabilities(samples)

    def _token_log_probabilities(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
        self.select()
        width = max(len(sample.tokens) for sample in samples)
        ids, attention, cache, following = self._begin([sample.prompt_tokens for sample in samples])
        answers = torch.full((len(samples), width), self._pad, device=self.device)
        mask = torch.zeros((len(samples), width), device=self.device)
        for row, sample in enumerate(samples):
            answers[row, : len(sample.tokens)] = torch.tensor(sample.tokens, device=self.device)
            mask[row, : len(sample.tokens)] = 1.0
        attention = torch.cat([attention, mask.to(attention.dtype)], dim=1)
        positions = (attention.cumsum(1) - 1).clamp_min(0)
        if following is None:
            output = self.model(
                input_ids=torch.cat([ids, answers], dim=1),
                attention_mask=attention,
                position_ids=positions,
                logits_to_keep=width + 1,
            )
            logits = output.logits[:, :-1]
        else:
            output = self.model(
                input_ids=answers,
                attention_mask=attention,
                position_ids=positions[:, -width:],
                past_key_values=cache,
                use_cache=True,
            )
            logits = torch.cat([following[:, None], output.logits[:, :-1]], dim=1)
        temperatures = torch.tensor([sample.temperature or 1.0 for sample in samples], device=self.device)
        logits = logits.float() / temperatures[:, None, None]
        log_all = torch.log_softmax(logits, dim=-1)
        entropies = -(log_all.exp() * log_all).sum(-1)
        return log_all.gather(2, answers[:, :, None]).squeeze(2), entropies, mask

    def _begin(self, prompts: Sequence[tuple[int, ...]]) -> tuple[Tensor, Tensor, Any, Tensor | None]:
        """The prompts, padded on the left, and their mask; where most of them are repeated, also what the model keeps
        of them and the logits of the token that follows, (prompts, vocabulary).

        The candidates of a group share their prompt, which is most of what is read, forwards and backwards; so each
        different one is read once, and what they all begin with is read once for all of them. With less to gain, or a
        model whose memory cannot be copied, nothing is read yet.
        """
        place: dict[tuple[int, ...], int] = {}
        rows = [place.setdefault(tuple(prompt), len(place)) for prompt in prompts]
        different = list(place)
        begins = _shared_beginning(different)
        if (not begins and len(place) * REPEATS_THAT_PAY > len(prompts)) or not self._memory_can_be_copied:
            return *self._left_padded(prompts), None, None
        ids, attention = self._left_padded([prompt[begins:] for prompt in different])
        cache = None
        if begins:
            cache = self._read(*self._left_padded([different[0][:begins]]), None).past_key_values
            if self._can_be_copied(cache):
                cache.batch_repeat_interleave(len(different))
            attention = torch.nn.functional.pad(attention, (begins, 0), value=1)
        if self._memory_can_be_copied:
            output = self._read(ids, attention, cache)
            cache = output.past_key_values
            if self._can_be_copied(cache):
                index = torch.tensor(rows, device=self.device)
                cache.batch_select_indices(index)
                return ids[index], attention[index], cache, output.logits[index, -1]
        return *self._left_padded(prompts), None, None

    def _read(self, ids: Tensor, attention: Tensor, cache: Any) -> Any:
        """What the model says behind these tokens, which come after what it keeps."""
        return self.model(
            input_ids=ids,
            attention_mask=attention,
            position_ids=(attention.cumsum(1) - 1).clamp_min(0)[:, -ids.shape[1] :],
            past_key_values=cache,
            use_cache=True,
            # The place and not the count 1: a slice of the last states is a view, for which torch copies the words'
            # weights once a prompt.
            logits_to_keep=torch.tensor([ids.shape[1] - 1], device=self.device),
        )

    def _can_be_copied(self, cache: Any) -> bool:
        """Whether what the model keeps is whole: a window or a running state was not tried with gradients."""
        is_whole = isinstance(cache, DynamicCache) and all(type(layer) is DynamicLayer for layer in cache.layers)
        self._memory_can_be_copied = is_whole
        return is_whole

    def _left_padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        width = max(len(row) for row in rows)
        ids = torch.full((len(rows), width), self._pad, device=self.device)
        attention = torch.zeros((len(rows), width), dtype=torch.long, device=self.device)
        for index, row in enumerate(rows):
            ids[index, width - len(row) :] = torch.tensor(row, device=self.device)
            attention[index, width - len(row) :] = 1
        return ids, attention

    def _collect(
        self, prompts: Sequence[tuple[int, ...]], tokens: Tensor, log_probabilities: Tensor, sampling: Sampling
    ) -> list[Sample]:
        samples = []
        for prompt, row, logs in zip(prompts, tokens.tolist(), log_probabilities.tolist(), strict=True):
            length = next((place for place, token in enumerate(row, start=1) if token in self._ends), len(row))
            text = str(self.tokenizer.decode(row[:length], skip_special_tokens=True))
            samples.append(Sample(text, prompt, tuple(row[:length]), tuple(logs[:length]), sampling.temperature))
        return samples


def _shared_beginning(prompts: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all of them begin with, one at least left to each; 0 where reading them once does not pay."""
    first, last = min(prompts), max(prompts)  # in the order of their tokens, so all others lie between
    length = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    length = min(len(first), len(last)) - 1 if length is None else length
    return length if len(prompts) > 1 and length >= BEGINNING_THAT_PAYS else 0


def load_policy(source: str) -> TextPolicy:
    """A causal model from a Transformers folder or the Hugging Face hub; safetensors only, none of its code is run.

    Raises `LLMConnectionError` when anything is missing, damaged or not reachable.
    """
    tokenizer, model = load_causal_model(source, "auto")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return TextPolicy(model.float().to(device), tokenizer)  # relative updates of 0.001 are lost in half precision


def _draw(logits: Tensor, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A token per row and its log probability at that temperature."""
    log_all = torch.log_softmax(logits / (temperature or 1.0), dim=-1)
    chosen = (
        torch.multinomial(log_all.exp(), 1, generator=generator)
        if temperature > 0
        else log_all.argmax(-1, keepdim=True)
    )
    return chosen.squeeze(1), log_all.gather(1, chosen).squeeze(1)
