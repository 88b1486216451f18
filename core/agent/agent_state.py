"""What a hybrid agent begins with: nothing but its curriculum, or what it takes over from the agent it is a twin of."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.agent.advice import Advisor
from core.agent.arbitration import TeacherCurriculum
from core.agent.calibration import ConfidenceCalibration
from core.agent.standings import Standings


@dataclass(frozen=True, slots=True)
class AgentState:
    """The defaults are those of an agent that has seen nothing."""

    curriculum: TeacherCurriculum
    stage: int = 0
    episodes_in_stage: int = 0
    calibration: ConfidenceCalibration = field(default_factory=ConfidenceCalibration)
    teacher_evidence: float | None = None
    """Log-odds that the teacher's actions do better than others; None: it is still explored who should act."""
    standings: Standings = field(default_factory=Standings)
    """Who does better in which kind of situation."""
    told_rules_only: bool = False
    """The log says already that no language model is available."""
    advisor: Advisor | None = None
    """Asks the language model for both, so that its failures are counted together; None: a new one asks."""
