"""Configurations of the code world."""

from pettingllms.config.code import single_policy, two_policy

__all__ = ["single_policy", "two_policy"]
