"""The text worlds as verifiers finds them: `vf-eval crystal-worlds` (docs/at_grpo.md)."""

from trainer.at_grpo.verifiers_tree import OneQuestion, WorldEnv, WorldTaskset

__all__ = ["OneQuestion", "WorldEnv", "WorldTaskset"]
