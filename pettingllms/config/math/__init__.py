"""Configurations of the math world."""

from pettingllms.config.math import single_policy, two_policy

__all__ = ["single_policy", "two_policy"]
