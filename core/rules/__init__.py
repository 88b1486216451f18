"""What a careful player would do next: options, choices and presses, from rules alone."""

from core.rules.player import RulePlayer
from core.rules.step import RuleStep

__all__ = ["RulePlayer", "RuleStep"]
