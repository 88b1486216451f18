"""The curriculum: which stage of its education the agent is in, and the rules of moving between stages."""

from trainer.curriculum.curriculum import WINDOW_EPISODES, Curriculum, Directive
from trainer.curriculum.rule import RULES, CurriculumRule, StageMove, StageStanding

__all__ = ["RULES", "WINDOW_EPISODES", "Curriculum", "CurriculumRule", "Directive", "StageMove", "StageStanding"]
