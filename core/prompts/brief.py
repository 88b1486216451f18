"""What a language model's manager says of the prompts that its model wants."""

from __future__ import annotations

from dataclasses import dataclass

from core.prompts.frame import PromptForm


@dataclass(frozen=True, slots=True)
class Brief:
    """A manager has it as `brief`; one without it gets the defaults."""

    form: PromptForm = PromptForm.INSTRUCTED
    notebook: bool = False
    """Whether the model's own notes stand in its prompts."""
    reflection: bool = False
    """Whether it is asked, once a stall, what went wrong."""
    screen: bool = False
    """Whether it sees the screen."""
