"""One causal model in memory, with any number of LoRA adapters that come and go while it answers.

Everything that touches the model runs on one thread, in the order of the requests: answers are sampled in batches of
one kind, and an adapter is loaded, replaced or removed between two batches. So no request meets a half-loaded adapter,
and none is dropped: it waits. The queue is bounded; a request that does not fit is refused at once.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError

from agents.llm.adapters import check_base, put_adapter, read_adapter
from agents.text.text_policy import Sample, Sampling, TextPolicy
from core.exceptions import ConfigurationError, QueueFullError
from core.extras import needs_extra

MOST_OPTION_TOKENS = 512
MOST_POSITIONS = 512
"""Tokens of choices that are scored together: each takes several times the vocabulary in memory."""
RESTING = "resting@0"
"""An adapter of rank 1 that is never used: PEFT needs one before the first and after the last real one."""
Message = dict[str, str]
"""`{"role": ..., "content": ...}`, the form of the model's chat template."""


class UnknownAdapterError(ConfigurationError):
    """No adapter of that name is loaded."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the model."""

    tokens: tuple[int, ...]
    adapter: str | None
    """None asks the base model."""
    sampling: Sampling
    seed: int | None = None

    @property
    def kind(self) -> tuple[str | None, Sampling, int | None]:
        """Questions of the same kind may share a batch; a question with a seed has its own kind."""
        return self.adapter, self.sampling, self.seed


@dataclass(frozen=True, slots=True)
class _Job:
    question: Question | None
    """The question; None when the job is work on the model itself."""
    work: Callable[[], Any] | None
    future: Future[Any]


class AdapterEngine:
    """Answers questions and changes adapters, one thing at a time.

    Args:
        base: the base model of all adapters; it becomes part of the engine.
        max_queue: most jobs that wait; one more is refused with `QueueFullError`.
        max_batch: most questions answered together.
        seed: of the sampling where a question has none.
    """

    def __init__(self, base: TextPolicy, *, max_queue: int = 256, max_batch: int = 8, seed: int = 0) -> None:
        with needs_extra("adapters cannot be served"):
            from peft import LoraConfig, get_peft_model
        self._base = base
        self._source = base.model.name_or_path or ""
        self._longest_token = max(map(len, base.tokenizer.get_vocab()))
        resting = LoraConfig(r=1, target_modules="all-linear", task_type="CAUSAL_LM")
        self._wrapped: Any = get_peft_model(base.model, resting, adapter_name=RESTING)
        self._versions: dict[str, int] = {}
        """Version of each adapter by its public name; see `_inner`."""
        self._next_version = 0
        self._max_queue = max_queue
        self._max_batch = max_batch
        self._generator = torch.Generator(device=base.device).manual_seed(seed)
        self._tokenizing = threading.Lock()
        """Fast tokenizers refuse to encode on two threads at once."""
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="adapter-engine", daemon=True)
        self._thread.start()

    # --- called from any thread ---

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._jobs)

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the adapters that are loaded, sorted."""
        return tuple(sorted(self._versions))

    @property
    def context_tokens(self) -> int | None:
        """Most tokens of prompt and answer together, if the model states it."""
        return getattr(self._base.model.config, "max_position_embeddings", None)

    def conversation(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The conversation as tokens, ready for the model's answer; `ConfigurationError` when the template refuses,
        or when it is too long for any model of that context."""
        template: Any = self._base.tokenizer.apply_chat_template
        length, room = sum(len(message["content"]) for message in messages), self.context_tokens
        if room is not None and length > room * self._longest_token:  # splitting megabytes would take half a minute
            raise ConfigurationError(f"the prompt has {length} characters, the model's context length is {room} tokens")
        try:
            with self._tokenizing:
                return tuple(template(list(messages), add_generation_prompt=True, return_dict=False))
        except (TemplateError, ValueError) as error:
            raise ConfigurationError(f"the model's chat template does not take these messages: {error}") from error

    def token_text(self, token: int) -> str:
        """A token as text."""
        return str(self._base.tokenizer.decode([token]))

    def ask(self, question: Question, count: int = 1) -> list[Future[Sample]]:
        """Answer a question by sampling, `count` times; the queue takes all of them or none."""
        return self._add([_Job(question, None, Future()) for _ in range(count)])

    def choose(self, question: Question, options: Sequence[str]) -> Future[Sample]:
        """The likeliest option as the model's whole answer.

        The answer's one log probability is that of the option among the options. Raises ConfigurationError for an
        option that does not fit behind the question.
        """
        with self._tokenizing:
            tokens = [self._base.answer_tokens(option) for option in options]
        longest, room = max(map(len, tokens)), self.context_tokens
        if longest > MOST_OPTION_TOKENS or (room is not None and len(question.tokens) + longest > room):
            raise ConfigurationError(
                f"the prompt has {len(question.tokens)} tokens and the longest choice {longest}; a choice has at most "
                f"{MOST_OPTION_TOKENS}, and the model's context length is {room or 'unbounded'}"
            )
        rows = [Sample(text, question.tokens, mine, (), 1.0) for text, mine in zip(options, tokens, strict=True)]
        return self._add([_Job(None, lambda: self._choose(question.adapter, rows), Future())])[0]

    def load_adapter(self, name: str, folder: Path, *, replace: bool = False) -> Future[None]:
        """Load a PEFT adapter from its folder; `replace` allows one of that name to be replaced."""
        return self._add([_Job(None, lambda: self._load(name, folder, replace), Future())])[0]

    def unload_adapter(self, name: str) -> Future[None]:
        """Remove an adapter and free its memory."""
        return self._add([_Job(None, lambda: self._unload(name), Future())])[0]

    def close(self) -> None:
        """Finish the waiting jobs, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _add(self, jobs: Sequence[_Job]) -> list[Future[Any]]:
        with self._changed:
            if self._closing or len(self._jobs) + len(jobs) > self._max_queue:
                why = "it is closing" if self._closing else f"{len(self._jobs)} requests wait already"
                raise QueueFullError(f"the model takes no further request: {why}; try again later")
            self._jobs.extend(jobs)
            self._changed.notify_all()
        return [job.future for job in jobs]

    # --- on the engine's own thread ---

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closing:
                    self._changed.wait()
                if not self._jobs:
                    return
                batch = [job for job in self._take_batch() if job.future.set_running_or_notify_cancel()]
            if not batch:
                continue  # nobody waits for these any longer
            try:
                if batch[0].question is None:
                    assert batch[0].work is not None
                    answers = [batch[0].work()]
                else:
                    answers = self._answer([job.question for job in batch if job.question is not None])
            except Exception as error:  # any error goes to the callers; the engine goes on
                for job in batch:
                    job.future.set_exception(error)
            else:
                for job, answer in zip(batch, answers, strict=True):
                    job.future.set_result(answer)

    def _take_batch(self) -> list[_Job]:
        """The oldest job, and the jobs right behind it that can share its batch."""
        batch = [self._jobs.popleft()]
        first = batch[0].question
        while first is not None and self._jobs and len(batch) < self._max_batch:
            following = self._jobs[0].question
            if following is None or following.kind != first.kind:
                break
            batch.append(self._jobs.popleft())
        return batch

    def _answer(self, questions: Sequence[Question]) -> list[Sample]:
        first = questions[0]
        generator = self._generator
        if first.seed is not None:
            generator = torch.Generator(device=self._base.device).manual_seed(first.seed)
        with self._playing(first.adapter) as policy:
            return policy.sample([question.tokens for question in questions], first.sampling, generator)

    def _choose(self, adapter: str | None, rows: Sequence[Sample]) -> Sample:
        together = max(1, min(self._max_batch, MOST_POSITIONS // max(len(row.tokens) for row in rows)))
        scores = []
        with self._playing(adapter) as policy, torch.inference_mode():
            policy.model.eval()
            for place in range(0, len(rows), together):
                log_probabilities, _, mask = policy.token_log_probabilities(rows[place : place + together])
                scores.append((log_probabilities * mask).sum(1))
            shares = torch.log_softmax(torch.cat(scores), dim=0)
            best = int(shares.argmax())
            return replace(rows[best], log_probabilities=(float(shares[best]),))

    @contextlib.contextmanager
    def _playing(self, adapter: str | None) -> Iterator[TextPolicy]:
        if adapter is None:
            with self._wrapped.disable_adapter():
                yield self._base
            return
        if adapter not in self._versions:
            raise UnknownAdapterError(
                f"no adapter {adapter!r} is loaded; there are {', '.join(self.adapters) or 'none'}"
            )
        yield TextPolicy(self._wrapped, self._base.tokenizer, _inner(self._versions[adapter]))

    def _load(self, name: str, folder: Path, replace: bool) -> None:
        if name in self._versions and not replace:
            raise ConfigurationError(f"an adapter {name!r} is loaded already; replace or unload it")
        saved = read_adapter(folder)
        check_base(saved, self._source)
        self._next_version += 1
        put_adapter(self._wrapped, saved, _inner(self._next_version))
        old = self._versions.get(name)
        self._versions[name] = self._next_version
        if old is not None:
            self._delete(_inner(old))

    def _unload(self, name: str) -> None:
        if name not in self._versions:
            raise UnknownAdapterError(f"no adapter {name!r} is loaded; there are {', '.join(self.adapters) or 'none'}")
        self._delete(_inner(self._versions.pop(name)))

    def _delete(self, inner: str) -> None:
        self._wrapped.set_adapter(RESTING)
        self._wrapped.delete_adapter(inner)


def _inner(version: int) -> str:
    """A name for PEFT. It never holds the public one: PEFT allows no dots in it, and takes some words for its own."""
    return f"loaded@{version}"
