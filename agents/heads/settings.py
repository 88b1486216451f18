"""What a user may set about training with both heads (`"policy": "heads"`)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from core.agent.curriculum_settings import Count, Share
from core.schema import Section

HEADS_LEARNING_RATE: Final = 2e-3
"""Where a config says none. The heads are taught labels of the rules, again and again; MaskablePPO, which learns from
its own rollouts, changes too much at this rate."""


class HeadsSettings(Section):
    """How the heads learn while games are played."""

    start_from: Annotated[str, Field(min_length=1)] | None = None
    """Heads to begin with: `bundled`, or a folder that `python -m trainer.bundle` has written; null begins with random
    weights."""
    kept_lessons: Count = 131_072
    """Labelled steps that are kept and learned from again and again, about 1.7 kB each; then the oldest give way."""
    lessons_batch: Count = 128
    """Of them, those of one gradient step."""
    choices_batch: Count = 64
    """Choices among options of one gradient step."""
    hidden_prior_share: Share = 0.5
    """Of those choices, the share in which the rules' value and rank are hidden: the head plays with and without."""
    straying_games: Share = 0.5
    """Share of the training games in which some presses are random, so that both heads learn the way back."""
    straying_presses: Share = 0.15
    """Share of the presses of such a game that are."""
