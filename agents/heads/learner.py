"""The heads learn while games are played: cloned from every step that the rules have labelled, and from rewards.

Each update adds the labels of its rollout to all that were kept (`lesson_ring.py`) and takes a minibatch of those
beside each minibatch of the rollout. The labels count the same whatever the teacher's share or its trust: they are
right whoever acts. The rollout itself teaches the critic, and, as far as `reward_scale` says, the presses
(`agents/learning/update.py`) and the choices (`agents/heads/options/credit.py`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy

from agents.heads.actor_critic import HEADS_SPACE, build_heads_policy, heads_of_policy
from agents.heads.cloning import choice_loss, press_loss
from agents.heads.lesson_ring import LessonFolder, LessonRing
from agents.heads.lessons import Lessons
from agents.heads.options.credit import ChoiceBatch, choice_reward_loss
from agents.heads.rollout import HeadsRollout
from agents.heads.saved_heads import Heads
from agents.heads.settings import HeadsSettings
from agents.learning.metrics import LearnerMetrics
from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.preparation import Prepared
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from core.agent.lane_transitions import LaneTransitions

TRUSTED_AGREEMENT: Final = 0.9
"""From here on the button head carries options out where a language model or the rules have chosen them."""
AGREEMENT_MEMORY: Final = 0.7
"""Weight of the agreement so far against that of the newest rollout."""


class HeadsLearner(MaskablePPOLearner):
    """Both heads with what trains them. Its observations are those of `HEADS_SPACE`."""

    cloning = HeadsSettings()
    folder: LessonFolder | None = None
    """Where lessons are kept beside memory."""
    agreement = 0.0
    """Share of newly played steps at which the button head's likeliest press was the rules', 0 to 1, the newest
    rollouts first: how well it does what it is about to be taught."""

    def study_by(self, cloning: HeadsSettings, folder: Path | None = None) -> None:
        """How it learns from now on, and where lessons are kept."""
        self.cloning = cloning
        self.folder = None if folder is None else LessonFolder(folder)

    @property
    def heads(self) -> Heads:
        """The networks themselves, not copies."""
        return heads_of_policy(self.policy)

    def take_heads(self, heads: Heads) -> None:
        """Begin with these weights; the critic stays."""
        own = self.heads
        own.button.load_state_dict(heads.button.state_dict())
        own.option.load_state_dict(heads.option.state_dict())

    @property
    def is_trusted(self) -> bool:
        """Whether the button head does what the rules would."""
        return self.agreement >= TRUSTED_AGREEMENT

    def observe(self, played: LaneTransitions) -> None:
        """As `MaskablePPOLearner.observe`. Where a view has no next one (at a horizon, at a rollout's end) it stands
        for it itself: the next option is not chosen yet, so nobody knows the next view."""
        super().observe(replace(played, next_observations=played.observations))

    @property
    def teacher_coefficient(self) -> float:
        """0: the rules' labels are learned from the lessons, not from the rollout alone."""
        return 0.0

    def update_steps(self) -> Generator[None, None, LearnerMetrics]:
        """As `MaskablePPOLearner.update_steps`."""
        self._require_full_rollout("update")
        self._keep(self._rollout)
        metrics = yield from super().update_steps()
        if metrics.teacher_share > 0:
            known = AGREEMENT_MEMORY if self.agreement > 0 else 0.0
            self.agreement = known * self.agreement + (1 - known) * metrics.teacher_agreement
        return metrics

    # -- checkpoints -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """As `MaskablePPOLearner.state_dict`, with what was learned so far of lessons."""
        return {
            **super().state_dict(),
            "lesson_files": self._lesson_files,
            "agreement": self.agreement,
            "lesson_dice": self._lesson_dice.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As `MaskablePPOLearner.load_state_dict`; the lessons of the updates so far are read when one is due."""
        super().load_state_dict(state)
        self._ring = None

    def _adopt(self, state: Mapping[str, Any]) -> None:
        super()._adopt(state)
        self._lesson_files = int(state["lesson_files"])
        self.agreement = float(state["agreement"])
        self._lesson_dice.bit_generator.state = state["lesson_dice"]

    # -- inside ------------------------------------------------------------------------------------------------

    _ring: LessonRing | None = None
    _lessons: Lessons | None = None
    _lesson_files = 0
    _choices: ChoiceBatch | None = None
    _critic_is_apart = True

    def _look_at(self, prepared: Prepared) -> None:
        rollout = self._rollout
        assert isinstance(rollout, HeadsRollout), "_new_rollout makes no other"
        self._choices = None
        if self.reward_scale > 0.0:
            self._choices = ChoiceBatch.of(rollout, prepared.values, self.settings.discount)

    def _new_policy(self, action_count: int, seed: int) -> MaskableMultiInputActorCriticPolicy:
        del action_count
        self._lesson_dice = np.random.default_rng(seed)
        return build_heads_policy(self.settings, seed)

    def _new_rollout(self, steps: int, action_count: int) -> HeadsRollout:
        return HeadsRollout(HEADS_SPACE, steps, self.lanes, action_count)

    def _keep(self, rollout: object) -> None:
        """Adds the lessons of a full rollout."""
        assert isinstance(rollout, HeadsRollout), "_new_rollout makes no other"
        if self._ring is None:
            room = self.cloning.kept_lessons
            self._ring = LessonRing(room) if self.folder is None else self.folder.read(self._lesson_files, room)
        new = rollout.lessons()
        self._lesson_files += 1
        gone = self._ring.add(new, self._lesson_files)
        if self.folder is not None:
            self.folder.write(self._lesson_files, new)
            for update in gone:
                self.folder.drop(update)
        self._lessons = self._ring.lessons if len(self._ring) else None

    def _further_loss(self) -> torch.Tensor:  # type: ignore[override]
        """Of a minibatch of all lessons, and of what the choices of the rollout came to."""
        lessons, cloning, dice, heads = self._lessons, self.cloning, self._lesson_dice, self.heads
        loss = torch.zeros(())
        if self._choices is not None:
            loss = loss + self.reward_scale * choice_reward_loss(heads.option, self._choices, self.settings.clip_range)
        if lessons is None:
            return loss
        steps = np.sort(dice.integers(len(lessons), size=cloning.lessons_batch))
        loss = loss + press_loss(heads.button, lessons, steps)
        if len(lessons.chosen):
            choices = dice.integers(len(lessons.chosen), size=cloning.choices_batch)
            hidden = torch.from_numpy(dice.random(len(choices)) < cloning.hidden_prior_share)
            loss = loss + choice_loss(heads.option, lessons, choices, hidden)
        return loss


class OverlappedHeadsLearner(OverlappedLearner, HeadsLearner):
    """`HeadsLearner` for a loop that plays on while it learns."""

    def __init__(self, lanes: int, settings: LearnerSettings | None = None, seed: int = 0) -> None:
        student = HeadsLearner(HEADS_SPACE, lanes, settings, seed)
        super().__init__(HEADS_SPACE, lanes, settings, seed, student=student)

    def study_by(self, cloning: HeadsSettings, folder: Path | None = None) -> None:
        """As `HeadsLearner.study_by`: the student does."""
        super().study_by(cloning, folder)
        assert isinstance(self._student, HeadsLearner), "it was made so"
        self._student.study_by(cloning, folder)

    def take_heads(self, heads: Heads) -> None:
        """As `HeadsLearner.take_heads`, for player and student."""
        super().take_heads(heads)
        assert isinstance(self._student, HeadsLearner), "it was made so"
        self._student.take_heads(heads)
