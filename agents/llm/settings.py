"""What a user may set about language models: the `language_model` part of a config. Imports no model's library."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.llm.budget import BudgetLimits
from agents.llm.chooser import OptionChooserSettings
from agents.llm.faults import LONGEST_TIME_S, FaultSettings
from agents.llm.meter import Price
from core.config_paths import PathText, placed
from core.exceptions import ConfigurationError
from core.nearest import nearest
from core.prompts.brief import Brief
from core.prompts.frame import PromptForm
from core.protocols import TextModel
from core.ranges import check_range

_logger = logging.getLogger(__name__)
DTYPES = ("auto", "float32", "bfloat16", "float16")
SCORINGS = ("auto", "plain", "corrected", "numbered", "examples")
PROMPT_FORMS = ("auto", *(form.value for form in PromptForm))
MOST_QUESTIONS = 64
MOST_THINKING_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class LocalModelSettings:
    """How a local model is run."""

    device: str = "auto"
    """`auto` (an accelerator if there is one), `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: str = "auto"
    """`auto` (float32 on a CPU, else the dtype of the weights), `float32`, `bfloat16`, `float16`."""
    adapter: PathText | None = None
    """Folder or hub name of a LoRA adapter (PEFT format) to put on top of the weights."""
    keep_prefix: bool = True
    """Keep the keys and values of the beginning that successive prompts share."""
    scoring: str = "auto"
    """How options are compared. `plain`: by the probability of their words after a list of them. `corrected`: that,
    divided by their probability when nothing is told of the situation, so that short and common words are not liked for
    themselves. `numbered`: options have numbers, and the number is the answer. `examples`: by the probability of their
    words after worked examples in the place of the list, for prompts that begin with the task. `auto`: `examples` for
    models of less than a billion weights, `plain` for others. The pocket model knows `plain` only."""

    def __post_init__(self) -> None:
        if self.scoring not in SCORINGS:
            raise ConfigurationError(
                f"language_model.local.scoring is {self.scoring!r}; {nearest(self.scoring, SCORINGS)}; "
                f"it is one of {', '.join(SCORINGS)}"
            )
        if self.dtype not in DTYPES:
            raise ConfigurationError(
                f"language_model.local.dtype is {self.dtype!r}; {nearest(self.dtype, DTYPES)}; "
                f"it is one of {', '.join(DTYPES)}"
            )


@dataclass(frozen=True, slots=True)
class LanguageModelSettings:
    """How the language model named by `llm_model` is run, consulted and paid. Keys never stand in a config."""

    timeout_s: float = 30.0
    """One try with a server, from connecting to the last byte."""
    patience_s: float | None = None
    """How long the agent waits for a server's answer; the rules decide meanwhile. A server that is mostly later is not
    waited for; 0 waits for nobody. null waits 2 s, but for the first question (the server may still load the model) and
    in mode `llm_only` until there is an answer or none can come."""
    thinking_tokens: int = 0
    """Tokens that a server's model may think before each answer; 0 switches thinking off where the server has a switch.
    A model in this process scores the options and never thinks."""
    prompts: str = "auto"
    """How prompts are written. `instructed`: the task, what an option is and the goal in words, for chat models;
    `short`: facts only, for small models trained on them; `brief`: the goal and the little that the choice hangs on,
    for small models that follow examples; `auto`: as the model wants (`pocket` short, local models that are compared
    after examples brief, others instructed)."""
    notebook: bool = False
    """The model may write a note beside each choice, and reads its latest ones in later prompts of the episode. Only
    models whose answer is a form write: not those that score or name options."""
    reflection: bool = False
    """Once a stall, when nothing has come of several choices, the prompt says what was tried and asks for a note on
    what went wrong. Needs `notebook`."""
    show_screen: bool = False
    """Each question goes with the screen as a small grey picture, for models that see: needs an `observation_type` with
    a picture, and costs its tokens."""
    parallel_questions: int = 4
    """Questions under way with a server at the same time."""
    cache_path: PathText | None = "llm_answers.db"
    """SQLite file of answers, shared by runs; null keeps them for the run only."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By the name in `llm_model`, in dollars for a million tokens. They change, so none are built in."""
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    """What may be spent on a model."""
    faults: FaultSettings = field(default_factory=FaultSettings)
    """What is done about a server that fails."""
    local: LocalModelSettings = field(default_factory=LocalModelSettings)
    """How a local model is run."""

    def __post_init__(self) -> None:
        """Raises ConfigurationError naming the first setting that is out of range, and its range."""
        check_range("language_model.timeout_s", self.timeout_s, 0, LONGEST_TIME_S, above=True)
        if self.patience_s is not None:
            check_range("language_model.patience_s", self.patience_s, 0, LONGEST_TIME_S)
        check_range("language_model.thinking_tokens", self.thinking_tokens, 0, MOST_THINKING_TOKENS)
        check_range("language_model.parallel_questions", self.parallel_questions, 1, MOST_QUESTIONS)
        if self.reflection and not self.notebook:
            raise ConfigurationError(
                "language_model.reflection is true and language_model.notebook is not: a reflection is a note, so set "
                "both"
            )
        if self.prompts not in PROMPT_FORMS:
            raise ConfigurationError(
                f"language_model.prompts is {self.prompts!r}; {nearest(self.prompts, PROMPT_FORMS)}; "
                f"it is one of {', '.join(PROMPT_FORMS)}"
            )

    def brief(self, model: TextModel) -> Brief:
        """What prompts that model gets."""
        wanted = getattr(model, "prompt_form", PromptForm.INSTRUCTED)
        form = wanted if self.prompts == "auto" else PromptForm(self.prompts)
        writes = self.notebook and getattr(model, "writes_notes", False)
        if self.notebook and not writes:
            _logger.warning("%s names an option and writes nothing else: it keeps no notebook", model.name)
        if self.show_screen and not getattr(model, "sees", False):
            raise ConfigurationError(
                f"language_model.show_screen is true, and {model.name} reads words only; set it to false, or name a "
                "model behind a server"
            )
        return Brief(form, notebook=writes, reflection=writes and self.reflection, screen=self.show_screen)

    def in_folder(self, folder: Path) -> LanguageModelSettings:
        """The same with a relative `cache_path` taken from `folder`."""
        return self if self.cache_path is None else replace(self, cache_path=str(placed(self.cache_path, folder)))

    def chooser(self, model: str, *, is_local: bool) -> OptionChooserSettings:
        """What the chooser of that model needs; a local model is asked in the agent's own thread."""
        return OptionChooserSettings(
            patience_s=self.patience_s,
            workers=0 if is_local else self.parallel_questions,
            budget=self.budget,
            faults=self.faults,
            price=self.prices.get(model),
        )
