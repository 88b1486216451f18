"""A learner that studies one rollout while the next one is played.

An update takes about as long as a third of a rollout, and needs its own core only for that time. A training that waits
for it leaves the emulators idle. So the rollout goes to a *student*, a learner of the same kind in a thread (torch
computes without Python's lock), and play goes on with the weights that the student had. When the next rollout is full,
the student's new weights come into play, and the student gets that rollout. So the playing policy is one update behind;
the importance weights correct for that, as for every other difference between the acting and the learning policy
(V-trace was made for it: Espeholt 2018).

Weights change at the same steps on fast and slow machines, so the same seed gives the same weights. A checkpoint keeps
the weights that play; a killed run loses at most the update in progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from gymnasium import spaces

from agents.learning.core_turns import CoreTurns
from agents.learning.metrics import LearnerMetrics
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from agents.learning.update import run_to_its_end
from core.vocabulary import ACTION_COUNT


class OverlappedLearner(MaskablePPOLearner):
    """`MaskablePPOLearner` for a loop that plays on while it learns: `hand_over` takes the place of `update`."""

    def __init__(
        self,
        observation_space: spaces.Dict,
        lanes: int,
        settings: LearnerSettings | None = None,
        seed: int = 0,
        action_count: int = ACTION_COUNT,
        student: MaskablePPOLearner | None = None,
    ) -> None:
        """`student`: one of another kind than `MaskablePPOLearner`, just made from the same arguments."""
        super().__init__(observation_space, lanes, settings, seed, action_count)
        self._student = student or MaskablePPOLearner(observation_space, lanes, settings, seed, action_count)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="learner")
        self._studies: Future[LearnerMetrics] | None = None
        self._is_handed_over = False
        """And not yet begun."""
        self.core_turns: CoreTurns | None = None
        """Of the student's thread, where players leave it no core of its own."""

    def hand_over(self, *, begins: bool = True) -> LearnerMetrics | None:
        """Put the weights from the last rollout into play and give the full rollout to the student.

        Without `begins` it is studied from `begin_study` on, or when it has to be. Waits for a busy student. Returns
        the metrics of the update whose weights play now; None the first time. Raises TrainingError when the rollout is
        not full or the update failed.
        """
        self._require_full_rollout("hand_over")
        metrics = self.catch_up()
        student = self._student
        student.teacher_scale, student.reward_scale = self.teacher_scale, self.reward_scale
        self._rollout, student._rollout = student._rollout, self._rollout
        self._is_handed_over = True
        if begins:
            self.begin_study()
        return metrics

    def begin_study(self) -> None:
        """Let the student begin with what was handed over, if it has not begun."""
        if self._is_handed_over:
            self._is_handed_over = False
            self._studies = self._thread.submit(self._study)

    def catch_up(self) -> LearnerMetrics | None:
        """Wait for the update in progress and put its weights into play; None when there is none."""
        self.begin_study()
        if self._studies is None:
            return None
        studies, self._studies = self._studies, None
        metrics = studies.result()
        self.finished_updates.append(metrics)
        teacher_scale = self.teacher_scale
        super().load_tensors(self._student.tensors())
        self._adopt(self._student.state_dict())
        self.teacher_scale = teacher_scale
        return metrics

    def wait(self) -> None:
        """Return when no update is in progress; what it has learned comes into play when it is due."""
        if self._studies is not None:
            self._studies.exception()

    def load_tensors(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Restore what `tensors` gave, for player and student; an update in progress is dropped."""
        self._forget_studies()
        super().load_tensors(tensors)
        self._student.load_tensors(tensors)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave, for player and student; an update in progress is dropped."""
        self._forget_studies()
        super().load_state_dict(state)
        self._student.load_state_dict(state)

    def update(self) -> LearnerMetrics:
        """Learn from the full rollout now, for callers that do not play on in the meantime."""
        self.hand_over()
        metrics = self.catch_up()
        assert metrics is not None, "something was handed over"
        return metrics

    def _study(self) -> LearnerMetrics:
        turns = self.core_turns
        if turns is None:
            return self._student.update()
        turns.begin()
        return run_to_its_end(self._student.update_steps(), turns.go_on)

    def _forget_studies(self) -> None:
        self.wait()
        self._studies, self._is_handed_over = None, False
