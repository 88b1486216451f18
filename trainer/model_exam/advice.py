"""What an exam means for a run, as rows of `crystal-agent doctor --llm`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from agents.llm.chooser import DEFAULT_PATIENCE_S
from agents.llm.failures import FailureKind
from agents.llm.model_name import parse_model_name
from agents.llm.registry import load_text_model, runs_in_this_process
from core.exceptions import ConfigurationError
from trainer.model_exam.exam import Exam, examine
from trainer.model_exam.questions import GameQuestions, questions_of_play
from trainer.run.check import Check, Verdict
from trainer.settings import Settings

GOOD_SHARE = 0.98
FORM_TOKENS = 160
"""A filled-in form with its one sentence has about 60; who writes more than this thinks aloud."""
LONG_WAIT_S = 1.0
"""A question that takes longer is felt: play stands still meanwhile."""
_UNREACHED = {
    FailureKind.CONNECTION: "start the server (ollama serve, llama-server, vllm serve) or mend llm_model",
    FailureKind.TIME_OUT: "raise language_model.timeout_s, or take a smaller model",
    FailureKind.WRONG_KEY: "set the right key in the environment (docs/language_models.md names the variables)",
    FailureKind.NO_CREDIT: "the account has no credit",
    FailureKind.UNKNOWN_MODEL: "pull the model, or name one that the server has",
    FailureKind.REJECTED: "the message says what the server refused",
}


def model_checks(settings: Settings, wanted: int, say: Callable[[str], None]) -> list[Check]:
    """Rows about the config's language model, after `wanted` questions of its game.

    Raises ConfigurationError when the config names no model or one that cannot be, LLMConnectionError for weights that
    cannot be loaded, and what the environment raises.
    """
    name = parse_model_name(settings.llm_model)
    options = settings.language_model
    model = load_text_model(
        name, timeout_s=options.timeout_s, local=options.local, thinking_tokens=options.thinking_tokens
    )
    if model is None:
        raise ConfigurationError(
            'llm_model is "none", so there is no model to examine: name one, for example "ollama/qwen3:4b" or "pocket"'
        )
    context = min(settings.max_context_length, getattr(model, "context_length", settings.max_context_length))
    say("playing for questions")
    questions = questions_of_play(settings, wanted, context, brief=options.brief(model))
    exam = examine(model, questions.asked, say)
    return list(_rows(settings, exam, questions, context, is_local=runs_in_this_process(name)))


def _rows(settings: Settings, exam: Exam, questions: GameQuestions, context: int, *, is_local: bool) -> Iterator[Check]:
    failure = exam.first_failure
    if not exam.answers:
        assert failure is not None, "questions were asked, and none was answered"
        remedy = _UNREACHED.get(failure.kind, "see the message, and docs/language_models.md")
        seen = f"none of {len(exam.outcomes)}: {failure.kind.value}: {str(failure)[:200]}"
        yield Check("answers", Verdict.FAILED, seen, remedy)
        return
    yield _accepted(exam)
    yield _speed(settings, exam, is_local=is_local)
    yield _length(settings, exam)
    yield _context(exam, context)
    yield Check(
        "agreement",
        Verdict.GOOD if exam.agreements > exam.agreements_by_chance else Verdict.WARNING,
        f"{exam.agreements} of {len(exam.answers)} answers are the rules' choice too; guessing gives "
        f"{exam.agreements_by_chance:.1f}",
        "" if exam.agreements > exam.agreements_by_chance else "it may not follow the prompts: try a larger model",
    )
    yield _cost(settings, exam, questions)


def _accepted(exam: Exam) -> Check:
    seen = f"{len(exam.answers)} of {len(exam.outcomes)} accepted"
    if exam.accepted_share >= GOOD_SHARE:
        return Check("answers", Verdict.GOOD, seen)
    kinds = ", ".join(f"{count} {kind}" for kind, count in exam.failures.most_common())
    failure = exam.first_failure
    remedy = f"the first one: {str(failure)[:160]}"
    return Check("answers", Verdict.WARNING, f"{seen}; {kinds}", remedy)


def _speed(settings: Settings, exam: Exam, *, is_local: bool) -> Check:
    median_s, most_s = exam.percentile_s(50), exam.percentile_s(95)
    repeated = "" if exam.repeated_s is None else f", the same question again {exam.repeated_s:.2f} s"
    seen = f"first {exam.seconds[0]:.2f} s, then median {median_s:.2f} s, 95 % within {most_s:.2f} s{repeated}"
    if is_local:
        slow = median_s > LONG_WAIT_S
        remedy = "play stands still meanwhile: take a smaller model, a GPU, or a server" if slow else ""
        return Check("time", Verdict.WARNING if slow else Verdict.GOOD, seen, remedy)
    patience_s = settings.language_model.patience_s
    patience_s = DEFAULT_PATIENCE_S if patience_s is None else patience_s
    late = float(np.mean(np.array(exam.warm_s) > patience_s))
    if late <= 1 - GOOD_SHARE:
        return Check("time", Verdict.GOOD, f"{seen}; patience_s {patience_s:g} is enough")
    advice = f'set "patience_s": {suggested_patience_s(most_s):g} in language_model'
    if median_s > LONG_WAIT_S:
        advice += "; each question stops play so long, so ask less (strategy rule_heavy) or take a faster model"
    return Check("time", Verdict.WARNING, f"{seen}; {late:.0%} come after patience_s {patience_s:g}", advice)


def suggested_patience_s(most_s: float) -> float:
    """A quarter above the time within which 95 % of the answers came, to half a second."""
    return math.ceil(most_s * 1.25 * 2) / 2


def _length(settings: Settings, exam: Exam) -> Check:
    asked = np.mean([answer.prompt_tokens for answer in exam.answers])
    written = float(np.mean([answer.completion_tokens for answer in exam.answers]))
    seen = f"{asked:.0f} tokens a question, {written:.0f} an answer"
    if written <= FORM_TOKENS + settings.language_model.thinking_tokens:
        return Check("tokens", Verdict.GOOD, seen)
    remedy = "it seems to think aloud: set thinking_tokens to 0, or switch thinking off on the server"
    return Check("tokens", Verdict.WARNING, seen, remedy)


def _context(exam: Exam, context: int) -> Check:
    longest = max(answer.prompt_tokens for answer in exam.answers)
    seen = f"longest question {longest} tokens, max_context_length {context}"
    if longest <= context:
        return Check("context", Verdict.GOOD, seen)
    remedy = f"its tokens are shorter than estimated: the server needs room for {longest} and its answer"
    return Check("context", Verdict.WARNING, seen, remedy)


def _cost(settings: Settings, exam: Exam, questions: GameQuestions) -> Check:
    often = questions.per_1000_steps
    price = settings.language_model.prices.get(settings.llm_model)
    seen = f"up to {often:.0f} questions in 1,000 steps where the model decides all"
    if price is None:
        return Check("cost", Verdict.GOOD, f"{seen}; no price in language_model.prices")
    usd = float(np.mean([price.cost_usd(one.prompt_tokens, one.completion_tokens) for one in exam.answers]))
    return Check("cost", Verdict.GOOD, f"{seen}: at most {often * usd:.4f} dollars, without the cache")
