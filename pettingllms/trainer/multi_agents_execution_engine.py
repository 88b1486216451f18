"""The rollout engine: the tree of candidates."""

from trainer.at_grpo.algorithm import Group, Tree, TreeSettings, grow_tree, scored_samples, success_rate

__all__ = ["Group", "Tree", "TreeSettings", "grow_tree", "scored_samples", "success_rate"]
